/** Run by `outages_test.ts`: the command line on a machine whose clock can be set, by a file that has the milliseconds that it is wrong by. */
import { readFileSync } from "node:fs";
import process from "node:process";

const file = process.env["WRONG_BY"] ?? "";
const right = Date.now;
// What waits goes by another clock, on a real machine as here.
Date.now = () => right() + Number(readFileSync(file, "utf8"));
const { run } = await import("../../node/cli/program.ts");
const { exit } = await import("../../node/cli/output.ts");
exit(await run(process.argv.slice(2)));
