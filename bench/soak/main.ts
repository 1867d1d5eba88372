/**
 * `deno task soak`: a node from source under sessions that come and go, for as long as wanted. Fails when a call is not answered, an
 * acknowledged event gets lost or comes twice, the node's memory grows, it logs an error, or anything is left in it at the end.
 * Options: `--minutes N` (10), `--sessions N` at a time (280, which makes more than 10,000 in that time), `--runtime deno|bun` of the node
 * (deno). Writes no files.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Session } from "../../mod.ts";
import { Ledger, limited } from "./ledger.ts";
import { join, live, type World } from "./life.ts";
import { Memory } from "./memory.ts";
import { NodeProcess } from "./node_process.ts";

const SAMPLE_MS = 2000;
/** A node that takes longer to answer at all does not answer. */
const ANSWER_LIMIT_MS = 10_000;
/** Sessions that share a topic. */
const GROUP = 10;
const STEADY_CALLEES = 2;
/** Until the node has noticed the last connection that was cut. */
const SETTLE_MS = 10_000;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    minutes: { type: "string", default: "10" },
    sessions: { type: "string", default: "280" },
    runtime: { type: "string", default: "deno" },
  },
});

function positive(name: "minutes" | "sessions"): number {
  const value = Number(values[name]);
  if (value > 0) return value;
  throw new Error(`Cannot use --${name}: found "${values[name]}", expected a number above 0`);
}

async function soak(): Promise<number> {
  const [minutes, places] = [positive("minutes"), positive("sessions")];
  const ledger = new Ledger();
  const node = await NodeProcess.start(values.runtime, (text) => ledger.fault(text));
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / (minutes * 60_000);
  const isOver = () => elapsed() >= 1 || node.hasEnded;
  const groups = Math.ceil(places / GROUP);
  const world: World = { ledger, port: node.port, groups, isOver };
  const memory = new Memory(minutes * 60_000);
  try {
    const steady = await Promise.all(
      Array.from({ length: STEADY_CALLEES }, (_, number) => steadyCallee(world, number)),
    );
    const observer = await join(world, 0, node.port);
    const lives = Promise.all(Array.from({ length: places }, (_, place) => live(world, place)));
    while (!isOver()) {
      await sleep(SAMPLE_MS);
      await answers(observer, ledger);
      const mib = node.residentMiB();
      if (mib !== undefined) memory.add(elapsed(), mib);
    }
    await lives;
    await Promise.all(steady.map((session) => session.leave()));
    await nothingLeft(observer, ledger);
    await observer.leave();
  } catch (error) {
    ledger.fault(error instanceof Error ? error.message : String(error));
  }
  const code = await node.stop();
  if (code !== 0) ledger.fault(`The node ended with ${code}, expected 0`);
  const growth = memory.fault();
  if (growth !== undefined) ledger.fault(growth);
  report(ledger, memory, node.warnings, (performance.now() - start) / 60_000);
  return ledger.faults.length === 0 ? 0 : 1;
}

async function steadyCallee(world: World, number: number): Promise<Session> {
  const session = await join(world, number, world.port);
  const uri = `com.soak.steady${number}.echo`;
  await session.register(uri, ([value]) => value);
  world.ledger.procedures.set(uri, { uri, isSteady: true });
  return session;
}

async function answers(observer: Session, ledger: Ledger): Promise<void> {
  const start = performance.now();
  await limited(observer.call("wamp.session.count"));
  const ms = performance.now() - start;
  if (ms > ANSWER_LIMIT_MS) ledger.fault(`The node took ${ms.toFixed(0)} ms to answer`);
}

/** Asks the node, as nobody but the observer is there any more. */
async function nothingLeft(observer: Session, ledger: Ledger): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const sessions = await limited(observer.call<readonly number[]>("wamp.session.list"));
    const others = sessions.filter((id) => id !== observer.id);
    const lists = {
      sessions: others,
      subscriptions: await limited(observer.call<object>("wamp.subscription.list")),
      registrations: await limited(observer.call<object>("wamp.registration.list")),
    };
    const left = Object.entries(lists)
      .map(([name, list]) => [name, Object.values(list).flat().length] as const)
      .filter(([, count]) => count > 0);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      for (const [name, count] of left) ledger.fault(`${count} ${name} were left at the end`);
      return;
    }
    await sleep(200);
  }
}

function report(ledger: Ledger, memory: Memory, warnings: number, minutes: number): void {
  const { counts, faults } = ledger;
  const rows: readonly (readonly [string, string])[] = [
    ["run", `${minutes.toFixed(1)} min, node on ${values.runtime}`],
    ["sessions", `${counts.sessions}, ${counts.cut} of them cut off`],
    [
      "calls",
      `${counts.calls}: ${counts.results} results, ${counts.errors} errors of callees that left, ${counts.lost} ended with their caller`,
    ],
    ["publications", `${counts.publications} acknowledged`],
    ["events", `${counts.events}, ${counts.eventsOwed} of them owed`],
    [
      "memory",
      `${memory.first.toFixed(0)} MiB at most while it warmed up, ${
        memory.last.toFixed(0)
      } MiB in the last fifth, ${memory.most.toFixed(0)} MiB at most`,
    ],
    ["its course", `${memory.course.map((mib) => mib.toFixed(0)).join(" ")} MiB, a tenth each`],
    ["warnings", `${warnings} in the node's log`],
    ["faults", `${faults.length}`],
  ];
  const text = rows.map(([name, value]) => `${name.padEnd(14)}${value}\n`).join("");
  process.stdout.write(`${text}${faults.map((fault) => `  ${fault}\n`).join("")}`);
}

soak().then((code) => process.exit(code), (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
