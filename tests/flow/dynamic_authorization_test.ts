import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthorizerOptions } from "../../router/authorizer.ts";
import type { Action, RoleOptions } from "../../router/permission.ts";
import type { RealmOptions } from "../../router/realm.ts";
import type { Dict } from "../../wamp/message.ts";
import { ALL_ROLES, ANY, EXPLAINED, Flow, ID, type Identity, type Peer } from "../kit/flow_kit.ts";

/** What an authorizer was asked; `answers` lets it answer. */
class Asked {
  readonly session: Dict;
  readonly uri: string;
  readonly action: Action;
  readonly options: Dict;
  readonly answers: (answer: unknown) => Promise<void>;
  readonly fails: (cause: Error) => Promise<void>;

  constructor(
    [session, uri, action, options]: [Dict, string, Action, Dict],
    resolve: (answer: unknown) => void,
    reject: (cause: Error) => void,
  ) {
    this.session = session;
    this.uri = uri;
    this.action = action;
    this.options = options;
    this.answers = (answer) => (resolve(answer), turn());
    this.fails = (cause) => (reject(cause), turn());
  }
}

/** Promises have run by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A realm whose role "guest" asks; "anyone" may do everything. */
class Dynamic {
  readonly asked: Asked[] = [];
  readonly flow: Flow;

  constructor(
    options: Partial<AuthorizerOptions> = {},
    realm: Partial<RealmOptions> = {},
    guest = {},
  ) {
    const authorize = (...question: [Dict, string, Action, Dict]) =>
      new Promise((resolve, reject) => {
        this.asked.push(new Asked(question, resolve, reject));
      });
    this.flow = new Flow({
      roles: [
        { name: "anyone", allowByDefault: true },
        { name: "guest", authorizer: { authorize, ...options }, ...guest } satisfies RoleOptions,
      ],
      ...realm,
    });
  }

  guest(identity: Identity = {}): Peer {
    return this.flow.join({ authrole: "guest", authid: "joe", ...identity });
  }

  /** The next question. */
  next(action: Action, uri: string): Asked {
    const asked = this.asked.shift();
    assert.deepEqual([asked?.action, asked?.uri], [action, uri]);
    return asked as Asked;
  }

  ends(): void {
    assert.deepEqual(this.asked, []);
    this.flow.ends();
    assert.equal(this.flow.clock.pendingCount, 0, "timers are left");
  }
}

/** An authorizer that answers at once. */
function instant(answer: (uri: string, action: Action, options: Dict) => unknown): {
  readonly flow: Flow;
  readonly questions: string[];
} {
  const questions: string[] = [];
  const authorize = (_session: Dict, uri: string, action: Action, options: Dict) => {
    questions.push(`${action} ${uri}`);
    return answer(uri, action, options);
  };
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", authorizer: { authorize } },
    ],
  });
  return { flow, questions };
}

test("Authorizer: each action is asked for with session, URI, action and options, and waits for the answer [WAMP authorization]", async () => {
  const dynamic = new Dynamic();
  const { flow } = dynamic;
  const alice = dynamic.guest();
  const bob = flow.join();
  bob.subscribes("com.topic");
  bob.registers("com.procedure");

  alice.publishes("com.topic", { "acknowledge": true }, ["hello"]);
  alice.receivesNothing();
  bob.receivesNothing();
  const asked = dynamic.next("publish", "com.topic");
  assert.equal(asked.session["session"], alice.id);
  assert.equal(asked.session["authid"], "joe");
  assert.equal(asked.session["authrole"], "guest");
  assert.equal(asked.session["realm"], "realm1");
  assert.deepEqual(asked.options, { "acknowledge": true });
  await asked.answers(true);
  bob.receives("EVENT", ID, ID, {}, ["hello"]);
  alice.receives("PUBLISHED", 1, ID);

  alice.calls("com.procedure", {}, [7]);
  await dynamic.next("call", "com.procedure").answers({ "allow": true });
  const invoked = bob.isInvoked();
  assert.deepEqual(invoked.args, [7]);
  bob.yields(invoked, {}, [8]);
  alice.receives("RESULT", 2, {}, [8]);

  alice.sends("SUBSCRIBE", 3, { "match": "prefix" }, "com.");
  const pattern = dynamic.next("subscribe", "com.");
  assert.deepEqual(pattern.options, { "match": "prefix" });
  await pattern.answers(true);
  alice.receives("SUBSCRIBED", 3, ID);

  alice.sends("REGISTER", 4, {}, "com.mine");
  await dynamic.next("register", "com.mine").answers(true);
  alice.receives("REGISTERED", 4, ID);
  dynamic.ends();
});

