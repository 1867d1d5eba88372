/** Starts the command line as a real process: from source on this runtime, or the executable named by REALMWAY_BIN. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TIMEOUT_MS = 30_000;

/** The program and the arguments before the command's own. @param main for other entry points than the CLI. */
function command(main: string): [string, string[]] {
  const binary = process.env["REALMWAY_BIN"];
  if (binary !== undefined && main === "main.ts") return [binary, []];
  const isDeno = process.versions["deno"] !== undefined;
  const file = join(ROOT, "node", "cli", main);
  return [process.execPath, isDeno ? ["run", "-A", "--quiet", file] : [file]];
}

export interface Running {
  readonly pid: number | undefined;
  readonly output: { stdout: string; stderr: string };
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Waits until standard output matches. Rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** As `until`, of standard error. */
  untilComplaint(pattern: RegExp): Promise<RegExpExecArray>;
  /** Writes to standard input, and ends it. */
  type(text: string): void;
  /** Stops reading standard output, as `| head` does. */
  stopReading(): void;
  /** Leaves standard output unread, as a log collector that hangs does. */
  pauseReading(): void;
  send(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

const running = new Set<ChildProcessWithoutNullStreams>();

/** Starts `realmway <args>` in `cwd`. @param prefix a command that starts the program, such as `nohup`. */
export function launch(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
  main = "main.ts",
  prefix: readonly string[] = [],
): Running {
  const [runner, before] = command(main);
  const [program = runner, ...rest] = [...prefix, runner, ...before, ...args];
  const child = spawn(program, rest, {
    cwd,
    env: { ...process.env, "NO_COLOR": "1", ...env },
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
    for (const listener of listeners) listener();
  });
  const overdue = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(overdue);
      running.delete(child);
      resolve(code ?? signal ?? "unknown");
    });
  });
  const untilIn = (stream: "stdout" | "stderr", pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output[stream]);
        if (match === null) return;
        listeners.delete(look);
        resolve(match);
      };
      listeners.add(look);
      look();
      ended.then((code) =>
        reject(
          new Error(`Ended with ${code} before ${pattern}:\n${output.stdout}\n${output.stderr}`),
        ), reject);
    });
  const send = (signal: NodeJS.Signals) => {
    // Not `child.kill`: Deno then reports the signal as the reason of the end, whatever the exit code was.
    if (child.pid !== undefined) process.kill(child.pid, signal);
  };
  const end = (signal: NodeJS.Signals = "SIGTERM") => {
    send(signal);
    return ended;
  };
  const type = (text: string) => {
    // A command that does not want it may have ended.
    child.stdin.on("error", () => {});
    child.stdin.end(text);
  };
  return {
    pid: child.pid,
    output,
    ended,
    until: (pattern) => untilIn("stdout", pattern),
    untilComplaint: (pattern) => untilIn("stderr", pattern),
    type,
    stopReading: () => child.stdout.destroy(),
    pauseReading: () => child.stdout.pause(),
    send,
    end: (signal) => {
      child.stdout.resume();
      return end(signal);
    },
  };
}

/** Runs a command to its end. */
export async function run(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const { output, ended } = launch(args, cwd, env);
  const code = await ended;
  return { code, ...output };
}

/** For `after` hooks: ends what a failed test left behind. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("Cannot find a free port"));
      });
    });
    server.on("error", reject);
  });
}

/** A directory of its own for one test, with a node directory when `config` is given; removed by `remove`. */
export async function workplace(config?: unknown) {
  const directory = await mkdtemp(join(tmpdir(), "realmway-"));
  if (config !== undefined) {
    await mkdir(join(directory, ".realmway"));
    const text = typeof config === "string" ? config : JSON.stringify(config, undefined, 2);
    await writeFile(join(directory, ".realmway", "config.json"), text);
  }
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Text files by their names below `directory`, whose folders are made. */
export async function writeFiles(directory: string, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}

/** A configuration with one open realm. */
export function openConfig(transports: readonly object[], options: object = {}) {
  const allow = { call: true, register: true, publish: true, subscribe: true };
  return {
    "version": 2,
    "controller": { "options": options },
    "workers": [{
      "type": "router",
      "realms": [{
        "name": "realm1",
        "roles": [{ "name": "anonymous", "permissions": [{ "uri": "*", allow }] }],
      }],
      transports,
    }],
  };
}
