// deno-lint-ignore-file no-console -- what it prints is what the example shows
/**
 * Runs every example as a program, on each runtime, and checks what it prints: `deno task examples` against routers of this process, one
 * for each runtime, `deno task examples --crossbar` against Crossbar.io.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "realmway";
import { type Node, parseConfig, startNode } from "realmway/node";
import { freePorts, missingCrossbar, startCrossbar } from "../tests/kit/crossbar.ts";
import { type Example, EXAMPLES, type Place, type Program } from "./programs.ts";

const LIMIT_MS = 20_000;
const isDeno = process.versions["deno"] !== undefined;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url).href);

interface Runtime {
  readonly name: Place;
  readonly command: string;
  readonly args: readonly string[];
}

const runtimes: readonly Runtime[] = [
  { name: "Deno", command: isDeno ? process.execPath : "deno", args: ["run", "-A", "--quiet"] },
  { name: "Bun", command: isDeno ? "bun" : process.execPath, args: [] },
  ...(process.env["REALMWAY_NODE"] === undefined ? [] : [{
    name: "Node.js" as const,
    command: process.env["REALMWAY_NODE"],
    args: ["--no-warnings"],
  }]),
];

/** Resolves to what it has printed. Rejects when it does not print all in time, or fails. */
function printed(child: ChildProcess, prints: readonly RegExp[]): Promise<string> {
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
      resolve(output);
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

/** Asks over HTTP until the program has a session, and waits for the event of that. */
async function visit(
  output: string,
  { answer, topic }: NonNullable<Program["serves"]>,
  url: string,
): Promise<void> {
  const address = /http:\S+/.exec(output)?.[0] ?? "";
  const session = await connect({ url, realm: "crossbardemo" });
  try {
    const event = new Promise((resolve) => session.subscribe(topic, resolve));
    const signal = AbortSignal.timeout(LIMIT_MS);
    let response = await fetch(address, { signal });
    // It has no session yet.
    while (response.status === 500) {
      await response.body?.cancel();
      response = await fetch(address, { signal });
    }
    const text = await response.text();
    if (!answer.test(text)) throw new Error(`It answers ${response.status} with ${text}`);
    await event;
  } finally {
    await session.leave();
  }
}

async function tryOut({ programs }: Example, runtime: Runtime, url: string): Promise<void> {
  const { command, args } = runtime;
  const children: ChildProcess[] = [];
  try {
    for (const { file, prints, serves } of programs) {
      const env = { ...process.env, "WEB_PORT": "0", "NO_COLOR": "1" };
      const child = spawn(command, [...args, here(`${file}.ts`), url], { env });
      children.push(child);
      const output = await printed(child, prints);
      if (serves !== undefined) await visit(output, serves, url);
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

interface Routers {
  /** One for each runtime, as the examples' URIs are the same on all. */
  readonly urls: readonly string[];
  stop(): Promise<unknown>;
}

async function ownRouters(config: { readonly workers: object[] }): Promise<Routers> {
  const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };
  const parsed = parseConfig(config);
  const options = { directory: here("router/.realmway"), log: silent };
  const nodes: Node[] = [];
  for (const _ of runtimes) nodes.push(await startNode(parsed, options));
  const urls = nodes.map((node) => {
    const base = node.listeners[0]?.urls.find((url) => url.startsWith("ws:")) ?? "";
    return new URL("/ws", base).href;
  });
  return { urls, stop: () => Promise.all(nodes.map((node) => node.stop())) };
}

/** One node with a router worker for each runtime. */
async function crossbar(config: { readonly workers: object[] }): Promise<Routers> {
  const missing = missingCrossbar();
  if (missing !== undefined) throw new Error(`Cannot run the examples: missing ${missing}`);
  const ports = await freePorts(runtimes.length);
  const workers = ports.map((port) => withPort(config, port).workers[0]);
  const { stop } = await startCrossbar({ ...config, workers }, ["web"]);
  return { urls: ports.map((port) => `ws://127.0.0.1:${port}/ws`), stop };
}

/** The demo router's configuration, listening elsewhere. */
function withPort(config: { readonly workers: object[] }, port: number): typeof config {
  const copy = structuredClone(config);
  const [worker] = copy.workers;
  if (worker === undefined || !("transports" in worker) || !Array.isArray(worker.transports)) {
    throw new Error("Cannot use the demo router's configuration: found no transports");
  }
  worker.transports[0].endpoint.port = port;
  return copy;
}

const { values: asked } = parseArgs({ options: { crossbar: { type: "boolean", default: false } } });
const config = JSON.parse(await readFile(here("router/.realmway/config.json"), "utf8"));
const routers = asked.crossbar ? await crossbar(config) : await ownRouters(withPort(config, 0));

let failed = 0;
let passed = 0;
await Promise.all(runtimes.map(async (runtime, i) => {
  for (const example of EXAMPLES) {
    if (example.not?.[runtime.name] !== undefined) continue;
    const name = example.programs.map(({ file }) => file).join(" + ");
    try {
      await tryOut(example, runtime, routers.urls[i] ?? "");
      passed++;
      console.log(`${runtime.name}: ${name} ... ok`);
    } catch (error) {
      failed++;
      console.log(`${runtime.name}: ${name} ... FAILED\n${error}`);
    }
  }
}));
await routers.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
