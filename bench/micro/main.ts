/** `deno task bench`: all micro-benchmarks, on Deno and, where it is installed, on Bun. Names of benchmarks choose some of them. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("./", import.meta.url).href);
const chosen = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((file) => file.endsWith("_bench.ts"))
  .filter((file) => chosen.length === 0 || chosen.some((name) => file.startsWith(name)));
if (files.length === 0) {
  process.stderr.write(`Cannot find a benchmark named ${chosen.join(" or ")} in bench/micro\n`);
  process.exitCode = 2;
}

for (const file of files) {
  for (const [runtime, args] of [["deno", ["run", "-A"]], ["bun", ["run"]]] as const) {
    if (spawnSync(runtime, ["--version"]).status !== 0) {
      process.stdout.write(`\n${runtime} is not installed: ${file} not run on it\n`);
      continue;
    }
    process.stdout.write(`\n${file} on ${runtime}\n`);
    const { status } = spawnSync(runtime, [...args, `${folder}${file}`], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}
