import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { type SlowConsumerOptions, SlowTransport } from "../../router/slow_transport.ts";
import { Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { Flow, ID, type Peer } from "../kit/flow_kit.ts";

const KIB = 1024;
const TEXT_OF_1K = "x".repeat(KIB);
const EVENT = {
  type: Type.EVENT,
  subscription: 1,
  publication: 1,
  details: {},
  payload: Payload.EMPTY,
} as const;

/** A publisher, and a subscriber of role "slow" with a policy. */
function slow(policy: SlowConsumerOptions["policy"], more: Partial<SlowConsumerOptions> = {}) {
  const slowConsumers = {
    policy,
    limitBytes: 4 * KIB,
    hardLimitBytes: 64 * KIB,
    pauseMs: 1000,
    ...more,
  };
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "slow", allowByDefault: true, slowConsumers },
    ],
  });
  const publisher = flow.join();
  const subscriber = flow.join({ authrole: "slow" });
  const subscription = subscriber.subscribes("com.news");
  return { flow, publisher, subscriber, subscription };
}

function publishes(publisher: Peer, ...numbers: readonly number[]): void {
  for (const n of numbers) {
    publisher.sends("PUBLISH", ++publisher.request, {}, "com.news", [n, TEXT_OF_1K]);
  }
}

/** The first arguments of events received. */
function events(peer: Peer): unknown[] {
  return peer.transport.sent.splice(0).filter(([name]) => name === "EVENT")
    .map(([, , , , args]) => (args as unknown[])[0]);
}

test("Slow consumers: while the peer reads, nothing is different", () => {
  const { flow, publisher, subscriber } = slow("drop-oldest");
  publishes(publisher, 1, 2, 3);
  assert.deepEqual(events(subscriber), [1, 2, 3]);
  assert.equal(flow.realm.slowConsumers.stats.fellBehind, 0);
  flow.ends();
});

test("Slow consumers: drop-oldest keeps the latest events, and everything that is none, in order", () => {
  const { flow, publisher, subscriber } = slow("drop-oldest");
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1, 2, 3);
  const request = subscriber.calls("wamp.session.count");
  publishes(publisher, 4, 5, 6, 7);
  subscriber.receivesNothing();
  assert.equal(flow.realm.slowConsumers.size, 1);
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  assert.deepEqual(subscriber.transport.sent.map(([name]) => name), [
    "RESULT",
    "EVENT",
    "EVENT",
    "EVENT",
  ]);
  subscriber.receives("RESULT", request, {}, [2]);
  assert.deepEqual(events(subscriber), [5, 6, 7]);
  const { stats } = flow.realm.slowConsumers;
  assert.deepEqual(stats, { fellBehind: 1, droppedEvents: 4, closed: 0, pauses: 0 });
  assert.equal(flow.realm.slowConsumers.size, 0);
  publishes(publisher, 8);
  assert.deepEqual(events(subscriber), [8]);
  flow.ends();
});

test("Slow consumers: drop-newest drops what comes, and lets pass what is no event", () => {
  const { flow, publisher, subscriber } = slow("drop-newest");
  publishes(publisher, 1);
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 2, 3);
  const request = subscriber.calls("wamp.session.count");
  assert.deepEqual(subscriber.transport.sent.shift()?.[4], [1, TEXT_OF_1K]);
  subscriber.receives("RESULT", request, {}, [2]);
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  publishes(publisher, 4);
  assert.deepEqual(events(subscriber), [4]);
  assert.equal(flow.realm.slowConsumers.stats.droppedEvents, 2);
  flow.ends();
});

test("Slow consumers: close ends the connection at the limit", () => {
  const { flow, publisher, subscriber } = slow("close");
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1, 2);
  assert.equal(subscriber.transport.isDropped, true);
  assert.equal(flow.realm.slowConsumers.stats.closed, 1);
  assert.deepEqual(events(subscriber), []);
});

test("Slow consumers: beyond the hard limit, which counts what cannot be dropped, the connection ends", () => {
  for (const [options, args] of [[{}, [TEXT_OF_1K]], [{ "_mine": TEXT_OF_1K }, []]] as const) {
    const { flow, subscriber } = slow("drop-oldest", { hardLimitBytes: 8 * KIB });
    subscriber.transport.waiting = 5 * KIB;
    const callee = flow.join();
    callee.registers("com.large");
    for (let n = 1; n <= 9; n++) {
      subscriber.calls("com.large");
      callee.takes();
      callee.sends("YIELD", n, options, args);
    }
    assert.equal(subscriber.transport.isDropped, true);
  }
});

test("Slow consumers: pause-publisher holds up who publishes to them, for pauseMs at most and once", () => {
  const { flow, publisher, subscriber } = slow("pause-publisher");
  const other = flow.join();
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1);
  other.sends("PUBLISH", 1, {}, "com.elsewhere");
  assert.equal(publisher.transport.isPaused, true);
  assert.equal(other.transport.isPaused, false);
  flow.clock.advance(1000);
  assert.equal(publisher.transport.isPaused, false);
  publishes(publisher, 2, 3, 4, 5, 6);
  assert.equal(publisher.transport.isPaused, false);
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  assert.deepEqual(events(subscriber), [4, 5, 6]);
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 7);
  assert.equal(publisher.transport.isPaused, true);
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  assert.equal(publisher.transport.isPaused, false);
  assert.deepEqual(events(subscriber), [7]);
  assert.equal(flow.realm.slowConsumers.stats.pauses, 2);
  flow.ends();
});

