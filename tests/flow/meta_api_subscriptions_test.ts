import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const CREATED = "2026-01-01T00:00:00.000Z";
const CREATE = "wamp.subscription.on_create";
const SUBSCRIBE = "wamp.subscription.on_subscribe";
const UNSUBSCRIBE = "wamp.subscription.on_unsubscribe";
const DELETE = "wamp.subscription.on_delete";

function fails(peer: Peer, error: string, procedure: string, ...payload: unknown[]): void {
  const request = peer.calls(procedure, {}, ...payload);
  peer.receives("ERROR", 48, request, {}, error, EXPLAINED);
}

function subscribed() {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const exact = bob.subscribes("com.myapp.topic");
  const prefix = bob.subscribes("com.myapp", { "match": "prefix" });
  const wildcard = bob.subscribes("com..topic", { "match": "wildcard" });
  carol.subscribes("com.myapp.topic");
  return { flow, alice, bob, carol, exact, prefix, wildcard };
}

test("Meta API: subscriptions are listed by match policy [WAMP meta_api_subscriptions]", () => {
  const { flow, alice, bob, exact, prefix, wildcard } = subscribed();
  const lists = { "exact": [exact], "prefix": [prefix], "wildcard": [wildcard] };
  assert.deepEqual(alice.calling("wamp.subscription.list"), lists);
  bob.disconnects();
  const left = { "exact": [exact], "prefix": [], "wildcard": [] };
  assert.deepEqual(alice.calling("wamp.subscription.list"), left);
  flow.ends();
});

test("Meta API: lookup finds the subscription of a topic under a policy", () => {
  const { flow, alice, exact, prefix, wildcard } = subscribed();
  const lookup = (...args: unknown[]) => alice.calling("wamp.subscription.lookup", args);
  assert.equal(lookup("com.myapp.topic"), exact);
  assert.equal(lookup("com.myapp.topic", {}), exact);
  assert.equal(lookup("com.myapp.topic", null), exact);
  assert.equal(lookup("com.myapp.topic", { "match": "exact" }), exact);
  assert.equal(lookup("com.myapp", { "match": "prefix" }), prefix);
  assert.equal(lookup("com..topic", { "match": "wildcard" }), wildcard);
  assert.equal(lookup("com.myapp"), null);
  assert.equal(lookup("com.myapp.topic", { "match": "prefix" }), null);
  const error = "wamp.error.invalid_argument";
  for (const args of [[], [5], ["com.x", { "match": "regex" }], ["com.x", 5]]) {
    fails(alice, error, "wamp.subscription.lookup", args);
  }
  flow.ends();
});

test("Meta API: match finds all subscriptions that a publication would reach", () => {
  const { flow, alice, exact, prefix, wildcard } = subscribed();
  const match = (topic: string) => alice.calling("wamp.subscription.match", [topic]);
  assert.deepEqual(match("com.myapp.topic"), [exact, prefix, wildcard]);
  assert.deepEqual(match("com.myapp"), [prefix]);
  assert.equal(match("com.other"), null);
  fails(alice, "wamp.error.invalid_argument", "wamp.subscription.match", [1]);
  flow.ends();
});

test("Meta API: get, list_subscribers and count_subscribers tell about one subscription", () => {
  const { flow, alice, bob, carol, exact, prefix } = subscribed();
  const about = (procedure: string, id: number) =>
    alice.calling(`wamp.subscription.${procedure}`, [id]);
  assert.deepEqual(about("get", exact), {
    "id": exact,
    "created": CREATED,
    "uri": "com.myapp.topic",
    "match": "exact",
  });
  assert.deepEqual(about("get", prefix), {
    "id": prefix,
    "created": CREATED,
    "uri": "com.myapp",
    "match": "prefix",
  });
  const ids = about("list_subscribers", exact) as number[];
  assert.deepEqual(new Set(ids), new Set([bob.id, carol.id]));
  assert.equal(about("count_subscribers", exact), 2);
  assert.deepEqual(about("list_subscribers", prefix), [bob.id]);
  assert.equal(about("count_subscribers", prefix), 1);
  for (const procedure of ["get", "list_subscribers", "count_subscribers"]) {
    const uri = `wamp.subscription.${procedure}`;
    fails(alice, "wamp.error.no_such_subscription", uri, [4711]);
    fails(alice, "wamp.error.invalid_argument", uri, ["com.myapp.topic"]);
    fails(alice, "wamp.error.invalid_argument", uri);
  }
  flow.ends();
});

test("Meta API: events tell of every change to subscriptions, in order", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const [create, subscribe, unsubscribe, del] = [CREATE, SUBSCRIBE, UNSUBSCRIBE, DELETE]
    .map((topic) => {
      const subscription = alice.subscribes(topic);
      // Alice hears of her own subscriptions, too.
      alice.transport.sent.length = 0;
      return subscription;
    });

  const subscription = bob.subscribes("com.myapp.topic", { "match": "prefix" });
  const details = {
    "id": subscription,
    "created": CREATED,
    "uri": "com.myapp.topic",
    "match": "prefix",
  };
  alice.receives("EVENT", create, ID, {}, [bob.id, details]);
  alice.receives("EVENT", subscribe, ID, {}, [bob.id, subscription]);
  bob.subscribes("com.myapp.topic", { "match": "prefix" });
  alice.receivesNothing();
  carol.subscribes("com.myapp.topic", { "match": "prefix" });
  alice.receives("EVENT", subscribe, ID, {}, [carol.id, subscription]);
  bob.unsubscribes(subscription);
  alice.receives("EVENT", unsubscribe, ID, {}, [bob.id, subscription]);
  carol.disconnects();
  alice.receives("EVENT", unsubscribe, ID, {}, [carol.id, subscription]);
  alice.receives("EVENT", del, ID, {}, [carol.id, subscription]);
  flow.ends();
});

test("Meta API: a session that leaves tells of its subscriptions first, and receives nothing of it", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const topics = [UNSUBSCRIBE, DELETE, "wamp.session.on_leave"];
  for (const topic of topics) alice.subscribes(topic);
  for (const topic of topics) bob.subscribes(topic);
  const subscription = bob.subscribes("com.myapp.topic");
  bob.leaves();
  const events = alice.transport.sent.splice(0).map((event) => event[4]);
  assert.deepEqual(events, [
    ...topics.map((_, i) => [bob.id, i + 1]),
    [bob.id, subscription],
    [bob.id, subscription],
    [bob.id, "somebody", "anyone"],
  ]);
  flow.ends();
});
