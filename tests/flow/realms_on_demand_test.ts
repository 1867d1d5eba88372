/** Realms that are made when somebody who may asks for them, and removed when nobody is in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RealmsOnDemand, type RealmTemplate } from "../../router/on_demand.ts";
import type { Realm } from "../../router/realm.ts";
import { ALL_ROLES, ANY, credulous, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const IDLE_MS = 5_000;

/** A router with a template "tenant.*", by which owners make realms, and everybody joins them. */
class Demand extends Flow {
  readonly onDemand: RealmsOnDemand = new RealmsOnDemand(this.router);
  readonly made: string[] = [];
  readonly removed: string[] = [];
  /** What the next making waits for. */
  before: Promise<void> = Promise.resolve();

  constructor() {
    super();
    this.router.onDemand = this.onDemand;
    this.onDemand.set(this.template());
  }

  template(more: Partial<RealmTemplate> = {}): RealmTemplate {
    return {
      uri: "tenant.",
      match: "prefix",
      creators: ["owner"],
      maxRealms: 2,
      idleMs: IDLE_MS,
      make: async (name) => {
        this.made.push(name);
        await this.before;
        return this.router.addRealm({ name, roles: ["owner", "guest"].map(role) });
      },
      removed: (realm: Realm) => this.removed.push(realm.name),
      ...more,
    };
  }

  asks(realm: string, authrole = "owner"): Peer {
    const peer = this.connect(credulous);
    peer.sends("HELLO", realm, { "roles": ALL_ROLES, "authrole": authrole });
    return peer;
  }

  async enters(realm: string, authrole = "owner"): Promise<Peer> {
    const peer = this.asks(realm, authrole);
    await turns();
    welcomed(peer);
    return peer;
  }
}

const role = (name: string) => ({ name, allowByDefault: true });
const welcomed = (peer: Peer) => void peer.receives("WELCOME", ID, ANY);