test("Authorizer: a refusal is wamp.error.not_authorized, and an unacknowledged publication vanishes", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.subscribes("com.x");
  for (const answer of [false, { "allow": false }, { "allow": false, "disclose": true }]) {
    alice.publishes("com.x");
    await dynamic.next("publish", "com.x").answers(answer);
    const request = alice.publishes("com.x", { "acknowledge": true });
    await dynamic.next("publish", "com.x").answers(answer);
    alice.receives("ERROR", 16, request, {}, "wamp.error.not_authorized", EXPLAINED);
  }
  const types: [Action, string, number][] = [["call", "CALL", 48], ["register", "REGISTER", 64], [
    "subscribe",
    "SUBSCRIBE",
    32,
  ]];
  for (const [action, type, code] of types) {
    alice.sends(type, ++alice.request, {}, "com.x");
    await dynamic.next(action, "com.x").answers(false);
    alice.receives("ERROR", code, alice.request, {}, "wamp.error.not_authorized", EXPLAINED);
  }
  dynamic.ends();
});

test("Authorizer: what is no answer is wamp.error.authorization_failed, and is not remembered", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const nonsense = [
    undefined,
    null,
    1,
    "true",
    [],
    [true],
    {},
    { "allow": 1 },
    { "allow": "yes" },
    { "disclose": true },
    { "allow": true, "cached": true },
    { "allow": true, "cache": 1 },
    { "allow": true, "disclose": "never" },
    { "allow": true, "cache": true, "validate": "com.schema" },
    { "allow": true, "cache": true, "validate": { "call": "unknown" } },
    { "allow": true, "cache": true, "validate": { "calls": "unknown" } },
  ];
  for (const answer of nonsense) {
    const request = alice.calls("com.x");
    await dynamic.next("call", "com.x").answers(answer);
    alice.receives("ERROR", 48, request, {}, "wamp.error.authorization_failed", EXPLAINED);
  }
  assert.equal(dynamic.flow.log.warnings.length, 1, "once a second is enough for a log");
  dynamic.flow.clock.advance(1000);
  const request = alice.calls("com.x");
  await dynamic.next("call", "com.x").fails(new Error("secret of the database"));
  const error = alice.receives("ERROR", 48, request, {}, "wamp.error.authorization_failed", ANY);
  const told = dynamic.flow.log.warnings[1];
  assert.equal(told?.["problem"], "secret of the database");
  assert.equal(told?.["more"], nonsense.length - 1);
  assert.ok(
    !JSON.stringify(error).includes("secret"),
    "what failed inside is not the peer's to know",
  );
  dynamic.ends();
});

test("Authorizer: one that throws, and one that does not answer in time, fail", async () => {
  const dynamic = new Dynamic({ timeoutMs: 300 });
  const alice = dynamic.guest();
  alice.sends("SUBSCRIBE", 1, {}, "com.x");
  const late = dynamic.next("subscribe", "com.x");
  dynamic.flow.clock.advance(299);
  alice.receivesNothing();
  dynamic.flow.clock.advance(1);
  alice.receives("ERROR", 32, 1, {}, "wamp.error.authorization_failed", EXPLAINED);
  await late.answers({ "allow": true, "cache": true });
  alice.sends("SUBSCRIBE", 2, {}, "com.x");
  await dynamic.next("subscribe", "com.x").answers(true);
  alice.receives("SUBSCRIBED", 2, ID);
  alice.request = 2;
  dynamic.ends();

  const { flow } = instant(() => {
    throw new Error("broken");
  });
  const bob = flow.join({ authrole: "guest" });
  bob.sends("REGISTER", 1, {}, "com.x");
  bob.receives("ERROR", 64, 1, {}, "wamp.error.authorization_failed", EXPLAINED);
  flow.ends();
});

