import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow } from "../kit/flow_kit.ts";

const RECEIVE = { "receive_progress": true };
const PROGRESS = { "progress": true };

test("Dealer: progressive results go to the caller as they come, the final one ends the call [WAMP rpc_progressive_call_results]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  alice.calls("com.myapp.compute_revenue", RECEIVE, [2010, 2011]);
  const invocation = bob.isInvoked();
  assert.deepEqual(invocation.details, RECEIVE);
  bob.yields(invocation, PROGRESS, ["Y2010", 120]);
  alice.receives("RESULT", 1, PROGRESS, ["Y2010", 120]);
  bob.yields(invocation, PROGRESS);
  alice.receives("RESULT", 1, PROGRESS);
  bob.yields(invocation, { ...PROGRESS, "_part": 3 }, [], { "foo": 10 });
  alice.receives("RESULT", 1, { ...PROGRESS, "_part": 3 }, [], { "foo": 10 });
  bob.yields(invocation, { "progress": false }, ["Total", 490]);
  alice.receives("RESULT", 1, {}, ["Total", 490]);
  bob.yields(invocation, PROGRESS, ["too late"]);
  flow.ends();
});

test("Dealer: a call with progressive results may end with an error", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  alice.calls("com.myapp.compute_revenue", RECEIVE);
  const invocation = bob.isInvoked();
  bob.yields(invocation, PROGRESS, [1]);
  bob.sends("ERROR", 68, invocation.request, {}, "com.myapp.invalid_revenue_year", [1830]);
  alice.receives("RESULT", 1, PROGRESS, [1]);
  alice.receives("ERROR", 48, 1, {}, "com.myapp.invalid_revenue_year", [1830]);
  bob.yields(invocation, PROGRESS);
  flow.ends();
});

test("Dealer: a caller that did not ask for progress gets the final result only", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  for (const options of [{}, { "receive_progress": false }, { "receive_progress": null }]) {
    const request = alice.calls("com.myapp.compute_revenue", options);
    const invocation = bob.isInvoked();
    assert.deepEqual(invocation.details, {});
    bob.yields(invocation, PROGRESS, [1]);
    alice.receivesNothing();
    bob.yields(invocation, {}, [2]);
    alice.receives("RESULT", request, {}, [2]);
  }
  flow.ends();
});

test("Dealer: a callee that cannot yield progress, or cannot be interrupted, is not asked for it", () => {
  const progressive = { "progressive_call_results": true };
  const canceling = { "call_canceling": true };
  for (const features of [{}, progressive, canceling]) {
    const flow = new Flow();
    const alice = flow.join();
    const bob = flow.join({ roles: { ...BASIC_ROLES, "callee": { "features": features } } });
    bob.registers("com.myapp.compute_revenue");
    alice.calls("com.myapp.compute_revenue", RECEIVE);
    const invocation = bob.isInvoked();
    assert.deepEqual(invocation.details, {});
    bob.yields(invocation, PROGRESS, [1]);
    alice.receivesNothing();
    bob.yields(invocation, {}, [2]);
    alice.receives("RESULT", 1, {}, [2]);
    flow.ends();
  }
});

test("Dealer: progressive results stop when the caller leaves", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  alice.calls("com.myapp.compute_revenue", RECEIVE);
  const invocation = bob.isInvoked();
  bob.yields(invocation, PROGRESS, [1]);
  alice.receives("RESULT", 1, PROGRESS, [1]);
  alice.disconnects();
  const options = { "mode": "killnowait", "reason": "wamp.error.canceled" };
  bob.receives("INTERRUPT", invocation.request, options);
  bob.yields(invocation, PROGRESS, [2]);
  bob.yields(invocation, {}, [3]);
  flow.ends();
});

test("Dealer: a call with progressive results whose callee leaves is canceled", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  alice.calls("com.myapp.compute_revenue", RECEIVE);
  bob.yields(bob.isInvoked(), PROGRESS, [1]);
  alice.receives("RESULT", 1, PROGRESS, [1]);
  bob.disconnects();
  alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  flow.ends();
});

test("Dealer: with progressive results, the time-out is the time between results", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  alice.calls("com.myapp.compute_revenue", { ...RECEIVE, "timeout": 1_000 });
  const invocation = bob.isInvoked();
  for (let i = 0; i < 5; i++) {
    flow.clock.advance(999);
    bob.yields(invocation, PROGRESS, [i]);
    alice.receives("RESULT", 1, PROGRESS, [i]);
  }
  flow.clock.advance(999);
  flow.ends();
  flow.clock.advance(1);
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
  const options = { "mode": "killnowait", "reason": "wamp.error.timeout" };
  bob.receives("INTERRUPT", invocation.request, options);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Dealer: progress that is not passed on does not prolong the call", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.compute_revenue");
  alice.calls("com.myapp.compute_revenue", { "timeout": 1_000 });
  flow.clock.advance(999);
  bob.yields(bob.isInvoked(), PROGRESS, [1]);
  flow.clock.advance(1);
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
  bob.receivesAny("INTERRUPT", 1);
  flow.ends();
});
