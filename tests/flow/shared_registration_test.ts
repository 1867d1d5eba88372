import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, Flow, type Peer } from "../kit/flow_kit.ts";

/** Which of the callees takes the next call; it answers at once. */
function next(caller: Peer, callees: readonly Peer[]): number {
  const request = caller.calls("com.myapp.work");
  const chosen = callees.findIndex((callee) => callee.transport.sent.length > 0);
  const callee = callees[chosen];
  assert.ok(callee !== undefined);
  callee.yields(callee.isInvoked());
  caller.receives("RESULT", request, {});
  return chosen;
}

function shared(flow: Flow, invoke: string, count: number, options = {}): Peer[] {
  return Array.from({ length: count }, () => {
    const callee = flow.join();
    callee.registers("com.myapp.work", { "invoke": invoke, ...options });
    return callee;
  });
}

test("Dealer: roundrobin picks the callees in order of registration, around and around [WAMP rpc_shared_registration]", () => {
  const flow = new Flow();
  const alice = flow.join();
  const callees = shared(flow, "roundrobin", 3);
  const chosen = Array.from({ length: 7 }, () => next(alice, callees));
  assert.deepEqual(chosen, [0, 1, 2, 0, 1, 2, 0]);
  flow.ends();
});

test("Dealer: roundrobin goes on in order when callees leave and join", () => {
  const flow = new Flow();
  const alice = flow.join();
  const callees = shared(flow, "roundrobin", 4);
  assert.deepEqual([next(alice, callees), next(alice, callees)], [0, 1]);
  callees[0]?.disconnects();
  assert.equal(next(alice, callees), 2);
  callees[3]?.disconnects();
  assert.deepEqual([next(alice, callees), next(alice, callees)], [1, 2]);
  const late = flow.join();
  late.registers("com.myapp.work", { "invoke": "roundrobin" });
  callees.push(late);
  assert.deepEqual([1, 2, 3].map(() => next(alice, callees)), [4, 1, 2]);
  flow.ends();
});

test("Dealer: first and last pick by order of registration, and the next one when that leaves", () => {
  const flow = new Flow();
  const alice = flow.join();
  const callees = shared(flow, "first", 3);
  assert.deepEqual([next(alice, callees), next(alice, callees)], [0, 0]);
  callees[0]?.disconnects();
  assert.equal(next(alice, callees), 1);

  const other = new Flow();
  const bob = other.join();
  const standby = shared(other, "last", 3);
  assert.deepEqual([next(bob, standby), next(bob, standby)], [2, 2]);
  standby[2]?.leaves();
  assert.equal(next(bob, standby), 1);
  flow.ends();
  other.ends();
});

test("Dealer: random picks every callee sooner or later", () => {
  const flow = new Flow();
  const alice = flow.join();
  const callees = shared(flow, "random", 3);
  const chosen = Array.from({ length: 300 }, () => next(alice, callees));
  for (const callee of [0, 1, 2]) {
    const count = chosen.filter((one) => one === callee).length;
    assert.ok(count > 60 && count < 140, `callee ${callee} was chosen ${count} times of 300`);
  }
  flow.ends();
});

test("Dealer: all callees of a procedure must ask for the same policy", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  alice.registers("com.myapp.work", { "invoke": "roundrobin" });
  for (const invoke of ["single", "random", "first", "last"]) {
    bob.sends("REGISTER", ++bob.request, { "invoke": invoke }, "com.myapp.work");
    const error = "wamp.error.procedure_exists_with_different_invocation_policy";
    bob.receives("ERROR", 64, bob.request, {}, error, EXPLAINED);
  }
  bob.registers("com.myapp.work", { "invoke": "roundrobin" });
  flow.ends();
});

test("Dealer: a session serves a shared registration once", () => {
  const flow = new Flow();
  const alice = flow.join();
  alice.registers("com.myapp.work", { "invoke": "roundrobin" });
  alice.sends("REGISTER", 2, { "invoke": "roundrobin" }, "com.myapp.work");
  alice.receives("ERROR", 64, 2, {}, "wamp.error.procedure_already_exists", EXPLAINED);
  flow.ends();
});

test("Dealer: a shared registration lives as long as anybody serves it, and may be shared anew then", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const registration = alice.registers("com.myapp.work", { "invoke": "first" });
  assert.equal(bob.registers("com.myapp.work", { "invoke": "first" }), registration);
  alice.unregisters(registration);
  assert.equal(next(carol, [alice, bob]), 1);
  bob.unregisters(registration);
  assert.notEqual(bob.registers("com.myapp.work", { "invoke": "last" }), registration);
  flow.ends();
});