test("Authorizer: messages of a session that waits keep their order, arguments included, and other sessions go on", async () => {
  const dynamic = new Dynamic();
  for (const format of ["json", "msgpack", "cbor"] as const) {
    const alice = dynamic.guest({ format });
    const [bob, carol] = [dynamic.flow.join(), dynamic.flow.join({ format })];
    const topic = bob.subscribes("com.topic");
    bob.registers("com.procedure");
    alice.publishes("com.topic", {}, [1]);
    alice.calls("com.procedure", {}, [2]);
    alice.publishes("com.topic", { "acknowledge": true }, [3], { "k": "v" });
    bob.receivesNothing();
    carol.publishes("com.topic", {}, ["meanwhile"]);
    bob.receives("EVENT", topic, ID, {}, ["meanwhile"]);

    await dynamic.next("publish", "com.topic").answers(true);
    bob.receives("EVENT", topic, ID, {}, [1]);
    bob.receivesNothing();
    await dynamic.next("call", "com.procedure").answers(true);
    const invoked = bob.isInvoked();
    assert.deepEqual(invoked.args, [2]);
    bob.receivesNothing();
    await dynamic.next("publish", "com.topic").answers(true);
    bob.receives("EVENT", topic, ID, {}, [3], { "k": "v" });
    alice.receives("PUBLISHED", 3, ID);
    bob.yields(invoked);
    alice.receives("RESULT", 2, {});
    for (const peer of [alice, bob, carol]) peer.disconnects();
  }
  dynamic.ends();
});

test("Authorizer: GOODBYE waits behind what was sent before it, and the connection may join anew", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.subscribes("com.topic");
  alice.publishes("com.topic", {}, [1]);
  alice.sends("GOODBYE", {}, "wamp.close.close_realm");
  alice.receivesNothing();
  await dynamic.next("publish", "com.topic").answers(true);
  bob.receives("EVENT", ID, ID, {}, [1]);
  alice.receives("GOODBYE", {}, "wamp.close.goodbye_and_out");
  alice.joins({ authrole: "guest", authid: "jane" });
  alice.publishes("com.topic", {}, [2]);
  const asked = dynamic.next("publish", "com.topic");
  assert.equal(asked.session["authid"], "jane");
  await asked.answers(true);
  bob.receives("EVENT", ID, ID, {}, [2]);
  alice.leaves();
  bob.leaves();
  // Whoever does not say HELLO again is given up.
  alice.disconnects();
  bob.disconnects();
  dynamic.ends();
});

test("Authorizer: a session that has gone, or was killed, gets nothing of what waited, and leaves nothing behind", async () => {
  const dynamic = new Dynamic();
  const bob = dynamic.flow.join();
  bob.subscribes("com.topic");
  const leave: ((alice: Peer) => void)[] = [
    (alice) => alice.disconnects(),
    (alice) => alice.sends("ABORT", {}, "wamp.close.normal"),
    (alice) => {
      bob.calls("wamp.session.kill", {}, [alice.id]);
      bob.receives("RESULT", bob.request, {});
      alice.receives("GOODBYE", {}, "wamp.close.killed");
      alice.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
    },
  ];
  for (const leaves of leave) {
    const alice = dynamic.guest();
    alice.publishes("com.topic");
    alice.publishes("com.topic");
    const asked = dynamic.next("publish", "com.topic");
    leaves(alice);
    await asked.answers({ "allow": true, "cache": true });
    alice.receivesNothing();
  }
  dynamic.ends();
});

