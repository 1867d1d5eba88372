/** A router that is about to stop: who is told to leave when, and what becomes of calls. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../router/ports.ts";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const SHUTDOWN = "wamp.close.system_shutdown";

function isSentAway(...peers: Peer[]): void {
  for (const peer of peers) peer.receives("GOODBYE", {}, SHUTDOWN);
}

test("Drain: a session that waits for nothing leaves at once, caller and callee when the call is answered", async () => {
  const flow = new Flow();
  const [idle, caller, callee] = [flow.join(), flow.join(), flow.join()];
  callee.registers("com.myapp.slow");
  caller.calls("com.myapp.slow");
  const invocation = callee.isInvoked();
  const drained = flow.router.drain(SHUTDOWN, 10_000);
  isSentAway(idle);
  flow.clock.advance(1_000);
  flow.ends();
  callee.yields(invocation, {}, ["done"]);
  caller.receives("RESULT", 1, {}, ["done"]);
  flow.clock.advance(20);
  isSentAway(caller);
  assert.deepEqual(await drained, { calls: 1, unanswered: 0 });
  flow.router.shutdown(SHUTDOWN, 0);
  isSentAway(callee);
  flow.ends();
});

test("Drain: new calls are refused, but for those of a callee that is still to answer", async () => {
  const flow = new Flow();
  const [caller, callee, other] = [flow.join(), flow.join(), flow.join()];
  callee.registers("com.myapp.outer");
  other.registers("com.myapp.inner");
  caller.calls("com.myapp.outer");
  const outer = callee.isInvoked();
  const drained = flow.router.drain(SHUTDOWN, 10_000);
  const refused = caller.calls("com.myapp.inner");
  caller.receives("ERROR", 48, refused, {}, "wamp.error.unavailable", EXPLAINED);
  const nested = callee.calls("com.myapp.inner");
  other.yields(other.isInvoked(), {}, ["inner"]);
  callee.receives("RESULT", nested, {}, ["inner"]);
  callee.yields(outer);
  caller.receives("RESULT", 1, {});
  flow.clock.advance(20);
  isSentAway(caller);
  assert.deepEqual(await drained, { calls: 1, unanswered: 0 });
  flow.ends();
});

test("Drain: a call whose arguments are still coming goes on", async () => {
  const flow = new Flow();
  const [caller, callee] = [flow.join(), flow.join()];
  callee.registers("com.myapp.sum");
  caller.sends("CALL", ++caller.request, { "progress": true }, "com.myapp.sum", [1]);
  const first = callee.isInvoked();
  const drained = flow.router.drain(SHUTDOWN, 10_000);
  caller.sends("CALL", caller.request, {}, "com.myapp.sum", [2]);
  assert.deepEqual(callee.isInvoked().args, [2]);
  callee.yields(first, {}, [3]);
  caller.receives("RESULT", 1, {}, [3]);
  flow.clock.advance(20);
  isSentAway(caller);
  assert.deepEqual(await drained, { calls: 1, unanswered: 0 });
  flow.ends();
});

test("Drain: a publication that the store is busy with is acknowledged before its publisher is told to leave", async () => {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const store: Store = {
    failure: undefined,
    get taken() {
      return taken;
    },
    append: () => void taken++,
    retain: () => {},
    committed: (done) => void waiting.push(() => done(undefined)),
    read: (_query, done) => done(undefined),
    retained: (done) => done([]),
  };
  const flow = new Flow({ store, eventHistory: [{ uri: "com.myapp.kept", limit: 10 }] });
  const publisher = flow.join();
  const request = publisher.publishes("com.myapp.kept", { "acknowledge": true });
  publisher.receivesNothing();
  const drained = flow.router.drain(SHUTDOWN, 10_000);
  flow.clock.advance(100);
  publisher.receivesNothing();
  for (const done of waiting) done();
  publisher.receives("PUBLISHED", request, ID);
  flow.clock.advance(20);
  isSentAway(publisher);
  assert.deepEqual(await drained, { calls: 0, unanswered: 0 });
  flow.ends();
});

test("Drain: it waits no longer than it may, and says how many calls had no answer", async () => {
  const flow = new Flow();
  const [caller, callee] = [flow.join(), flow.join()];
  callee.registers("com.myapp.slow");
  for (let i = 0; i < 3; i++) caller.calls("com.myapp.slow");
  for (let i = 0; i < 3; i++) callee.isInvoked();
  const drained = flow.router.drain(SHUTDOWN, 500);
  flow.clock.advance(499);
  flow.ends();
  flow.clock.advance(1);
  assert.deepEqual(await drained, { calls: 3, unanswered: 3 });
  assert.equal(flow.clock.pendingCount, 0);
});

test("Drain: a session without a connection ends at once, as it cannot be taken up again", async () => {
  const flow = new Flow({ resumption: {} });
  const [caller, callee] = [flow.join(), flow.connect()];
  callee.sends("HELLO", "realm1", {
    "roles": { "callee": {} },
    "resumable": true,
  });
  callee.takes();
  callee.registers("com.myapp.slow");
  caller.calls("com.myapp.slow");
  callee.isInvoked();
  callee.disconnects();
  caller.receivesNothing();
  const drained = flow.router.drain(SHUTDOWN, 10_000);
  caller.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  isSentAway(caller);
  assert.deepEqual(await drained, { calls: 0, unanswered: 0 });
});
