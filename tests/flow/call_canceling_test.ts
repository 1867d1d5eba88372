import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow } from "../kit/flow_kit.ts";

/** A call in flight. */
function calling(roles?: Record<string, unknown>, options = {}) {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join(roles === undefined ? {} : { roles })];
  bob.registers("com.myapp.slow");
  alice.calls("com.myapp.slow", options);
  return { flow, alice, bob, invocation: bob.isInvoked() };
}

test("Dealer: CANCEL with skip answers the caller, and leaves the callee alone [WAMP rpc_call_canceling]", () => {
  const { flow, alice, bob, invocation } = calling();
  alice.sends("CANCEL", 1, { "mode": "skip" });
  alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  flow.ends();
  bob.yields(invocation, { "progress": true });
  bob.yields(invocation, {}, [1]);
  assert.ok(bob.isConnected);
  flow.ends();
});

test("Dealer: CANCEL with kill interrupts the callee, whose answer the caller gets", () => {
  const interrupt = { "mode": "kill", "reason": "wamp.error.canceled" };
  const first = calling();
  first.alice.sends("CANCEL", 1, { "mode": "kill" });
  first.bob.receives("INTERRUPT", 1, interrupt);
  first.flow.ends();
  first.bob.sends("ERROR", 68, 1, {}, "wamp.error.canceled", ["stopped"]);
  first.alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", ["stopped"]);
  first.flow.ends();

  const second = calling();
  second.alice.sends("CANCEL", 1, { "mode": "kill" });
  second.bob.receives("INTERRUPT", 1, interrupt);
  second.bob.yields(second.invocation, {}, ["was faster"]);
  second.alice.receives("RESULT", 1, {}, ["was faster"]);
  second.flow.ends();
});

test("Dealer: CANCEL with killnowait answers the caller and interrupts the callee, whose answer is discarded", () => {
  for (const options of [{ "mode": "killnowait" }, {}, { "mode": null }]) {
    const { flow, alice, bob, invocation } = calling();
    alice.sends("CANCEL", 1, options);
    alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
    bob.receives("INTERRUPT", 1, { "mode": "killnowait", "reason": "wamp.error.canceled" });
    bob.yields(invocation);
    bob.sends("ERROR", 68, 1, {}, "wamp.error.canceled");
    assert.ok(bob.isConnected);
    flow.ends();
  }
});

test("Dealer: a callee without call canceling is skipped in every mode", () => {
  for (const mode of ["skip", "kill", "killnowait"]) {
    const { flow, alice, bob, invocation } = calling(BASIC_ROLES);
    alice.sends("CANCEL", 1, { "mode": mode });
    alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
    flow.ends();
    bob.yields(invocation);
    flow.ends();
  }
});

test("Dealer: nothing of a killed invocation is kept, although the callee need not answer", () => {
  const { flow, alice, bob } = calling();
  alice.sends("CANCEL", 1, { "mode": "killnowait" });
  const handler = bob.handler as unknown as { invocations: Map<number, unknown> };
  assert.equal(handler.invocations.size, 0);
  alice.takes();
  bob.takes();
  flow.ends();
});

test("Dealer: a caller that kills and then no longer waits is answered once, and the callee interrupted once", () => {
  for (const mode of ["skip", "killnowait"]) {
    const { flow, alice, bob, invocation } = calling();
    alice.sends("CANCEL", 1, { "mode": "kill" });
    bob.receivesAny("INTERRUPT", 1);
    alice.sends("CANCEL", 1, { "mode": "kill" });
    alice.sends("CANCEL", 1, { "mode": mode });
    alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
    alice.sends("CANCEL", 1, { "mode": mode });
    bob.yields(invocation);
    flow.ends();
  }
});

test("Dealer: a kill that the callee does not answer ends with the time-out", () => {
  const { flow, alice, bob, invocation } = calling(undefined, { "timeout": 1_000 });
  alice.sends("CANCEL", 1, { "mode": "kill" });
  bob.receivesAny("INTERRUPT", 1);
  flow.clock.advance(1_000);
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
  bob.yields(invocation);
  flow.ends();
});

test("Dealer: a kill whose caller or callee leaves is settled", () => {
  const one = calling();
  one.alice.sends("CANCEL", 1, { "mode": "kill" });
  one.bob.receivesAny("INTERRUPT", 1);
  one.bob.disconnects();
  one.alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  one.flow.ends();

  const other = calling();
  other.alice.sends("CANCEL", 1, { "mode": "kill" });
  other.bob.receivesAny("INTERRUPT", 1);
  other.alice.disconnects();
  other.bob.sends("ERROR", 68, 1, {}, "wamp.error.canceled");
  other.flow.ends();
});

test("Dealer: CANCEL of a call that is over, was never made or is another's is ignored", () => {
  const { flow, alice, bob, invocation } = calling();
  const carol = flow.join();
  for (const mode of ["skip", "kill", "killnowait"]) {
    alice.sends("CANCEL", 4711, { "mode": mode });
    carol.sends("CANCEL", 1, { "mode": mode });
    bob.sends("CANCEL", 1, { "mode": mode });
  }
  bob.yields(invocation, {}, [1]);
  alice.receives("RESULT", 1, {}, [1]);
  alice.sends("CANCEL", 1, { "mode": "kill" });
  flow.ends();
});

test("Dealer: a canceled call that was skipped is forgotten when the callee answers", () => {
  const { flow, alice, bob, invocation } = calling(BASIC_ROLES);
  alice.sends("CANCEL", 1, { "mode": "skip" });
  alice.takes();
  bob.sends("ERROR", 68, invocation.request, {}, "com.myapp.error");
  const handler = bob.handler as unknown as { invocations: Map<number, unknown> };
  assert.equal(handler.invocations.size, 0);
  flow.ends();
});
