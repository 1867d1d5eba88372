/**
 * `deno task bench:peers`: all contenders under the same load in one run, interleaved, and the table that goes into RESULTS.md.
 * Options: names of groups (core, serializers, ...), `--only NAME,NAME` contenders, `--runs N`, `--seconds N`, `--out FILE`.
 * The generator is `$WAMPLOAD`, a folder with its sources and peers; by default the one beside the project.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { type Case, cases, type Group, groups } from "./cases.ts";
import { type Contender, contenders, type Running, start } from "./contenders.ts";
import { type Run, table } from "./report.ts";

const folder = process.env["WAMPLOAD"] ??
  fileURLToPath(new URL("../../../shared/wampload", import.meta.url).href);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The generator's program: built already, or built now outside its folder, which may be read-only. */
function generator(): string {
  if (!existsSync(`${folder}/Cargo.toml`)) {
    throw new Error(
      `Cannot find the load generator: ${folder} has no Cargo.toml. Set WAMPLOAD to its folder`,
    );
  }
  const target = process.env["WAMPLOAD_TARGET"] ??
    fileURLToPath(new URL("../../node_modules/.cache/wampload", import.meta.url).href);
  const args = [
    "build",
    "--release",
    "--quiet",
    "--manifest-path",
    `${folder}/Cargo.toml`,
    "--target-dir",
    target,
  ];
  const built = spawnSync("cargo", args, { stdio: "inherit" });
  if (built.status !== 0) {
    throw new Error("Cannot build the load generator: cargo failed, see above");
  }
  return `${target}/release/wampload`;
}

function measure(
  program: string,
  contender: Contender,
  one: Case,
  pid: number,
  seconds: string,
): Run {
  const url = one.transport === "ws" ? contender.ws : contender.raw;
  const args = [
    "-c",
    process.env["LOAD_CPU"] ?? "1",
    program,
    "--json",
    "--url",
    url ?? contender.raw,
    "--pid",
    String(pid),
    "--warmup",
    "0.5",
    "--duration",
    seconds,
    ...one.args,
  ];
  const { status, stdout, stderr } = spawnSync("taskset", args, { encoding: "utf8" });
  const isGood = status === 0;
  return {
    contender: contender.name,
    case: one.name,
    figures: isGood ? JSON.parse(stdout) : undefined,
    error: isGood ? undefined : stderr.trim(),
  };
}

/** Every round asks every contender once per case, so that a slow minute of the machine hits all alike. */
async function run(
  program: string,
  list: readonly Contender[],
  wanted: readonly Case[],
  rounds: number,
  seconds: string,
) {
  const runs: Run[] = [];
  const running = new Map<string, Running>();
  const stopOne = async (name: string) => {
    await running.get(name)?.stop();
    running.delete(name);
  };
  try {
    for (const one of wanted) {
      for (let round = 0; round < rounds; round++) {
        for (const contender of list) {
          if (
            contender.isControl !== (one.hasControl === true) || one.skips?.includes(contender.name)
          ) continue;
          const known = running.get(contender.name);
          if (known !== undefined && (one.isFresh === true || known.hasEnded())) {
            await stopOne(contender.name);
          }
          const process = running.get(contender.name) ?? await start(contender);
          running.set(contender.name, process);
          const result = measure(program, contender, one, process.pid, seconds);
          runs.push(result);
          if (result.error !== undefined) {
            say(`${contender.name}, ${one.name}: ${result.error}`);
            await stopOne(contender.name);
          }
        }
      }
      say(`${table(runs.filter((done) => done.case === one.name))}\n`);
    }
  } finally {
    for (const name of [...running.keys()]) await stopOne(name);
  }
  return runs;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      out: { type: "string" },
    },
  });
  const named = positionals.filter((name): name is Group => groups.some((group) => group === name));
  const chosen = named.length > 0 ? named : groups;
  const only = values.only?.split(",");
  const list = contenders(`${folder}/peers`).filter(({ name }) =>
    only === undefined || only.includes(name)
  );
  const wanted = cases.filter(({ group }) => chosen.includes(group));
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, Linux ${release()}`;
  const versions = list.map(({ name, version }) => `${name} ${version}`).join(", ");
  say(`${machine}\n${versions}\n`);
  const runs = await run(generator(), list, wanted, Number(values.runs), values.seconds);
  if (values.out === undefined) return;
  writeFileSync(
    values.out,
    `${machine}. ${versions}. ${values.runs} runs of ${values.seconds} s each.\n\n`,
  );
  appendFileSync(values.out, `${table(runs)}\n`);
}

main().catch((cause) => {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
