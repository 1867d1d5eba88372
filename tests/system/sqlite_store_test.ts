/** The store on disk, below a router in this process: what it answers, what it keeps, what it does when the disk fails. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { SqliteStore, type SqliteStoreOptions } from "../../node/store/sqlite_store.ts";
import type { EventHistoryOptions } from "../../router/history.ts";
import type { Clock } from "../../router/ports.ts";
import { nodeOf } from "../../router/shard.ts";
import { systemClock } from "../../transports/clock.ts";
import type { Dict } from "../../wamp/message.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { FakeRandom } from "../kit/fake_random.ts";
import { ANY, EXPLAINED, FakeLog, Flow, ID, type Peer } from "../kit/flow_kit.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "realmway-store-"));
});
after(() => rm(directory, { recursive: true, force: true }));

const GET = "wamp.subscription.get_events";
const HISTORY: readonly EventHistoryOptions[] = [
  { uri: "com.log.a", limit: 1000 },
  { uri: "com.log.", match: "prefix", limit: 40 },
  { uri: "com..b", match: "wildcard", limit: 1000, maxBytes: 2000 },
];

function stored(histories: readonly EventHistoryOptions[]): SqliteStoreOptions["histories"] {
  return histories.map((
    { uri, match = "exact", limit, maxBytes = 2 ** 30, maxAgeMs = Infinity },
  ) => (
    { uri, match, limit, maxBytes, maxAgeMs }
  ));
}

interface Opened {
  readonly flow: Flow;
  readonly store: SqliteStore;
  readonly log: FakeLog;
  close(): Promise<void>;
}

/** A router whose realm keeps its events in `file`. Time stands still until a test moves it, but for the store's timers. */
async function open(
  file: string,
  histories = HISTORY,
  more: Partial<SqliteStoreOptions> = {},
): Promise<Opened> {
  const log = new FakeLog();
  let clock: Clock = new FakeClock();
  const store = new SqliteStore({
    file: join(directory, file),
    histories: stored(histories),
    clock: { now: () => clock.now(), after: (ms, run) => systemClock.after(ms, run) },
    log,
    ...more,
  });
  const flow = new Flow({ eventHistory: histories, store });
  clock = flow.clock;
  await store.ready();
  return { flow, store, log, close: () => store.close(5000) };
}

