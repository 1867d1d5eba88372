import assert from "node:assert/strict";
import { test } from "node:test";
import { ANY, EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

test("Broker: an event goes to every subscriber of its topic, and to nobody else [WAMP publish_subscribe]", () => {
  const flow = new Flow();
  const [alice, bob, carol, dave] = [flow.join(), flow.join(), flow.join(), flow.join()];
  bob.sends("SUBSCRIBE", 1, {}, "com.myapp.mytopic1");
  const [, , subscription] = bob.receives("SUBSCRIBED", 1, ID);
  carol.sends("SUBSCRIBE", 1, {}, "com.myapp.mytopic1");
  carol.receives("SUBSCRIBED", 1, subscription);
  dave.sends("SUBSCRIBE", 1, {}, "com.myapp.mytopic2");
  dave.receives("SUBSCRIBED", 1, (other: unknown) => ID(other) && other !== subscription);

  alice.sends("PUBLISH", 1, {}, "com.myapp.mytopic1", ["Hello, world!"]);
  const [, , publication] = bob.receives("EVENT", subscription, ID, {}, ["Hello, world!"]);
  carol.receives("EVENT", subscription, publication, {}, ["Hello, world!"]);
  flow.ends();
});

test("Broker: an event has exactly the payload of its publication", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  const payloads = [
    [],
    [[]],
    [["Hello", 23, 1.5, null, true, { "a": [1] }, "\u{1f600}"]],
    [[], {}],
    [[], { "color": "orange", "sizes": [23, 42, 7] }],
    [["x"], { "__proto__x": 1 }],
  ];
  for (const payload of payloads) {
    alice.publishes("com.myapp.topic", {}, ...payload);
    bob.receives("EVENT", subscription, ID, {}, ...payload);
  }
  flow.ends();
});

test("Broker: a payload survives the way between all serializers", () => {
  const flow = new Flow();
  const formats = ["json", "msgpack", "cbor"] as const;
  const peers = formats.map((format) => flow.join({ format }));
  const subscriptions = peers.map((peer) => peer.subscribes("com.myapp.topic"));
  const payload = [["Grüße", 23, -7, 1.5, null, true, [], { "deep": [{}] }], { "k": "v" }];
  for (const publisher of peers) {
    publisher.publishes("com.myapp.topic", { "exclude_me": false }, ...payload);
    peers.forEach((peer, i) => peer.receives("EVENT", subscriptions[i], ID, {}, ...payload));
  }
  flow.ends();
});

test("Broker: publications have ids of their own", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  const ids = new Set<unknown>();
  for (let i = 0; i < 100; i++) {
    alice.publishes("com.myapp.topic");
    ids.add(bob.receives("EVENT", subscription, ID, {})[2]);
  }
  assert.equal(ids.size, 100);
});

test("Broker: an acknowledged publication is answered with the publication's id", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  alice.sends("PUBLISH", 1, { "acknowledge": true }, "com.myapp.topic", ["Hello"]);
  const [, , publication] = alice.receives("PUBLISHED", 1, ID);
  bob.receives("EVENT", subscription, publication, {}, ["Hello"]);
  alice.sends("PUBLISH", 2, { "acknowledge": true }, "com.myapp.nobody.listens");
  alice.receives("PUBLISHED", 2, ID);
  flow.ends();
});

test("Broker: a publication that fails is answered only when it asked for an acknowledgement", () => {
  const flow = new Flow();
  const alice = flow.join();
  alice.publishes("no spaces");
  alice.publishes("");
  alice.publishes("no spaces", { "acknowledge": false });
  alice.publishes("com.myapp.topic", { "exclude_me": 1 });
  flow.ends();
  let request = alice.publishes("no spaces", { "acknowledge": true });
  alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_uri", EXPLAINED);
  request = alice.publishes("com.myapp.topic", { "acknowledge": true, "exclude_me": 1 });
  alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  flow.ends();
});

test("Broker: a publication whose acknowledge option is invalid is refused without an answer", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.subscribes("com.myapp.topic");
  alice.publishes("com.myapp.topic", { "acknowledge": "yes" });
  flow.ends();
});

test("Broker: subscribing twice answers with the same subscription, and events come once", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  assert.equal(bob.subscribes("com.myapp.topic"), subscription);
  alice.publishes("com.myapp.topic");
  bob.receives("EVENT", subscription, ID, {});
  bob.unsubscribes(subscription);
  alice.publishes("com.myapp.topic");
  flow.ends();
});

