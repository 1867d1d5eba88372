/**
 * Clients side by side against one router: CPU time of the client's process for each call, with 64 in flight, and for each event that it
 * receives. `deno task bench:clients [--seconds N] [--runs N] [--out FILE]`. The clients take turns, so that what else the machine
 * does hits all of them; those that are not installed are left out and named. See bench/RESULTS.md.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "realmway";
import { type Node, parseConfig, startNode } from "realmway/node";
import { BURST, TEXT } from "./load.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    runs: { type: "string", default: "3" },
    out: { type: "string" },
  },
});

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url).href);
const { REALMWAY_NODE: node, REALMWAY_PYTHON: python, REALMWAY_GO: go, REALMWAY_INTEROP: interop } =
  process.env;

interface Contender {
  readonly name: string;
  /** Undefined: not installed. */
  readonly command: readonly string[] | undefined;
}

/** An own folder: what Go builds goes there. */
const folder = mkdtempSync(join(tmpdir(), "realmway-clients-"));

function contenders(): Contender[] {
  const js = interop !== undefined && existsSync(`${interop}/js/node_modules`);
  const at = (program: string, ...runtime: readonly string[]) => [...runtime, here(program)];
  return [
    { name: "Realmway on Deno", command: at("realmway.ts", "deno", "run", "-A") },
    { name: "Realmway on Bun", command: at("realmway.ts", "bun", "run") },
    { name: "Realmway on Node", command: node ? at("realmway.ts", node) : undefined },
    { name: "Autobahn|JS on Bun", command: js ? at("autobahn_js.ts", "bun", "run") : undefined },
    { name: "Autobahn|JS on Node", command: js && node ? at("autobahn_js.ts", node) : undefined },
    { name: "wampy on Bun", command: js ? at("wampy.ts", "bun", "run") : undefined },
    { name: "wampy on Node", command: js && node ? at("wampy.ts", node) : undefined },
    { name: "Autobahn|Python", command: python ? at("autobahn_python.py", python) : undefined },
    { name: "xconn-go", command: xconn() },
  ];
}

function xconn(): string[] | undefined {
  if (go === undefined) return undefined;
  const program = join(folder, "xconn_load");
  const built = spawnSync(go, ["build", "-o", program, "./xconn_load"], {
    cwd: here("../../tests/interop/go"),
    stdio: ["ignore", "inherit", "inherit"],
  });
  return built.status === 0 ? [program] : undefined;
}

interface Measured {
  readonly count: number;
  readonly cpuMicros: number;
  readonly wallMillis: number;
}
interface Outcome {
  readonly called: Measured;
  readonly events: Measured;
}

/** Not on the router's thread, but in this process: clients have their own. */
async function run(command: readonly string[], url: string): Promise<Outcome> {
  const [program = "", ...args] = command;
  const child = spawn(program, [...args, url, values.seconds], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
}

function spread(list: readonly number[]): string {
  const shown = (value: number) => value.toFixed(1);
  return `${shown(median(list))} (${shown(Math.min(...list))}–${shown(Math.max(...list))})`;
}

/** What all of them call, and who publishes for them. */
async function serve(url: string): Promise<void> {
  const session = await connect({ url, realm: "realm1", serializers: ["cbor"] });
  await session.register("com.bench.echo", ([text]) => text);
  await session.register("com.bench.burst", () => {
    for (let i = 0; i < BURST; i++) session.publish("com.bench.topic", [TEXT]);
  });
}

async function startRouter(): Promise<Node> {
  const roles = [{ name: "anonymous", "allow-by-default": true }];
  const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
  const transports = [{ type: "websocket", endpoint }];
  const realms = [{ name: "realm1", roles }];
  return await startNode(
    parseConfig({ version: 2, workers: [{ type: "router", realms, transports }] }),
    { directory: folder },
  );
}

const router = await startRouter();
try {
  const url = router.listeners[0]?.urls[0] ?? "";
  await serve(url);
  const outcomes = new Map<string, Outcome[]>();
  const missing: string[] = [];
  const list = contenders();
  for (let round = 0; round < Number(values.runs); round++) {
    for (const { name, command } of list) {
      if (command === undefined) {
        if (round === 0) missing.push(name);
        continue;
      }
      outcomes.set(name, [...outcomes.get(name) ?? [], await run(command, url)]);
    }
  }
  const each = ({ count, cpuMicros }: Measured) => cpuMicros / count;
  const rate = ({ count, wallMillis }: Measured) => count / wallMillis * 1000;
  const rows = [...outcomes].map(([name, all]) => {
    const rates = (of: (outcome: Outcome) => Measured) =>
      Math.round(median(all.map((one) => rate(of(one))))).toLocaleString("en");
    const cells = [
      spread(all.map(({ called }) => each(called))),
      rates(({ called }) => called),
      spread(all.map(({ events }) => each(events))),
      rates(({ events }) => events),
    ];
    return `| ${[name.replaceAll("|", "\\|"), ...cells].join(" | ")} |`;
  });
  const table = [
    "| client | CPU µs a call, 64 in flight | calls /s | CPU µs an event | events /s |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    ...(missing.length === 0 ? [] : [`Not installed: ${missing.join(", ")}.`, ""]),
  ].join("\n");
  process.stdout.write(table);
  if (values.out !== undefined) writeFileSync(values.out, table);
} finally {
  await router.stop();
  rmSync(folder, { recursive: true });
}
process.exit(0);
