import { test } from "node:test";
import { EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

test("Broker: the publisher does not receive its own event unless it says so [WAMP pubsub_publisher_exclusion]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = alice.subscribes("com.myapp.mytopic1");
  bob.subscribes("com.myapp.mytopic1");
  for (const options of [{}, { "exclude_me": true }, { "exclude_me": null }, { "_mine": 1 }]) {
    alice.publishes("com.myapp.mytopic1", options, ["Hello"]);
    bob.receivesAny("EVENT", subscription, ID);
  }
  alice.receivesNothing();
  alice.publishes("com.myapp.mytopic1", { "exclude_me": false }, ["Hello"]);
  alice.receives("EVENT", subscription, ID, {}, ["Hello"]);
  bob.receives("EVENT", subscription, ID, {}, ["Hello"]);
  flow.ends();
});

test("Broker: the only subscriber of a topic is excluded from its own event, too", () => {
  const flow = new Flow();
  const alice = flow.join();
  const subscription = alice.subscribes("com.myapp.mytopic1");
  alice.publishes("com.myapp.mytopic1");
  alice.receivesNothing();
  alice.publishes("com.myapp.mytopic1", { "exclude_me": false });
  alice.receives("EVENT", subscription, ID, {});
  flow.ends();
});

test("Broker: exclusion holds for each subscription of the publisher", () => {
  const flow = new Flow();
  const alice = flow.join();
  const exact = alice.subscribes("com.myapp.mytopic1");
  const prefix = alice.subscribes("com", { "match": "prefix" });
  alice.publishes("com.myapp.mytopic1");
  alice.receivesNothing();
  alice.publishes("com.myapp.mytopic1", { "exclude_me": false });
  alice.receives("EVENT", exact, ID, {});
  alice.receives("EVENT", prefix, ID, { "topic": "com.myapp.mytopic1" });
  flow.ends();
});

test("Broker: exclude_me must be true or false", () => {
  const flow = new Flow();
  const alice = flow.join();
  const options = { "exclude_me": 0, "acknowledge": true };
  const request = alice.publishes("com.myapp.mytopic1", options);
  alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  flow.ends();
});
