/** Whether a process runs. Used by `pid_file.ts` and `node_end.ts`. */
import process from "node:process";
import { codeOf } from "../../transports/endpoint.ts";

/** Also one of somebody else. False where it runs beyond the walls of a container. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) === "EPERM";
  }
}
