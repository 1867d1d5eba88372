/** Claims PID files, each at its moment, and prints those that it got: pid_program.ts MOMENT FILE... */
import process from "node:process";
import { PidFile } from "../../node/cli/pid_file.ts";
import { StartError } from "../../node/start_error.ts";

const BETWEEN_MS = 60;
const [moment, ...files] = process.argv.slice(2);
const begin = Number(moment);

for (const [i, file] of files.entries()) {
  // Neither early nor late, as a timer would be.
  while (Date.now() < begin + i * BETWEEN_MS);
  try {
    await PidFile.claim(file);
    process.stdout.write(`${file}\n`);
  } catch (cause) {
    if (!(cause instanceof StartError)) throw cause;
  }
}
process.stdout.write("tried\n");
// It is alive until all have tried.
process.stdin.resume();
