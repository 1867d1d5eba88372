import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dict } from "../../wamp/message.ts";
import { ALL_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const CONFIRMING: Dict = {
  ...ALL_ROLES,
  "subscriber": { "features": { "x_acknowledged_event_delivery": true } },
};
const ASKED = { "acknowledge": true, "x_acknowledged_delivery": true };
const FLAG = { "x_acknowledged_delivery": true };

function audience(confirming: number) {
  const flow = new Flow();
  const publisher = flow.join();
  const subscribers = Array.from({ length: confirming }, () => flow.join({ roles: CONFIRMING }));
  for (const subscriber of subscribers) subscriber.subscribes("com.news");
  return { flow, publisher, subscribers };
}

function confirms(subscriber: Peer | undefined): number {
  const [, , publication] = subscriber?.receives("EVENT", ID, ID, FLAG, ["hello"]) ?? [];
  subscriber?.sends("EVENT_RECEIVED", publication);
  return publication as number;
}

test("Acknowledged delivery: PUBLISHED comes when all that can confirm have [WAMP x_acknowledged_event_delivery]", () => {
  const { flow, publisher, subscribers: [a, b] } = audience(2);
  const plain = flow.join();
  const subscription = plain.subscribes("com.news");
  publisher.sends("PUBLISH", 1, ASKED, "com.news", ["hello"]);
  plain.receives("EVENT", subscription, ID, {}, ["hello"]);
  confirms(a);
  publisher.receivesNothing();
  const publication = confirms(b);
  publisher.receives("PUBLISHED", 1, publication);
  flow.ends();
});

test("Acknowledged delivery: with nobody to confirm, PUBLISHED comes at once", () => {
  const { flow, publisher } = audience(0);
  publisher.sends("PUBLISH", 1, ASKED, "com.news", ["hello"]);
  publisher.receives("PUBLISHED", 1, ID);
  flow.ends();
});

test("Acknowledged delivery: who does not confirm in time is told of to the publisher", () => {
  const { flow, publisher, subscribers: [a, b] } = audience(2);
  publisher.sends("PUBLISH", 1, { ...ASKED, "x_delivery_timeout_ms": 500 }, "com.news", ["hello"]);
  confirms(a);
  flow.clock.advance(499);
  publisher.receivesNothing();
  flow.clock.advance(1);
  publisher.receives("ERROR", 16, 1, {}, "wamp.error.timeout", EXPLAINED);
  confirms(b);
  flow.ends();
});

test("Acknowledged delivery: who leaves need not confirm", () => {
  const { flow, publisher, subscribers: [a, b] } = audience(2);
  publisher.sends("PUBLISH", 1, ASKED, "com.news", ["hello"]);
  const publication = confirms(a);
  b?.takes();
  b?.disconnects();
  publisher.receives("PUBLISHED", 1, publication);
  flow.ends();
});

test("Acknowledged delivery: an event by two subscriptions is confirmed twice", () => {
  const { flow, publisher, subscribers: [a] } = audience(1);
  a?.subscribes("com.", { "match": "prefix" });
  publisher.sends("PUBLISH", 1, ASKED, "com.news", ["hello"]);
  confirms(a);
  publisher.receivesNothing();
  const [, , publication] = a?.takes() ?? [];
  a?.sends("EVENT_RECEIVED", publication);
  publisher.receives("PUBLISHED", 1, publication);
  flow.ends();
});

test("Acknowledged delivery: who may not have the event is not waited for", () => {
  const everything = { call: true, register: true, publish: true, subscribe: true };
  const rule = (uri: string, allow: typeof everything) => ({
    uri,
    match: "prefix" as const,
    allow,
    disclose: { caller: undefined, publisher: undefined },
  });
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      {
        name: "limited",
        permissions: [
          rule("com.", everything),
          rule("com.news.secret", { ...everything, subscribe: false }),
        ],
      },
    ],
  });
  const publisher = flow.join();
  const limited = flow.join({ roles: CONFIRMING, authrole: "limited" });
  limited.subscribes("com.news.", { "match": "prefix" });
  publisher.sends("PUBLISH", 1, ASKED, "com.news.secret", ["hello"]);
  publisher.receives("PUBLISHED", 1, ID);
  publisher.sends("PUBLISH", 2, ASKED, "com.news.open", ["hello"]);
  publisher.receivesNothing();
  const [, , publication] = limited.takes();
  limited.sends("EVENT_RECEIVED", publication);
  publisher.receives("PUBLISHED", 2, publication);
  flow.ends();
});

test("Acknowledged delivery: the publisher may have left; late and foreign confirmations mean nothing", () => {
  const { flow, publisher, subscribers: [a] } = audience(1);
  publisher.sends("PUBLISH", 1, ASKED, "com.news", ["hello"]);
  publisher.leaves();
  confirms(a);
  a?.sends("EVENT_RECEIVED", 4711);
  flow.ends();
});

test("Acknowledged delivery: it needs acknowledge, and EVENT_RECEIVED a subscriber that announced it", () => {
  const { flow, publisher, subscribers: [a] } = audience(1);
  publisher.sends("PUBLISH", 1, FLAG, "com.news", ["hello"]);
  a?.receives("EVENT", ID, ID, {}, ["hello"]);
  publisher.sends("EVENT_RECEIVED", 4711);
  publisher.isAborted("wamp.error.protocol_violation");
  flow.ends();
});

test("Acknowledged delivery: a session's publications that wait are bounded, and end with it", () => {
  const { flow, publisher, subscribers: [subscriber] } = audience(1);
  const never = { ...ASKED, "x_delivery_timeout_ms": Number.MAX_SAFE_INTEGER };
  for (let n = 0; n < 4096; n++) publisher.publishes("com.news", never);
  publisher.receivesNothing();
  const request = publisher.publishes("com.news", never);
  publisher.receives("ERROR", 16, request, {}, "wamp.error.unavailable", EXPLAINED);
  publisher.publishes("com.news", { "x_acknowledged_delivery": true });
  const [first] = subscriber?.transport.sent ?? [];
  assert.equal(subscriber?.transport.sent.splice(0).length, 4097);
  subscriber?.sends("EVENT_RECEIVED", first?.[2]);
  publisher.receives("PUBLISHED", 1, first?.[2]);
  const again = publisher.publishes("com.news", never, ["hello"]);
  const publication = confirms(subscriber);
  publisher.receives("PUBLISHED", again, publication);
  publisher.disconnects();
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});
