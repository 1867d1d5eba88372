import assert from "node:assert/strict";
import { test } from "node:test";
import { ALLOW_ALL } from "../../router/permission.ts";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const TOPIC = "com.myapp.temperature";
const RETAIN = { "retain": true };
const GET = { "get_retained": true };
const RETAINED = { "retained": true };

/** Subscribes anew, and takes the retained events that come of it: their topics (of patterns) and arguments. */
function retained(peer: Peer, topic = TOPIC, match = "exact"): unknown[] {
  const subscription = peer.subscribes(topic, { ...GET, "match": match });
  const events = peer.transport.sent.splice(0).map((wire) => {
    const [name, id, , details, args] = wire;
    const { retained, topic } = details as Record<string, unknown>;
    assert.deepEqual([name, id, retained], ["EVENT", subscription, true]);
    return match === "exact" ? args : [topic, args];
  });
  peer.unsubscribes(subscription);
  return events;
}

test("Broker: a subscriber that asks gets the retained event at once, marked as such [WAMP pubsub_event_retention]", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const subscription = carol.subscribes(TOPIC);
  alice.publishes(TOPIC, { ...RETAIN, "acknowledge": true, "disclose_me": true }, [21.5], {
    "unit": "°C",
  });
  const publication = alice.receives("PUBLISHED", 1, ID)[2];
  const publisher = {
    "publisher": alice.id,
    "publisher_authid": "somebody",
    "publisher_authrole": "anyone",
  };
  carol.receives("EVENT", subscription, publication, publisher, [21.5], { "unit": "°C" });
  assert.equal(bob.subscribes(TOPIC, GET), subscription);
  const details = { ...publisher, ...RETAINED };
  bob.receives("EVENT", subscription, publication, details, [21.5], { "unit": "°C" });
  // Asked again, told again; not asked, not told.
  bob.subscribes(TOPIC, GET);
  bob.receives("EVENT", subscription, publication, details, [21.5], { "unit": "°C" });
  bob.subscribes(TOPIC);
  carol.subscribes(TOPIC, { "get_retained": false });
  flow.ends();
});

test("Broker: the latest retained event is kept, whatever is published without retain", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  alice.publishes(TOPIC, {}, ["before"]);
  assert.deepEqual(retained(bob), []);
  alice.publishes(TOPIC, RETAIN, [1]);
  alice.publishes(TOPIC, RETAIN, [2]);
  alice.publishes(TOPIC, { "retain": false }, [3]);
  alice.publishes(TOPIC, {}, [4]);
  alice.publishes("com.myapp.other", RETAIN, [5]);
  assert.deepEqual(retained(bob), [[2]]);
  alice.disconnects();
  assert.deepEqual(retained(bob), [[2]]);
  flow.ends();
});

test("Broker: subscribers by pattern get the retained event of every topic that matches, in the order of publication", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  for (const topic of ["com.a.x", "com.b.y", "com.c.x", "org.d.x", "com.x"]) {
    alice.publishes(topic, RETAIN, [topic]);
  }
  alice.publishes("com.a.x", RETAIN, ["again"]);
  assert.deepEqual(retained(bob, "com.", "prefix"), [
    ["com.b.y", ["com.b.y"]],
    ["com.c.x", ["com.c.x"]],
    ["com.x", ["com.x"]],
    ["com.a.x", ["again"]],
  ]);
  assert.deepEqual(retained(bob, "com..x", "wildcard"), [
    ["com.c.x", ["com.c.x"]],
    ["com.a.x", ["again"]],
  ]);
  flow.ends();
});

test("Broker: nobody is sent a retained event that it would not have received", () => {
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      {
        name: "guest",
        allowByDefault: true,
        permissions: [{
          ...ALLOW_ALL,
          uri: "com.myapp.secret",
          match: "exact",
          allow: { ...ALLOW_ALL.allow, subscribe: false },
        }],
      },
    ],
  });
  const alice = flow.join({ authid: "alice" });
  const [bob, carol] = [flow.join({ authid: "bob" }), flow.join({ authid: "carol" })];
  const eve = flow.join({ authrole: "guest" });
  alice.publishes(TOPIC, RETAIN, ["all"]);
  alice.publishes(TOPIC, { ...RETAIN, "eligible_authid": ["bob"] }, ["bob"]);
  alice.publishes(TOPIC, { ...RETAIN, "exclude": [bob.id, carol.id] }, ["neither"]);
  alice.publishes(TOPIC, { ...RETAIN, "eligible": [] }, ["nobody"]);
  assert.deepEqual([bob, carol, eve].map((peer) => retained(peer)), [
    [["bob"]],
    [["all"]],
    [["neither"]],
  ]);
  alice.publishes(TOPIC, RETAIN, ["all again"]);
  assert.deepEqual([bob, carol].map((peer) => retained(peer)), [[["all again"]], [["all again"]]]);
  alice.publishes("com.myapp.secret", RETAIN, ["secret"]);
  assert.deepEqual(retained(eve, "com.", "prefix"), [[TOPIC, ["all again"]]]);
  flow.ends();
});

