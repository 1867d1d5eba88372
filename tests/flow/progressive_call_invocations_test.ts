import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_ROLES, BASIC_ROLES, EXPLAINED, Flow, type Peer } from "../kit/flow_kit.ts";

const PROGRESS = { "progress": true };
const UPLOAD = "com.myapp.upload";
const CANCELED = { "mode": "killnowait", "reason": "wamp.error.canceled" };

function roles(role: "caller" | "callee", features: Record<string, boolean>) {
  return { ...ALL_ROLES, [role]: { "features": features } };
}

/** A caller and the callee of `com.myapp.upload`. */
function pair(options = {}): { flow: Flow; alice: Peer; bob: Peer; registration: number } {
  const flow = new Flow(options);
  const [alice, bob] = [flow.join(), flow.join()];
  return { flow, alice, bob, registration: bob.registers(UPLOAD) };
}

test("Dealer: a call in parts reaches its callee part by part under one request id [WAMP rpc_progressive_call_invocations]", () => {
  const { flow, alice, bob, registration } = pair();
  alice.sends("CALL", 1, PROGRESS, UPLOAD, [1]);
  bob.receives("INVOCATION", 1, registration, PROGRESS, [1]);
  alice.sends("CALL", 1, PROGRESS, UPLOAD, [2], { "part": 2 });
  bob.receives("INVOCATION", 1, registration, PROGRESS, [2], { "part": 2 });
  alice.sends("CALL", 1, {}, UPLOAD);
  bob.receives("INVOCATION", 1, registration, {});
  bob.sends("YIELD", 1, {}, ["done"]);
  alice.receives("RESULT", 1, {}, ["done"]);
  flow.ends();
});

test("Dealer: parts of calls and other requests may alternate; new ids still count up by one", () => {
  for (const requestIds of ["strict", "tolerant"] as const) {
    const { flow, alice, bob, registration } = pair({ requestIds });
    alice.sends("CALL", 1, PROGRESS, UPLOAD, ["a"]);
    alice.sends("CALL", 2, PROGRESS, UPLOAD, ["b"]);
    alice.sends("SUBSCRIBE", 3, {}, "com.topic");
    alice.receivesAny("SUBSCRIBED", 3);
    alice.sends("CALL", 1, { "progress": false }, UPLOAD, ["A"]);
    alice.sends("CALL", 2, { "progress": null }, UPLOAD, ["B"]);
    bob.receives("INVOCATION", 1, registration, PROGRESS, ["a"]);
    bob.receives("INVOCATION", 2, registration, PROGRESS, ["b"]);
    bob.receives("INVOCATION", 1, registration, {}, ["A"]);
    bob.receives("INVOCATION", 2, registration, {}, ["B"]);
    bob.sends("YIELD", 2, {});
    bob.sends("YIELD", 1, {});
    alice.receives("RESULT", 2, {});
    alice.receives("RESULT", 1, {});
    alice.request = 3;
    alice.calls("com.unknown");
    alice.receives("ERROR", 48, 4, {}, "wamp.error.no_such_procedure", EXPLAINED);
    flow.ends();
  }
});

test("Dealer: options are frozen by the first part of a call", () => {
  const { flow, alice, bob } = pair();
  alice.sends("CALL", 1, { ...PROGRESS, "disclose_me": true, "_mine": 1 }, UPLOAD);
  const caller = {
    "caller": alice.id,
    "caller_authid": "somebody",
    "caller_authrole": "anyone",
    "_mine": 1,
  };
  assert.deepEqual(bob.isInvoked().details, { ...caller, ...PROGRESS });
  alice.sends("CALL", 1, { ...PROGRESS, "disclose_me": false, "_mine": 2, "_yours": 3 }, UPLOAD);
  assert.deepEqual(bob.isInvoked().details, { ...caller, ...PROGRESS });
  alice.sends("CALL", 1, { "timeout": "x", "ppt_scheme": "x_mine" }, UPLOAD);
  assert.deepEqual(bob.isInvoked().details, caller);
  flow.ends();
});

test("Dealer: all parts of a call go to the same callee of a shared registration", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  for (const callee of [bob, carol]) callee.registers(UPLOAD, { "invoke": "roundrobin" });
  for (const part of [1, 2, 3]) alice.sends("CALL", 1, part < 3 ? PROGRESS : {}, UPLOAD, [part]);
  for (const part of [1, 2, 3]) assert.deepEqual(bob.isInvoked().args, [part]);
  alice.sends("CALL", 2, {}, UPLOAD);
  carol.isInvoked();
  flow.ends();
});

