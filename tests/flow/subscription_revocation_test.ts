import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

const REMOVE = "wamp.subscription.remove_subscriber";
const TOPIC = "com.myapp.topic";

test("Broker: a subscriber that is removed is told so, and receives no more [WAMP pubsub_subscription_revocation]", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const subscription = bob.subscribes(TOPIC);
  carol.subscribes(TOPIC);
  const left = alice.subscribes("wamp.subscription.on_unsubscribe");
  const request = alice.calls(REMOVE, {}, [subscription, bob.id], { "reason": "no longer" });
  bob.receives("UNSUBSCRIBED", 0, { "subscription": subscription, "reason": "no longer" });
  alice.receives("EVENT", left, ID, {}, [bob.id, subscription]);
  alice.receives("RESULT", request, {});
  alice.publishes(TOPIC);
  carol.receives("EVENT", subscription, ID, {});
  bob.sends("UNSUBSCRIBE", 2, subscription);
  bob.receives("ERROR", 34, 2, {}, "wamp.error.no_such_subscription", EXPLAINED);
  bob.request = 2;
  bob.subscribes(TOPIC);
  flow.ends();
});

test("Broker: a subscription ends when its last subscriber is removed", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.", { "match": "prefix" });
  const deleted = alice.subscribes("wamp.subscription.on_delete");
  const request = alice.calls(REMOVE, {}, [subscription, bob.id]);
  bob.receives("UNSUBSCRIBED", 0, { "subscription": subscription });
  alice.receives("EVENT", deleted, ID, {}, [bob.id, subscription]);
  alice.receives("RESULT", request, {});
  bob.disconnects();
  alice.publishes("com.topic");
  flow.ends();
});

test("Broker: a subscriber that does not know revocation is told nothing", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join({ roles: BASIC_ROLES })];
  const subscription = bob.subscribes(TOPIC);
  const request = alice.calls(REMOVE, {}, [subscription, bob.id, "why"]);
  alice.receives("RESULT", request, {});
  alice.publishes(TOPIC);
  flow.ends();
});

test("Broker: a session may remove itself, but nobody those of the router", () => {
  const flow = new Flow();
  const [alice, router] = [flow.join(), flow.join({ authrole: "trusted" })];
  const subscription = alice.subscribes(TOPIC);
  router.subscribes(TOPIC);
  let request = alice.calls(REMOVE, {}, [subscription, router.id]);
  alice.receives("ERROR", 48, request, {}, "wamp.error.not_authorized", EXPLAINED);
  request = alice.calls(REMOVE, {}, [subscription, alice.id, "enough"]);
  alice.receives("UNSUBSCRIBED", 0, { "subscription": subscription, "reason": "enough" });
  alice.receives("RESULT", request, {});
  flow.ends();
});

test("Broker: remove_subscriber says what it cannot find or read", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes(TOPIC);
  const calls: [unknown[], string][] = [
    [[], "invalid_argument"],
    [[subscription], "invalid_argument"],
    [[subscription, "bob"], "invalid_argument"],
    [[subscription, bob.id, 1], "invalid_argument"],
    [[subscription, 4711], "no_such_session"],
    [[4711, bob.id], "no_such_subscription"],
    [[subscription, alice.id], "no_such_subscription"],
  ];
  for (const [args, error] of calls) {
    const request = alice.calls(REMOVE, {}, args);
    alice.receives("ERROR", 48, request, {}, `wamp.error.${error}`, EXPLAINED);
  }
  flow.ends();
});