test("Broker: a publisher gets its own retained event only if it does not exclude itself", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.publishes(TOPIC, RETAIN, ["of bob"]);
  alice.publishes(TOPIC, RETAIN, ["of alice"]);
  alice.publishes(TOPIC, RETAIN, ["of alice again"]);
  assert.deepEqual(retained(alice), [["of bob"]]);
  assert.deepEqual(retained(bob), [["of alice again"]]);
  alice.publishes(TOPIC, { ...RETAIN, "exclude_me": false }, ["for all"]);
  assert.deepEqual(retained(alice), [["for all"]]);
  alice.publishes(TOPIC, RETAIN, ["last"]);
  alice.leaves();
  alice.joins();
  assert.deepEqual(retained(alice), [["last"]]);
  flow.ends();
});

test("Broker: a retained event expires when its publisher or the realm says so", () => {
  const flow = new Flow({ retention: { maxAgeMs: 5_000 } });
  const [alice, bob] = [flow.join(), flow.join()];
  alice.publishes("com.brief", { ...RETAIN, "x_retain_ms": 1_000 }, ["brief"]);
  alice.publishes("com.long", { ...RETAIN, "x_retain_ms": 60_000 }, ["long"]);
  alice.publishes("com.usual", RETAIN, ["usual"]);
  const left = () => retained(bob, "com.", "prefix").length;
  const counts = [999, 1, 3_999, 1, 54_999, 1].map((ms) => {
    flow.clock.advance(ms);
    return left();
  });
  assert.deepEqual(counts, [3, 2, 2, 1, 1, 0]);
  assert.equal(flow.realm.broker.retention.topicCount, 0);
  flow.ends();
});

test("Broker: a publication may clear what its topic retains", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes(TOPIC);
  for (const options of [RETAIN, { ...RETAIN, "eligible_authid": ["somebody"] }]) {
    alice.publishes(TOPIC, options, ["kept"]);
    bob.receivesAny("EVENT", subscription);
  }
  alice.publishes("com.other", RETAIN, ["other"]);
  alice.publishes(TOPIC, { "x_retain_clear": true }, ["gone"]);
  bob.receives("EVENT", subscription, ID, {}, ["gone"]);
  assert.deepEqual(retained(bob), []);
  assert.deepEqual(retained(bob, "com.other"), [["other"]]);
  alice.publishes("com.other", { ...RETAIN, "x_retain_clear": true }, ["new"]);
  assert.deepEqual(retained(bob, "com.other"), [["new"]]);
  flow.ends();
});