test("Dealer: patterns may be shared, too", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const options = { "invoke": "roundrobin", "match": "prefix" };
  const registration = bob.registers("com.myapp.", options);
  assert.equal(carol.registers("com.myapp.", options), registration);
  assert.deepEqual([1, 2, 3].map(() => next(alice, [bob, carol])), [0, 1, 0]);
  flow.ends();
});

test("Dealer: a callee takes no more invocations at a time than it said", () => {
  const flow = new Flow();
  const alice = flow.join();
  const [bob, carol] = shared(flow, "first", 2, { "concurrency": 2 });
  assert.ok(bob !== undefined && carol !== undefined);
  for (let i = 0; i < 4; i++) alice.calls("com.myapp.work");
  const [one, two] = [bob.isInvoked(), bob.isInvoked()];
  const three = carol.isInvoked();
  carol.isInvoked();
  alice.calls("com.myapp.work");
  alice.receives("ERROR", 48, 5, {}, "crossbar.error.max_concurrency_reached", EXPLAINED);
  flow.ends();

  bob.yields(two, {}, [2]);
  alice.receives("RESULT", 2, {}, [2]);
  alice.calls("com.myapp.work");
  bob.isInvoked();
  bob.sends("ERROR", 68, one.request, {}, "com.myapp.error");
  alice.receives("ERROR", 48, 1, {}, "com.myapp.error");
  alice.calls("com.myapp.work", { "timeout": 1 });
  bob.isInvoked();
  carol.yields(three, { "progress": true });
  alice.calls("com.myapp.work");
  alice.receives("ERROR", 48, 8, {}, "crossbar.error.max_concurrency_reached", EXPLAINED);
  flow.ends();
});

test("Dealer: an interrupted invocation no longer counts, one that goes on does", () => {
  const flow = new Flow();
  const alice = flow.join();
  const [bob] = shared(flow, "single", 1, { "concurrency": 1 });
  assert.ok(bob !== undefined);
  for (const mode of ["killnowait", "kill", "skip"]) {
    const request = alice.calls("com.myapp.work");
    const invocation = bob.isInvoked();
    alice.sends("CANCEL", request, { "mode": mode });
    if (mode !== "skip") bob.receivesAny("INTERRUPT", invocation.request);
    if (mode !== "killnowait") {
      alice.calls("com.myapp.work");
      if (mode === "skip") {
        alice.receives("ERROR", 48, request, {}, "wamp.error.canceled", EXPLAINED);
      }
      const error = "crossbar.error.max_concurrency_reached";
      alice.receives("ERROR", 48, request + 1, {}, error, EXPLAINED);
      bob.sends("ERROR", 68, invocation.request, {}, "wamp.error.canceled");
    }
    if (mode !== "skip") alice.receivesAny("ERROR", 48, request, {}, "wamp.error.canceled");
    assert.equal(next(alice, [bob]), 0);
  }
  flow.ends();
});

test("Dealer: what a callee still does of a procedure counts for its limit when it registers it anew", () => {
  for (const others of [0, 1]) {
    const flow = new Flow();
    const alice = flow.join();
    const [bob, ...rest] = shared(flow, "first", 1 + others, { "concurrency": 1 });
    assert.ok(bob !== undefined);
    const first = alice.calls("com.myapp.work");
    const invocation = bob.isInvoked();
    bob.unregisters(invocation.registration);
    bob.registers("com.myapp.work", { "invoke": "first", "concurrency": 1 });
    for (const other of rest) {
      alice.calls("com.myapp.work");
      other.isInvoked();
    }
    const refused = alice.calls("com.myapp.work");
    const error = "crossbar.error.max_concurrency_reached";
    alice.receives("ERROR", 48, refused, {}, error, EXPLAINED);
    bob.yields(invocation);
    alice.receives("RESULT", first, {});
    assert.equal(next(alice, [bob]), 0);
    flow.ends();
  }
});

test("Dealer: with roundrobin, a callee at its limit is passed over", () => {
  const flow = new Flow();
  const alice = flow.join();
  const callees = shared(flow, "roundrobin", 3, { "concurrency": 1 });
  alice.calls("com.myapp.work");
  callees[0]?.isInvoked();
  assert.deepEqual([1, 2, 3, 4].map(() => next(alice, callees)), [1, 2, 1, 2]);
  flow.ends();
});
