/**
 * `deno task bench:peers`: all contenders under the same load in one run, interleaved, and the table that goes into RESULTS.md.
 * Options: names of groups (core, serializers, ...), `--only NAME,NAME` contenders, `--runs N` (default: by group, so that all of it takes
 * twelve minutes), `--seconds N`, `--before FOLDER` (another checkout, to compare with: before-deno, before-bun), `--out FILE`.
 * The generator is `$WAMPLOAD`, a folder with its sources and peers; by default the one beside the project.
 */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { type Case, cases, type Group, groups, RUNS } from "./cases.ts";
import { ConfigFiles } from "./configs.ts";
import { type Contender, contenders, type Running, start } from "./contenders.ts";
import { cpuOf, residentOf } from "./process_usage.ts";
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

const PINNED = ["-c", process.env["LOAD_CPU"] ?? "1"];

function measure(
  program: string,
  contender: Contender,
  one: Case,
  pid: number,
  seconds: string,
): Run {
  const url = one.transport === "ws" ? contender.ws ?? contender.raw : contender.raw;
  const args = typeof one.args === "string" ? silent(url, pid, seconds) : [
    program,
    "--json",
    "--url",
    url,
    "--pid",
    String(pid),
    "--warmup",
    one.group === "switches" ? "1" : "0.5",
    "--duration",
    seconds,
    ...one.args,
  ];
  const { status, stdout, stderr } = spawnSync("taskset", [...PINNED, ...args], {
    encoding: "utf8",
  });
  const run = { contender: contender.name, case: one.name, bytes: one.bytes };
  return status === 0
    ? { ...run, figures: JSON.parse(stdout), error: undefined }
    : { ...run, figures: undefined, error: stderr.trim() };
}

/** The command of our own generator of publications that nobody listens to. */
function silent(url: string, pid: number, seconds: string): readonly string[] {
  const file = fileURLToPath(new URL("silent.ts", import.meta.url).href);
  return ["deno", "run", "-A", file, /\d+$/.exec(url)?.[0] ?? "", String(pid), seconds];
}

function takesPart(contender: Contender, one: Case): boolean {
  const kinds = one.kinds ?? ["router"];
  if (!contender.isOwn) {
    return kinds.includes("router") && (one.peers ?? ["nexus"]).includes(contender.name);
  }
  // The executable shows how it starts; then it is Bun.
  if (contender.name === "realmway-executable") return one.args === "start";
  if (one.args === "start") return contender.kind === "router";
  return kinds.includes(contender.kind) ||
    (kinds.includes("switch") && contender.kind === "router");
}

/** Every round asks every contender once per case, so that a slow minute of the machine hits all alike. */
class Session {
  readonly runs: Run[] = [];
  readonly #program: string;
  readonly #seconds: string;
  readonly #running = new Map<string, Running>();

  constructor(program: string, seconds: string) {
    this.#program = program;
    this.#seconds = seconds;
  }

  async round(one: Case, list: readonly Contender[]): Promise<void> {
    for (const contender of list) {
      if (!takesPart(contender, one)) continue;
      this.runs.push(
        one.args === "start"
          ? await this.#measureStart(contender, one)
          : await this.#measure(contender, one),
      );
    }
  }

  async stop(): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.#stopOne(name);
  }

  async #measure(contender: Contender, one: Case): Promise<Run> {
    const { name } = contender;
    const known = this.#running.get(name);
    if (one.isFresh === true || known?.hasEnded() === true) await this.#stopOne(name);
    const process = this.#running.get(name) ?? await start(contender);
    this.#running.set(name, process);
    const result = measure(this.#program, contender, one, process.pid, this.#seconds);
    if (result.error !== undefined) say(`${name}, ${one.name}: ${result.error}`);
    if (result.error !== undefined || one.isFresh === true) await this.#stopOne(name);
    return result;
  }

  /** Starts it, and looks at it when it has come to rest. */
  async #measureStart(contender: Contender, one: Case): Promise<Run> {
    const { name } = contender;
    await this.#stopOne(name);
    const begun = performance.now();
    const process = await start(contender, 0);
    const ms = performance.now() - begun;
    const cpu = cpuOf(process.pid);
    await sleep(1000);
    const resident = residentOf(process.pid);
    await process.stop();
    return {
      contender: name,
      case: one.name,
      bytes: undefined,
      figures: {
        "router_cpu_us_per_start": cpu,
        "start_ms": ms,
        "router_rss_after_kb": resident,
      },
      error: undefined,
    };
  }

  async #stopOne(name: string): Promise<void> {
    await this.#running.get(name)?.stop();
    this.#running.delete(name);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      runs: { type: "string" },
      seconds: { type: "string", default: "1" },
      before: { type: "string" },
      out: { type: "string" },
    },
  });
  const named = positionals.filter((name): name is Group => groups.some((group) => group === name));
  const chosen = named.length > 0 ? named : groups;
  const only = values.only?.split(",");
  const configs = new ConfigFiles();
  const list = contenders(`${folder}/peers`, configs, values.before && resolve(values.before))
    .filter(({ name }) =>
      only === undefined || only.some((start) => name === start || name.startsWith(`${start},`))
    );
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, Linux ${release()}`;
  const versions = list.filter(({ kind }) => kind === "router")
    .map(({ name, version }) => `${name} ${version}`).join(", ");
  say(`${machine}\n${versions}\n`);
  const session = new Session(generator(), values.seconds);
  try {
    for (const one of cases.filter(({ group }) => chosen.includes(group))) {
      const rounds = Number(values.runs ?? RUNS[one.group]);
      for (let round = 0; round < rounds; round++) await session.round(one, list);
      say(`${table(session.runs.filter((done) => done.case === one.name))}\n`);
    }
  } finally {
    await session.stop();
    configs.remove();
  }
  if (values.out === undefined) return;
  const rounds = values.runs ?? Object.entries(RUNS).map(([name, n]) => `${name} ${n}`).join(", ");
  const head = `${machine}. ${versions}. Runs of ${values.seconds} s: ${rounds}.`;
  writeFileSync(values.out, `${head}\n\n${table(session.runs)}\n`);
}

main().catch((cause) => {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
