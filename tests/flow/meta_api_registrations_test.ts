import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const CREATED = "2026-01-01T00:00:00.000Z";
const EVENTS = ["on_create", "on_register", "on_unregister", "on_delete"];

function fails(peer: Peer, error: string, procedure: string, ...payload: unknown[]): void {
  const request = peer.calls(procedure, {}, ...payload);
  peer.receives("ERROR", 48, request, {}, error, EXPLAINED);
}

function registered() {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const exact = bob.registers("com.myapp.add", { "invoke": "roundrobin" });
  const prefix = bob.registers("com.myapp", { "match": "prefix" });
  const wildcard = bob.registers("com..add", { "match": "wildcard" });
  carol.registers("com.myapp.add", { "invoke": "roundrobin" });
  return { flow, alice, bob, carol, exact, prefix, wildcard };
}

test("Meta API: registrations are listed by match policy [WAMP meta_api_registrations]", () => {
  const { flow, alice, bob, exact, prefix, wildcard } = registered();
  const lists = { "exact": [exact], "prefix": [prefix], "wildcard": [wildcard] };
  assert.deepEqual(alice.calling("wamp.registration.list"), lists);
  bob.disconnects();
  const left = { "exact": [exact], "prefix": [], "wildcard": [] };
  assert.deepEqual(alice.calling("wamp.registration.list"), left);
  flow.ends();
});

test("Meta API: lookup finds the registration of a procedure under a policy", () => {
  const { flow, alice, exact, prefix, wildcard } = registered();
  const lookup = (...args: unknown[]) => alice.calling("wamp.registration.lookup", args);
  assert.equal(lookup("com.myapp.add"), exact);
  assert.equal(lookup("com.myapp.add", { "match": "exact", "invoke": "single" }), exact);
  assert.equal(lookup("com.myapp", { "match": "prefix" }), prefix);
  assert.equal(lookup("com..add", { "match": "wildcard" }), wildcard);
  assert.equal(lookup("com.myapp"), null);
  assert.equal(lookup("com.myapp.add", { "match": "wildcard" }), null);
  for (const args of [[], [5], ["com.x", { "match": 1 }]]) {
    fails(alice, "wamp.error.invalid_argument", "wamp.registration.lookup", args);
  }
  flow.ends();
});

test("Meta API: match finds the registration that a call would go to", () => {
  const { flow, alice, exact, prefix, wildcard } = registered();
  const match = (procedure: string) => alice.calling("wamp.registration.match", [procedure]);
  assert.equal(match("com.myapp.add"), exact);
  assert.equal(match("com.myapp.sub"), prefix);
  assert.equal(match("com.other.add"), wildcard);
  assert.equal(match("org.other"), null);
  fails(alice, "wamp.error.invalid_argument", "wamp.registration.match");
  flow.ends();
});

test("Meta API: get, list_callees and count_callees tell about one registration", () => {
  const { flow, alice, bob, carol, exact, prefix } = registered();
  const about = (procedure: string, id: number) =>
    alice.calling(`wamp.registration.${procedure}`, [id]);
  assert.deepEqual(about("get", exact), {
    "id": exact,
    "created": CREATED,
    "uri": "com.myapp.add",
    "match": "exact",
    "invoke": "roundrobin",
  });
  assert.deepEqual(about("get", prefix), {
    "id": prefix,
    "created": CREATED,
    "uri": "com.myapp",
    "match": "prefix",
    "invoke": "single",
  });
  assert.deepEqual(about("list_callees", exact), [bob.id, carol.id]);
  assert.equal(about("count_callees", exact), 2);
  assert.deepEqual(about("list_callees", prefix), [bob.id]);
  for (const procedure of ["get", "list_callees", "count_callees"]) {
    const uri = `wamp.registration.${procedure}`;
    fails(alice, "wamp.error.no_such_registration", uri, [4711]);
    fails(alice, "wamp.error.invalid_argument", uri, ["com.myapp.add"]);
    fails(alice, "wamp.error.invalid_argument", uri);
  }
  flow.ends();
});

test("Meta API: events tell of every change to registrations, in order", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const [create, register, unregister, del] = EVENTS.map((event) =>
    alice.subscribes(`wamp.registration.${event}`)
  );
  const options = { "match": "prefix", "invoke": "first" };
  const registration = bob.registers("com.myapp", options);
  const details = { "id": registration, "created": CREATED, "uri": "com.myapp", ...options };
  alice.receives("EVENT", create, ID, {}, [bob.id, details]);
  alice.receives("EVENT", register, ID, {}, [bob.id, registration]);
  carol.registers("com.myapp", options);
  alice.receives("EVENT", register, ID, {}, [carol.id, registration]);
  bob.disconnects();
  alice.receives("EVENT", unregister, ID, {}, [bob.id, registration]);
  carol.unregisters(registration);
  alice.receives("EVENT", unregister, ID, {}, [carol.id, registration]);
  alice.receives("EVENT", del, ID, {}, [carol.id, registration]);
  flow.ends();
});

test("Meta API: a registration that is taken over is deleted before the new one is created", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const subscriptions = EVENTS.map((event) => alice.subscribes(`wamp.registration.${event}`));
  const old = bob.registers("com.myapp");
  alice.transport.sent.length = 0;
  const registration = carol.registers("com.myapp", { "force_reregister": true });
  const events = alice.transport.sent.splice(0).map(([, id, , , args]) => [
    EVENTS[subscriptions.indexOf(id as number)],
    args,
  ]);
  const details = {
    "id": registration,
    "created": CREATED,
    "uri": "com.myapp",
    "match": "exact",
    "invoke": "single",
  };
  assert.deepEqual(events, [
    ["on_unregister", [bob.id, old]],
    ["on_delete", [bob.id, old]],
    ["on_create", [carol.id, details]],
    ["on_register", [carol.id, registration]],
  ]);
});
