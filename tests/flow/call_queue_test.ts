import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const PROCEDURE = "com.myapp.slow";
const BUSY = "crossbar.error.max_concurrency_reached";
const ONE = { "concurrency": 1 };

/** A caller, and a callee that takes one call at a time. */
function pair(callQueue = { limit: 2, timeoutMs: 10_000 }): { flow: Flow; alice: Peer; bob: Peer } {
  const flow = new Flow({ callQueue });
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers(PROCEDURE, ONE);
  return { flow, alice, bob };
}

function calls(peer: Peer, count: number, options = {}): void {
  for (let i = 0; i < count; i++) {
    const request = peer.request + 1;
    peer.calls(PROCEDURE, options, [`call ${request}`]);
  }
}

test("Dealer: calls beyond a callee's concurrency wait in order, as many as the realm lets, the rest is refused", () => {
  const { flow, alice, bob } = pair();
  calls(alice, 4);
  alice.receives("ERROR", 48, 4, {}, BUSY, EXPLAINED);
  for (const request of [1, 2, 3]) {
    const invocation = bob.isInvoked();
    assert.deepEqual(invocation.args, [`call ${request}`]);
    bob.receivesNothing();
    if (request === 2) bob.sends("ERROR", 68, invocation.request, {}, "com.myapp.error");
    else bob.yields(invocation);
    if (request === 2) alice.receives("ERROR", 48, 2, {}, "com.myapp.error");
    else alice.receives("RESULT", request, {});
  }
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Dealer: without a queue, calls beyond a callee's concurrency are refused", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers(PROCEDURE, ONE);
  calls(alice, 2);
  bob.isInvoked();
  alice.receives("ERROR", 48, 2, {}, BUSY, EXPLAINED);
  flow.ends();
});

test("Dealer: a call that waits keeps its options and its arguments, in any serializer", () => {
  for (const format of ["json", "msgpack", "cbor"] as const) {
    const flow = new Flow({ callQueue: { limit: 1 } });
    const [alice, bob] = [flow.join({ format, authid: "alice" }), flow.join({ format: "json" })];
    bob.registers("com.myapp.", { ...ONE, "match": "prefix" });
    alice.calls(PROCEDURE);
    const first = bob.isInvoked();
    const options = { "disclose_me": true, "receive_progress": true, "_mine": 1 };
    alice.calls(PROCEDURE, options, ["Grüße"], { "a": [1.5] });
    alice.calls("com.myapp.other", {}, ["overwrites the buffer"]);
    alice.receives("ERROR", 48, 3, {}, BUSY, EXPLAINED);
    bob.yields(first);
    bob.receives(
      "INVOCATION",
      2,
      ID,
      {
        "procedure": PROCEDURE,
        "receive_progress": true,
        "_mine": 1,
        "caller": alice.id,
        "caller_authid": "alice",
        "caller_authrole": "anyone",
      },
      ["Grüße"],
      { "a": [1.5] },
    );
    alice.receives("RESULT", 1, {});
    bob.sends("YIELD", 2, { "progress": true });
    bob.sends("YIELD", 2, {});
    alice.receives("RESULT", 2, { "progress": true });
    alice.receives("RESULT", 2, {});
    flow.ends();
  }
});

test("Dealer: a call does not wait longer than its time-out, or the realm's", () => {
  const { flow, alice, bob } = pair({ limit: 9, timeoutMs: 1_000 });
  calls(alice, 1);
  const first = bob.isInvoked();
  calls(alice, 1);
  calls(alice, 1, { "timeout": 400 });
  calls(alice, 1, { "timeout": 5_000 });
  flow.clock.advance(400);
  alice.receives("ERROR", 48, 3, {}, "wamp.error.timeout", EXPLAINED);
  flow.clock.advance(600);
  for (const request of [2, 4]) alice.receives("ERROR", 48, request, {}, BUSY, EXPLAINED);
  bob.yields(first);
  alice.receives("RESULT", 1, {});
  flow.ends();
});

test("Dealer: the time that a call has waited counts for its time-out", () => {
  const { flow, alice, bob } = pair();
  calls(alice, 1);
  const first = bob.isInvoked();
  calls(alice, 1, { "timeout": 1_000 });
  flow.clock.advance(700);
  bob.yields(first);
  alice.receives("RESULT", 1, {});
  bob.isInvoked();
  flow.clock.advance(299);
  alice.receivesNothing();
  flow.clock.advance(1);
  alice.receives("ERROR", 48, 2, {}, "wamp.error.timeout", EXPLAINED);
  bob.receives("INTERRUPT", 2, { "mode": "killnowait", "reason": "wamp.error.timeout" });
  flow.ends();
});

