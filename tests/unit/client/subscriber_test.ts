import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventDetails, Subscription } from "../../../mod.ts";
import type { Session } from "../../../client/session.ts";
import { joined, type RouterSide, turn } from "./client_kit.ts";

/** Subscribes a handler that notes its events under `name`; the broker answers `id`. */
async function subscribed(
  { router, session }: { router: RouterSide; session: Session },
  id: number,
  name: string,
  notes: string[],
): Promise<Subscription> {
  const subscribing = session.subscribe("com.example.topic", (args) => {
    notes.push(`${name} ${args[0]}`);
  });
  const [, request] = router.takes();
  router.sends("SUBSCRIBED", request, id);
  return await subscribing;
}

test("Subscriber: an event reaches the handler with what is known of it", async () => {
  const { router, session } = await joined();
  const events: unknown[] = [];
  const subscribing = session.subscribe(
    "com.example",
    (args: readonly [string], kwargs: { n?: number }, details: EventDetails) => {
      const { topic, publication, publisher, publisherAuthid, publisherAuthrole } = details;
      events.push([args, kwargs, topic, publication]);
      events.push([publisher, publisherAuthid, publisherAuthrole]);
      events.push([details.isRetained, details.trustlevel]);
    },
    { match: "prefix", getRetained: true },
  );
  router.receives("SUBSCRIBE", 1, { "match": "prefix", "get_retained": true }, "com.example");
  router.sends("SUBSCRIBED", 1, 8);
  const subscription = await subscribing;
  assert.deepEqual(
    [subscription.id, subscription.topic, subscription.match],
    [8, "com.example", "prefix"],
  );
  const details = {
    "topic": "com.example.topic",
    "publisher": 5,
    "publisher_authid": "ada",
    "publisher_authrole": "user",
    "retained": true,
    "trustlevel": 2,
  };
  router.sends("EVENT", 8, 1000, details, ["Hello"], { "n": 1 });
  assert.deepEqual(events, [
    [["Hello"], { "n": 1 }, "com.example.topic", 1000],
    [5, "ada", "user"],
    [true, 2],
  ]);
});

test("Subscriber: a topic's handlers share a subscription; the last one to go ends it", async () => {
  const joint = await joined();
  const { router } = joint;
  const notes: string[] = [];
  const first = await subscribed(joint, 8, "first", notes);
  const second = await subscribed(joint, 8, "second", notes);
  router.sends("EVENT", 8, 1000, {}, [1]);
  await first.unsubscribe();
  router.receivesNothing();
  router.sends("EVENT", 8, 1001, {}, [2]);
  assert.deepEqual([first.isActive, second.isActive], [false, true]);
  const gone = second.unsubscribe();
  router.sends("EVENT", 8, 1002, {}, [3]);
  router.receives("UNSUBSCRIBE", 3, 8);
  router.sends("UNSUBSCRIBED", 3);
  await gone;
  await second.unsubscribe();
  router.receivesNothing();
  assert.deepEqual(notes, ["first 1", "second 1", "second 2"]);
});

test("Subscriber: unsubscribing waits for a SUBSCRIBE to the same topic, whose answer has the same ID", async () => {
  const joint = await joined();
  const { router } = joint;
  const notes: string[] = [];
  const first = await subscribed(joint, 8, "first", notes);
  const second = subscribed(joint, 8, "second", notes);
  const gone = first.unsubscribe();
  await gone;
  await second;
  router.receivesNothing();
  router.sends("EVENT", 8, 1000, {}, [1]);
  assert.deepEqual(notes, ["second 1"]);
});

test("Subscriber: when that SUBSCRIBE is refused, the subscription is ended after all", async () => {
  const joint = await joined();
  const { router, session } = joint;
  const first = await subscribed(joint, 8, "first", []);
  const second = session.subscribe("com.example.topic", () => 0);
  second.catch(() => {});
  const gone = first.unsubscribe();
  router.takes();
  router.receivesNothing();
  router.sends("ERROR", 32, 2, {}, "wamp.error.not_authorized");
  await assert.rejects(second, { uri: "wamp.error.not_authorized" });
  await turn();
  router.receives("UNSUBSCRIBE", 3, 8);
  router.sends("UNSUBSCRIBED", 3);
  await gone;
});

