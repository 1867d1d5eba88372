/**
 * What routing costs, without bytes: nanoseconds of CPU and bytes allocated a round, best of several rounds, transports that drop everything.
 * `deno run -A --v8-flags=--expose-gc bench/micro/router_bench.ts [word...]` or `bun run bench/micro/router_bench.ts [word...]`.
 */
import process from "node:process";
import { anonymous } from "../../router/join.ts";
import type { Random } from "../../router/ports.ts";
import { Router } from "../../router/router.ts";
import type { Session } from "../../router/session.ts";
import { systemClock } from "../../transports/clock.ts";
import { json } from "../../wamp/codec/json.ts";
import { type Dict, EMPTY_DICT, type Invocation, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { NullTransport, silentLog } from "./router_kit.ts";

const ROUNDS = 9;
const only = process.argv.slice(2);
const payload = Payload.of(["sensor-17", 21.5], { unit: "celsius" });

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

declare const gc: (() => void) | undefined;
declare const Bun: { gc(force: boolean): void } | undefined;

function collect(): void {
  if (typeof Bun !== "undefined") Bun?.gc(true);
  else if (typeof gc !== "undefined") gc?.();
}

/** @param parts rounds or deliveries that one call of `run` stands for. */
function row(name: string, parts: number, run: () => void): void {
  if (!only.every((word) => name.includes(word))) return;
  let count = 1000;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) run();
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    if (round > 0) best = Math.min(best, ms * 1e6 / count);
    count = Math.max(100, Math.min(1_000_000, Math.floor(count * 60 / Math.max(ms, 0.01))));
  }
  const bytes = allocated(run);
  print(
    `${name.padEnd(52)} ${(best / parts).toFixed(1).padStart(8)} ns ${
      bytes === Infinity ? "" : `${(bytes / parts).toFixed(0).padStart(7)} B`
    }`,
  );
}

/** Bytes that one call allocates, as far as the collector lets one see (not on Bun): the least of a few tries is the truest. */
function allocated(run: () => void): number {
  let least = Infinity;
  const count = 2_000;
  for (let attempt = 0; attempt < 5; attempt++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < count; i++) run();
    const after = process.memoryUsage().heapUsed;
    if (after > before) least = Math.min(least, (after - before) / count);
  }
  return least;
}

let lastId = 1000;
const random: Random = {
  sessionId: () => ++lastId,
  publicationId: () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) + 1,
  index: (below) => Math.floor(Math.random() * below),
  authid: () => "peer",
};
const router = new Router({ clock: systemClock, random, log: silentLog });
const RECORDED = "com.myapp.recorded";
router.addRealm({
  name: "realm1",
  roles: [{ name: "anyone", allowByDefault: true }],
  eventHistory: [{ uri: RECORDED, limit: 10_000 }],
});
const gate = anonymous("anyone", random);

class Peer {
  readonly transport = new NullTransport();
  readonly session = router.attach(this.transport, gate) as Session;
  request = 0;

  constructor() {
    const roles = { "publisher": {}, "subscriber": {}, "caller": {}, "callee": {} };
    this.session.receive({ type: Type.HELLO, realm: "realm1", details: { "roles": roles } });
    this.transport.last = undefined;
  }
  subscribe(topic: string, match = "exact"): void {
    const options = { "match": match };
    this.session.receive({ type: Type.SUBSCRIBE, request: ++this.request, options, topic });
  }
  register(procedure: string, options: Dict = EMPTY_DICT): void {
    this.session.receive({ type: Type.REGISTER, request: ++this.request, options, procedure });
  }
  publish(topic: string, options: Dict = EMPTY_DICT, sent = payload): void {
    const request = ++this.request;
    this.session.receive({ type: Type.PUBLISH, request, options, topic, payload: sent });
  }
  call(procedure: string, options: Dict = EMPTY_DICT): void {
    const request = ++this.request;
    this.session.receive({ type: Type.CALL, request, options, procedure, payload });
  }
  yield(): void {
    const { request } = this.transport.last as Invocation;
    this.session.receive({ type: Type.YIELD, request, options: EMPTY_DICT, payload });
  }
}

