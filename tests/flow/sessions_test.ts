import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymous, embedded, type Gate } from "../../router/join.ts";
import { VERSION } from "../../wamp/version.ts";
import {
  ALL_ROLES,
  ANY,
  BASIC_ROLES,
  credulous,
  EXPLAINED,
  Flow,
  ID,
  TEXT,
} from "../kit/flow_kit.ts";

const HELLO_TIMEOUT_MS = 10_000;
const GOODBYE_TIMEOUT_MS = 5_000;
const SUBSCRIBER = { "roles": { "subscriber": {} } };

test("Session: HELLO is answered with WELCOME, which tells who the peer has become [WAMP sessions]", () => {
  const flow = new Flow({ roles: [{ name: "visitor", allowByDefault: true }] });
  const alice = flow.connect(anonymous("visitor", flow.random));
  alice.sends("HELLO", "realm1", { "roles": BASIC_ROLES, "agent": "Test-1" });
  alice.receives("WELCOME", ID, {
    "realm": "realm1",
    "authid": TEXT,
    "authrole": "visitor",
    "authmethod": "anonymous",
    "authprovider": "static",
    "roles": ANY,
    "agent": `Realmway-${VERSION}`,
  });
  flow.ends();
});

test("Session: sessions have random ids of their own", () => {
  const flow = new Flow();
  const ids = Array.from({ length: 100 }, () => flow.join().id);
  assert.equal(new Set(ids).size, 100);
  assert.ok(ids.some((id) => id > 2 ** 48));
});

test("Session: an id that is taken, or none at all, is not given to a session", () => {
  const flow = new Flow();
  const ids = [7, 7, 0, 7, 2 ** 53, 2 ** 53 + 2];
  flow.random.sessionId = () => ids.shift() ?? 9;
  assert.equal(flow.join().id, 7);
  assert.equal(flow.join().id, 2 ** 53);
  assert.equal(flow.join().id, 9);
});

test("Session: a client's own attributes and unknown ones are ignored", () => {
  const flow = new Flow();
  const alice = flow.connect();
  const details = { "roles": { "caller": {}, "_observer": 1 }, "_mine": [1], "unknown": {} };
  alice.sends("HELLO", "realm1", details);
  alice.receives("WELCOME", ID, ANY);
  flow.ends();
});

test("Session: null stands for an attribute that was not given", () => {
  const flow = new Flow();
  const alice = flow.connect();
  const nothing = { "agent": null, "authid": null, "authmethods": null, "authextra": null };
  alice.sends("HELLO", "realm1", { ...nothing, "roles": { "caller": { "features": null } } });
  alice.receives("WELCOME", ID, ANY);
  flow.ends();
});

test("Session: HELLO for a realm that is none answers no_such_realm", () => {
  const flow = new Flow();
  const alice = flow.connect();
  alice.sends("HELLO", "realm2", SUBSCRIBER);
  alice.isAborted("wamp.error.no_such_realm");
});

test("Session: HELLO for a realm whose name is no URI answers invalid_uri", () => {
  for (const realm of ["", "my realm", "a..b", ".", "realm#1"]) {
    const alice = new Flow().connect();
    alice.sends("HELLO", realm, SUBSCRIBER);
    alice.isAborted("wamp.error.invalid_uri");
  }
});

test("Session: HELLO under a role that the realm does not have answers no_such_role", () => {
  const alice = new Flow().connect();
  alice.sends("HELLO", "realm1", { ...SUBSCRIBER, "authrole": "nobody" });
  alice.isAborted("wamp.error.no_such_role");
});

test("Session: HELLO must announce a client's role", () => {
  const invalid = [
    {},
    { "roles": null },
    { "roles": [] },
    { "roles": {} },
    { "roles": { "broker": {} } },
    { "roles": { "caller": true } },
    { "roles": { "caller": {}, "callee": [] } },
    { ...SUBSCRIBER, "agent": 1 },
    { ...SUBSCRIBER, "authid": 1 },
    { ...SUBSCRIBER, "authmethods": "ticket" },
    { ...SUBSCRIBER, "authextra": [] },
  ];
  for (const details of invalid) {
    const alice = new Flow().connect();
    alice.sends("HELLO", "realm1", details);
    alice.isAborted("wamp.error.protocol_violation");
  }
});

