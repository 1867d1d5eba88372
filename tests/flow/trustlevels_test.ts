import { test } from "node:test";
import { ALLOW_ALL } from "../../router/permission.ts";
import { Flow, ID } from "../kit/flow_kit.ts";

const rule = (uri: string, trustlevel?: number) => ({
  ...ALLOW_ALL,
  uri,
  ...(trustlevel !== undefined && { trustlevel }),
});

function trusting() {
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", permissions: [rule("com."), rule("com.open", 0)], trustlevel: 1 },
      { name: "admin", permissions: [rule("com.", 7)] },
    ],
  });
  const [callee, guest, admin] = [
    flow.join(),
    flow.join({ authrole: "guest" }),
    flow.join({ authrole: "admin" }),
  ];
  return { flow, callee, guest, admin };
}

test("Trust levels: an INVOCATION tells how far the caller's role is trusted [WAMP rpc_call_trustlevels]", () => {
  const { flow, callee, guest, admin } = trusting();
  callee.registers("com.work");
  guest.calls("com.work");
  callee.receives("INVOCATION", 1, ID, { "trustlevel": 1 });
  admin.calls("com.work", { "disclose_me": true });
  callee.receives("INVOCATION", 2, ID, {
    "caller": admin.id,
    "caller_authid": "somebody",
    "caller_authrole": "admin",
    "trustlevel": 7,
  });
  callee.calls("com.work");
  callee.receives("INVOCATION", 3, ID, {});
  flow.ends();
});

test("Trust levels: an EVENT tells how far the publisher's role is trusted [WAMP pubsub_publication_trustlevels]", () => {
  const { flow, callee: subscriber, guest, admin } = trusting();
  const subscription = subscriber.subscribes("com.news");
  const open = subscriber.subscribes("com.open", { "match": "prefix" });
  guest.sends("PUBLISH", 1, {}, "com.news");
  subscriber.receives("EVENT", subscription, ID, { "trustlevel": 1 });
  guest.sends("PUBLISH", 2, { "exclude_me": true }, "com.open.news");
  subscriber.receives("EVENT", open, ID, { "trustlevel": 0, "topic": "com.open.news" });
  admin.sends("PUBLISH", 1, { "exclude_me": true }, "com.news");
  subscriber.receives("EVENT", subscription, ID, { "trustlevel": 7 });
  flow.ends();
});
