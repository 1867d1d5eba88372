/**
 * What recording an event costs the router's thread: microseconds of its CPU beyond those of the same publication that is not recorded, at
 * 10,000 publications a second. Interleaved, median of several rounds. Linux only: the kernel tells the CPU time of a thread.
 * `deno run -A bench/micro/store_bench.ts` or `bun run bench/micro/store_bench.ts`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemRandom } from "../../node/random.ts";
import { SqliteStore } from "../../node/store/sqlite_store.ts";
import { anonymous } from "../../router/join.ts";
import type { Log, Transport, TransportDetails } from "../../router/ports.ts";
import { Router } from "../../router/router.ts";
import { systemClock } from "../../transports/clock.ts";
import { json } from "../../wamp/codec/json.ts";
import { EMPTY_DICT, Type } from "../../wamp/message.ts";
import type { Outgoing } from "../../wamp/outgoing.ts";
import { Payload } from "../../wamp/payload.ts";

const PER_SECOND = 10_000;
const ROUND_MS = 1_000;
const ROUNDS = 9;
const SLICE_MS = 10;

class NullTransport implements Transport {
  readonly details: TransportDetails = {
    kind: "local",
    serializer: "json",
    peer: "local",
    isSecure: false,
  };
  send(): void {}
  deliver(_outgoing: Outgoing): void {}
  end(): void {}
  pause(): void {}
  resume(): void {}
}

const log: Log = {
  debug() {},
  info() {},
  warn(text) {
    throw new Error(text);
  },
  error(text) {
    throw new Error(text);
  },
};

const directory = mkdtempSync(join(tmpdir(), "realmway-bench-"));
const topic = "com.example.sensor.17";
const history = { uri: topic, match: "exact", limit: 10_000 } as const;
const store = new SqliteStore({
  file: join(directory, "store.sqlite"),
  histories: [{ ...history, maxBytes: 2 ** 30, maxAgeMs: Infinity }],
  clock: systemClock,
  log,
});
await store.ready();

const router = new Router({ clock: systemClock, random: systemRandom, log });
const roles = [{ name: "anyone", allowByDefault: true }];
router.addRealm({ name: "none", roles });
router.addRealm({ name: "memory", roles, eventHistory: [history] });
router.addRealm({ name: "sqlite", roles, eventHistory: [history], store });

function publisherOf(realm: string): () => void {
  const session = router.attach(new NullTransport(), anonymous("anyone", systemRandom));
  session.receive({ type: Type.HELLO, realm, details: { "roles": { "publisher": {} } } });
  let request = 0;
  const bytes = new TextEncoder().encode(`["${"x".repeat(124)}"]`);
  let payload: Payload | undefined;
  return () => {
    // As a decoder does: the range of a read buffer.
    payload = Payload.borrowed(json, bytes, 0, bytes.length, 1, payload);
    session.receive({
      type: Type.PUBLISH,
      request: ++request,
      options: EMPTY_DICT,
      topic,
      payload,
    });
  };
}

/** CPU microseconds of this thread, which is the process's first. */
function cpuUs(): number {
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8");
  return Number(text.split(" ")[0]) / 1000;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function round(publish: () => void): Promise<number> {
  const start = performance.now();
  const before = cpuUs();
  let published = 0;
  for (;;) {
    const elapsed = performance.now() - start;
    const due = Math.min(elapsed, ROUND_MS) * PER_SECOND / 1000;
    while (published < due) {
      publish();
      published++;
    }
    if (elapsed >= ROUND_MS) break;
    await pause(SLICE_MS);
  }
  await pause(50);
  return (cpuUs() - before) / published;
}

const realms = ["none", "memory", "sqlite"] as const;
const publishers = realms.map(publisherOf);
const figures: number[][] = realms.map(() => []);
for (let i = 0; i <= ROUNDS; i++) {
  for (const [at, publish] of publishers.entries()) {
    const us = await round(publish);
    if (i > 0) figures[at]?.push(us);
  }
}
const sorted = figures.map((list) => list.toSorted((a, b) => a - b));
const median = (list: readonly number[] = []) => list[Math.floor(list.length / 2)] ?? NaN;
for (const [at, realm] of realms.entries()) {
  const us = median(sorted[at]);
  const more = us - median(sorted[0]);
  process.stdout.write(
    `PUBLISH of 128 bytes, history ${realm.padEnd(6)} ${us.toFixed(2).padStart(6)} us ` +
      `(${sorted[at]?.[0]?.toFixed(2)} to ${sorted[at]?.at(-1)?.toFixed(2)}), ${
        more.toFixed(2)
      } more\n`,
  );
}
process.stdout.write(`${JSON.stringify(store.stats)}\n`);
await store.close(5000);
rmSync(directory, { recursive: true });
process.exit(0);