test("Dealer: a call in parts by a pattern keeps its procedure, and outlives the registration", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registration = bob.registers("com.", { "match": "prefix" });
  const details = { "procedure": UPLOAD };
  alice.sends("CALL", 1, PROGRESS, UPLOAD);
  bob.receives("INVOCATION", 1, registration, { ...details, ...PROGRESS });
  bob.unregisters(registration);
  alice.sends("CALL", 1, {}, UPLOAD, ["end"]);
  bob.receives("INVOCATION", 1, registration, details, ["end"]);
  bob.sends("YIELD", 1, {});
  alice.receives("RESULT", 1, {});
  flow.ends();
});

test("Dealer: results may progress while the call does", () => {
  const { flow, alice, bob } = pair();
  alice.sends("CALL", 1, { ...PROGRESS, "receive_progress": true }, UPLOAD, [1]);
  const first = bob.isInvoked();
  assert.deepEqual(first.details, { ...PROGRESS, "receive_progress": true });
  bob.yields(first, PROGRESS, ["one"]);
  alice.receives("RESULT", 1, PROGRESS, ["one"]);
  alice.sends("CALL", 1, {}, UPLOAD, [2]);
  assert.deepEqual(bob.isInvoked().details, { "receive_progress": true });
  bob.yields(first, PROGRESS, ["two"]);
  bob.yields(first, {}, ["end"]);
  alice.receives("RESULT", 1, PROGRESS, ["two"]);
  alice.receives("RESULT", 1, {}, ["end"]);
  flow.ends();
});

test("Dealer: parts that cross the end of their call are dropped", () => {
  for (const requestIds of ["strict", "tolerant"] as const) {
    const { flow, alice, bob } = pair({ requestIds });
    alice.sends("CALL", 1, PROGRESS, UPLOAD, [1]);
    bob.sends("ERROR", 68, bob.isInvoked().request, {}, "com.myapp.full");
    alice.receives("ERROR", 48, 1, {}, "com.myapp.full");
    alice.sends("CALL", 1, PROGRESS, UPLOAD, [2]);
    alice.sends("CALL", 1, {}, UPLOAD, [3]);
    // What never was passed on has an end to cross, too.
    alice.sends("CALL", 2, PROGRESS, "com.unknown", [1]);
    alice.receives("ERROR", 48, 2, {}, "wamp.error.no_such_procedure", EXPLAINED);
    alice.sends("CALL", 2, PROGRESS, "com.unknown", [2]);
    alice.sends("CALL", 2, {}, "com.unknown", [3]);
    flow.ends();
    assert.ok(alice.isConnected);
  }
});

test("Dealer: a part behind the last one breaks the protocol", () => {
  for (const answersBefore of [true, false]) {
    const { flow, alice, bob } = pair();
    alice.sends("CALL", 1, PROGRESS, UPLOAD);
    alice.sends("CALL", 1, {}, UPLOAD);
    const invocation = bob.isInvoked();
    bob.isInvoked();
    if (answersBefore) {
      bob.yields(invocation);
      alice.receives("RESULT", 1, {});
    }
    alice.sends("CALL", 1, {}, UPLOAD);
    alice.isAborted("wamp.error.protocol_violation");
    if (!answersBefore) bob.receives("INTERRUPT", 1, CANCELED);
    flow.ends();
  }
});

test("Dealer: a call cannot change its procedure, its kind of payload or the type of progress on its way", () => {
  const parts = [
    [PROGRESS, "com.myapp.other", []],
    [{ "progress": "yes" }, UPLOAD, []],
    [{ "enc_algo": "cryptobox" }, UPLOAD, "opaque"],
  ] as const;
  for (const [options, procedure, payload] of parts) {
    const { flow, alice, bob } = pair();
    alice.sends("CALL", 1, PROGRESS, UPLOAD);
    bob.isInvoked();
    alice.sends("CALL", 1, options, procedure, payload);
    alice.isAborted("wamp.error.protocol_violation");
    bob.receives("INTERRUPT", 1, CANCELED);
    flow.ends();
  }
});

