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
  return [...ownCommand().command, "run-worker"];
}

/** What starts the command line. Throws StartError where it is missing, as in the npm package. */
export function ownCommand(): {
  readonly command: readonly [string, ...string[]];
  /** Names a directory where the runtime keeps what it has compiled. */
  readonly cacheVariable?: string;
} {
  const program = process.execPath;
  if (isStandalone) return { command: [program] };
  const main = fileURLToPath(new URL("../cli/main.ts", import.meta.url).href);
  if (!existsSync(main)) {
    throw new StartError(
      `Cannot start ${main}: found none, expected the command line, which the npm package has not`,
    );
  }
  if (runtimeName !== "deno") return { command: [program, main] };
  return { command: [program, ...DENO_FLAGS, main], cacheVariable: "DENO_DIR" };
}
