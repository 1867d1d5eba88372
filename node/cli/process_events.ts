/** Signals, and faults that nobody caught: what a process that runs a node does about them. Imports next to nothing, so that it is there first. */
import { closeSync, openSync, readFileSync } from "node:fs";
import process from "node:process";
import type { Log } from "../../router/ports.ts";

/** One wish to stop often arrives twice: a terminal signals the whole group, and supervisors pass the signal on. */
const SAME_WISH_MS = 250;

const NUMBERS = { "SIGHUP": 1, "SIGINT": 2, "SIGTERM": 15 } as const;
export type StopSignal = keyof typeof NUMBERS;
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/** Asks a node to drain and stop. Not SIGUSR1, by which runtimes open their inspector. */
const DRAIN = "SIGUSR2";

/**
 * The wish to stop. Listens from the moment it is made: a later signal ends the process as it would have without us. SIGHUP is such a wish where
 * the terminal is gone; a node, which has its configuration to read anew, takes any other as the wish for that.
 */
export class StopSignals {
  /** Resolves at the first SIGTERM, SIGINT or SIGHUP. */
  readonly first: Promise<StopSignal>;
  /** Resolves at the first SIGUSR2, once `catchDrain` was called. */
  readonly drain: Promise<typeof DRAIN>;
  readonly #drains: (signal: typeof DRAIN) => void;
  readonly #stop: (signal: StopSignal) => void;
  readonly #reloads: boolean;
  readonly #hadTerminal = hasTerminal();
  /** Whoever started the process wants it to outlive its terminal. Asked first: with any listener Deno catches SIGHUP, too. */
  readonly #isHangUpIgnored = isHangUpIgnored();
  #reload: (() => void) | undefined;
  #isReloadWanted = false;
  #firstAt: number | undefined;
  #log: Log | undefined;

  /** @param reloads SIGHUP is the wish to reload, unless the terminal is gone. */
  constructor(reloads = false) {
    const { promise, resolve } = Promise.withResolvers<StopSignal>();
    this.first = promise;
    const draining = Promise.withResolvers<typeof DRAIN>();
    this.drain = draining.promise;
    this.#drains = draining.resolve;
    this.#stop = resolve;
    this.#reloads = reloads;
    for (const signal of SIGNALS) process.on(signal, () => this.#caught(signal));
  }

  /** From now on SIGUSR2 asks to drain: to programs that are no nodes it means their end. */
  catchDrain(): void {
    if (process.platform !== "win32") process.on(DRAIN, () => this.#drains(DRAIN));
  }

  /** @param log where a second signal is told. */
  logTo(log: Log): void {
    this.#log = log;
  }

  /** Also of a wish that came before. */
  onReload(reload: () => void): void {
    this.#reload = reload;
    if (this.#isReloadWanted) reload();
    this.#isReloadWanted = false;
  }

  #caught(signal: StopSignal): void {
    if (signal === "SIGHUP") {
      const isTerminalGone = this.#hadTerminal && !hasTerminal();
      if (this.#reloads && !isTerminalGone) return this.#wantReload();
      if (this.#isHangUpIgnored) return;
    }
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      this.#stop(signal);
    } else if (now - this.#firstAt > SAME_WISH_MS) {
      this.#log?.warn("Ending at once because of a second {signal}", { signal });
      process.exit(exitCodeOf(signal));
    }
  }

  #wantReload(): void {
    if (this.#reload === undefined) this.#isReloadWanted = true;
    else this.#reload();
  }
}

/** Whether the process has a terminal that is still there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/** Of a process that the signal has ended, as shells have it. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + NUMBERS[signal];
}

/** Whether SIGHUP was ignored when the process began; only Linux tells. */
function isHangUpIgnored(): boolean {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    return false;
  }
  const mask = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(status)?.[1] ?? "0";
  return (parseInt(mask, 16) & NUMBERS.SIGHUP) !== 0;
}

/** A file that grows beyond the process's limit (`ulimit -f`) is a fault of that file, not of the process. */
export function surviveFileLimits(): void {
  if (process.platform !== "win32") process.on("SIGXFSZ", () => {});
}

/** Faults that nobody caught are logged, and the process goes on. */
export function watchFaults(log: Log): void {
  process.on("uncaughtException", (error) => log.error("Uncaught exception: {error}", { error }));
  process.on("unhandledRejection", (error) => log.error("Unhandled rejection: {error}", { error }));
}