/** All that waits for no timer has happened. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test("Realms on demand: who may create has a realm made by joining; those who come later share it", async () => {
  const flow = new Demand();
  const owner = await flow.enters("tenant.a");
  const guest = await flow.enters("tenant.a", "guest");
  const subscription = guest.subscribes("com.news");
  owner.publishes("com.news");
  guest.receives("EVENT", subscription, ID, ANY);
  assert.deepEqual(flow.made, ["tenant.a"]);
  flow.ends();
});

test("Realms on demand: who may not create is told the same of a name that could be made and of one that could not", async () => {
  const flow = new Demand();
  const texts: unknown[] = [];
  for (const name of ["tenant.a", "other.a"]) {
    const peer = flow.asks(name, "guest");
    await turns();
    const [, details] = peer.receives("ABORT", ANY, "wamp.error.no_such_realm");
    texts.push(JSON.stringify(details).replace(name, ""));
  }
  assert.equal(texts[0], texts[1]);
  assert.deepEqual(flow.made, []);
});

test("Realms on demand: a peer that is not let in has nothing made", async () => {
  const flow = new Demand();
  const peer = flow.connect({
    admit: () => ({ refusal: "wamp.error.authentication_failed", text: "no" }),
  });
  peer.sends("HELLO", "tenant.a", { "roles": ALL_ROLES, "authrole": "owner" });
  await turns();
  peer.isAborted("wamp.error.authentication_failed");
  assert.deepEqual(flow.made, []);
});

test("Realms on demand: two who ask at once get one realm", async () => {
  const flow = new Demand();
  const { promise, resolve } = Promise.withResolvers<void>();
  flow.before = promise;
  const [one, two] = [flow.asks("tenant.a"), flow.asks("tenant.a")];
  await turns();
  one.receivesNothing();
  resolve();
  await turns();
  for (const peer of [one, two]) welcomed(peer);
  assert.deepEqual(flow.made, ["tenant.a"]);
  assert.equal(flow.router.realm("tenant.a")?.sessions.size, 2);
});

test("Realms on demand: beyond the limit nobody has one made, also while others are being made; a removed one makes room", async () => {
  const flow = new Demand();
  const { promise, resolve } = Promise.withResolvers<void>();
  flow.before = promise;
  const [a, b, c] = ["tenant.a", "tenant.b", "tenant.c"].map((name) => flow.asks(name));
  await turns();
  c?.isAborted("realmway.error.limit_exceeded");
  resolve();
  await turns();
  for (const peer of [a, b]) if (peer !== undefined) welcomed(peer);
  await flow.enters("tenant.a");
  b?.leaves();
  flow.clock.advance(IDLE_MS);
  await flow.enters("tenant.c");
  assert.deepEqual(flow.made, ["tenant.a", "tenant.b", "tenant.c"]);
});

test("Realms on demand: a realm is removed the idle time after its last session has left", async () => {
  const flow = new Demand();
  const [one, two] = [await flow.enters("tenant.a"), await flow.enters("tenant.a", "guest")];
  one.leaves();
  flow.clock.advance(IDLE_MS);
  two.leaves();
  one.disconnects();
  two.disconnects();
  flow.clock.advance(IDLE_MS - 1);
  assert.ok(flow.router.realm("tenant.a"));
  flow.clock.advance(1);
  assert.equal(flow.router.realm("tenant.a"), undefined);
  assert.deepEqual(flow.removed, ["tenant.a"]);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Realms on demand: who joins in the last moment keeps the realm, and the idle time begins anew", async () => {
  const flow = new Demand();
  (await flow.enters("tenant.a")).leaves();
  flow.clock.advance(IDLE_MS - 1);
  const late = await flow.enters("tenant.a", "guest");
  flow.clock.advance(IDLE_MS);
  late.publishes("com.news");
  late.leaves();
  flow.clock.advance(IDLE_MS - 1);
  assert.ok(flow.router.realm("tenant.a"));
  flow.clock.advance(1);
  assert.equal(flow.router.realm("tenant.a"), undefined);
  assert.deepEqual(flow.made, ["tenant.a"]);
});

test("Realms on demand: a realm whose creator is gone before it is there is removed, too", async () => {
  const flow = new Demand();
  const { promise, resolve } = Promise.withResolvers<void>();
  flow.before = promise;
  const peer = flow.asks("tenant.a");
  peer.disconnects();
  resolve();
  await turns();
  peer.receivesNothing();
  flow.clock.advance(IDLE_MS);
  assert.deepEqual(flow.removed, ["tenant.a"]);
});

test("Realms on demand: a realm that cannot be made is told to who asked, and the next attempt is a new one", async () => {
  const flow = new Demand();
  flow.before = Promise.reject(new Error("The disk is full"));
  const peer = flow.asks("tenant.a");
  await turns();
  peer.isAborted("wamp.error.unavailable");
  assert.equal(flow.log.errors[0]?.["error"], "The disk is full");
  flow.before = Promise.resolve();
  await flow.enters("tenant.a");
});

test("Realms on demand: of two templates the more specific decides, and a realm that is there comes first", async () => {
  const flow = new Demand();
  flow.onDemand.set(flow.template({ uri: "tenant.a.", creators: ["guest"] }));
  flow.onDemand.set(flow.template({ uri: "", creators: ["owner"] }));
  const owner = flow.asks("tenant.a.x");
  await turns();
  owner.isAborted("wamp.error.no_such_realm");
  await flow.enters("tenant.a.x", "guest");
  await flow.enters("realm1", "anyone");
  assert.deepEqual(flow.made, ["tenant.a.x"]);
});

test("Realms on demand: a template that is replaced holds for the idle time of realms that there are; one that is removed makes no more", async () => {
  const flow = new Demand();
  const owner = await flow.enters("tenant.a");
  flow.onDemand.set(flow.template({ idleMs: 10, maxRealms: 1 }));
  const beyond = flow.asks("tenant.b");
  await turns();
  beyond.isAborted("realmway.error.limit_exceeded");
  owner.leaves();
  flow.clock.advance(10);
  assert.deepEqual(flow.removed, ["tenant.a"]);
  flow.onDemand.remove({ match: "prefix", uri: "tenant." });
  const late = flow.asks("tenant.c");
  await turns();
  late.isAborted("wamp.error.no_such_realm");
});

test("Realms on demand: a router that ends makes none and removes none", async () => {
  const flow = new Demand();
  (await flow.enters("tenant.a")).leaves();
  flow.onDemand.stop();
  flow.clock.advance(IDLE_MS * 2);
  assert.deepEqual(flow.removed, []);
  const late = flow.asks("tenant.b");
  await turns();
  late.isAborted("wamp.error.no_such_realm");
});