test("Session: a client that insists on proving who it is cannot join anonymously", () => {
  const flow = new Flow();
  const gate = anonymous("anyone", flow.random);
  const alice = flow.connect(gate);
  alice.sends("HELLO", "realm1", { ...SUBSCRIBER, "authmethods": ["ticket"] });
  alice.isAborted("wamp.error.no_matching_auth_method");
  for (const authmethods of [[], ["ticket", "anonymous"]]) {
    const bob = flow.connect(gate);
    bob.sends("HELLO", "realm1", { ...SUBSCRIBER, "authmethods": authmethods });
    bob.receives("WELCOME", ID, ANY);
  }
});

test("Session: a session inside the router's process is vouched for, and trusted", () => {
  const flow = new Flow({ roles: [] });
  const alice = flow.connect(embedded({ authid: "component" }));
  alice.sends("HELLO", "realm1", { "roles": BASIC_ROLES });
  const [, , details] = alice.receives("WELCOME", ID, ANY);
  assert.equal((details as Record<string, unknown>)["authrole"], "trusted");
  assert.equal((details as Record<string, unknown>)["authid"], "component");
  const bob = flow.connect(embedded({ authid: "component", authrole: "nobody" }));
  bob.sends("HELLO", "realm1", { "roles": BASIC_ROLES });
  bob.isAborted("wamp.error.no_such_role");
});

test("Session: authextra of the admission comes back in WELCOME", () => {
  const gate: Gate = {
    admit: (...asked) => {
      const admitted = credulous.admit(...asked);
      return { ...admitted, authextra: { "x": 1 } } as ReturnType<Gate["admit"]>;
    },
  };
  const alice = new Flow().connect(gate);
  alice.sends("HELLO", "realm1", SUBSCRIBER);
  const [, , details] = alice.receives("WELCOME", ID, ANY);
  assert.deepEqual((details as Record<string, unknown>)["authextra"], { "x": 1 });
});

test("Session: a gate may take its time, and the session is established afterwards", async () => {
  const flow = new Flow();
  const gate: Gate = {
    admit: async (...asked) => {
      await Promise.resolve();
      return credulous.admit(...asked);
    },
  };
  const alice = flow.connect(gate);
  alice.sends("HELLO", "realm1", SUBSCRIBER);
  alice.receivesNothing();
  await new Promise((resolve) => setTimeout(resolve));
  alice.receives("WELCOME", ID, ANY);
  alice.subscribes("com.topic");
  flow.clock.advance(HELLO_TIMEOUT_MS);
  flow.ends();
});

test("Session: a peer that goes while the gate decides joins nothing", async () => {
  for (const go of ["disconnect", "abort", "timeout", "message"]) {
    const flow = new Flow();
    let decide = () => {};
    const gate: Gate = {
      admit: (...asked) =>
        new Promise((resolve) => {
          decide = () => resolve(credulous.admit(...asked));
        }),
    };
    const alice = flow.connect(gate);
    alice.sends("HELLO", "realm1", SUBSCRIBER);
    if (go === "disconnect") alice.disconnects();
    if (go === "abort") alice.sends("ABORT", {}, "com.myapp.changed_my_mind");
    if (go === "timeout") flow.clock.advance(HELLO_TIMEOUT_MS);
    if (go === "message") alice.sends("SUBSCRIBE", 1, {}, "com.topic");
    // The gate's fault, of which the operator learns.
    if (go === "timeout") alice.isAborted("wamp.error.authentication_failed");
    if (go === "timeout") assert.equal(flow.log.errors.splice(0).length, 1);
    if (go === "message") alice.isAborted("wamp.error.protocol_violation");
    decide();
    await new Promise((resolve) => setTimeout(resolve));
    alice.receivesNothing();
    assert.equal(flow.realm.sessions.size, 0);
    assert.equal(flow.router.connectionCount, 0);
    assert.equal(flow.clock.pendingCount, 0);
    flow.ends();
  }
});

test("Session: a gate that fails aborts its own session only", async () => {
  const flow = new Flow();
  const throws: Gate = {
    admit: () => {
      throw new Error("broken");
    },
  };
  const rejects: Gate = { admit: () => Promise.reject(new Error("broken")) };
  const bystander = flow.join();
  for (const gate of [throws, rejects]) {
    const alice = flow.connect(gate);
    alice.sends("HELLO", "realm1", SUBSCRIBER);
    await new Promise((resolve) => setTimeout(resolve));
    alice.isAborted("wamp.error.runtime_error");
  }
  assert.equal(flow.log.errors.length, 2);
  bystander.subscribes("com.topic");
  bystander.receivesNothing();
});

