/**
 * A child process of the node: its output in the node's log, started anew by its policy with growing delays, ended with the node.
 * A program that cannot be started counts as one that failed. Traps: grandchildren may hold the output open, so the process's own end
 * counts, not that of its output; Deno's `child.kill` reports the signal as the end's reason, whatever the exit code was.
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import process from "node:process";
import type { Clock, Log, Timer } from "../../router/ports.ts";
import { isRestarted, type RestartPolicy } from "../config/schema_process.ts";
import { Lines } from "./lines.ts";

export interface ChildOptions {
  /** Of the worker, for the log. */
  readonly id: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Written when it starts; undefined: standard input is closed. */
  readonly input: { readonly text: string; readonly isClosed: boolean } | undefined;
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  readonly restart: RestartPolicy;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** What becomes of an output: the node's log, nothing, or it is closed. */
export type Outlet = "log" | "drop" | "close";

export interface ChildParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Its process runs. */
  readonly onSpawned: () => void;
  /** Its process has ended, whatever comes next. */
  readonly onEnded: (exit: Exit) => void;
  /** When it has ended and is not started anew. Not called while it is being stopped. */
  readonly onGone: (exit: Exit) => void;
}

/** Of its output. */
export interface LoggedLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly stream: "stdout" | "stderr";
  readonly line: string;
}

export interface Exit {
  /** 0, another code, or the signal's name; undefined: it could not be started. */
  readonly how: number | NodeJS.Signals | undefined;
  readonly hasFailed: boolean;
}

/** A process that ran so long starts its delays anew. */
const STABLE_MS = 10_000;
const GROWTH = 2;
/** Lines of its output that are kept. */
const KEPT_LINES = 1_000;

const STDIO = { "log": "pipe", "drop": "ignore", "close": "ignore" } as const;

export class Child {
  readonly #options: ChildOptions;
  readonly #parts: ChildParts;
  #delayMs: number;
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #isStopping = false;
  readonly #lines: LoggedLine[] = [];

  constructor(options: ChildOptions, parts: ChildParts) {
    this.#options = options;
    this.#parts = parts;
    this.#delayMs = options.firstDelayMs;
  }

  get id(): string {
    return this.#options.id;
  }

  /** Of the running process. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The latest lines of its output that went to the log, the oldest first. */
  lines(limit: number): readonly LoggedLine[] {
    return limit > 0 ? this.#lines.slice(-limit) : [];
  }

  start(): void {
    const { clock, onEnded } = this.#parts;
    const began = clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#spawn((exit) => {
      this.#process = undefined;
      resolve();
      onEnded(exit);
      if (!this.#isStopping) this.#after(exit, clock.now() - began);
    });
  }

  /** Asks the process to end, and ends it after the time limit; at once when there is none. Resolves when it has. */
  async stop(limitMs: number): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    const { clock, log } = this.#parts;
    if (limitMs <= 0) {
      this.#signal("SIGKILL");
      return await this.#ended;
    }
    this.#signal("SIGTERM");
    const limit = clock.after(limitMs, () => {
      log.warn("Worker {id} did not end within {limitMs} ms: killed", { id: this.id, limitMs });
      this.#signal("SIGKILL");
    });
    await this.#ended;
    limit.cancel();
  }

  #spawn(done: (exit: Exit) => void): void {
    const { command, args, cwd, env, input, stdout, stderr } = this.#options;
    const { log } = this.#parts;
    const stdio: StdioOptions = [
      input === undefined ? "ignore" : "pipe",
      STDIO[stdout],
      STDIO[stderr],
    ];
    let child: ChildProcess;
    try {
      child = spawn(command, args, { cwd, env: { ...env }, stdio });
    } catch (error) {
      return this.#unstartable(error, done);
    }
    this.#process = child;
    child.once("spawn", () => {
      this.#parts.onSpawned();
      log.info("Worker {id} runs as process {pid}", { id: this.id, pid: child.pid });
      // It may end without reading.
      child.stdin?.on("error", () => {});
      if (input?.isClosed) child.stdin?.end(input.text);
      else if (input !== undefined) child.stdin?.write(input.text);
    });
    child.once("error", (error) => {
      // Also told when a signal could not be sent: then it has a pid.
      if (child.pid === undefined) this.#unstartable(error, done);
    });
    child.once("exit", (code, signal) => {
      const how = code ?? signal ?? undefined;
      done({ how, hasFailed: how !== 0 });
    });
    for (const name of ["stdout", "stderr"] as const) {
      if (this.#options[name] === "log") this.#logLines(child, name);
    }
  }

  #unstartable(error: unknown, done: (exit: Exit) => void): void {
    const { log } = this.#parts;
    const { command } = this.#options;
    const why = error instanceof Error ? error.message : String(error);
    const text = 'Cannot start worker {id}: "{command}" cannot be run ({why})';
    log.error(text, { id: this.id, command, why, error });
    done({ how: undefined, hasFailed: true });
  }

  #logLines(child: ChildProcess, stream: "stdout" | "stderr"): void {
    const { log, clock } = this.#parts;
    const lines = new Lines((line) => {
      log.info("[{worker}] {line}", { worker: this.id, stream, line });
      this.#lines.push({ time: clock.now(), stream, line });
      // Half at once, so that not every line moves all others.
      if (this.#lines.length > 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
    });
    child[stream]?.setEncoding("utf8")
      .on("data", (text: string) => lines.add(text))
      .on("error", () => {})
      .once("close", () => lines.end());
  }

  #after(exit: Exit, ranMs: number): void {
    const { log, clock, onGone } = this.#parts;
    const { restart, firstDelayMs, longestDelayMs } = this.#options;
    if (exit.how !== undefined) {
      const say = exit.hasFailed ? log.error : log.info;
      say.call(log, "Worker {id} ended with {how}", { id: this.id, how: exit.how });
    }
    if (!isRestarted(restart, exit.hasFailed)) return onGone(exit);
    if (ranMs > STABLE_MS) this.#delayMs = firstDelayMs;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * GROWTH, longestDelayMs);
    log.info("Starting worker {id} anew in {delayMs} ms", { id: this.id, delayMs });
    this.#timer = clock.after(delayMs, () => this.start());
  }

  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const pid = this.pid;
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has ended, and its end is about to be told.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}
