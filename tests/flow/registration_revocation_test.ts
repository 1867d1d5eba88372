import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow, ID, TEXT } from "../kit/flow_kit.ts";

const REMOVE = "wamp.registration.remove_callee";
const FORCE = { "force_reregister": true };

test("Dealer: a callee whose registration is taken over is told so [WAMP rpc_registration_revocation]", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const old = alice.registers("com.myapp.add2");
  bob.sends("REGISTER", 1, FORCE, "com.myapp.add2");
  const [, , registration] = bob.receives("REGISTERED", 1, (id: unknown) => ID(id) && id !== old);
  alice.receives("UNREGISTERED", 0, { "registration": old, "reason": TEXT });
  carol.calls("com.myapp.add2");
  assert.equal(bob.isInvoked().registration, registration);
  alice.sends("UNREGISTER", 2, old);
  alice.receives("ERROR", 66, 2, {}, "wamp.error.no_such_registration", EXPLAINED);
  flow.ends();
});

test("Dealer: a callee that does not know revocation is told nothing", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join({ roles: BASIC_ROLES }), flow.join()];
  alice.registers("com.myapp.add2");
  bob.registers("com.myapp.add2", FORCE);
  flow.ends();
});

test("Dealer: all callees of a shared registration lose it", () => {
  const flow = new Flow();
  const [alice, bob, carol, dave] = [flow.join(), flow.join(), flow.join(), flow.join()];
  const options = { "invoke": "roundrobin" };
  const old = alice.registers("com.myapp.add2", options);
  bob.registers("com.myapp.add2", options);
  carol.registers("com.myapp.add2", FORCE);
  for (const peer of [alice, bob]) {
    peer.receives("UNREGISTERED", 0, { "registration": old, "reason": TEXT });
  }
  for (let i = 0; i < 3; i++) {
    dave.calls("com.myapp.add2");
    carol.isInvoked();
  }
  flow.ends();
});

test("Dealer: what was in flight when the registration was revoked is still answered", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  alice.registers("com.myapp.add2");
  carol.calls("com.myapp.add2");
  const invocation = alice.isInvoked();
  bob.registers("com.myapp.add2", FORCE);
  alice.receivesAny("UNREGISTERED", 0);
  alice.yields(invocation, {}, [30]);
  carol.receives("RESULT", 1, {}, [30]);
  flow.ends();
});

test("Dealer: taking over a procedure that nobody serves, or one's own, just registers it", () => {
  const flow = new Flow();
  const alice = flow.join();
  const old = alice.registers("com.myapp.add2", FORCE);
  alice.sends("REGISTER", 2, FORCE, "com.myapp.add2");
  alice.receives("UNREGISTERED", 0, { "registration": old, "reason": TEXT });
  alice.receives("REGISTERED", 2, ID);
  flow.ends();
});

test("Dealer: a REGISTER that is refused takes nothing over", () => {
  const allow = { call: true, register: false, publish: true, subscribe: true };
  const disclose = { caller: undefined, publisher: undefined };
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", permissions: [{ uri: "", match: "prefix", allow, disclose }] },
    ],
  });
  const [alice, bob] = [flow.join(), flow.join({ authrole: "guest" })];
  alice.registers("com.myapp.add2");
  bob.sends("REGISTER", 1, FORCE, "com.myapp.add2");
  bob.receives("ERROR", 64, 1, {}, "wamp.error.not_authorized", EXPLAINED);
  flow.ends();
});

test("Dealer: a callee that is removed is told so, and invoked no more [WAMP rpc_registration_revocation]", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const options = { "invoke": "first" };
  const registration = bob.registers("com.myapp.add2", options);
  carol.registers("com.myapp.add2", options);
  const left = alice.subscribes("wamp.registration.on_unregister");
  alice.calls("com.myapp.add2");
  const invocation = bob.isInvoked();
  const request = alice.calls(REMOVE, {}, [registration, bob.id, "moved"]);
  bob.receives("UNREGISTERED", 0, { "registration": registration, "reason": "moved" });
  alice.receives("EVENT", left, ID, {}, [bob.id, registration]);
  alice.receives("RESULT", request, {});
  // What it works on, it may finish.
  bob.yields(invocation);
  alice.receives("RESULT", request - 1, {});
  alice.calls("com.myapp.add2");
  carol.isInvoked();
  flow.ends();
});

test("Dealer: remove_callee says what it cannot find, read or do", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const router = flow.join({ authrole: "trusted" });
  const registration = bob.registers("com.myapp.add2");
  const own = router.registers("wamp.own");
  const calls: [unknown[], string][] = [
    [[registration], "invalid_argument"],
    [[registration, bob.id, []], "invalid_argument"],
    [[registration, 4711], "no_such_session"],
    [[4711, bob.id], "no_such_registration"],
    [[registration, alice.id], "no_such_registration"],
    [[own, router.id], "not_authorized"],
  ];
  for (const [args, error] of calls) {
    const request = alice.calls(REMOVE, {}, args);
    alice.receives("ERROR", 48, request, {}, `wamp.error.${error}`, EXPLAINED);
  }
  flow.ends();
});