test("Dealer: a call that waits can be canceled, in any mode, and its callee never hears of it", () => {
  for (const mode of ["skip", "kill", "killnowait"]) {
    const { flow, alice, bob } = pair();
    calls(alice, 2);
    const first = bob.isInvoked();
    alice.sends("CANCEL", 2, { "mode": mode });
    alice.receives("ERROR", 48, 2, {}, "wamp.error.canceled", EXPLAINED);
    alice.sends("CANCEL", 2, { "mode": mode });
    bob.yields(first);
    alice.receives("RESULT", 1, {});
    assert.equal(flow.clock.pendingCount, 0);
    flow.ends();
  }
});

test("Dealer: calls of a caller that left wait no more; its call in flight makes room", () => {
  const { flow, alice, bob } = pair();
  const carol = flow.join();
  calls(alice, 2);
  calls(carol, 1);
  bob.isInvoked();
  alice.disconnects();
  bob.receives("INTERRUPT", 1, { "mode": "killnowait", "reason": "wamp.error.canceled" });
  bob.yields(bob.isInvoked());
  carol.receives("RESULT", 1, {});
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Dealer: calls wait for callees that go on; with the last one they are canceled", () => {
  const flow = new Flow({ callQueue: { limit: 9 } });
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const shared = { ...ONE, "invoke": "roundrobin" };
  for (const callee of [bob, carol]) callee.registers(PROCEDURE, shared);
  calls(alice, 4);
  bob.isInvoked();
  carol.isInvoked();
  bob.disconnects();
  alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  carol.sends("YIELD", 1, {});
  alice.receives("RESULT", 2, {});
  assert.deepEqual(carol.isInvoked().args, ["call 3"]);
  carol.unregisters(1);
  alice.receives("ERROR", 48, 4, {}, "wamp.error.canceled", EXPLAINED);
  carol.sends("YIELD", 2, {});
  alice.receives("RESULT", 3, {});
  flow.ends();
});

test("Dealer: a callee that joins takes calls that wait", () => {
  const flow = new Flow({ callQueue: { limit: 9 } });
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const shared = { "concurrency": 2, "invoke": "first" };
  bob.registers(PROCEDURE, shared);
  calls(alice, 5);
  for (let i = 0; i < 2; i++) bob.isInvoked();
  carol.registers(PROCEDURE, shared);
  for (const request of [3, 4]) assert.deepEqual(carol.isInvoked().args, [`call ${request}`]);
  flow.ends();
});

test("Dealer: what a callee cannot take is refused when its turn comes, and the next call gets it", () => {
  const flow = new Flow({ callQueue: { limit: 9 } });
  const [alice, bob] = [flow.join(), flow.join({ roles: BASIC_ROLES })];
  bob.registers(PROCEDURE, ONE);
  calls(alice, 1);
  const first = bob.isInvoked();
  alice.calls(PROCEDURE, { "ppt_scheme": "x_mine" });
  calls(alice, 1);
  // A call in parts does not wait.
  alice.calls(PROCEDURE, { "progress": true });
  alice.receives("ERROR", 48, 4, {}, BUSY, EXPLAINED);
  bob.yields(first);
  alice.receives("ERROR", 48, 2, {}, "wamp.error.feature_not_supported", EXPLAINED);
  alice.receives("RESULT", 1, {});
  assert.deepEqual(bob.isInvoked().args, ["call 3"]);
  flow.ends();
});

test("Dealer: procedures have queues of their own, the first that fits, or the realm's", () => {
  const flow = new Flow({
    callQueue: {
      limit: 1,
      procedures: [
        { uri: "com.myapp.slow", limit: 2, timeoutMs: 500 },
        { uri: "com.myapp.", match: "prefix", limit: 0 },
        { uri: "com..any", match: "wildcard", limit: 3 },
      ],
    },
  });
  const [alice, bob] = [flow.join(), flow.join()];
  const lengths = {
    "com.myapp.slow": 2,
    "com.myapp.other": 0,
    "com.x.any": 3,
    "com.x.y": 1,
    "com.myapp.any": 0,
  };
  for (const [procedure, length] of Object.entries(lengths)) {
    bob.registers(procedure, ONE);
    for (let n = 0; n < length + 1; n++) alice.calls(procedure);
    bob.isInvoked();
    alice.receivesNothing();
    const request = alice.calls(procedure);
    alice.receives("ERROR", 48, request, {}, BUSY, EXPLAINED);
  }
  // A pattern's own registration.
  bob.registers("com.myapp.", { ...ONE, "match": "prefix" });
  alice.calls("com.myapp.x");
  bob.isInvoked();
  const request = alice.calls("com.myapp.y");
  alice.receives("ERROR", 48, request, {}, BUSY, EXPLAINED);
  flow.clock.advance(500);
  for (const request of [2, 3]) alice.receives("ERROR", 48, request, {}, BUSY, EXPLAINED);
  flow.ends();
});