test("Authorizer: an answer to cache holds for the session, the action, the URI and the match alone, and for no other authid", async () => {
  const dynamic = new Dynamic();
  const [alice, other] = [dynamic.guest({ authid: "alice" }), dynamic.guest({ authid: "other" })];
  alice.publishes("com.x");
  await dynamic.next("publish", "com.x").answers({ "allow": true, "cache": true });
  alice.publishes("com.x", { "acknowledge": true });
  alice.receives("PUBLISHED", 2, ID);
  // Another session, of the same authid or not.
  for (const peer of [other, dynamic.guest({ authid: "alice" })]) {
    peer.publishes("com.x", { "acknowledge": true });
    await dynamic.next("publish", "com.x").answers(false);
    peer.receives("ERROR", 16, 1, {}, "wamp.error.not_authorized", EXPLAINED);
  }
  // Another action, another URI.
  alice.sends("SUBSCRIBE", 3, {}, "com.x");
  await dynamic.next("subscribe", "com.x").answers({ "allow": true, "cache": true });
  alice.receives("SUBSCRIBED", 3, ID);
  alice.sends("PUBLISH", 4, { "acknowledge": true }, "com.x.y");
  await dynamic.next("publish", "com.x.y").answers(false);
  alice.receives("ERROR", 16, 4, {}, "wamp.error.not_authorized", EXPLAINED);
  // Another match policy.
  alice.sends("SUBSCRIBE", 5, { "match": "prefix" }, "com.x");
  await dynamic.next("subscribe", "com.x").answers(false);
  alice.receives("ERROR", 32, 5, {}, "wamp.error.not_authorized", EXPLAINED);
  // Refusals are cached as well.
  alice.sends("CALL", 6, {}, "com.x");
  await dynamic.next("call", "com.x").answers({ "allow": false, "cache": true });
  alice.receives("ERROR", 48, 6, {}, "wamp.error.not_authorized", EXPLAINED);
  alice.sends("CALL", 7, {}, "com.x");
  alice.receives("ERROR", 48, 7, {}, "wamp.error.not_authorized", EXPLAINED);
  dynamic.ends();
});

