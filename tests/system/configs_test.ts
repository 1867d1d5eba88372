/**
 * Configurations as people have them, rewritten from public examples of Crossbar.io and Autobahn: each is refused for exactly the keys that
 * `verdicts.json` names, or it starts. Those called `..._migrated` are what `check` makes of their namesakes.
 */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join as joinPath } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../node/config/problems.ts";
import { formatPath } from "../../node/config/source.ts";
import { parseConfig, startNode } from "../../node/mod.ts";
import { workplace } from "./cli_process.ts";

const KIT = joinPath(dirname(fileURLToPath(import.meta.url)), "..", "kit");
const CONFIGS = joinPath(KIT, "configs");
const VERDICTS = "verdicts.json";

type Verdict = "starts" | string[];

const verdicts: Record<string, Verdict> = JSON.parse(
  await readFile(joinPath(CONFIGS, VERDICTS), "utf8"),
);
const files = (await readdir(CONFIGS)).filter((name) => name !== VERDICTS).sort();

/** What the configurations take from the environment. */
const ENV = new Proxy<Record<string, string>>({}, { get: () => "a value of the environment" });

/** The paths of all problems, each once. */
function refusedIn(value: unknown): string[] {
  try {
    parseConfig(value, ENV);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [...new Set(error.problems.map(({ path }) => formatPath(path)))].sort();
  }
}

/** The value with other ports and addresses, as several tests run at once. */
function onFreePorts(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(onFreePorts);
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, onFreePorts(one)]),
  );
  const isListening = copy["type"] === "tcp" && copy["host"] === undefined && "port" in copy;
  return isListening ? { ...copy, "port": 0, "interface": "127.0.0.1" } : copy;
}

/** A node directory with all that a configuration names. @param text of the configuration. */
async function nodeDirectory(text: string) {
  const { directory, remove } = await workplace();
  const node = joinPath(directory, ".crossbar");
  await mkdir(node);
  await mkdir(joinPath(directory, "web"));
  for (const name of ["server.key", "server.crt", "ca.crt"]) {
    await copyFile(joinPath(KIT, "tls", name), joinPath(node, name));
  }
  // Of components and authenticators.
  await mkdir(joinPath(directory, "mill"));
  const classes = new Set([...text.matchAll(/"mill\.app\.(\w+)"/g)].map(([, name]) => name));
  const components = [...classes].map((name) => `export class ${name} { onJoin() {} }\n`).join("");
  await writeFile(joinPath(directory, "mill", "app.ts"), components);
  const module = "export const create = () => () => ({ role: 'picker' });\n";
  await writeFile(joinPath(node, "authenticator.ts"), module);
  return { directory: node, remove };
}

// After a change of what is supported: REALMWAY_WRITE_VERDICTS=1 deno test -A tests/system/configs_test.ts, and read the difference.
if (process.env["REALMWAY_WRITE_VERDICTS"]) {
  for (const file of files) {
    const value: unknown = JSON.parse(await readFile(joinPath(CONFIGS, file), "utf8"));
    const refused = refusedIn(value);
    verdicts[file.replace(".json", "")] = refused.length === 0 ? "starts" : refused;
  }
  await writeFile(joinPath(CONFIGS, VERDICTS), JSON.stringify(verdicts, undefined, 2) + "\n");
}

test("Configurations of others: each has a verdict, and enough of them start", () => {
  assert.deepEqual(files.map((name) => name.replace(".json", "")), Object.keys(verdicts).sort());
  assert.ok(files.length >= 50);
  assert.ok(Object.values(verdicts).filter((verdict) => verdict === "starts").length >= 18);
});

for (const file of files) {
  const name = file.replace(".json", "");
  const verdict = verdicts[name];
  test(`Configurations of others: ${name} ${verdict === "starts" ? "starts" : "is refused key by key"}`, async () => {
    const text = await readFile(joinPath(CONFIGS, file), "utf8");
    const value: unknown = JSON.parse(text);
    const refused = refusedIn(value);
    if (verdict !== "starts") return assert.deepEqual(refused, verdict);
    assert.deepEqual(refused, []);
    const { directory, remove } = await nodeDirectory(text);
    const node = await startNode(parseConfig(onFreePorts(value), ENV), { directory, env: ENV });
    const { workers } = value as { workers: { transports?: unknown[] }[] };
    const count = workers.flatMap(({ transports = [] }) => transports).length;
    assert.equal(node.listeners.length, count);
    assert.ok(count > 0);
    await node.stop();
    await remove();
  });
}