test("Subscriber: a handler may unsubscribe while its event is delivered", async () => {
  const { router, session } = await joined();
  const notes: string[] = [];
  const subscriptions: Subscription[] = [];
  for (const name of ["first", "second"]) {
    const subscribing = session.subscribe("com.example.topic", async () => {
      notes.push(name);
      await subscriptions[0]?.unsubscribe();
    });
    router.sends("SUBSCRIBED", router.takes()[1], 8);
    subscriptions.push(await subscribing);
  }
  router.sends("EVENT", 8, 1000, {});
  router.sends("EVENT", 8, 1001, {});
  assert.deepEqual(notes, ["first", "second", "second"]);
});

test("Subscriber: a handler that fails is logged and harms no other", async () => {
  const { router, session } = await joined();
  const notes: string[] = [];
  const handlers = [
    () => {
      throw new Error("not my day");
    },
    () => Promise.reject(new Error("nor mine")),
    () => notes.push("fine"),
  ];
  for (const handler of handlers) {
    const subscribing = session.subscribe("com.example.topic", handler);
    router.sends("SUBSCRIBED", router.takes()[1], 8);
    await subscribing;
  }
  router.sends("EVENT", 8, 1000, {});
  await turn();
  assert.deepEqual(notes, ["fine"]);
  assert.equal(router.log.errors.length, 2);
  assert.equal(session.isOpen, true);
});

test("Subscriber: an event of no subscription is ignored, as it may cross UNSUBSCRIBE", async () => {
  const { router, session } = await joined();
  router.sends("EVENT", 8, 1000, {}, [1]);
  assert.equal(session.isOpen, true);
});

test("Subscriber: a revoked subscription ends, and the log says so [WAMP pubsub_subscription_revocation]", async () => {
  const joint = await joined();
  const { router } = joint;
  const subscription = await subscribed(joint, 8, "first", []);
  router.sends("UNSUBSCRIBED", 0, { "subscription": 8, "reason": "no longer authorized" });
  assert.equal(subscription.isActive, false);
  assert.deepEqual(router.log.warnings, [
    { topic: "com.example.topic", reason: "no longer authorized" },
  ]);
});

test("Publisher: without acknowledge nothing comes back; options travel under their wire names", async () => {
  const { router, session } = await joined();
  assert.equal(session.publish("com.example.topic", ["Hello"], { "n": 1 }), undefined);
  router.receives("PUBLISH", 1, {}, "com.example.topic", ["Hello"], { "n": 1 });
  session.publish("com.example.topic", [], {}, {
    excludeMe: false,
    exclude: [1],
    excludeAuthid: ["a"],
    excludeAuthrole: ["b"],
    eligible: [2],
    eligibleAuthid: ["c"],
    eligibleAuthrole: ["d"],
    discloseMe: true,
    retain: true,
  });
  const options = {
    "exclude_me": false,
    "exclude": [1],
    "exclude_authid": ["a"],
    "exclude_authrole": ["b"],
    "eligible": [2],
    "eligible_authid": ["c"],
    "eligible_authrole": ["d"],
    "disclose_me": true,
    "retain": true,
  };
  router.receives("PUBLISH", 2, options, "com.example.topic");
});

test("Publisher: with acknowledge it resolves to the publication's ID or rejects", async () => {
  const { router, session } = await joined();
  const first = session.publish("com.example.topic", [], {}, { acknowledge: true });
  const second = session.publish("com.example.topic", [], {}, { acknowledge: true });
  router.receives("PUBLISH", 1, { "acknowledge": true }, "com.example.topic");
  router.sends("PUBLISHED", 1, 4429313566);
  router.sends("ERROR", 16, 2, {}, "wamp.error.not_authorized", ["You may not"]);
  assert.equal(await first, 4429313566);
  await assert.rejects(second, { uri: "wamp.error.not_authorized" });
});