test("Authorizer: wamp.authorization.x_forget forgets what was cached, by session, authid, authrole, URI and action", async () => {
  const dynamic = new Dynamic();
  const [alice, other, bob] = [
    dynamic.guest({ authid: "alice" }),
    dynamic.guest({ authid: "other" }),
    dynamic.flow.join(),
  ];
  const learn = async (peer: Peer) => {
    for (const topic of ["com.x", "com.y"]) {
      peer.publishes(topic);
      await dynamic.next("publish", topic).answers({ "allow": true, "cache": true });
    }
  };
  await learn(alice);
  await learn(other);
  const forget = (kwargs: Dict) => bob.calling("wamp.authorization.x_forget", [], kwargs);
  for (const nothing of [{ "authid": "nobody" }, { "action": "call" }, { "uri": "com." }]) {
    assert.equal(forget(nothing), 0);
  }
  assert.equal(forget({ "authid": "alice", "uri": "com.x", "action": "publish" }), 1);
  alice.publishes("com.y");
  alice.publishes("com.x");
  await dynamic.next("publish", "com.x").answers({ "allow": true, "cache": true });
  other.publishes("com.x");
  assert.equal(forget({ "session": other.id }), 2);
  other.publishes("com.x");
  await dynamic.next("publish", "com.x").answers({ "allow": true, "cache": true });
  assert.equal(forget({ "authrole": "guest" }), 3);
  // What is wrong forgets nothing.
  await learn(alice);
  const wrong: [unknown[], Dict][] = [
    [["alice"], {}],
    [[], { "authids": "x" }],
    [[], {
      "action": "write",
    }],
    [[], { "session": "1" }],
    [[], { "uri": 1 }],
  ];
  for (const [args, kwargs] of wrong) {
    const request = bob.calls("wamp.authorization.x_forget", {}, args, kwargs);
    bob.receives("ERROR", 48, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  // An answer to a question from before is used once.
  alice.calls("com.proc");
  const early = dynamic.next("call", "com.proc");
  assert.equal(forget({}), 2);
  await early.answers({ "allow": true, "cache": true });
  alice.receives("ERROR", 48, alice.request, {}, "wamp.error.no_such_procedure", EXPLAINED);
  alice.calls("com.proc");
  await dynamic.next("call", "com.proc").answers(false);
  alice.receives("ERROR", 48, alice.request, {}, "wamp.error.not_authorized", EXPLAINED);
  dynamic.ends();
});

test("Authorizer: x_forget needs the permission to call it", () => {
  const flow = new Flow({ roles: [{ name: "anyone" }] });
  const alice = flow.join();
  alice.calls("wamp.authorization.x_forget");
  alice.receives("ERROR", 48, 1, {}, "wamp.error.not_authorized", EXPLAINED);
  flow.ends();
});

test("Authorizer: a session inside the process that asks a parked session is answered past what waits [WAMP authorization]", async () => {
  const dynamic = new Dynamic();
  // Plays the authorizer's procedure, under the role that it decides about.
  const alice = dynamic.guest();
  const inside = dynamic.flow.join({ authrole: "trusted" });
  alice.sends("REGISTER", ++alice.request, {}, "com.authorize");
  await dynamic.next("register", "com.authorize").answers(true);
  alice.receives("REGISTERED", 1, ID);
  alice.publishes("com.topic", { "acknowledge": true });
  const waiting = dynamic.next("publish", "com.topic");
  inside.calls("com.authorize", {}, ["publish", "com.topic"]);
  const invoked = alice.isInvoked();
  alice.yields(invoked, {}, [true]);
  inside.receives("RESULT", 1, {}, [true]);
  await waiting.answers(true);
  alice.receives("PUBLISHED", 2, ID);
  // An answer to anybody else keeps its place.
  const bob = dynamic.flow.join();
  bob.calls("com.authorize");
  const other = alice.isInvoked();
  alice.publishes("com.topic");
  alice.yields(other, {}, [false]);
  bob.receivesNothing();
  await dynamic.next("publish", "com.topic").answers(true);
  bob.receives("RESULT", 1, {}, [false]);
  dynamic.ends();
});

test("Authorizer: disclosure is what the answer says, else what the peer asks", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.subscribes("com.topic");
  bob.registers("com.procedure");
  const who = { "publisher": alice.id, "publisher_authid": "joe", "publisher_authrole": "guest" };
  alice.publishes("com.topic");
  await dynamic.next("publish", "com.topic").answers({ "allow": true, "disclose": true });
  bob.receives("EVENT", ID, ID, who);
  alice.publishes("com.topic", { "disclose_me": true });
  await dynamic.next("publish", "com.topic").answers({ "allow": true, "disclose": false });
  bob.receives("EVENT", ID, ID, who);
  alice.publishes("com.topic");
  await dynamic.next("publish", "com.topic").answers({ "allow": true, "disclose": false });
  bob.receives("EVENT", ID, ID, {});
  alice.calls("com.procedure");
  await dynamic.next("call", "com.procedure").answers({ "allow": true, "disclose": true });
  assert.equal(bob.isInvoked().details["caller_authid"], "joe");
  dynamic.ends();
});

test("Authorizer: names of the protocol and of the node are not asked for, and refused", () => {
  const { flow, questions } = instant(() => true);
  const alice = flow.join({ authrole: "guest" });
  for (const uri of ["wamp.x", "crossbar.x", "crossbar"]) {
    alice.sends("REGISTER", ++alice.request, {}, uri);
    alice.receives("ERROR", 64, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
    alice.publishes(uri, { "acknowledge": true });
    alice.receives("ERROR", 16, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
    alice.publishes(uri);
  }
  assert.deepEqual(questions, []);
  alice.sends("CALL", ++alice.request, {}, "wamp.session.count");
  alice.receives("RESULT", alice.request, {}, [1]);
  assert.deepEqual(questions, ["call wamp.session.count"]);
  flow.ends();
});

test("Authorizer: of a pattern's topics each is asked for once, at its first event, which keeps its place [WAMP authorization]", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const [bob, carol] = [dynamic.flow.join(), dynamic.flow.join()];
  alice.sends("SUBSCRIBE", 1, { "match": "prefix" }, "com.");
  await dynamic.next("subscribe", "com.").answers(true);
  const id = alice.receives("SUBSCRIBED", 1, ID)[2] as number;
  alice.sends("SUBSCRIBE", 2, {}, "org.exact");
  await dynamic.next("subscribe", "org.exact").answers(true);
  const exact = alice.receives("SUBSCRIBED", 2, ID)[2] as number;
  carol.subscribes("com.", { "match": "prefix" });

  bob.publishes("com.public", {}, [1]);
  bob.publishes("com.secret", {}, [2]);
  bob.publishes("org.exact", {}, [3]);
  bob.publishes("com.public", {}, [4]);
  for (const [topic, value] of [["com.public", 1], ["com.secret", 2], ["com.public", 4]]) {
    carol.receives("EVENT", id, ID, { "topic": topic }, [value]);
  }
  const asked = dynamic.next("subscribe", "com.public");
  assert.deepEqual(asked.options, {});
  const secret = dynamic.next("subscribe", "com.secret");
  await asked.answers(true);
  alice.receives("EVENT", id, ID, { "topic": "com.public" }, [1]);
  alice.receivesNothing();
  await secret.answers(false);
  alice.receives("EVENT", exact, ID, {}, [3]);
  alice.receives("EVENT", id, ID, { "topic": "com.public" }, [4]);
  // Known by now, whatever the answers said of caching.
  bob.publishes("com.secret");
  bob.publishes("com.public", {}, [5]);
  alice.receives("EVENT", id, ID, { "topic": "com.public" }, [5]);
  carol.receives("EVENT", id, ID, { "topic": "com.secret" });
  carol.receives("EVENT", id, ID, { "topic": "com.public" }, [5]);
  // Until they are forgotten.
  assert.equal(bob.calling("wamp.authorization.x_forget", [], { "action": "subscribe" }), 2);
  bob.publishes("com.public", {}, [6]);
  carol.receives("EVENT", id, ID, { "topic": "com.public" }, [6]);
  await dynamic.next("subscribe", "com.public").answers(false);
  dynamic.ends();
});

test("Authorizer: events for nobody, or for others, are not asked for; those held are dropped with their subscription", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  alice.sends("SUBSCRIBE", 1, { "match": "prefix" }, "com.");
  await dynamic.next("subscribe", "com.").answers(true);
  const id = alice.receives("SUBSCRIBED", 1, ID)[2] as number;
  bob.publishes("com.x", { "exclude": [alice.id] });
  bob.publishes("com.x", { "eligible_authid": ["nobody"] });
  bob.publishes("com.x", {}, [1]);
  const asked = dynamic.next("subscribe", "com.x");
  alice.sends("UNSUBSCRIBE", 2, id);
  alice.receives("UNSUBSCRIBED", 2);
  await asked.answers(true);
  dynamic.ends();
});

test("Authorizer: a publication that waits for its delivery does not wait for who may not receive it", async () => {
  const dynamic = new Dynamic();
  const roles = {
    ...ALL_ROLES,
    "subscriber": { "features": { "x_acknowledged_event_delivery": true } },
  };
  const alice = dynamic.guest({ roles });
  const bob = dynamic.flow.join();
  alice.sends("SUBSCRIBE", 1, { "match": "prefix" }, "com.");
  await dynamic.next("subscribe", "com.").answers(true);
  const id = alice.receives("SUBSCRIBED", 1, ID)[2] as number;
  const options = { "acknowledge": true, "x_acknowledged_delivery": true };
  for (const isPermitted of [true, false]) {
    const topic = `com.${isPermitted}`;
    bob.publishes(topic, options);
    bob.receivesNothing();
    await dynamic.next("subscribe", topic).answers(isPermitted);
    if (isPermitted) {
      const publication = alice.receives("EVENT", id, ID, ANY)[2];
      bob.receivesNothing();
      alice.sends("EVENT_RECEIVED", publication);
    }
    bob.receives("PUBLISHED", bob.request, ID);
  }
  // By now it is known.
  bob.publishes("com.false", options);
  bob.receives("PUBLISHED", bob.request, ID);
  dynamic.ends();
});

test("Authorizer: a role's trust level goes with what is allowed", async () => {
  const dynamic = new Dynamic({}, {}, { trustlevel: 3 });
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.subscribes("com.topic");
  alice.publishes("com.topic");
  await dynamic.next("publish", "com.topic").answers(true);
  bob.receives("EVENT", ID, ID, { "trustlevel": 3 });
  dynamic.ends();
});

test("Authorizer: retained events of a pattern are asked for one by one and come before later ones", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  for (const topic of ["com.a", "com.b"]) bob.publishes(topic, { "retain": true }, [topic]);
  alice.sends("SUBSCRIBE", 1, { "match": "prefix", "get_retained": true }, "com.");
  await dynamic.next("subscribe", "com.").answers(true);
  const id = alice.receives("SUBSCRIBED", 1, ID)[2] as number;
  bob.publishes("com.a", {}, ["new"]);
  const [a, b] = [dynamic.next("subscribe", "com.a"), dynamic.next("subscribe", "com.b")];
  await b.answers(false);
  await a.answers(true);
  alice.receives("EVENT", id, ID, { "topic": "com.a", "retained": true }, ["com.a"]);
  alice.receives("EVENT", id, ID, { "topic": "com.a" }, ["new"]);
  dynamic.ends();
});