test("Session: a fault behind a gate that waited is no unhandled rejection", async () => {
  const flow = new Flow();
  const gate: Gate = {
    admit: (...asked) => Promise.resolve(credulous.admit(...asked)),
  };
  flow.realm.role = () => {
    throw new Error("broken");
  };
  const alice = flow.connect(gate);
  alice.sends("HELLO", "realm1", SUBSCRIBER);
  await new Promise((resolve) => setTimeout(resolve));
  alice.isAborted("wamp.error.runtime_error");
});

test("Session: a fault of the router aborts the session that ran into it, and no other", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.subscribes("com.topic");
  const publicationId = flow.random.publicationId;
  flow.random.publicationId = () => {
    throw new Error("broken");
  };
  alice.publishes("com.topic");
  alice.isAborted("wamp.error.runtime_error");
  assert.equal(flow.log.errors.length, 1);
  flow.random.publicationId = publicationId;
  flow.join().publishes("com.topic");
  bob.receives("EVENT", ID, ID, {});
});

test("Session: GOODBYE is answered, and leaves the connection open for another session", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const first = alice.id;
  alice.subscribes("com.topic");
  alice.registers("com.procedure");
  alice.sends("GOODBYE", { "message": "bye" }, "wamp.close.close_realm");
  alice.receives("GOODBYE", {}, "wamp.close.goodbye_and_out");
  assert.equal(flow.realm.sessions.size, 1);
  assert.ok(alice.isConnected);

  alice.joins({ roles: BASIC_ROLES });
  assert.notEqual(alice.id, first);
  // Nothing is left of the first session, and request ids start anew.
  bob.publishes("com.topic");
  bob.calls("com.procedure");
  bob.receives("ERROR", 48, 2, {}, "wamp.error.no_such_procedure", EXPLAINED);
  alice.subscribes("com.topic");
  bob.publishes("com.topic");
  alice.receives("EVENT", ID, ID, {});
  alice.registers("com.procedure");
  bob.calls("com.procedure");
  assert.equal(alice.isInvoked().request, 1);
  flow.ends();
});

test("Session: a second session takes the features and identity of its own HELLO", () => {
  const flow = new Flow({ roles: ["one", "two"].map((name) => ({ name, allowByDefault: true })) });
  const alice = flow.join({ authrole: "one", authid: "first", roles: ALL_ROLES });
  const bob = flow.join({ authrole: "one" });
  alice.leaves();
  alice.joins({ authrole: "two", authid: "second", roles: BASIC_ROLES });
  const details = bob.calling("wamp.session.get", [alice.id]) as Record<string, unknown>;
  assert.equal(details["authid"], "second");
  assert.equal(details["authrole"], "two");
  alice.registers("com.procedure");
  bob.calls("com.procedure", { "receive_progress": true });
  assert.deepEqual(alice.isInvoked().details, {});
});

test("Session: a connection without HELLO is aborted after some time, also after GOODBYE", () => {
  const flow = new Flow();
  const alice = flow.connect();
  flow.clock.advance(HELLO_TIMEOUT_MS - 1);
  alice.receivesNothing();
  flow.clock.advance(1);
  alice.isAborted("wamp.error.protocol_violation");
  assert.equal(flow.router.connectionCount, 0);

  const bob = flow.join();
  flow.clock.advance(10 * HELLO_TIMEOUT_MS);
  bob.leaves();
  flow.clock.advance(HELLO_TIMEOUT_MS);
  bob.isAborted("wamp.error.protocol_violation");
  assert.equal(flow.clock.pendingCount, 0);
});

test("Session: a session that the router ends has time to say GOODBYE, and is not heard until then", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  carol.subscribes("com.topic");
  bob.subscribes("com.topic");
  alice.calling("wamp.session.kill", [bob.id]);
  bob.receives("GOODBYE", {}, "wamp.close.killed");
  assert.ok(bob.isConnected);
  // What crosses the GOODBYE on the wire is ignored; nothing is sent any more.
  bob.sends("PUBLISH", 2, {}, "com.topic");
  bob.sends("HELLO", "realm1", SUBSCRIBER);
  bob.sends("YIELD", 4711, {});
  alice.publishes("com.topic");
  carol.receives("EVENT", ID, ID, {});
  bob.receivesNothing();
  bob.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  bob.receivesNothing();
  assert.ok(!bob.isConnected);
  assert.equal(flow.router.connectionCount, 2);
  flow.ends();
});

