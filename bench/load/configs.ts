/** The nodes under load: one configuration, and the same with one thing switched, for the figures that must not change. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Switch = "base" | "no meta API" | "permissions";
export const switches: readonly Switch[] = ["base", "no meta API", "permissions"];

const ALL = { "call": true, "register": true, "publish": true, "subscribe": true };

/** One rule for everything, or twenty of all kinds of which the URIs of the load meet one each. */
function permissions(which: Switch): readonly object[] {
  const blanket = { "uri": "", "match": "prefix", "allow": ALL };
  if (which !== "permissions") return [blanket];
  const rules = Array.from({ length: 18 }, (_, i) => ({
    "uri": i % 3 === 2 ? `com.other${i}..thing` : `com.other${i}.`,
    "match": i % 3 === 0 ? "exact" : i % 3 === 1 ? "prefix" : "wildcard",
    "allow": { "call": false, "register": false, "publish": false, "subscribe": false },
  }));
  for (const rule of rules) if (rule.match === "exact") rule.uri += "topic";
  return [...rules, { "uri": "com.", "match": "prefix", "allow": ALL }, blanket];
}

function config(port: number, which: Switch): object {
  return {
    "version": 2,
    "workers": [{
      "type": "router",
      "realms": [{
        "name": "realm1",
        ...(which === "no meta API" ? { "options": { "enable_meta_api": false } } : {}),
        "roles": [{ "name": "anonymous", "permissions": permissions(which) }],
      }],
      "transports": [{
        "type": "universal",
        "endpoint": { "type": "tcp", "port": port, "interface": "127.0.0.1", "backlog": 4096 },
        "rawsocket": { "serializers": ["json", "msgpack", "cbor"] },
        "websocket": { "ws": { "type": "websocket" } },
      }],
    }],
  };
}

/** Files of configurations, in a folder that goes when the process ends. */
export class ConfigFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), "realmway-bench-"));

  file(port: number, which: Switch): string {
    const file = join(this.#folder, `${port}.json`);
    writeFileSync(file, JSON.stringify(config(port, which)));
    return file;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