test("Authorizer: testaments and recorded events are asked for as publications and subscriptions", async () => {
  const history = { uri: "com.", match: "prefix", limit: 10 } as const;
  const dynamic = new Dynamic({}, { eventHistory: [history] });
  const bob = dynamic.flow.join();
  const id = bob.calling("wamp.subscription.lookup", ["com.", { "match": "prefix" }]) as number;
  bob.publishes("com.public");
  bob.publishes("com.secret");
  const alice = dynamic.guest();
  const read = alice.calls("wamp.subscription.get_events", {}, [id]);
  await dynamic.next("call", "wamp.subscription.get_events").answers(true);
  const pattern = dynamic.next("subscribe", "com.");
  assert.deepEqual(pattern.options, { "match": "prefix" });
  await pattern.answers(true);
  await dynamic.next("subscribe", "com.public").answers(true);
  alice.receivesNothing();
  await dynamic.next("subscribe", "com.secret").answers(false);
  const [, , , args] = alice.receives("RESULT", read, {}, ANY);
  const events = (args as [Dict[]])[0];
  assert.deepEqual(events.map((event) => (event["details"] as Dict)["topic"]), ["com.public"]);

  const add = (topic: string) =>
    alice.calls("wamp.session.add_testament", {}, [topic, ["gone"], {}]);
  const refused = add("com.will");
  await dynamic.next("call", "wamp.session.add_testament").answers({
    "allow": true,
    "cache": true,
  });
  await dynamic.next("publish", "com.will").answers(false);
  alice.receives("ERROR", 48, refused, {}, "wamp.error.not_authorized", EXPLAINED);
  const added = add("com.will");
  await dynamic.next("publish", "com.will").answers({ "allow": true, "disclose": true });
  alice.receives("RESULT", added, {});
  bob.subscribes("com.will");
  alice.disconnects();
  bob.receives(
    "EVENT",
    ID,
    ID,
    { "publisher": alice.id, "publisher_authid": "joe", "publisher_authrole": "guest" },
    ["gone"],
  );
  dynamic.ends();
});

