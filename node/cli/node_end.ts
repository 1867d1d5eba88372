/** The end of a node that was asked to stop over its management realm. Used by `stop` and by a node that takes another's place. */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../../client/session.ts";

const LOOK_MS = 20;

/** Resolves when the process has ended. Rejects when the user gives up. @param session in its management realm, which ends last. */
export async function untilGone(session: Session, pid: number, stop?: AbortSignal): Promise<void> {
  const givenUp = new Promise<never>((_resolve, reject) => {
    stop?.addEventListener("abort", () => reject(stop.reason), { once: true });
  });
  await Promise.race([session.closed, givenUp]);
  while (isRunning(pid)) await sleep(LOOK_MS, undefined, stop && { signal: stop });
}

/** False also where it runs beyond the walls of a container: then the end of the session has to do. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