const settled = (store: SqliteStore) =>
  new Promise<string | undefined>((resolve) => store.committed(resolve));

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) assert.fail(`Waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The next message, when it comes. */
async function takes(peer: Peer) {
  await until(() => peer.transport.sent.length > 0);
  return peer.takes();
}

function idOf(peer: Peer, uri: string, match = "exact"): number {
  return peer.calling("wamp.subscription.lookup", [uri, { "match": match }]) as number;
}

async function events(peer: Peer, id: number, kwargs: Dict = {}): Promise<Dict[]> {
  const request = peer.calls(GET, {}, [id], kwargs);
  await until(() => peer.transport.sent.length > 0);
  return (peer.receives("RESULT", request, {}, [ANY])[3] as [Dict[]])[0];
}

const firsts = async (peer: Peer, id: number, kwargs: Dict = {}) =>
  (await events(peer, id, kwargs)).map((event) => (event["args"] as unknown[])[0]);

test("Store: whatever was recorded and is asked, SQLite answers as memory does [WAMP pubsub_event_history]", async () => {
  const { flow, close } = await open("equal.sqlite");
  const memory = new Flow({ eventHistory: HISTORY });
  const random = new FakeRandom(7);
  const pairs = ["ann", "ben", "eve"].map((authid, i) => {
    const identity = { authid, format: (["json", "msgpack", "cbor"] as const)[i] ?? "json" };
    return [flow.join(identity), memory.join(identity)] as const;
  });
  const optional = [
    {},
    { "eligible_authid": ["ben"] },
    { "exclude_authrole": ["nobody"], "disclose_me": true },
    { "eligible": [1] },
    { "_mine": new Uint8Array([1, 2]) },
    { "_mine": { "ä": 1.5 } },
  ];
  for (let n = 1; n <= 150; n++) {
    const [one, other] = pairs[n % 3] ?? assert.fail();
    const topic = random.pick(["com.log.a", "com.log.b", "com.x.b", "com.log.c", "com.other"]);
    // JSON has no binary values of its own.
    const options = random.pick(n % 3 === 0 ? optional.toSpliced(4, 1) : optional);
    const payload = random.pick([[], [[n]], [[n, null], { "k": [n] }], [["x".repeat(n)]]]);
    for (const [peer, { clock }] of [[one, flow], [other, memory]] as const) {
      clock.advance(1000);
      peer.publishes(topic, options, ...payload);
    }
  }
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
  let compared = 0;
  for (const { uri, match } of HISTORY) {
    const [[asks], [, oracle], [eve]] = pairs as [
      typeof pairs[0],
      typeof pairs[0],
      typeof pairs[0],
    ];
    const id = idOf(oracle, uri, match);
    assert.equal(idOf(asks, uri, match), id);
    const all = await events(asks, id);
    const publications = all.map((event) => event["publication"]);
    const bounds = ["from", "after", "before", "until"];
    const filters: Dict[] = [{}, { "limit": 3 }, { "reverse": true }, { "topic": "com.log.b" }];
    for (const bound of bounds) {
      filters.push({ [`${bound}_time`]: at(70) });
      filters.push({ [`${bound}_publication`]: random.pick(publications), "limit": 5 });
      filters.push({ [`${bound}_publication`]: random.pick(publications), "reverse": true });
      filters.push({ [`${bound}_publication`]: 4711 });
    }
    filters.push({ "after_time": at(20), "before_time": at(120), "reverse": true, "limit": 4 });
    for (const [peer, index] of [[asks, 0], [eve, 2]] as const) {
      const same = pairs[index]?.[1] ?? assert.fail();
      for (const filter of filters) {
        const expected = same.calling(GET, [id], filter);
        assert.deepEqual(await events(peer, id, filter), expected, JSON.stringify(filter));
        compared += (expected as unknown[]).length;
      }
    }
  }
  assert.ok(compared > 500, String(compared));
  await close();
  flow.ends();
});

test("Store: a history of many pages is read whole, or as far as it is shown", async () => {
  const { flow, close } = await open("pages.sqlite", [{ uri: "com.many", limit: 1000 }]);
  const alice = flow.join({ authid: "alice" });
  for (let n = 1; n <= 1200; n++) {
    alice.publishes("com.many", n % 2 === 0 ? {} : { "eligible_authid": ["bob"] }, [n]);
  }
  const id = idOf(alice, "com.many");
  const even = Array.from({ length: 500 }, (_, i) => 202 + 2 * i);
  assert.deepEqual(await firsts(alice, id), even);
  assert.deepEqual(await firsts(alice, id, { "limit": 400 }), even.slice(0, 400));
  assert.deepEqual(await firsts(alice, id, { "reverse": true }), even.toReversed());
  await close();
  flow.ends();
});

test("Store: PUBLISHED of a recorded publication comes when it is on disk, and holds up nothing else", async () => {
  const { flow, store, close } = await open("ack.sqlite");
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.log.a");
  const request = alice.publishes("com.log.a", { "acknowledge": true }, [1]);
  bob.receives("EVENT", subscription, ID, {}, [1]);
  alice.receivesNothing();
  const other = alice.publishes("com.other", { "acknowledge": true }, [2]);
  alice.receives("PUBLISHED", other, ID);
  assert.deepEqual((await takes(alice)).slice(0, 2), ["PUBLISHED", request]);
  assert.equal(store.stats.writtenEvents, 2, "exact and prefix");
  // Who has left, or is another by now, gets no answer.
  alice.publishes("com.log.a", { "acknowledge": true }, [3]);
  alice.leaves();
  alice.joins();
  assert.equal(await settled(store), undefined);
  bob.receives("EVENT", subscription, ID, {}, [3]);
  await close();
  flow.ends();
});

test("Store: recorded and retained events are there after a restart [WAMP pubsub_event_retention]", async () => {
  const first = await open("restart.sqlite");
  const alice = first.flow.join({ authid: "alice", format: "cbor" });
  alice.publishes("com.log.a", { "retain": true, "disclose_me": true, "_x": "y" }, [1, "ä"]);
  alice.publishes("com.log.b", { "retain": true, "x_retain_ms": 60_000 }, [2]);
  alice.publishes("com.log.c", { "retain": true, "exclude_authid": ["eve"] }, [3]);
  alice.publishes("com.log.d", { "retain": true }, [4]);
  alice.publishes("com.log.d", { "x_retain_clear": true }, [5]);
  alice.publishes("com.log.e", { "retain": true, "x_retain_ms": 1 }, [6]);
  alice.publishes("com.shard", { "retain": true }, ["for all"]);
  alice.publishes("com.shard", { "retain": true, "rkey": "key0" }, ["for one"]);
  const before = await events(alice, idOf(alice, "com.log.", "prefix"));
  assert.equal(before.length, 6);
  await first.close();

  const { flow, close } = await open("restart.sqlite");
  // The first session gets the first id that a seed gives, which was alice's.
  flow.join();
  const [bob, eve] = [flow.join({ authid: "bob" }), flow.join({ authid: "eve" })];
  flow.clock.advance(1000);
  assert.deepEqual(await events(bob, idOf(bob, "com.log.", "prefix")), before);
  const publisher = {
    "publisher": alice.id,
    "publisher_authid": "alice",
    "publisher_authrole": "anyone",
    "_x": "y",
  };
  const log = { "match": "prefix", "get_retained": true };
  for (const peer of [bob, eve]) {
    const id = peer.subscribes("com.log.", log);
    const retained = { "retained": true };
    peer.receives("EVENT", id, ID, { ...publisher, ...retained, "topic": "com.log.a" }, [1, "ä"]);
    peer.receives("EVENT", id, ID, { ...retained, "topic": "com.log.b" }, [2]);
    if (peer === bob) peer.receives("EVENT", id, ID, { ...retained, "topic": "com.log.c" }, [3]);
  }
  const owner = nodeOf(["a", "b"], "key0");
  for (const [peer, nkey] of [[bob, "a"], [eve, "b"]] as const) {
    peer.subscribes("com.shard", { nkey });
  }
  for (const [peer, nkey] of [[bob, "a"], [eve, "b"]] as const) {
    const shard = peer.subscribes("com.shard", { nkey, "get_retained": true });
    const latest = nkey === owner ? "for one" : "for all";
    peer.receives("EVENT", shard, ID, { "retained": true }, [latest]);
  }
  flow.clock.advance(60_000);
  const late = flow.join({ authid: "eve" });
  const id = late.subscribes("com.log.", log);
  late.receives("EVENT", id, ID, { ...publisher, "retained": true, "topic": "com.log.a" }, [
    1,
    "ä",
  ]);
  await close();
  flow.ends();
});

test("Store: limits by count, bytes and age hold on disk, too, and histories that are no longer named go", async () => {
  const names = ["count", "bytes", "age", "gone"];
  const histories = names.map((name) => ({
    uri: name,
    limit: name === "count" ? 3 : 1000,
    ...(name === "bytes" && { maxBytes: 3000 }),
    ...(name === "age" && { maxAgeMs: 10_000 }),
  }));
  const first = await open("limits.sqlite", histories);
  const alice = first.flow.join();
  const text = "x".repeat(900);
  for (let n = 1; n <= 8; n++) {
    first.flow.clock.advance(2000);
    for (const name of names) alice.publishes(name, {}, [n, name === "bytes" ? text : ""]);
  }
  alice.publishes("bytes", {}, ["too large", "x".repeat(3000)]);
  const all = async (peer: Peer) => {
    const found: unknown[] = [];
    for (const name of names.slice(0, 3)) found.push(await firsts(peer, idOf(peer, name)));
    return found;
  };
  assert.deepEqual(await all(alice), [[6, 7, 8], [6, 7, 8], [4, 5, 6, 7, 8]]);
  first.flow.clock.advance(5_000);
  assert.deepEqual((await all(alice))[2], [6, 7, 8]);
  await first.close();
  const second = await open("limits.sqlite", [
    { uri: "count", limit: 2 },
    ...histories.slice(1, 3),
    { uri: "gone", match: "prefix", limit: 5 },
  ]);
  const bob = second.flow.join();
  assert.deepEqual((await all(bob)).slice(0, 2), [[7, 8], [6, 7, 8]]);
  assert.deepEqual(await firsts(bob, idOf(bob, "gone", "prefix")), []);
  await second.close();
});

test("Store: with a file that is no database routing goes on, and acknowledged publications are refused until it is gone", async () => {
  const file = join(directory, "broken.sqlite");
  writeFileSync(file, "This is no database, and much longer than a header. ".repeat(50));
  const { flow, store, log, close } = await open("broken.sqlite");
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.log.a");
  assert.match(String(store.failure), /not a database/);
  assert.equal(log.errors.length, 1);
  assert.equal(log.errors[0]?.["file"], file);
  alice.publishes("com.log.a", {}, [1]);
  bob.receives("EVENT", subscription, ID, {}, [1]);
  const request = alice.publishes("com.log.a", { "acknowledge": true }, [2]);
  alice.receives("ERROR", 16, request, {}, "wamp.error.unavailable", EXPLAINED);
  bob.receivesNothing();
  const read = alice.calls(GET, {}, [idOf(alice, "com.log.a")]);
  assert.deepEqual((await takes(alice)).slice(0, 5), [
    "ERROR",
    48,
    read,
    {},
    "wamp.error.unavailable",
  ]);
  // Other publications are not its business; what is retained waits for the disk.
  const other = alice.publishes("com.other", { "acknowledge": true }, [3]);
  alice.receives("PUBLISHED", other, ID);
  alice.publishes("com.kept", { "retain": true }, [4]);
  assert.equal(store.stats.lostEvents, 2);
  await rm(file);
  await until(() => store.failure === undefined);
  const again = alice.publishes("com.log.a", { "acknowledge": true }, [5]);
  bob.receives("EVENT", subscription, ID, {}, [5]);
  assert.deepEqual((await takes(alice)).slice(0, 2), ["PUBLISHED", again]);
  assert.deepEqual(await firsts(alice, idOf(alice, "com.log.a")), [5]);
  assert.equal(log.errors.length, 1, "told once");
  await close();
  const second = await open("broken.sqlite");
  second.flow.join();
  const carol = second.flow.join();
  const kept = carol.subscribes("com.kept", { "get_retained": true });
  carol.receives("EVENT", kept, ID, { "retained": true }, [4]);
  await second.close();
  flow.ends();
});

test("Store: what is cleared before the store has told what it retains does not come back", async () => {
  const first = await open("cleared.sqlite");
  const alice = first.flow.join();
  alice.publishes("com.kept", { "retain": true, "acknowledge": true }, [1]);
  await takes(alice);
  // The second waits for the first to end, and clears meanwhile.
  const second = await open("cleared.sqlite");
  assert.match(String(second.store.failure), /locked/);
  second.flow.join().publishes("com.kept", { "x_retain_clear": true });
  await first.close();
  await until(() => second.store.failure === undefined);
  await settled(second.store);
  second.flow.join().subscribes("com.kept", { "get_retained": true });
  await second.close();
  second.flow.ends();
  const third = await open("cleared.sqlite");
  third.flow.join().subscribes("com.kept", { "get_retained": true });
  await third.close();
  third.flow.ends();
});

test("Store: two routers cannot share a file; the second says so, and takes over when the first has gone", async () => {
  const one = await open("shared.sqlite");
  const other = await open("shared.sqlite");
  assert.match(String(other.store.failure), /locked/);
  await one.close();
  await until(() => other.store.failure === undefined);
  await other.close();
});

test("Store: what the disk does not keep up with is refused and counted, within a bound", async () => {
  const { flow, store, log, close } = await open("full.sqlite", HISTORY, { maxWaitingBytes: 1000 });
  const alice = flow.join();
  for (let n = 0; n < 20; n++) alice.publishes("com.log.a", {}, ["x".repeat(100)]);
  assert.match(String(store.failure), /does not keep up/);
  const refused = alice.publishes("com.log.a", { "acknowledge": true }, [1]);
  alice.receives("ERROR", 16, refused, {}, "wamp.error.unavailable", EXPLAINED);
  assert.equal(log.warnings.length, 1, "told once");
  await until(() => store.failure === undefined);
  const taken = alice.publishes("com.log.a", { "acknowledge": true }, [2]);
  assert.deepEqual((await takes(alice)).slice(0, 2), ["PUBLISHED", taken]);
  assert.ok(store.stats.lostEvents > 20 && store.stats.writtenEvents >= 10);
  await close();
  flow.ends();
});

test("Store: what topics retain while the disk is broken is noted for later, within a bound, and what is beyond counted", async () => {
  const file = join(directory, "forgetful.sqlite");
  writeFileSync(file, "This is no database, and much longer than a header. ".repeat(50));
  const { flow, store, log, close } = await open("forgetful.sqlite", [], { maxWaitingBytes: 1000 });
  const alice = flow.join();
  const retain = (n: number) => alice.publishes(`com.topic${n}`, { "retain": true }, [n]);
  for (let n = 0; n < 50; n++) retain(n);
  const { lostRetained } = store.stats;
  assert.ok(lostRetained >= 40 && lostRetained < 48, `found ${lostRetained}`);
  alice.publishes("com.topic0", { "retain": true }, ["later"]);
  assert.equal(store.stats.lostRetained, lostRetained, "a topic that has its place keeps it");
  assert.equal(log.warnings.length, 1, "told once");
  await rm(file);
  await until(() => store.failure === undefined);
  await settled(store);
  // Now there is room again.
  retain(49);
  assert.equal(await settled(store), undefined);
  await close();
  flow.ends();
  const second = await open("forgetful.sqlite", []);
  // The first has the id that the publisher had.
  second.flow.join();
  const carol = second.flow.join();
  carol.subscribes("com.topic", { "match": "prefix", "get_retained": true });
  const found = carol.transport.sent.splice(0).map(([, , , , args]) => args);
  assert.equal(found.length, 50 - lostRetained + 1);
  assert.deepEqual([found.some((args) => String(args) === "later"), found.at(-1)], [true, [49]]);
  await second.close();
});

test("Store: a disk that does not answer is no reason to wait for ever", async () => {
  let isStuck = false;
  // The timer that tells slow batches runs out at once.
  const hasty: Clock = {
    now: () => Date.now(),
    after: (ms, run) => systemClock.after(ms === 5000 && isStuck ? 0 : ms, run),
  };
  const { flow, store, log, close } = await open("slow.sqlite", HISTORY, { clock: hasty });
  const alice = flow.join();
  isStuck = true;
  // Enough to keep the worker busy for longer than a turn.
  for (let n = 0; n < 900; n++) alice.publishes("com.log.a", {}, ["x".repeat(5000)]);
  const request = alice.publishes("com.log.a", { "acknowledge": true }, [1]);
  assert.deepEqual((await takes(alice)).slice(0, 5), [
    "ERROR",
    16,
    request,
    {},
    "wamp.error.unavailable",
  ]);
  isStuck = false;
  assert.ok(log.warnings.length >= 1);
  await until(() => store.failure === undefined);
  await close();
  flow.ends();
});

test("Store: who publishes when it has been closed is refused, and nothing is left running", async () => {
  const { flow, store, log, close } = await open("closed.sqlite");
  const alice = flow.join();
  alice.publishes("com.log.a", {}, [1]);
  await close();
  alice.publishes("com.log.a", { "retain": true }, [2]);
  const request = alice.publishes("com.log.a", { "acknowledge": true }, [3]);
  alice.receives("ERROR", 16, request, {}, "wamp.error.unavailable", EXPLAINED);
  const read = alice.calls(GET, {}, [idOf(alice, "com.log.a")]);
  assert.deepEqual((await takes(alice)).slice(0, 3), ["ERROR", 48, read]);
  assert.deepEqual([store.stats.writtenEvents, log.errors], [2, []]);
  flow.ends();
});

test("Store: a database of another program or version is left alone", async () => {
  const file = join(directory, "foreign.sqlite");
  const { DatabaseSync } = await import("node:sqlite");
  const foreign = new DatabaseSync(file);
  foreign.exec("CREATE TABLE precious (x)");
  foreign.close();
  const before = readFileSync(file);
  const { store, close } = await open("foreign.sqlite");
  assert.match(
    String(store.failure),
    /Cannot use .*foreign\.sqlite: found a database of version 0/,
  );
  await close();
  const after = new DatabaseSync(file);
  assert.deepEqual(
    after.prepare("SELECT name FROM sqlite_schema").all().map((row) => row["name"]),
    [
      "precious",
    ],
  );
  after.close();
  assert.equal(readFileSync(file).length, before.length);
});