test("Authorizer: later parts of a call belong to what was allowed", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.registers("com.upload");
  alice.sends("CALL", 1, { "progress": true }, "com.upload", [1]);
  alice.sends("CALL", 1, { "progress": true }, "com.upload", [2]);
  await dynamic.next("call", "com.upload").answers(true);
  alice.sends("CALL", 1, {}, "com.upload", [3]);
  const parts = [bob.isInvoked(), bob.isInvoked(), bob.isInvoked()];
  assert.deepEqual(parts.map((part) => part.args), [[1], [2], [3]]);
  bob.yields(parts[0] as typeof parts[number], {}, ["done"]);
  alice.receives("RESULT", 1, {}, ["done"]);
  dynamic.ends();
});

test("Authorizer: CANCEL finds the call that waited before it", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.registers("com.slow");
  alice.calls("com.slow");
  alice.sends("CANCEL", 1, {});
  await dynamic.next("call", "com.slow").answers(true);
  const invoked = bob.isInvoked();
  bob.receives("INTERRUPT", invoked.request, {
    "mode": "killnowait",
    "reason": "wamp.error.canceled",
  });
  alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  dynamic.ends();
});

test("Authorizer: a call that waits for a callee keeps what it was allowed", async () => {
  const dynamic = new Dynamic({}, { callQueue: { limit: 1 } });
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  bob.registers("com.busy", { "concurrency": 1 });
  alice.calls("com.busy");
  await dynamic.next("call", "com.busy").answers({ "allow": true, "disclose": true });
  const first = bob.isInvoked();
  alice.calls("com.busy");
  await dynamic.next("call", "com.busy").answers({ "allow": true, "disclose": true });
  bob.receivesNothing();
  bob.yields(first);
  alice.receives("RESULT", 1, {});
  assert.equal(bob.isInvoked().details["caller_authid"], "joe");
  dynamic.ends();
});

