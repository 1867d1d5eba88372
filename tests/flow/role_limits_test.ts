import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoleLimits } from "../../router/limits.ts";
import type { RealmOptions } from "../../router/realm.ts";
import { anonymous } from "../../router/join.ts";
import type { Dict } from "../../wamp/message.ts";
import { ALL_ROLES, ANY, BASIC_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const LIMIT = "realmway.error.limit_exceeded";

/** A realm whose role "guest" has limits; "anyone" has none. */
function limited(limits: RoleLimits, options: Partial<RealmOptions> = {}): Flow {
  return new Flow({
    ...options,
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", allowByDefault: true, limits },
    ],
  });
}

function guest(flow: Flow, authid = "joe"): Peer {
  return flow.join({ authrole: "guest", authid });
}

/** One that is not let in. */
function refused(flow: Flow, authid = "joe"): void {
  const peer = flow.connect();
  peer.sends("HELLO", "realm1", { "roles": ALL_ROLES, "authrole": "guest", "authid": authid });
  peer.isAborted(LIMIT);
}

function counted(flow: Flow): Dict {
  const all = flow.join().calling("wamp.authorization.x_count_refused") as Dict;
  assert.deepEqual(Object.keys(all), ["guest"]);
  const counts = all["guest"] as Dict;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

test("Limits: a role has so many sessions, however they end, and other roles have theirs", () => {
  const flow = limited({ sessions: 2 });
  const [alice, bob] = [guest(flow, "alice"), guest(flow, "bob")];
  refused(flow);
  flow.join();
  alice.leaves();
  const carol = guest(flow, "carol");
  refused(flow);
  bob.disconnects();
  carol.sends("ABORT", {}, "wamp.close.normal");
  guest(flow);
  // The connection of a session that left may join anew.
  alice.joins({ authrole: "guest" });
  refused(flow);
  assert.deepEqual(counted(flow), { "sessions": 3 });
  flow.ends();
});

test("Limits: an authid has so many sessions of a role", () => {
  const flow = limited({ sessionsPerAuthid: 2 });
  const alice = guest(flow, "alice");
  guest(flow, "alice");
  refused(flow, "alice");
  guest(flow, "bob");
  flow.join({ authid: "alice" });
  alice.leaves();
  guest(flow, "alice");
  refused(flow, "alice");
  assert.deepEqual(counted(flow), { "sessions_per_authid": 2 });
  flow.ends();
});

test("Limits: with kick-oldest a new session takes the place of the oldest of its authid", () => {
  const flow = limited({ sessionsPerAuthid: 2, beyondPerAuthid: "kick-oldest", sessions: 3 });
  const [first, second, other] = [guest(flow, "a"), guest(flow, "a"), guest(flow, "b")];
  const third = guest(flow, "a");
  first.receives("GOODBYE", { "message": ANY }, "wamp.close.killed");
  const fourth = guest(flow, "a");
  second.receives("GOODBYE", { "message": ANY }, "wamp.close.killed");
  // What cannot come in kicks nobody out.
  refused(flow, "c");
  for (const peer of [third, fourth, other]) {
    peer.calls("wamp.session.count");
    peer.receivesAny("RESULT", 1);
  }
  assert.deepEqual(counted(flow), { "kicked": 2, "sessions": 1 });
  flow.ends();
});

test("Limits: a session has so many subscriptions and registrations, and may change them", () => {
  const flow = limited({ subscriptions: 2, registrations: 1 });
  const alice = guest(flow);
  const first = alice.subscribes("com.a");
  alice.subscribes("com.b", { "match": "prefix" });
  alice.sends("SUBSCRIBE", 3, {}, "com.c");
  alice.receives("ERROR", 32, 3, {}, LIMIT, EXPLAINED);
  alice.request = 3;
  assert.equal(alice.subscribes("com.a"), first, "one that it has is no new one");
  alice.unsubscribes(first);
  alice.subscribes("com.c");
  const registration = alice.registers("com.p");
  alice.sends("REGISTER", ++alice.request, {}, "com.q");
  alice.receives("ERROR", 64, alice.request, {}, LIMIT, EXPLAINED);
  alice.unregisters(registration);
  alice.registers("com.q");
  assert.equal(guest(flow).subscribes("com.a") > 0, true);
  assert.deepEqual(counted(flow), { "subscriptions": 1, "registrations": 1 });
  flow.ends();
});

test("Limits: a session has so many calls in flight, those that wait for a callee included", () => {
  const flow = limited({ calls: 2 }, { callQueue: { limit: 10 } });
  const [alice, bob] = [guest(flow), flow.join()];
  bob.registers("com.busy", { "concurrency": 1 });
  alice.calls("com.busy");
  const invoked = bob.isInvoked();
  alice.calls("com.busy");
  alice.calls("com.busy");
  alice.receives("ERROR", 48, 3, {}, LIMIT, EXPLAINED);
  bob.yields(invoked);
  alice.receives("RESULT", 1, {});
  const next = bob.isInvoked();
  alice.calls("com.busy");
  alice.calls("com.busy");
  alice.receives("ERROR", 48, 5, {}, LIMIT, EXPLAINED);
  // Later parts are no new calls, but those of a call that was refused are dropped.
  alice.sends("CALL", 6, { "progress": true }, "com.busy");
  alice.receives("ERROR", 48, 6, {}, LIMIT, EXPLAINED);
  alice.sends("CALL", 6, {}, "com.busy");
  alice.sends("CANCEL", 4, {});
  alice.receives("ERROR", 48, 4, {}, "wamp.error.canceled", EXPLAINED);
  bob.yields(next);
  alice.receives("RESULT", 2, {});
  assert.deepEqual(counted(flow), { "calls": 3 });
  flow.ends();
});

test("Limits: cancelled calls count also where they went to all callees, waited before or were declined", () => {
  const flow = limited({ calls: 1 }, { callQueue: { limit: 10 } });
  const alice = guest(flow);
  const declines = { ...BASIC_ROLES, "callee": { "features": { "call_reroute": true } } };
  const [one, other] = [flow.join({ roles: declines }), flow.join({ roles: BASIC_ROLES })];
  for (const callee of [one, other]) {
    callee.registers("com.shared", { "invoke": "first", "concurrency": 1 });
  }
  const isRefused = (options = {}) => {
    const request = alice.calls("com.shared", options);
    alice.receives("ERROR", 48, request, {}, LIMIT, EXPLAINED);
  };
  const cancels = (request: number) => {
    alice.sends("CANCEL", request, { "mode": "skip" });
    alice.receives("ERROR", 48, request, {}, "wamp.error.canceled", EXPLAINED);
  };
  cancels(alice.calls("com.shared", { "runmode": "all" }));
  const parts = [one.isInvoked(), other.isInvoked()] as const;
  isRefused();
  one.yields(parts[0]);
  isRefused({ "runmode": "all" });
  other.yields(parts[1]);
  const declined = alice.calls("com.shared");
  one.sends("ERROR", 68, one.isInvoked().request, {}, "wamp.error.unavailable");
  const rerouted = other.isInvoked();
  cancels(declined);
  isRefused();
  other.yields(rerouted);
  // Others keep the callees busy, so that the call waits.
  const busy = flow.join();
  for (let i = 0; i < 2; i++) busy.calls("com.shared");
  const [first] = [one.isInvoked(), other.isInvoked()];
  const waited = alice.calls("com.shared");
  one.yields(first);
  busy.receivesAny("RESULT", 1);
  const served = one.isInvoked();
  cancels(waited);
  isRefused();
  one.yields(served);
  alice.calls("com.shared");
  one.isInvoked();
  assert.deepEqual(counted(flow), { "calls": 4 });
  flow.ends();
});

test("Limits: a call that was cancelled counts as long as its callee goes on", () => {
  const flow = limited({ calls: 2 });
  const [alice, bob] = [guest(flow), flow.join()];
  bob.registers("com.slow");
  const [first, second] = [1, 2].map(() => {
    const request = alice.calls("com.slow");
    alice.sends("CANCEL", request, { "mode": "skip" });
    alice.receives("ERROR", 48, request, {}, "wamp.error.canceled", EXPLAINED);
    return bob.isInvoked();
  });
  assert.ok(first && second);
  alice.calls("com.slow");
  alice.receives("ERROR", 48, 3, {}, LIMIT, EXPLAINED);
  bob.yields(first);
  alice.calls("com.slow", { "timeout": 10 });
  bob.isInvoked();
  alice.calls("com.slow");
  alice.receives("ERROR", 48, 5, {}, LIMIT, EXPLAINED);
  // A callee that hangs does not keep its callers from others for ever.
  flow.clock.advance(30_000);
  alice.receives("ERROR", 48, 4, {}, "wamp.error.timeout", EXPLAINED);
  bob.receivesAny("INTERRUPT");
  // Many that are answered at once are none in flight.
  assert.ok(second);
  for (let i = 0; i < 200; i++) {
    const request = alice.calls("com.slow");
    bob.yields(bob.isInvoked());
    alice.receives("RESULT", request, {});
  }
  assert.deepEqual(counted(flow), { "calls": 2 });
  flow.ends();
});

test("Limits: beyond the rate requests are refused, publications dropped, and it comes back with time", () => {
  const flow = limited({ messageRate: { perSecond: 2, burst: 4 } });
  const [alice, bob, carol] = [guest(flow), flow.join(), guest(flow, "carol")];
  const id = bob.subscribes("com.topic");
  bob.registers("com.procedure");
  for (let i = 1; i <= 4; i++) {
    alice.publishes("com.topic", {}, [i]);
    bob.receives("EVENT", id, ID, {}, [i]);
  }
  alice.publishes("com.topic", {}, ["dropped"]);
  alice.publishes("com.topic", { "acknowledge": true });
  alice.receives("ERROR", 16, 6, {}, LIMIT, EXPLAINED);
  const requests: [string, number, unknown][] = [["SUBSCRIBE", 32, "com.x"], [
    "REGISTER",
    64,
    "com.x",
  ], ["CALL", 48, "com.procedure"]];
  for (const [type, code, uri] of requests) {
    alice.sends(type, ++alice.request, {}, uri);
    alice.receives("ERROR", code, alice.request, {}, LIMIT, EXPLAINED);
  }
  for (const [type, code] of [["UNSUBSCRIBE", 34], ["UNREGISTER", 66]] as const) {
    alice.sends(type, ++alice.request, 1);
    alice.receives("ERROR", code, alice.request, {}, LIMIT, EXPLAINED);
  }
  // Others are not concerned.
  carol.publishes("com.topic", {}, ["carol"]);
  bob.receives("EVENT", id, ID, {}, ["carol"]);
  flow.clock.advance(499);
  alice.calls("com.procedure");
  alice.receives("ERROR", 48, alice.request, {}, LIMIT, EXPLAINED);
  flow.clock.advance(1);
  alice.publishes("com.topic", {}, ["again"]);
  bob.receives("EVENT", id, ID, {}, ["again"]);
  // No more is saved up than the burst.
  flow.clock.advance(3_600_000);
  for (let i = 1; i <= 5; i++) alice.publishes("com.topic", {}, [i]);
  for (let i = 1; i <= 4; i++) bob.receives("EVENT", id, ID, {}, [i]);
  assert.deepEqual(counted(flow), { "message_rate": 9 });
  flow.ends();
});

test("Limits: beyond the rate answers wait for their turn and keep their order", () => {
  const flow = limited({ messageRate: { perSecond: 10, burst: 1 } });
  const [alice, bob] = [guest(flow), flow.join()];
  alice.registers("com.procedure");
  flow.clock.advance(1000);
  bob.calls("com.procedure", { "receive_progress": true });
  const invoked = alice.isInvoked();
  for (let i = 1; i <= 3; i++) alice.yields(invoked, { "progress": true }, [i]);
  alice.yields(invoked, {}, ["end"]);
  alice.sends("CALL", 2, {}, "wamp.session.count");
  bob.receives("RESULT", 1, { "progress": true }, [1]);
  bob.receivesNothing();
  flow.clock.advance(100);
  bob.receives("RESULT", 1, { "progress": true }, [2]);
  bob.receivesNothing();
  flow.clock.advance(200);
  bob.receives("RESULT", 1, { "progress": true }, [3]);
  bob.receives("RESULT", 1, {}, ["end"]);
  // It came when there was nothing left, so it is refused, in its turn.
  alice.receives("ERROR", 48, 2, {}, LIMIT, EXPLAINED);
  alice.disconnects();
  bob.disconnects();
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Limits: joining anew over the same connection fills no bucket", () => {
  const flow = limited({ messageRate: { perSecond: 1, burst: 2 } });
  const alice = guest(flow);
  for (let i = 0; i < 2; i++) alice.calling("wamp.session.count");
  alice.leaves();
  alice.joins({ authrole: "guest" });
  alice.calls("wamp.session.count");
  alice.receives("ERROR", 48, 1, {}, LIMIT, EXPLAINED);
  flow.ends();
});

test("Limits: arguments have so many bytes, in every message, and the answer says so", () => {
  const flow = limited({ messageBytes: 100 });
  const [alice, bob] = [guest(flow), flow.join()];
  const TOO_LONG = "wamp.error.payload_size_exceeded";
  const long = "x".repeat(100);
  const id = bob.subscribes("com.topic");
  bob.registers("com.procedure");
  alice.registers("com.mine");
  alice.publishes("com.topic", {}, ["short"]);
  bob.receives("EVENT", id, ID, {}, ["short"]);
  alice.publishes("com.topic", {}, [long]);
  alice.publishes("com.topic", { "acknowledge": true }, [], { "key": long });
  alice.receives("ERROR", 16, alice.request, {}, TOO_LONG, EXPLAINED);
  alice.calls("com.procedure", {}, [long]);
  alice.receives("ERROR", 48, alice.request, {}, TOO_LONG, EXPLAINED);
  // An answer that is too long is an error for who asked.
  const answers: ((call: number) => void)[] = [
    () => alice.yields(alice.isInvoked(), {}, [long]),
    () => alice.sends("ERROR", 68, alice.isInvoked().request, {}, "com.error", [long]),
  ];
  for (const answer of answers) {
    const call = bob.calls("com.mine", { "receive_progress": true });
    answer(call);
    bob.receives("ERROR", 48, call, {}, TOO_LONG, EXPLAINED);
  }
  const call = bob.calls("com.mine", { "receive_progress": true });
  const invoked = alice.isInvoked();
  alice.yields(invoked, { "progress": true }, [long]);
  bob.receives("ERROR", 48, call, {}, TOO_LONG, EXPLAINED);
  alice.receives("INTERRUPT", invoked.request, { "mode": "killnowait", "reason": TOO_LONG });
  alice.yields(invoked, {}, ["late"]);
  // So is a part of a call.
  alice.sends("CALL", ++alice.request, { "progress": true }, "com.procedure", [1]);
  const parts = bob.isInvoked();
  alice.sends("CALL", alice.request, { "progress": true }, "com.procedure", [long]);
  alice.receives("ERROR", 48, alice.request, {}, TOO_LONG, EXPLAINED);
  bob.receives("INTERRUPT", parts.request, { "mode": "killnowait", "reason": TOO_LONG });
  alice.sends("CALL", alice.request, {}, "com.procedure", [2]);
  // Others may send what they like.
  bob.publishes("com.topic", {}, [long]);
  assert.deepEqual(counted(flow), { "message_size": 7 });
  flow.ends();
});

test("Limits: what one session sends beyond its limits leaves the others as they were", () => {
  const flow = limited({
    messageRate: { perSecond: 5 },
    messageBytes: 50,
    calls: 1,
    subscriptions: 1,
  });
  const [hostile, alice, bob] = [guest(flow, "hostile"), guest(flow, "alice"), flow.join()];
  const id = bob.subscribes("com.topic");
  for (let i = 0; i < 500; i++) {
    hostile.publishes(`com.${i}`, {}, ["x".repeat(1000)]);
    hostile.calls(`com.${i}`);
    hostile.sends("SUBSCRIBE", ++hostile.request, {}, `com.${i}`);
  }
  assert.equal(hostile.transport.sent.splice(0).length, 1000);
  alice.publishes("com.topic", {}, [1]);
  bob.receives("EVENT", id, ID, {}, [1]);
  assert.equal(hostile.isConnected, true);
  flow.ends();
});

test("Limits: anonymous sessions are counted as all others", () => {
  const flow = limited({ sessions: 1 });
  const gate = anonymous("guest", flow.random);
  const first = flow.connect(gate);
  first.sends("HELLO", "realm1", { "roles": ALL_ROLES });
  first.receives("WELCOME", ID, ANY);
  const second = flow.connect(gate);
  second.sends("HELLO", "realm1", { "roles": ALL_ROLES });
  second.isAborted(LIMIT);
  flow.ends();
});