test("Session: a peer that does not answer GOODBYE is disconnected after some time", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  alice.calling("wamp.session.kill", [bob.id]);
  bob.receives("GOODBYE", {}, "wamp.close.killed");
  flow.clock.advance(GOODBYE_TIMEOUT_MS - 1);
  assert.ok(bob.isConnected);
  flow.clock.advance(1);
  assert.ok(!bob.isConnected);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Session: a peer may abort in every state, and is not answered", () => {
  const flow = new Flow();
  const [before, established, killed] = [flow.connect(), flow.join(), flow.join()];
  established.subscribes("com.topic");
  flow.join().calling("wamp.session.kill", [killed.id]);
  killed.receives("GOODBYE", {}, "wamp.close.killed");
  for (const peer of [before, established, killed]) {
    peer.sends("ABORT", { "message": "no" }, "com.myapp.tired", ["why"], { "k": 1 });
    assert.ok(!peer.isConnected);
  }
  assert.equal(flow.realm.sessions.size, 1);
  assert.equal([...flow.realm.broker.subscriptions].length, 0);
  flow.ends();
});

test("Session: a connection may be lost in every state", () => {
  const flow = new Flow();
  const [before, established, killed] = [flow.connect(), flow.join(), flow.join()];
  flow.join().calling("wamp.session.kill", [killed.id]);
  killed.receives("GOODBYE", {}, "wamp.close.killed");
  for (const peer of [before, established, killed]) peer.disconnects();
  assert.equal(flow.realm.sessions.size, 1);
  assert.equal(flow.router.connectionCount, 1);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Router: shutdown says GOODBYE to every session and resolves when all connections are gone", async () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.connect()];
  let isOver = false;
  const over = flow.router.shutdown("wamp.close.system_shutdown", 3_000).then(() => isOver = true);
  for (const peer of [alice, bob]) peer.receives("GOODBYE", {}, "wamp.close.system_shutdown");
  carol.receives("ABORT", {}, "wamp.close.system_shutdown");
  alice.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  await Promise.resolve();
  assert.ok(!isOver);
  bob.disconnects();
  await over;
  assert.equal(flow.router.connectionCount, 0);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Router: shutdown waits no longer than it was told", async () => {
  const flow = new Flow();
  const alice = flow.join();
  const over = flow.router.shutdown("wamp.close.system_shutdown", 3_000);
  flow.clock.advance(3_000);
  await over;
  alice.receives("GOODBYE", {}, "wamp.close.system_shutdown");
  await new Flow().router.shutdown("wamp.close.system_shutdown", 3_000);
});

test("Router: a realm that is removed says GOODBYE to its sessions, and nobody joins it any more", () => {
  const flow = new Flow();
  flow.router.addRealm({ name: "realm2", roles: [{ name: "anyone", allowByDefault: true }] });
  const [alice, bob] = [flow.join(), flow.join({ realm: "realm2" })];
  alice.subscribes("com.topic");
  bob.publishes("com.topic");
  flow.router.removeRealm("realm2", "wamp.close.close_realm");
  flow.router.removeRealm("realm3", "wamp.close.close_realm");
  bob.receives("GOODBYE", {}, "wamp.close.close_realm");
  const carol = flow.connect();
  carol.sends("HELLO", "realm2", SUBSCRIBER);
  carol.isAborted("wamp.error.no_such_realm");
  assert.deepEqual([...flow.router.realms].map((realm) => realm.name), ["realm1"]);
  flow.ends();
});

test("Router: realms must have valid names of their own, and roles, too", () => {
  const flow = new Flow();
  assert.throws(() => flow.router.addRealm({ name: "realm1", roles: [] }), /one of that name/);
  assert.throws(() => flow.router.addRealm({ name: "my realm", roles: [] }), /no valid URI/);
  const twice = { name: "realm2", roles: [{ name: "a" }, { name: "a" }] };
  assert.throws(() => flow.router.addRealm(twice), /one of that name/);
  assert.throws(() => flow.router.addRealm({ name: "realm3", roles: [{ name: "trusted" }] }));
  assert.equal(flow.router.realm("realm1"), flow.realm);
  assert.equal(flow.router.realm("realm2"), undefined);
});
