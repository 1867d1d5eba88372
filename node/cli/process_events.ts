/** Signals, and faults that nobody caught: what a process that runs a node does about them. */
import process from "node:process";
import type { Log } from "../../router/ports.ts";

/** One wish to stop often arrives twice: a terminal signals the whole group, and supervisors pass the signal on. */
const SAME_WISH_MS = 250;

/** Resolves at the first SIGTERM or SIGINT; a later one ends the process as it would have without us. */
export function watchSignals(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const numbers = { "SIGINT": 2, "SIGTERM": 15 } as const;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        const now = performance.now();
        if (firstAt === undefined) {
          firstAt = now;
          resolve(signal);
        } else if (now - firstAt > SAME_WISH_MS) {
          log.warn("Ending at once because of a second {signal}", { signal });
          process.exit(128 + numbers[signal]);
        }
      });
    }
  });
}

/** Faults that nobody caught are logged, and the process goes on. */
export function watchFaults(log: Log): void {
  process.on("uncaughtException", (error) => log.error("Uncaught exception: {error}", { error }));
  process.on("unhandledRejection", (error) => log.error("Unhandled rejection: {error}", { error }));
}
