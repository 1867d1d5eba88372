import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

/** Which of `topics` reach a subscription. */
function reached(pattern: string, match: string, topics: readonly string[]): string[] {
  const flow = new Flow({ hasMetaApi: false });
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes(pattern, { "match": match });
  return topics.filter((topic) => {
    const request = alice.publishes(topic, { "acknowledge": true }, [topic]);
    const [, , publication] = alice.receives("PUBLISHED", request, ID);
    if (bob.transport.sent.length === 0) return false;
    const details = match === "exact" ? {} : { "topic": topic };
    bob.receives("EVENT", subscription, publication, details, [topic]);
    bob.receivesNothing();
    return true;
  });
}

test("Broker: the specification's examples of prefix matching [WAMP pubsub_pattern_based_subscription]", () => {
  const matching = [
    "com.myapp.topic.emergency.11",
    "com.myapp.topic.emergency-low",
    "com.myapp.topic.emergency.category.severe",
    "com.myapp.topic.emergency",
  ];
  const topics = [...matching, "com.myapp.topic.emerge", "com.myapp.topic", "com.other"];
  assert.deepEqual(reached("com.myapp.topic.emergency", "prefix", topics), matching);
});

test("Broker: the specification's examples of wildcard matching", () => {
  const matching = [
    "com.myapp.foo.userevent",
    "com.myapp.bar.userevent",
    "com.myapp.a12.userevent",
  ];
  const topics = [
    ...matching,
    "com.myapp.foo.userevent.bar",
    "com.myapp.foo.user",
    "com.myapp2.foo.userevent",
  ];
  assert.deepEqual(reached("com.myapp..userevent", "wildcard", topics), matching);
});

test("Broker: wildcards may stand first, last and alone", () => {
  const topics = ["a", "a.b", "b.b", "a.b.c", "c.b.a"];
  assert.deepEqual(reached(".b", "wildcard", topics), ["a.b", "b.b"]);
  assert.deepEqual(reached("a.", "wildcard", topics), ["a.b"]);
  assert.deepEqual(reached("", "wildcard", topics), ["a"]);
  assert.deepEqual(reached("..", "wildcard", topics), ["a.b.c", "c.b.a"]);
  assert.deepEqual(reached("a.b", "wildcard", topics), ["a.b"]);
});

test("Broker: an empty prefix matches everything, a prefix may end with a dot or inside a component", () => {
  const topics = ["a", "ab", "a.b", "b"];
  assert.deepEqual(reached("", "prefix", topics), topics);
  assert.deepEqual(reached("a", "prefix", topics), ["a", "ab", "a.b"]);
  assert.deepEqual(reached("a.", "prefix", topics), ["a.b"]);
});

test("Broker: an event comes once for each matching subscription, under one publication id", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const topic = "com.myapp.foo.userevent";
  const subscriptions = [
    bob.subscribes(topic),
    bob.subscribes("com", { "match": "prefix" }),
    bob.subscribes("com.myapp.", { "match": "prefix" }),
    bob.subscribes("com.myapp..userevent", { "match": "wildcard" }),
    bob.subscribes("...", { "match": "wildcard" }),
    bob.subscribes(topic, { "match": "prefix" }),
    bob.subscribes(topic, { "match": "wildcard" }),
  ];
  bob.subscribes("com.myapp..other", { "match": "wildcard" });
  assert.equal(new Set(subscriptions).size, subscriptions.length);
  const request = alice.publishes(topic, { "acknowledge": true, "_x": 1 }, [1], { "k": 2 });
  const [, , publication] = alice.receives("PUBLISHED", request, ID);
  const received = bob.transport.sent.splice(0);
  assert.deepEqual(new Set(received.map((event) => event[1])), new Set(subscriptions));
  for (const [name, subscription, id, details, ...payload] of received) {
    assert.equal(name, "EVENT");
    assert.equal(id, publication);
    const isExact = subscription === subscriptions[0];
    assert.deepEqual(details, isExact ? { "_x": 1 } : { "_x": 1, "topic": topic });
    assert.deepEqual(payload, [[1], { "k": 2 }]);
  }
  assert.equal(received.length, subscriptions.length);
});

test("Broker: all subscribers of one pattern share its subscription, and patterns stand on their own", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp", { "match": "prefix" });
  assert.equal(carol.subscribes("com.myapp", { "match": "prefix" }), subscription);
  const exact = bob.subscribes("com.myapp");
  assert.notEqual(exact, subscription);
  bob.unsubscribes(subscription);
  alice.publishes("com.myapp");
  carol.receives("EVENT", subscription, ID, { "topic": "com.myapp" });
  bob.receives("EVENT", exact, ID, {});
  alice.publishes("com.myapp.topic");
  carol.receives("EVENT", subscription, ID, { "topic": "com.myapp.topic" });
  flow.ends();
});

test("Broker: a pattern that is no valid one answers invalid_uri", () => {
  const flow = new Flow();
  const alice = flow.join();
  const invalid = [["a b", "prefix"], ["a#", "wildcard"], ["a..b", "prefix"], [".", "prefix"]];
  for (const [pattern, match] of invalid) {
    alice.sends("SUBSCRIBE", ++alice.request, { "match": match }, pattern);
    alice.receives("ERROR", 32, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
  }
  flow.ends();
});

test("Broker: nobody publishes to a pattern", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.subscribes("com..topic", { "match": "wildcard" });
  const request = alice.publishes("com..topic", { "acknowledge": true });
  alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_uri", EXPLAINED);
  alice.publishes("com..topic");
  flow.ends();
});
