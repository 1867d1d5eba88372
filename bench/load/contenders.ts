/**
 * The programs under load: Realmway on both runtimes, a bare echo on both as control, and the peers that are installed.
 * Each is a process of its own, pinned to one core. Only processes started here are ever ended.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ConfigFiles, switches } from "./configs.ts";

/** router: takes part in most cases; echo and fan-out: controls; switch: Realmway with one thing switched. */
export type Kind = "router" | "echo" | "fan-out" | "switch";

export interface Contender {
  readonly name: string;
  readonly version: string;
  readonly kind: Kind;
  readonly isOwn: boolean;
  readonly ws: string | undefined;
  readonly raw: string;
  readonly command: readonly string[];
}

export interface Running {
  readonly pid: number;
  readonly hasEnded: () => boolean;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("../../", import.meta.url).href);
const ROUTER_CPU = process.env["ROUTER_CPU"] ?? "0";

/** How each runtime runs a TypeScript file, and the command line. */
function runtimes() {
  const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
    readFileSync(`${root}deno.json`, "utf8"),
  );
  const cli = tasks["realmway"]?.command.split(" ") ?? [];
  return [
    { name: "deno", run: ["deno", "run", "-A"], cli },
    { name: "bun", run: ["bun", "run"], cli: ["bun", "run", "node/cli/main.ts"] },
  ];
}

function found(command: string): boolean {
  return spawnSync("which", [command]).status === 0;
}

function versionOf(command: string, ...args: readonly string[]): string {
  const { stdout } = spawnSync(command, args, { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0] ?? "unknown";
}

/**
 * All contenders that can be started here.
 * @param peers the generator's folder of peers. @param before another checkout of this project, to compare with, if any.
 */
export function contenders(
  peers: string,
  configs: ConfigFiles,
  before: string | undefined,
): readonly Contender[] {
  const list: Contender[] = [];
  let port = 27191;
  const add = (
    name: string,
    version: string,
    kind: Kind,
    command: (port: number) => readonly string[],
  ) => {
    list.push({
      name,
      version,
      kind,
      isOwn: true,
      ws: kind === "echo" ? undefined : `ws://127.0.0.1:${port}/ws`,
      raw: `tcp://127.0.0.1:${port}`,
      command: command(port),
    });
    port++;
  };
  for (const { name, run, cli } of runtimes()) {
    if (!found(name)) continue;
    const version = versionOf(name, "--version");
    for (const which of switches) {
      const isBase = which === "base";
      const label = isBase ? `realmway-${name}` : `realmway-${name}, ${which}`;
      add(label, version, isBase ? "router" : "switch", (port) => [
        ...cli,
        "start",
        "--config",
        configs.file(port, which),
      ]);
    }
    if (before !== undefined) {
      add(`before-${name}`, version, "router", (port) => [
        ...cli.map((part) => part.endsWith(".ts") ? `${before}/${part}` : part),
        "start",
        "--config",
        configs.file(port, "base"),
      ]);
    }
    const control = (file: string) => (port: number) => [...run, `${root}${file}`, `${port}`];
    add(`echo-${name}`, version, "echo", control("bench/micro/byte_stream_echo.ts"));
    add(`fan-out-${name}`, version, "fan-out", control("bench/load/fan_out_control.ts"));
  }
  const executable = `${root}dist/realmway`;
  if (existsSync(executable)) {
    add("realmway-executable", versionOf(executable, "version"), "switch", (port) => [
      executable,
      "start",
      "--config",
      configs.file(port, "base"),
    ]);
  }
  return [...list, ...peerList(peers)];
}

function peerList(peers: string): readonly Contender[] {
  const known = [
    {
      name: "nexus",
      variable: "NEXUSD",
      program: "nexusd",
      ws: "27181/ws",
      raw: "27182",
      version: "3.3.0",
    },
    {
      name: "xconn",
      variable: "NXT",
      program: "nxt",
      ws: "27185/ws",
      raw: "27186",
      version: "0.1.0",
    },
    {
      name: "crossbar",
      variable: "CROSSBAR",
      program: "crossbar",
      ws: "27183/",
      raw: "27184",
      version: "26.10.1",
    },
  ];
  return known
    .filter(({ variable, program }) => existsSync(process.env[variable] ?? "") || found(program))
    .map(({ name, ws, raw, version }) => ({
      name,
      version,
      kind: "router" as const,
      isOwn: false,
      ws: `ws://127.0.0.1:${ws}`,
      raw: `tcp://127.0.0.1:${raw}`,
      command: [`${peers}/start-${name}.sh`],
    }));
}

/** Starts it and waits until its ports answer. @param restMs what it gets to come to rest. */
export async function start(contender: Contender, restMs = 300): Promise<Running> {
  const isScript = contender.command[0]?.endsWith(".sh") === true;
  const pinned = isScript ? contender.command : ["taskset", "-c", ROUTER_CPU, ...contender.command];
  const [program = "", ...args] = pinned;
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ROUTER_CPU },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let complaint = "";
  child.stderr?.on("data", (chunk) => complaint = (complaint + String(chunk)).slice(-2000));
  for (const url of [contender.ws, contender.raw]) {
    if (url !== undefined) {
      await untilListening(Number(/:(\d+)/.exec(url)?.[1]), child, () => complaint);
    }
  }
  await sleep(restMs);
  if (child.pid === undefined) throw new Error(`Cannot start ${contender.name}: it has no process`);
  return { pid: child.pid, hasEnded: () => child.exitCode !== null, stop: () => stop(child) };
}

async function untilListening(
  port: number,
  child: ChildProcess,
  complaint: () => string,
): Promise<void> {
  for (const limit = performance.now() + 30_000; performance.now() < limit;) {
    if (child.exitCode !== null) break;
    if (await answers(port)) return;
    await sleep(2);
  }
  throw new Error(
    `Cannot reach port ${port}: the program under load did not start. ${complaint()}`,
  );
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Ends the process group that `start` made, and nothing else. */
async function stop(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const ended = new Promise((resolve) => child.on("exit", resolve));
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ESRCH") return;
      throw cause;
    }
    await Promise.race([ended, sleep(5000)]);
  }
}