test("Slow consumers: who serves a call is not held up, nor is who is called while it waits", () => {
  const { flow, publisher, subscriber } = slow("pause-publisher");
  const caller = flow.join();
  publisher.registers("com.work");
  caller.calls("com.work");
  publisher.receives("INVOCATION", 1, ID, {});
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1);
  assert.equal(publisher.transport.isPaused, false);
  publisher.sends("YIELD", 1, {});
  caller.takes();
  publishes(publisher, 2);
  assert.equal(publisher.transport.isPaused, true);
  caller.calls("com.work");
  publisher.receives("INVOCATION", 2, ID, {});
  assert.equal(publisher.transport.isPaused, false);
});

test("Slow consumers: when the slow one leaves, nobody waits for it any more", () => {
  const { flow, publisher, subscriber } = slow("pause-publisher");
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1);
  assert.equal(publisher.transport.isPaused, true);
  subscriber.disconnects();
  assert.equal(publisher.transport.isPaused, false);
  flow.ends();
});

test("Slow consumers: the meta API tells when a session falls behind and when it has caught up", () => {
  const { flow, publisher, subscriber } = slow("drop-oldest");
  const watcher = flow.join();
  const onSlow = watcher.subscribes("wamp.session.on_slow");
  const onCaughtUp = watcher.subscribes("wamp.session.on_caught_up");
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1, 2, 3, 4, 5);
  watcher.receivesNothing();
  flow.clock.advance(0);
  watcher.receives("EVENT", onSlow, ID, {}, [subscriber.id, { "policy": "drop-oldest" }]);
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  flow.clock.advance(0);
  watcher.receives("EVENT", onCaughtUp, ID, {}, [subscriber.id, { "dropped": 2 }]);
  assert.equal(flow.log.warnings.length, 1);
});

test("Slow consumers: at the session's end its events are forgotten, and GOODBYE goes", () => {
  const { flow, publisher, subscriber } = slow("drop-oldest");
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1, 2);
  subscriber.sends("GOODBYE", {}, "wamp.close.close_realm");
  subscriber.receives("GOODBYE", {}, "wamp.close.goodbye_and_out");
  flow.ends();
});

test("Slow consumers: events dropped of a session that ends before it has caught up are counted", () => {
  const { flow, publisher, subscriber } = slow("drop-newest");
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1, 2);
  subscriber.disconnects();
  assert.equal(flow.realm.slowConsumers.stats.droppedEvents, 2);
  flow.ends();
});

test("Slow consumers: drop-oldest keeps the latest event above the limit, whatever comes after it", () => {
  const { flow, publisher, subscriber } = slow("drop-oldest", { limitBytes: KIB });
  subscriber.transport.waiting = 5 * KIB;
  publishes(publisher, 1, 2);
  subscriber.calls("wamp.session.count");
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  assert.deepEqual(events(subscriber), [2]);
  flow.ends();
});

test("Slow consumers: what waits keeps its order, however many events were dropped among it", () => {
  const { flow, publisher, subscriber } = slow("drop-oldest");
  subscriber.transport.waiting = 5 * KIB;
  const numbers = Array.from({ length: 3000 }, (_, n) => n);
  const requests: number[] = [];
  for (const n of numbers) {
    publishes(publisher, n);
    if (n % 1000 === 500) requests.push(subscriber.calls("wamp.session.count"));
  }
  subscriber.transport.waiting = 0;
  subscriber.transport.makeRoom();
  for (const request of requests) subscriber.receives("RESULT", request, {}, [2]);
  assert.deepEqual(events(subscriber), [2997, 2998, 2999]);
  assert.equal(flow.realm.slowConsumers.stats.droppedEvents, 2997);
  publishes(publisher, 3000);
  assert.deepEqual(events(subscriber), [3000]);
  flow.ends();
});

test("Slow consumers: a peer that never reads again costs no memory for what was dropped", () => {
  const inner = {
    details: { kind: "websocket", serializer: "json", peer: "", isSecure: false },
    waiting: 1_000_000,
    send: () => {},
    deliver: () => {},
    end: () => {},
    pause: () => {},
    resume: () => {},
  } as const;
  const transport = new SlowTransport(
    inner,
    { policy: "drop-oldest", limitBytes: 4 * KIB, hardLimitBytes: 64 * KIB, pauseMs: 1000 },
    { fellBehind: () => {}, caughtUp: () => {}, closed: () => {}, left: () => {} },
  );
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 2_000_000; n++) transport.send(EVENT);
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 30_000_000, `found ${grown} more bytes, expected what was dropped to be gone`);
});
