import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow } from "../kit/flow_kit.ts";

test("Dealer: a call that takes too long is answered with wamp.error.timeout, and interrupted [WAMP rpc_call_timeout]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.slow");
  alice.calls("com.myapp.slow", { "timeout": 1_000 });
  const invocation = bob.isInvoked();
  assert.deepEqual(invocation.details, {});
  flow.clock.advance(999);
  flow.ends();
  flow.clock.advance(1);
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
  bob.receives("INTERRUPT", 1, { "mode": "killnowait", "reason": "wamp.error.timeout" });
  bob.yields(invocation, {}, ["too late"]);
  flow.ends();
});

test("Dealer: a callee without call canceling is not interrupted when the time is over", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join({ roles: BASIC_ROLES })];
  bob.registers("com.myapp.slow");
  alice.calls("com.myapp.slow", { "timeout": 1_000 });
  const invocation = bob.isInvoked();
  flow.clock.advance(1_000);
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
  bob.yields(invocation);
  flow.ends();
});

test("Dealer: an answer in time stops the time-out, and 0 is none", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.slow");
  alice.calls("com.myapp.slow", { "timeout": 1_000 });
  bob.yields(bob.isInvoked());
  alice.receives("RESULT", 1, {});
  alice.calls("com.myapp.slow", { "timeout": 1_000 });
  bob.sends("ERROR", 68, bob.isInvoked().request, {}, "com.myapp.error");
  alice.receives("ERROR", 48, 2, {}, "com.myapp.error");
  alice.calls("com.myapp.slow", { "timeout": 0 });
  const invocation = bob.isInvoked();
  assert.equal(flow.clock.pendingCount, 0);
  flow.clock.advance(1e9);
  bob.yields(invocation);
  alice.receives("RESULT", 3, {});
  flow.ends();
});

test("Dealer: a callee that watches time-outs itself is told the limit, and the dealer does not watch it", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.slow", { "forward_timeout": true });
  alice.calls("com.myapp.slow", { "timeout": 1_000 });
  const invocation = bob.isInvoked();
  assert.deepEqual(invocation.details, { "timeout": 1_000 });
  flow.clock.advance(2_000);
  flow.ends();
  bob.sends("ERROR", 68, invocation.request, {}, "wamp.error.timeout");
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout");
  for (const options of [{}, { "timeout": 0 }]) {
    alice.calls("com.myapp.slow", options);
    assert.deepEqual(bob.isInvoked().details, {});
  }
  flow.ends();
});

test("Dealer: time-outs are gone when the caller or the callee is", () => {
  for (const who of [0, 1]) {
    const flow = new Flow();
    const peers = [flow.join(), flow.join()];
    const [alice, bob] = peers;
    bob?.registers("com.myapp.slow");
    for (let i = 0; i < 10; i++) alice?.calls("com.myapp.slow", { "timeout": 1_000 + i });
    peers[who]?.disconnects();
    assert.equal(flow.clock.pendingCount, 0);
  }
});

test("Router: a fault in a timer is logged, and the others run", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  carol.registers("com.myapp.slow");
  for (const caller of [alice, bob]) {
    caller.calls("com.myapp.slow", { "timeout": 1_000 });
    carol.isInvoked();
  }
  alice.transport.send = () => {
    throw new Error("broken");
  };
  flow.clock.advance(1_000);
  assert.equal(flow.log.errors.length, 1);
  bob.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
});