const caller = new Peer();
const callee = new Peer();
callee.register("com.myapp.exact");
callee.register("com.myapp.prefix.", { "match": "prefix" });
callee.register("com..wildcard", { "match": "wildcard" });
callee.register("com.myapp.shared", { "invoke": "roundrobin" });
const round = (procedure: string, options?: Dict) => () => {
  caller.call(procedure, options);
  callee.yield();
};
row("CALL INVOCATION YIELD RESULT", 1, round("com.myapp.exact"));
row("CALL INVOCATION YIELD RESULT, roundrobin of one", 1, round("com.myapp.shared"));
row("CALL INVOCATION YIELD RESULT, by prefix", 1, round("com.myapp.prefix.x"));
row("CALL INVOCATION YIELD RESULT, by wildcard", 1, round("com.x.wildcard"));
row(
  "CALL INVOCATION YIELD RESULT, disclose_me",
  1,
  round("com.myapp.exact", { "disclose_me": true }),
);
row("CALL INVOCATION YIELD RESULT, timeout", 1, round("com.myapp.exact", { "timeout": 5000 }));

const publisher = new Peer();
for (const count of [0, 1, 10, 1000]) {
  const topic = `com.myapp.topic${count}`;
  for (let i = 0; i < count; i++) new Peer().subscribe(topic);
  row(`PUBLISH to ${count}`, 1, () => publisher.publish(topic));
}
row("PUBLISH to 1000, per subscriber", 1000, () => publisher.publish("com.myapp.topic1000"));
const eligible = { "eligible_authrole": ["anyone"] };
row(
  "PUBLISH to 1000, eligible_authrole, per subscriber",
  1000,
  () => publisher.publish("com.myapp.topic1000", eligible),
);
row(
  "PUBLISH to 1, acknowledge",
  1,
  () => publisher.publish("com.myapp.topic1", { "acknowledge": true }),
);
for (const [pattern, match] of [["com.myapp.p", "prefix"], ["com..w", "wildcard"]] as const) {
  for (let i = 0; i < 1000; i++) {
    new Peer().subscribe(match === "prefix" ? `${pattern}${i}.` : `${pattern}${i}`, match);
  }
}
// As a decoder does: the range of a read buffer. What it costs is the difference to the same without history.
const received = new TextEncoder().encode(`["${"x".repeat(124)}"]`);
let borrowed: Payload | undefined;
for (const topic of ["com.myapp.topic0", RECORDED]) {
  const name = topic === RECORDED ? "history in memory" : "no history";
  row(`PUBLISH to 0 of 128 bytes, ${name}`, 1, () => {
    borrowed = Payload.borrowed(json, received, 0, received.length, 1, borrowed);
    publisher.publish(topic, EMPTY_DICT, borrowed);
  });
}
row("PUBLISH to 1 of 1000 prefixes", 1, () => publisher.publish("com.myapp.p500.x"));
row("PUBLISH to 1 of 1000 wildcards", 1, () => publisher.publish("com.x.w500"));

function footprint(name: string, count: number, make: (i: number) => void): void {
  if (!only.every((word) => name.includes(word))) return;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) make(i);
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  print(`${name.padEnd(52)} ${bytes.toFixed(0).padStart(19)} B`);
}
const kept: unknown[] = [];
footprint("memory of a null transport", 20_000, () => kept.push(new NullTransport()));
footprint(
  "memory of a joined session and its null transport",
  20_000,
  () => kept.push(new Peer().session),
);
const holder = new Peer();
footprint(
  "memory of an exact subscription",
  20_000,
  (i) => holder.subscribe(`com.myapp.memory.exact.${i}`),
);
footprint(
  "memory of a prefix subscription",
  20_000,
  (i) => holder.subscribe(`com.myapp.memory.prefix.${i}.`, "prefix"),
);
footprint(
  "memory of a wildcard subscription",
  20_000,
  (i) => holder.subscribe(`com.myapp..wildcard.${i}`, "wildcard"),
);
footprint("memory of a registration", 20_000, (i) => holder.register(`com.myapp.memory.${i}`));
footprint("memory of a call in flight", 20_000, () => caller.call("com.myapp.exact"));
footprint(
  "memory of a wildcard of 2048 components",
  200,
  (i) => holder.subscribe(`${i}..${"a.".repeat(2040)}`, "wildcard"),
);
process.exit(0);
