/** The end of a node that was asked to stop over its management realm. Used by `stop` and by a node that takes another's place. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../../client/session.ts";
import { isRunning } from "./running.ts";

const LOOK_MS = 20;

/** Resolves when the process has ended. Rejects when the user gives up. @param session in its management realm, which ends last. */
export async function untilGone(session: Session, pid: number, stop?: AbortSignal): Promise<void> {
  const givenUp = new Promise<never>((_resolve, reject) => {
    stop?.addEventListener("abort", () => reject(stop.reason), { once: true });
  });
  await Promise.race([session.closed, givenUp]);
  while (isRunning(pid)) await sleep(LOOK_MS, undefined, stop && { signal: stop });
}