test("Dealer: a call in parts can be canceled; what comes later is dropped", () => {
  for (const mode of ["kill", "killnowait", "skip"]) {
    const { flow, alice, bob } = pair();
    alice.sends("CALL", 1, PROGRESS, UPLOAD);
    const invocation = bob.isInvoked();
    alice.sends("CANCEL", 1, { "mode": mode });
    if (mode !== "skip") bob.receives("INTERRUPT", 1, { ...CANCELED, "mode": mode });
    if (mode !== "kill") alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
    alice.sends("CALL", 1, {}, UPLOAD, ["late"]);
    bob.sends("ERROR", 68, invocation.request, {}, "wamp.error.canceled");
    if (mode === "kill") alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled");
    flow.ends();
  }
});

test("Dealer: the time-out of a call in parts counts from its first part to its first result", () => {
  const { flow, alice, bob } = pair();
  alice.sends("CALL", 1, { ...PROGRESS, "timeout": 1_000 }, UPLOAD);
  bob.isInvoked();
  flow.clock.advance(600);
  alice.sends("CALL", 1, PROGRESS, UPLOAD);
  bob.isInvoked();
  flow.clock.advance(600);
  alice.receives("ERROR", 48, 1, {}, "wamp.error.timeout", EXPLAINED);
  bob.receives("INTERRUPT", 1, { "mode": "killnowait", "reason": "wamp.error.timeout" });
  alice.sends("CALL", 1, PROGRESS, UPLOAD);
  flow.ends();
});

test("Dealer: a caller that leaves in the midst of its call interrupts the callee", () => {
  const { flow, alice, bob } = pair();
  alice.sends("CALL", 1, PROGRESS, UPLOAD);
  bob.isInvoked();
  alice.leaves();
  bob.receives("INTERRUPT", 1, CANCELED);
  // The next session of the connection knows nothing of it.
  alice.joins();
  alice.calls(UPLOAD);
  assert.equal(bob.isInvoked().request, 2);
  flow.ends();
});

test("Dealer: a callee that leaves in the midst of a call cancels it", () => {
  const { flow, alice, bob } = pair();
  alice.sends("CALL", 1, PROGRESS, UPLOAD);
  bob.isInvoked();
  bob.disconnects();
  alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  alice.sends("CALL", 1, {}, UPLOAD);
  flow.ends();
});

test("Dealer: CALL with progress of a caller that did not announce it breaks the protocol", () => {
  const flow = new Flow();
  const alice = flow.join({ roles: roles("caller", { "call_canceling": true }) });
  alice.sends("CALL", 1, PROGRESS, UPLOAD);
  alice.isAborted("wamp.error.protocol_violation");
  flow.ends();
});

test("Dealer: a callee that cannot take a call in parts, or cannot be interrupted, is not sent one", () => {
  const announced = [
    {},
    { "progressive_call_invocations": true },
    { "call_canceling": true },
    { "progressive_call_invocations": true, "call_canceling": true },
    { "progressive_call_invocations": true, "call_cancelling": true },
  ];
  announced.forEach((features, at) => {
    const flow = new Flow();
    const alice = flow.join();
    const bob = flow.join({ roles: { ...BASIC_ROLES, "callee": { "features": features } } });
    bob.registers(UPLOAD);
    alice.sends("CALL", 1, PROGRESS, UPLOAD);
    if (at >= 3) bob.isInvoked();
    else alice.receives("ERROR", 48, 1, {}, "wamp.error.feature_not_supported", EXPLAINED);
    flow.ends();
  });
});

test("Dealer: the meta API takes no call in parts", () => {
  const { flow, alice } = pair();
  alice.sends("CALL", 1, PROGRESS, "wamp.session.count");
  alice.receives("ERROR", 48, 1, {}, "wamp.error.feature_not_supported", EXPLAINED);
  alice.sends("CALL", 1, {}, "wamp.session.count");
  flow.ends();
});

test("Dealer: calls in parts that never end take bounded memory", () => {
  const flow = new Flow();
  const alice = flow.join();
  for (let i = 0; i < 3_000; i++) {
    alice.calls("com.unknown", PROGRESS);
    alice.receives("ERROR", 48, i + 1, {}, "wamp.error.no_such_procedure", EXPLAINED);
  }
  alice.sends("CALL", 3_000, {}, "com.unknown");
  alice.sends("CALL", 2_000, {}, "com.unknown");
  alice.receivesNothing();
  alice.sends("CALL", 1_000, {}, "com.unknown");
  alice.isAborted("wamp.error.protocol_violation");
  flow.ends();
});
