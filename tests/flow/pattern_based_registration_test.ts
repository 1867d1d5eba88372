import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, Flow, type Peer } from "../kit/flow_kit.ts";

/** Calls `procedure`: the registration that was invoked, which is told the procedure if it is a pattern; undefined for none. */
function invoked(alice: Peer, bob: Peer, procedure: string): number | undefined {
  const request = alice.calls(procedure);
  if (bob.transport.sent.length === 0) {
    alice.receives("ERROR", 48, request, {}, "wamp.error.no_such_procedure", EXPLAINED);
    return undefined;
  }
  const invocation = bob.isInvoked();
  const told = invocation.details["procedure"];
  assert.ok(told === undefined || told === procedure);
  bob.yields(invocation, {}, [told ?? null]);
  alice.receives("RESULT", request, {}, [told ?? null]);
  return invocation.registration;
}

/** What the specification's seven examples call: the number of the registration that is invoked. */
function examples(prefixes: readonly [string, string]) {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registrations = [
    ["a1.b2.c3.d4.e55", "exact"],
    [prefixes[0], "prefix"],
    [prefixes[1], "prefix"],
    ["a1.b2..d4.e5", "wildcard"],
    ["a1.b2.c33..e5", "wildcard"],
    ["a1.b2..d4.e5..g7", "wildcard"],
    ["a1.b2..d4..f6.g7", "wildcard"],
  ].map(([procedure = "", match]) => bob.registers(procedure, { "match": match }));
  const calls = [
    "a1.b2.c3.d4.e55",
    "a1.b2.c3.d98.e74",
    "a1.b2.c3.d4.e325",
    "a1.b2.c55.d4.e5",
    "a1.b2.c33.d4.e5",
    "a1.b2.c88.d4.e5.f6.g7",
    "a2.b2.c2.d2.e2",
  ].map((procedure) => registrations.indexOf(invoked(alice, bob, procedure) ?? 0) + 1);
  flow.ends();
  return calls;
}

test("Dealer: the specification's seven examples of the best match [WAMP rpc_pattern_based_registration]", () => {
  assert.deepEqual(examples(["a1.b2.c3.", "a1.b2.c3.d4."]), [1, 2, 3, 4, 5, 6, 0]);
  // Written without the dot, "a1.b2.c3" is a prefix of "a1.b2.c33.d4.e5", too: see the deviation in pattern_index.ts.
  assert.deepEqual(examples(["a1.b2.c3", "a1.b2.c3.d4"]), [1, 2, 3, 4, 2, 6, 0]);
});

test("Dealer: the specification's examples of prefix matching", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registration = bob.registers("com.myapp.myobject1", { "match": "prefix" });
  const matching = [
    "com.myapp.myobject1.myprocedure1",
    "com.myapp.myobject1-mysubobject1",
    "com.myapp.myobject1.mysubobject1.myprocedure1",
    "com.myapp.myobject1",
  ];
  for (const procedure of matching) assert.equal(invoked(alice, bob, procedure), registration);
  for (const procedure of ["com.myapp.myobject2", "com.myapp.myobject"]) {
    assert.equal(invoked(alice, bob, procedure), undefined);
  }
  flow.ends();
});

test("Dealer: the specification's examples of wildcard matching", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registration = bob.registers("com.myapp..myprocedure1", { "match": "wildcard" });
  const matching = ["com.myapp.myobject1.myprocedure1", "com.myapp.myobject2.myprocedure1"];
  for (const procedure of matching) assert.equal(invoked(alice, bob, procedure), registration);
  const others = [
    "com.myapp.myobject1.myprocedure1.mysubprocedure1",
    "com.myapp.myobject1.myprocedure2",
    "com.myapp2.myobject1.myprocedure1",
  ];
  for (const procedure of others) assert.equal(invoked(alice, bob, procedure), undefined);
  flow.ends();
});

test("Dealer: a wildcard that leads nowhere gives way to one that matches", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("a.b..d", { "match": "wildcard" });
  const any = bob.registers("a...e", { "match": "wildcard" });
  assert.equal(invoked(alice, bob, "a.b.c.e"), any);
  assert.equal(invoked(alice, bob, "a.b.c.f"), undefined);
  flow.ends();
});

test("Dealer: patterns are told the procedure, exact registrations are not", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.exact");
  bob.registers("com.prefix", { "match": "prefix" });
  bob.registers("com..wildcard", { "match": "wildcard" });
  alice.calls("com.exact");
  assert.deepEqual(bob.isInvoked().details, {});
  alice.calls("com.prefix.x");
  assert.deepEqual(bob.isInvoked().details, { "procedure": "com.prefix.x" });
  alice.calls("com.x.wildcard");
  assert.deepEqual(bob.isInvoked().details, { "procedure": "com.x.wildcard" });
  flow.ends();
});

test("Dealer: the same text under different policies is different registrations", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const [exact, prefix, wildcard] = ["exact", "prefix", "wildcard"].map((match) =>
    bob.registers("com.myapp", { "match": match })
  );
  assert.equal(new Set([exact, prefix, wildcard]).size, 3);
  assert.equal(invoked(alice, bob, "com.myapp"), exact);
  bob.unregisters(exact ?? 0);
  assert.equal(invoked(alice, bob, "com.myapp"), prefix);
  bob.unregisters(prefix ?? 0);
  assert.equal(invoked(alice, bob, "com.myapp"), wildcard);
  bob.unregisters(wildcard ?? 0);
  assert.equal(invoked(alice, bob, "com.myapp"), undefined);
  flow.ends();
});

test("Dealer: patterns do not take calls of the protocol's own procedures", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("", { "match": "prefix" });
  bob.registers("..", { "match": "wildcard" });
  assert.equal(alice.calling("wamp.session.count"), 2);
  alice.calls("wamp.session.unknown");
  alice.receives("ERROR", 48, 2, {}, "wamp.error.no_such_procedure", EXPLAINED);
  assert.equal(alice.calling("wamp.registration.match", ["wamp.session.unknown"]), null);
  flow.ends();
});

test("Dealer: nobody calls a pattern", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com..add", { "match": "wildcard" });
  alice.calls("com..add");
  alice.receives("ERROR", 48, 1, {}, "wamp.error.invalid_uri", EXPLAINED);
  flow.ends();
});
