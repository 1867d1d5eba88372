/** How this very program starts itself as a worker: the executable by its own file, the source by its runtime. */
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isStandalone, runtimeName } from "../../transports/runtime/runtime.ts";
import { StartError } from "../start_error.ts";

/** A module's own packages come from beside it, which Deno does only so. */
const DENO_FLAGS = ["run", "-A", "--quiet", "--node-modules-dir=manual"];

/** Throws StartError where the command line is missing, as in the npm package. */
export function workerCommand(): readonly [command: string, ...args: string[]] {
  const command = process.execPath;
  if (isStandalone) return [command, "run-worker"];
  const main = fileURLToPath(new URL("../cli/main.ts", import.meta.url).href);
  if (!existsSync(main)) {
    throw new StartError(
      `Cannot start a worker: found no ${main}, expected the command line, which the npm package has not`,
    );
  }
  return [command, ...(runtimeName === "deno" ? DENO_FLAGS : []), main, "run-worker"];
}
