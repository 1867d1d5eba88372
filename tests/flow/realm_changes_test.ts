/** Realms and roles that come, change and go while sessions are joined. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Permission } from "../../router/permission.ts";
import { Type } from "../../wamp/message.ts";
import { ANY, EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

const rule = (uri: string, allow: Partial<Permission["allow"]>): Permission => ({
  uri,
  match: "exact",
  allow: { call: false, register: false, publish: false, subscribe: false, ...allow },
  disclose: { caller: undefined, publisher: undefined },
});

test("Realm: who is in it when it is removed gets GOODBYE, and nobody joins any more", () => {
  const flow = new Flow();
  const alice = flow.join();
  const bob = flow.join();
  assert.deepEqual(
    flow.router.removeRealm("realm1", "wamp.close.close_realm").sort(),
    [alice.id, bob.id].sort(),
  );
  for (const peer of [alice, bob]) {
    peer.receives("GOODBYE", {}, "wamp.close.close_realm");
    peer.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  }
  const carol = flow.connect();
  carol.sends("HELLO", "realm1", { "roles": { "caller": {} } });
  carol.isAborted("wamp.error.no_such_realm");
  flow.ends();
});

test("Realm: sessions of a role that is dropped may do nothing from then on, and lose what they hold", () => {
  const flow = new Flow();
  const alice = flow.join();
  const watcher = flow.connect();
  flow.realm.addRole({ name: "watcher", allowByDefault: true });
  watcher.joins({ authrole: "watcher" });
  const subscription = alice.subscribes("com.a");
  const registration = alice.registers("com.p");
  assert.equal(flow.realm.dropRole("anyone"), true);
  alice.receives("UNSUBSCRIBED", 0, { "subscription": subscription, "reason": ANY });
  alice.receives("UNREGISTERED", 0, { "registration": registration, "reason": ANY });
  watcher.publishes("com.a");
  const denied = alice.publishes("com.a", { "acknowledge": true });
  alice.receives("ERROR", Type.PUBLISH, denied, {}, "wamp.error.not_authorized", EXPLAINED);
  const late = flow.connect();
  late.sends("HELLO", "realm1", { "roles": { "caller": {} }, "authrole": "anyone" });
  late.isAborted("wamp.error.no_such_role");
  flow.ends();
});

test("Realm: a role that is started again gives its sessions their rights back", () => {
  const flow = new Flow();
  const alice = flow.join();
  flow.realm.dropRole("anyone");
  flow.realm.addRole({ name: "anyone", allowByDefault: true });
  alice.subscribes("com.a");
  flow.ends();
});

test("Realm: a decision that was remembered is made anew when the role is replaced", () => {
  const flow = new Flow({
    roles: [{
      name: "anyone",
      permissions: [rule("com.a", { publish: true, subscribe: true }), rule("com.b", {})],
    }],
  });
  const alice = flow.join();
  const kept = alice.subscribes("com.a");
  alice.receives("PUBLISHED", alice.publishes("com.a", { "acknowledge": true }), ID);
  flow.realm.replaceRole({
    name: "anyone",
    permissions: [rule("com.a", { subscribe: true }), rule("com.b", { publish: true })],
  });
  const denied = alice.publishes("com.a", { "acknowledge": true });
  alice.receives("ERROR", Type.PUBLISH, denied, {}, "wamp.error.not_authorized", EXPLAINED);
  alice.receives("PUBLISHED", alice.publishes("com.b", { "acknowledge": true }), ID);
  alice.unsubscribes(kept);
  flow.ends();
});

test("Realm: a subscription by pattern is narrowed to what a replaced role allows", () => {
  const flow = new Flow();
  const alice = flow.join();
  flow.realm.addRole({ name: "publisher", allowByDefault: true });
  const bob = flow.join({ authrole: "publisher" });
  const subscription = alice.subscribes("com", { "match": "prefix" });
  flow.realm.replaceRole({
    name: "anyone",
    allowByDefault: true,
    permissions: [rule("com.secret", {})],
  });
  bob.publishes("com.secret");
  bob.publishes("com.open");
  alice.receives("EVENT", subscription, ID, { "topic": "com.open" });
  flow.ends();
});

test("Realm: a role may come to ask an authorizer, and to have limits, while sessions are joined", async () => {
  const flow = new Flow();
  const alice = flow.join();
  const asked: string[] = [];
  flow.realm.replaceRole({
    name: "anyone",
    authorizer: {
      authorize: (_session, uri) => {
        asked.push(uri);
        return uri === "com.yes";
      },
    },
    limits: { sessions: 1 },
  });
  alice.receives("PUBLISHED", alice.publishes("com.yes", { "acknowledge": true }), ID);
  const denied = alice.publishes("com.no", { "acknowledge": true });
  alice.receives("ERROR", Type.PUBLISH, denied, {}, "wamp.error.not_authorized", EXPLAINED);
  assert.deepEqual(asked, ["com.yes", "com.no"]);
  const bob = flow.connect();
  bob.sends("HELLO", "realm1", { "roles": { "caller": {} }, "authrole": "anyone" });
  bob.isAborted("realmway.error.limit_exceeded");
  alice.leaves();
  bob.receivesNothing();
  const carol = flow.join();
  carol.leaves();
  await Promise.resolve();
  flow.ends();
});

test("Realm: what waits for an authorizer is asked for under the role that takes its place", async () => {
  const flow = new Flow({
    roles: [{ name: "anyone", authorizer: { authorize: () => new Promise(() => {}) } }],
  });
  const alice = flow.join();
  const request = alice.publishes("com.a", { "acknowledge": true });
  alice.receivesNothing();
  flow.realm.replaceRole({ name: "anyone", allowByDefault: true });
  alice.receives("PUBLISHED", request, ID);
  await Promise.resolve();
  flow.ends();
});

test("Realm: the built-in role can neither be dropped nor replaced, another not be added twice", () => {
  const flow = new Flow();
  assert.equal(flow.realm.dropRole("trusted"), false);
  assert.equal(flow.realm.dropRole("nobody"), false);
  assert.throws(() => flow.realm.replaceRole({ name: "trusted" }));
  assert.throws(() => flow.realm.replaceRole({ name: "nobody" }));
  assert.throws(() => flow.realm.addRole({ name: "anyone" }));
});

test("Realm: messages are counted by type in both directions, of a fan-out each event", () => {
  const flow = new Flow();
  const peers = [flow.join(), flow.join(), flow.join()];
  const [alice] = peers;
  const [subscription] = peers.map((peer) => peer.subscribes("com.a"));
  alice?.publishes("com.a");
  for (const peer of peers.slice(1)) peer.receives("EVENT", subscription, ID, {});
  const { sent, received } = flow.realm;
  assert.equal(received[Type.SUBSCRIBE], 3);
  assert.equal(sent[Type.SUBSCRIBED], 3);
  assert.equal(received[Type.PUBLISH], 1);
  assert.equal(sent[Type.EVENT], 2);
  flow.ends();
});

test("Realm: sessions of a role that is removed get GOODBYE, those of others stay", () => {
  const flow = new Flow();
  const alice = flow.join();
  const watcher = flow.connect();
  flow.realm.addRole({ name: "watcher", allowByDefault: true });
  watcher.joins({ authrole: "watcher" });
  assert.equal(flow.realm.removeRole("anyone", "wamp.close.killed", "no more"), true);
  assert.equal(flow.realm.removeRole("anyone", "wamp.close.killed", "no more"), false);
  alice.receives("GOODBYE", { "message": "no more" }, "wamp.close.killed");
  alice.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  watcher.publishes("com.a");
  const late = flow.connect();
  late.sends("HELLO", "realm1", { "roles": { "caller": {} }, "authrole": "anyone" });
  late.isAborted("wamp.error.no_such_role");
  flow.ends();
});
