// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Runs every example as a program against a router of this process, on each runtime, and checks what it prints: `deno task examples`. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseConfig, startNode } from "realmway/node";

interface Example {
  /** Started one after the other, each when the one before has printed what it should. */
  readonly programs: readonly { readonly file: string; readonly prints: readonly RegExp[] }[];
  /** Runtimes that cannot run it. */
  readonly not?: readonly string[];
}

const EXAMPLES: readonly Example[] = [
  { programs: [{ file: "hello", prints: [/session ready in crossbardemo/] }] },
  {
    programs: [{
      file: "subclass",
      prints: [/joined as anonymous/, /it is 20\d\d-/, /left: wamp\.close\.normal/],
    }],
  },
  { programs: [{ file: "runner", prints: [/extra: 42/] }] },
  {
    programs: [{ file: "longer", prints: [/joined as alice/, /com\.example\.foo/, /result: 42/] }],
  },
  { programs: [{ file: "web_application", prints: [/web application on http:/] }] },
  {
    programs: [
      { file: "rpc_register", prints: [/procedure registered/] },
      { file: "rpc_call", prints: [/call result: 5/] },
    ],
  },
  {
    programs: [
      { file: "rpc_register_shortcut", prints: [/procedures registered/] },
      { file: "rpc_call", prints: [/call result: 5/] },
    ],
  },
  {
    programs: [{
      file: "rpc_errors",
      prints: [
        /root 4, exact true/,
        /com\.myapp\.error\.negative for -1/,
        /too late: wamp\.error\.timeout/,
        /given up: TimeoutError/,
      ],
    }],
  },
  { programs: [{ file: "rpc_progress", prints: [/step 1\s+step 2\s+step 3\s+finished/] }] },
  {
    programs: [
      { file: "pubsub_publish", prints: [/the router has 0/] },
      { file: "pubsub_subscribe", prints: [/subscribed to topic/, /event received: \d+/] },
      { file: "pubsub_subscribe_shortcut", prints: [/event received: \d+/] },
    ],
  },
  {
    programs: [{ file: "methods", prints: [/price: 900/, /bicycle costs 950 now/] }],
    not: ["Node.js"],
  },
];

const LIMIT_MS = 20_000;
const isDeno = process.versions["deno"] !== undefined;

const runtimes = [
  { name: "Deno", command: isDeno ? process.execPath : "deno", args: ["run", "-A", "--quiet"] },
  { name: "Bun", command: isDeno ? "bun" : process.execPath, args: [] },
  ...(process.env["REALMWAY_NODE"] === undefined
    ? []
    : [{ name: "Node.js", command: process.env["REALMWAY_NODE"], args: ["--no-warnings"] }]),
];

/** Rejects when it does not print all in time, or fails. */
function printed(child: ChildProcess, prints: readonly RegExp[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const missing = () => prints.filter((one) => !one.test(output));
    const fail = (why: string) =>
      reject(new Error(`${why}; missing ${missing().join(" ")} in:\n${output}`));
    const timer = setTimeout(() => fail(`Not done within ${LIMIT_MS} ms`), LIMIT_MS);
    const take = (text: string) => {
      output += text;
      if (missing().length > 0) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.setEncoding("utf8").on("data", take);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => output += text);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      if (missing().length > 0) fail(`It ended with ${code}`);
    });
  });
}

async function tryOut(
  { programs }: Example,
  { command, args }: typeof runtimes[number],
  url: string,
): Promise<void> {
  const children: ChildProcess[] = [];
  try {
    for (const { file, prints } of programs) {
      const path = fileURLToPath(new URL(`${file}.ts`, import.meta.url).href);
      const env = { ...process.env, "WEB_PORT": "0", "NO_COLOR": "1" };
      const child = spawn(command, [...args, path, url], { env });
      children.push(child);
      await printed(child, prints);
    }
  } finally {
    await Promise.all(children.map(async (child) => {
      if (child.exitCode !== null || child.pid === undefined) return;
      const ended = new Promise((resolve) => child.on("close", resolve));
      process.kill(child.pid, "SIGTERM");
      await ended;
    }));
  }
}

const text = await readFile(
  fileURLToPath(new URL("router/.realmway/config.json", import.meta.url).href),
  "utf8",
);
const config = JSON.parse(text);
config.workers[0].transports[0].endpoint.port = 0;
const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };
const node = await startNode(parseConfig(config), { directory: ".", log: silent });
const base = node.listeners[0]?.urls.find((url) => url.startsWith("ws:")) ?? "";
const url = new URL("/ws", base).href;

let failed = 0;
let passed = 0;
for (const runtime of runtimes) {
  for (const example of EXAMPLES) {
    if (example.not?.includes(runtime.name)) continue;
    const name = example.programs.map(({ file }) => file).join(" + ");
    try {
      await tryOut(example, runtime, url);
      passed++;
      console.log(`${runtime.name}: ${name} ... ok`);
    } catch (error) {
      failed++;
      console.log(`${runtime.name}: ${name} ... FAILED\n${error}`);
    }
  }
}
await node.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