test("Broker: no event comes after UNSUBSCRIBED", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  carol.subscribes("com.myapp.topic");
  bob.unsubscribes(subscription);
  alice.publishes("com.myapp.topic");
  carol.receives("EVENT", subscription, ID, {});
  flow.ends();
});

test("Broker: UNSUBSCRIBE of a subscription that is not one's own answers no_such_subscription", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  alice.sends("UNSUBSCRIBE", 1, subscription);
  alice.receives("ERROR", 34, 1, {}, "wamp.error.no_such_subscription", EXPLAINED);
  alice.sends("UNSUBSCRIBE", 2, 4711);
  alice.receives("ERROR", 34, 2, {}, "wamp.error.no_such_subscription", EXPLAINED);
  bob.unsubscribes(subscription);
  bob.sends("UNSUBSCRIBE", 3, subscription);
  bob.receives("ERROR", 34, 3, {}, "wamp.error.no_such_subscription", EXPLAINED);
  flow.ends();
});

test("Broker: SUBSCRIBE with an invalid option answers invalid_argument, and the session goes on", () => {
  const flow = new Flow();
  const alice = flow.join();
  const invalid = [{ "match": "regex" }, { "match": 1 }, { "get_retained": "yes" }];
  for (const options of invalid) {
    alice.sends("SUBSCRIBE", ++alice.request, options, "com.myapp.topic");
    alice.receives("ERROR", 32, alice.request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  alice.subscribes("com.myapp.topic", { "match": null, "unknown": {}, "_mine": 1 });
  flow.ends();
});

test("Broker: SUBSCRIBE to an invalid topic answers invalid_uri", () => {
  const flow = new Flow();
  const alice = flow.join();
  const invalid = [
    "",
    ".",
    "com.",
    ".com",
    "com..topic",
    "com.my topic",
    "com.#",
    "a".repeat(4097),
  ];
  for (const topic of invalid) {
    alice.sends("SUBSCRIBE", ++alice.request, {}, topic);
    alice.receives("ERROR", 32, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
  }
  flow.ends();
});

test("Broker: events keep the order of publications between any publisher and subscriber [WAMP security_model]", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const one = bob.subscribes("com.myapp.topic1");
  const two = bob.subscribes("com.myapp", { "match": "prefix" });
  carol.subscribes("com.myapp.topic2");
  for (let i = 0; i < 20; i++) {
    alice.publishes(i % 3 === 0 ? "com.myapp.topic1" : "com.myapp.topic2", {}, [i]);
  }
  for (let i = 0; i < 20; i++) {
    if (i % 3 === 0) bob.receives("EVENT", one, ID, {}, [i]);
    bob.receives("EVENT", two, ID, ANY, [i]);
    if (i % 3 !== 0) carol.receives("EVENT", ANY, ID, {}, [i]);
  }
  flow.ends();
});

test("Broker: SUBSCRIBED comes before the first event [WAMP security_model]", () => {
  const flow = new Flow();
  const alice = flow.join();
  // The subscription is told of its own creation.
  alice.sends("SUBSCRIBE", 1, { "match": "prefix" }, "wamp.subscription.");
  const [, , subscription] = alice.receives("SUBSCRIBED", 1, ID);
  alice.receives("EVENT", subscription, ID, { "topic": "wamp.subscription.on_create" }, ANY);
  alice.receives("EVENT", subscription, ID, { "topic": "wamp.subscription.on_subscribe" }, ANY);
  flow.ends();
});

test("Broker: a subscriber that left or lost its connection receives nothing", () => {
  const flow = new Flow();
  const [alice, bob, carol, dave] = [flow.join(), flow.join(), flow.join(), flow.join()];
  for (const peer of [bob, carol, dave]) peer.subscribes("com.myapp.topic");
  bob.leaves();
  carol.disconnects();
  alice.publishes("com.myapp.topic");
  dave.receives("EVENT", ID, ID, {});
  flow.ends();
  assert.equal([...flow.realm.broker.subscriptions].length, 1);
  dave.disconnects();
  assert.equal([...flow.realm.broker.subscriptions].length, 0);
});

test("Broker: a fan-out reaches hundreds of subscribers, also after some have left", () => {
  const flow = new Flow();
  const alice = flow.join();
  const peers = Array.from({ length: 300 }, () => flow.join());
  for (const peer of peers) peer.subscribes("com.myapp.topic");
  const left = peers.filter((_, i) => i % 7 === 0);
  for (const peer of left) peer.disconnects();
  alice.publishes("com.myapp.topic", {}, ["hello"]);
  for (const peer of peers) {
    if (!left.includes(peer)) peer.receives("EVENT", ID, ID, {}, ["hello"]);
  }
  flow.ends();
});