test("Broker: what is refused is not retained, and clears nothing", () => {
  const flow = new Flow({
    roles: [{ name: "anyone", allowByDefault: true }, {
      name: "guest",
      permissions: [{
        ...ALLOW_ALL,
        uri: "",
        match: "prefix",
        allow: { ...ALLOW_ALL.allow, publish: false },
      }],
    }],
  });
  const [alice, eve] = [flow.join(), flow.join({ authrole: "guest" })];
  alice.publishes(TOPIC, RETAIN, ["mine"]);
  eve.publishes(TOPIC, RETAIN, ["hers"]);
  eve.publishes(TOPIC, { "x_retain_clear": true });
  eve.publishes(TOPIC, { "x_retain_clear": true, "acknowledge": true });
  eve.receives("ERROR", 16, 3, {}, "wamp.error.not_authorized", EXPLAINED);
  for (const options of [{ "retain": 1 }, { "x_retain_ms": 0 }, { "x_retain_clear": "yes" }]) {
    alice.publishes(TOPIC, { ...options, "acknowledge": true });
    alice.receives("ERROR", 16, alice.request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  eve.sends("SUBSCRIBE", 4, { "get_retained": "yes" }, TOPIC);
  eve.receives("ERROR", 32, 4, {}, "wamp.error.invalid_argument", EXPLAINED);
  eve.request = 4;
  assert.deepEqual(retained(eve), [["mine"]]);
  flow.ends();
});

test("Broker: beyond its limits, the topics published to longest ago lose their retained event", () => {
  const flow = new Flow({ retention: { maxTopics: 3 } });
  const [alice, bob] = [flow.join(), flow.join()];
  for (const topic of ["com.a", "com.b", "com.c", "com.a", "com.d"]) {
    alice.publishes(topic, RETAIN, []);
  }
  const topics = retained(bob, "com.", "prefix").map((one) => (one as unknown[])[0]);
  assert.deepEqual(topics, ["com.c", "com.a", "com.d"]);

  const small = new Flow({ retention: { maxBytes: 10_000 } });
  const [carol, dave] = [small.join(), small.join()];
  for (let i = 0; i < 100; i++) carol.publishes(`com.${i}`, RETAIN, ["x".repeat(1_000)]);
  assert.equal(retained(dave, "com.", "prefix").length, 9);
  // What is too large is not retained; nor is what it would have replaced.
  const list = Array.from({ length: 2_000 }, (_, i) => `nobody-${i}`);
  carol.publishes("com.99", RETAIN, ["x".repeat(20_000)]);
  carol.publishes("com.98", { ...RETAIN, "exclude_authid": list });
  assert.equal(retained(dave, "com.", "prefix").length, 7);
  for (let i = 0; i < 200; i++) {
    dave.publishes("com.many", { ...RETAIN, "exclude_me": false, "eligible_authid": ["x"] }, [i]);
  }
  assert.deepEqual(retained(dave, "com.many"), []);
  // 64 small events for nobody take the room of three large ones.
  assert.equal(small.realm.broker.retention.topicCount, 5);
  flow.ends();
  small.ends();
});

test("Broker: what has expired takes no room from retained events that have not", () => {
  const flow = new Flow({ retention: { maxTopics: 10, maxBytes: 10_000 } });
  const [alice, bob] = [flow.join(), flow.join()];
  alice.publishes("com.lasting", RETAIN, [1]);
  for (let i = 0; i < 40; i++) {
    alice.publishes(`com.passing${i}`, { ...RETAIN, "x_retain_ms": 10 }, ["x".repeat(1_000)]);
    flow.clock.advance(500);
  }
  assert.deepEqual(retained(bob, "com.", "prefix"), [["com.lasting", [1]]]);
  assert.ok(flow.realm.broker.retention.topicCount <= 4);
  flow.ends();
});

test("Broker: so it is when the clock is set back", () => {
  const flow = new Flow({ retention: { maxTopics: 10, maxBytes: 10_000 } });
  const [alice, bob] = [flow.join(), flow.join()];
  alice.publishes("com.lasting", RETAIN, [1]);
  for (const ms of [1_000, 0]) {
    alice.publishes("com.passing", { ...RETAIN, "x_retain_ms": 10 });
    flow.clock.advance(ms);
  }
  flow.clock.setBack(3_600_000);
  for (let i = 0; i < 40; i++) {
    alice.publishes(`com.passing${i}`, { ...RETAIN, "x_retain_ms": 10 }, ["x".repeat(1_000)]);
    flow.clock.advance(500);
  }
  assert.deepEqual(retained(bob, "com.lasting"), [[1]]);
  flow.ends();
});

test("Broker: a retained event survives the buffer it came in, in any serializer", () => {
  for (const from of ["json", "msgpack", "cbor"] as const) {
    const flow = new Flow();
    flow.join({ format: from }).publishes(TOPIC, RETAIN, ["Grüße", [1.5]], { "a": null });
    for (const format of ["json", "msgpack", "cbor"] as const) {
      const peer = flow.join({ format });
      const subscription = peer.subscribes(TOPIC, GET);
      peer.receives("EVENT", subscription, ID, RETAINED, ["Grüße", [1.5]], { "a": null });
    }
    flow.ends();
  }
});

test("Broker: a testament may be retained", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const kwargs = { "publish_options": RETAIN };
  alice.calls("wamp.session.add_testament", {}, [TOPIC, ["gone"]], kwargs);
  alice.receives("RESULT", 1, {});
  alice.disconnects();
  assert.deepEqual(retained(bob), [["gone"]]);
  flow.ends();
});
