import { test } from "node:test";
import type { RoleOptions } from "../../router/permission.ts";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

function role(name: string, publisher: boolean | undefined): RoleOptions {
  const allow = { call: true, register: true, publish: true, subscribe: true };
  const disclose = { caller: undefined, publisher };
  return { name, permissions: [{ uri: "", match: "prefix", allow, disclose }] };
}

const ROLES = [role("open", undefined), role("shown", true), role("hidden", false)];

function disclosed(peer: Peer, authid: string, authrole: string) {
  return {
    "publisher": peer.id,
    "publisher_authid": authid,
    "publisher_authrole": authrole,
  };
}

test("Broker: a publisher is disclosed when it asks for it [WAMP pubsub_publisher_identification]", () => {
  const flow = new Flow({ roles: ROLES });
  const alice = flow.join({ authid: "alice", authrole: "open" });
  const bob = flow.join({ authrole: "open" });
  const subscription = bob.subscribes("com.myapp.topic");
  for (const options of [{}, { "disclose_me": false }, { "disclose_me": null }]) {
    alice.publishes("com.myapp.topic", options);
    bob.receives("EVENT", subscription, ID, {});
  }
  alice.publishes("com.myapp.topic", { "disclose_me": true }, ["Hello"]);
  bob.receives("EVENT", subscription, ID, disclosed(alice, "alice", "open"), ["Hello"]);
  flow.ends();
});

test("Broker: a role may disclose its publishers, asked or not", () => {
  const flow = new Flow({ roles: ROLES });
  const alice = flow.join({ authid: "alice", authrole: "shown" });
  const bob = flow.join({ authrole: "open" });
  const exact = bob.subscribes("com.myapp.topic");
  const prefix = bob.subscribes("com.", { "match": "prefix" });
  for (const options of [{}, { "disclose_me": false }, { "disclose_me": true }]) {
    alice.publishes("com.myapp.topic", options);
    const details = disclosed(alice, "alice", "shown");
    bob.receives("EVENT", exact, ID, details);
    bob.receives("EVENT", prefix, ID, { ...details, "topic": "com.myapp.topic" });
  }
  flow.ends();
});

test("Broker: a role may forbid its publishers to be disclosed", () => {
  const flow = new Flow({ roles: ROLES });
  const alice = flow.join({ authrole: "hidden" });
  const bob = flow.join({ authrole: "open" });
  const subscription = bob.subscribes("com.myapp.topic");
  const options = { "disclose_me": true, "acknowledge": true };
  const request = alice.publishes("com.myapp.topic", options);
  const error = "wamp.error.option_disallowed.disclose_me";
  alice.receives("ERROR", 16, request, {}, error, EXPLAINED);
  alice.publishes("com.myapp.topic", { "disclose_me": true });
  flow.ends();
  alice.publishes("com.myapp.topic");
  bob.receives("EVENT", subscription, ID, {});
  flow.ends();
});

test("Broker: disclose_me must be true or false", () => {
  const flow = new Flow();
  const alice = flow.join();
  const request = alice.publishes("com.topic", { "disclose_me": "yes", "acknowledge": true });
  alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  flow.ends();
});
