/** `realmway stop`: asks a running node to stop, with `--drain` once its calls in flight are answered, and waits until its process has ended. */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT_OK } from "./exit_codes.ts";
import { withNode } from "./node_session.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { print } from "./output.ts";
import { valueText } from "./value_text.ts";

const LOOK_MS = 20;

export interface StopOptions extends OperatorOptions {
  readonly drain?: true | undefined;
}

export function stop(options: StopOptions): Promise<number> {
  return withNode(options, async ({ node, stop }) => {
    const { pid } = await node.status();
    const began = performance.now();
    await node.shutdown(options.drain === true);
    // The management realm ends last; behind it the process does what is left.
    await ended(node.session.closed, stop);
    while (isRunning(pid)) await sleep(LOOK_MS, undefined, { signal: stop });
    const seconds = Math.round(performance.now() - began) / 1000;
    print(options.json ? valueText({ "pid": pid, "seconds": seconds }) : `Stopped process ${pid}`);
    return EXIT_OK;
  });
}

/** Rejects when the user gives up. */
function ended(closed: Promise<unknown>, stop: AbortSignal): Promise<unknown> {
  const givenUp = new Promise((_resolve, reject) => {
    stop.addEventListener("abort", () => reject(stop.reason), { once: true });
  });
  return Promise.race([closed, givenUp]);
}

/** False also where it runs on another machine, or beyond the walls of a container: then the end of the session has to do. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