test("Authorizer: who sends on and on while it waits is read no further, until all went on", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  const bob = dynamic.flow.join();
  const id = bob.subscribes("com.topic");
  for (let i = 0; i < 300; i++) alice.publishes("com.topic", {}, [i]);
  assert.equal(alice.transport.isPaused, true);
  await dynamic.next("publish", "com.topic").answers({ "allow": true, "cache": true });
  assert.equal(alice.transport.isPaused, false);
  for (let i = 0; i < 300; i++) bob.receives("EVENT", id, ID, {}, [i]);
  // Who may be the authorizer is heard for longer.
  const server = dynamic.guest();
  server.sends("REGISTER", ++server.request, {}, "com.authorize");
  await dynamic.next("register", "com.authorize").answers(true);
  server.receives("REGISTERED", 1, ID);
  for (let i = 0; i < 300; i++) server.publishes("com.topic", {}, [i]);
  assert.equal(server.transport.isPaused, false);
  server.disconnects();
  dynamic.next("publish", "com.topic");
  // By their bytes, too.
  const large = "x".repeat(600_000);
  alice.calls("com.none");
  alice.publishes("com.other", {}, [large]);
  assert.equal(alice.transport.isPaused, false);
  alice.publishes("com.other", {}, [large]);
  assert.equal(alice.transport.isPaused, true);
  // A transport that cannot stop: the session ends before the memory does.
  for (let i = 0; i < 120 && alice.isConnected; i++) alice.publishes("com.other", {}, [large]);
  alice.isAborted("realmway.error.limit_exceeded");
  assert.equal(alice.transport.isPaused, false);
  dynamic.next("call", "com.none");
  dynamic.ends();
});

test("Authorizer: what breaks the protocol while it waits ends the session when its turn comes", async () => {
  const dynamic = new Dynamic();
  const alice = dynamic.guest();
  alice.publishes("com.x");
  alice.sends("PUBLISH", 1, {}, "com.x");
  const asked = dynamic.next("publish", "com.x");
  await asked.answers({ "allow": true, "cache": true });
  alice.isAborted("wamp.error.protocol_violation");
  dynamic.ends();
});

test("Authorizer: one that answers at once parks nothing", () => {
  const { flow, questions } = instant((uri) => uri.startsWith("com.public."));
  const alice = flow.join({ authrole: "guest" });
  const bob = flow.join();
  const id = bob.subscribes("com.public.x");
  alice.publishes("com.public.x", {}, [1]);
  bob.receives("EVENT", id, ID, {}, [1]);
  alice.publishes("com.x", { "acknowledge": true });
  alice.receives("ERROR", 16, 2, {}, "wamp.error.not_authorized", EXPLAINED);
  const all = alice.subscribes("com.public.", { "match": "prefix" });
  bob.publishes("com.public.y");
  alice.receives("EVENT", all, ID, { "topic": "com.public.y" });
  assert.deepEqual(questions, [
    "publish com.public.x",
    "publish com.x",
    "subscribe com.public.",
    "subscribe com.public.y",
  ]);
  flow.ends();
});
