/** Resumable sessions of the library against a whole router in memory, with connections that a test breaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, KeyRing, type Session } from "../../mod.ts";
import type { ResumableOptions } from "../../mod.ts";
import type { MessageHandler } from "../../router/ports.ts";
import type { RealmOptions } from "../../router/realm.ts";
import { Type } from "../../wamp/message.ts";
import { createLocalPair } from "../../transports/local.ts";
import { ANY, credulous, Flow, ID } from "../kit/flow_kit.ts";
import { settled } from "./client_kit.ts";

class BreakableFlow extends Flow {
  /** No connection can be made. */
  isUnreachable = false;
  dials = 0;
  /** The next WELCOME is lost, with its connection. */
  losesWelcome = false;
  /** Breaks the last connection; what was on its way is lost. */
  cut: () => void = () => {};
  /** The same of the last connection of each client. */
  readonly cuts: (() => void)[] = [];

  client(resumable: boolean | ResumableOptions, keyring?: KeyRing): Promise<Session> {
    const index = this.cuts.push(() => {}) - 1;
    return connect({
      ...(keyring !== undefined && { keyring }),
      url: "local",
      realm: "realm1",
      log: this.log,
      clock: this.clock,
      resumable,
      dial: (_options, attach) => {
        this.dials++;
        if (this.isUnreachable) return Promise.reject(new Error("unreachable"));
        const pair = createLocalPair((error) => this.log.errors.push({ error }));
        const ends = [attach(pair.client), this.router.attach(pair.router, credulous)] as const;
        let isCut = false;
        const until = (handler: MessageHandler): MessageHandler => ({
          receive: (message) => {
            if (message.type === Type.WELCOME && this.losesWelcome) {
              this.losesWelcome = false;
              this.cut();
            }
            if (!isCut) handler.receive(message);
          },
          fail: (error) => isCut || handler.fail(error),
          closed: (how) => isCut || handler.closed(how),
        });
        pair.client.attach(until(ends[0]));
        pair.router.attach(until(ends[1]));
        this.cut = () => {
          if (isCut) return;
          isCut = true;
          for (const end of ends) end.closed("reset");
        };
        this.cuts[index] = this.cut;
        return Promise.resolve(pair.client);
      },
    });
  }

  /** Time passes, and what follows from it happens. */
  async passes(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      await settled();
    }
  }
}

/** Until it is so: what the library loads on demand takes its time on a busy machine. */
async function until(flow: BreakableFlow, isSo: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo() && Date.now() < end) {
    await settled();
    // Just enough for the next attempt.
    flow.clock.advance(1);
  }
  await settled();
}

const flowOf = (resumption: RealmOptions["resumption"] | undefined = { timeoutMs: 5_000 }) =>
  new BreakableFlow(resumption === undefined ? {} : { resumption });

test("Client: a session goes on over another connection, and what was lost on the way is sent again", async () => {
  const flow = flowOf();
  const bob = flow.join();
  const told: string[] = [];
  const session = await flow.client({
    onLost: () => told.push("lost"),
    onResumed: () => told.push("resumed"),
  });
  assert.equal(session.details["resumable"], true);
  const events: unknown[] = [];
  await session.subscribe("com.topic", ([n]) => void events.push(n));
  await session.register("com.double", ([n]: readonly [number]) => 2 * n);
  const other = bob.subscribes("com.other");
  // All of it is on its way when the connection breaks.
  session.publish("com.other", [1]);
  bob.publishes("com.topic", {}, [1]);
  const call = bob.calls("com.double", {}, [21]);
  const count = session.call("wamp.session.count");
  flow.cut();
  assert.deepEqual(told, ["lost"]);
  session.publish("com.other", [2]);
  bob.publishes("com.topic", {}, [2]);
  bob.receivesNothing();
  await until(flow, () => told.length > 1 && events.length > 1);
  assert.deepEqual(told, ["lost", "resumed"]);
  assert.deepEqual(events, [1, 2]);
  for (const n of [1, 2]) bob.receives("EVENT", other, ID, {}, [n]);
  bob.receives("RESULT", call, {}, [42]);
  assert.equal(await count, 2);
  // Again, and at once.
  flow.cut();
  await until(flow, () => told.length > 3);
  flow.cut();
  await until(flow, () => told.length > 5);
  assert.equal(await session.call("wamp.session.count"), 2);
  await session.leave();
  assert.equal(flow.realm.sessions.size, 1);
  flow.ends();
});

test("Client: what is being encrypted or decrypted when connections break comes once, and in order", async () => {
  const flow = flowOf({ timeoutMs: 60_000 });
  const key = { uri: "com.", cipher: "aes256gcm", key: "0f".repeat(32), keyId: "k" } as const;
  const ring = () => new KeyRing([{ ...key, acceptsPlain: true }]);
  let [cuts, resumed] = [0, 0];
  const session = await flow.client({ onResumed: () => resumed++ }, ring());
  const other = await flow.client({ onResumed: () => resumed++ }, ring());
  const events: unknown[] = [];
  await session.subscribe("com.topic", ([n]) => void events.push(n));
  await session.register("com.double", ([n]: readonly [number]) => 2 * n);
  const sums: Promise<number>[] = [];
  const sent = Array.from({ length: 60 }, (_, n) => n);
  for (const n of sent) {
    other.publish("com.topic", [n]);
    if (n % 3 === 0) sums.push(other.call<number>("com.double", [n]));
    // At every depth of what is on its way: before it is sealed, between router and subscriber, while it is opened.
    for (let turns = n % 5; turns > 0; turns--) await settled();
    if (n % 4 === 0) {
      // Publisher and subscriber in turns.
      flow.cuts[cuts++ % 2]?.();
    } else if (n % 4 === 3) {
      await until(flow, () => resumed === cuts);
    }
  }
  await until(flow, () => events.length >= sent.length);
  assert.deepEqual(events, sent);
  assert.deepEqual(await Promise.all(sums), sent.filter((n) => n % 3 === 0).map((n) => 2 * n));
  assert.equal(resumed, 15);
  await other.leave();
  await session.leave();
  flow.ends();
});

test("Client: an answer to the resumption that got lost is asked for again", async () => {
  const flow = flowOf();
  const session = await flow.client(true);
  flow.losesWelcome = true;
  flow.cut();
  await until(flow, () => flow.dials === 3 && flow.realm.detachedCount === 0);
  assert.deepEqual([flow.losesWelcome, flow.dials], [false, 3]);
  assert.equal(await session.call("wamp.session.count"), 1);
  await session.leave();
  flow.ends();
});

test("Client: it tries until the router's time is over, then the session ends", async () => {
  const flow = flowOf();
  const session = await flow.client(true);
  flow.isUnreachable = true;
  flow.cut();
  const call = session.call("wamp.session.count");
  call.catch(() => {});
  await flow.passes(4_900);
  assert.equal(session.isOpen, true);
  assert.ok(flow.dials > 4 && flow.dials < 12, String(flow.dials));
  await flow.passes(200);
  const { reason, by } = await session.closed;
  assert.deepEqual([reason, by], ["wamp.close.transport_lost", "transport"]);
  await assert.rejects(call, { name: "SessionClosedError" });
  const { dials } = flow;
  await flow.passes(5_000);
  assert.equal(flow.dials, dials);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Client: a session that the router has forgotten ends with the router's reason", async () => {
  const flow = flowOf({ timeoutMs: 5_000, maxBytes: 1_024 });
  const session = await flow.client(true);
  await session.subscribe("com.topic", () => {});
  flow.isUnreachable = true;
  flow.cut();
  const bob = flow.join();
  for (let n = 0; n < 50; n++) bob.publishes("com.topic", {}, ["x".repeat(100)]);
  flow.isUnreachable = false;
  await until(flow, () => !session.isOpen);
  const { reason, by } = await session.closed;
  assert.deepEqual([reason, by], ["realmway.error.cannot_resume", "router"]);
  assert.equal(flow.realm.sessions.size, 1);
  flow.ends();
});

test("Client: more than it may keep ends the session", async () => {
  const flow = flowOf();
  const session = await flow.client({ maxBytes: 1_000 });
  flow.isUnreachable = true;
  flow.cut();
  for (let n = 0; n < 50; n++) session.publish("com.topic", ["x".repeat(100)]);
  await flow.passes(100);
  assert.equal((await session.closed).by, "transport");
  await flow.passes(10_000);
  assert.equal(flow.clock.pendingCount, 0);
});

test("Client: what the router lacks and is not kept any more ends the session on both sides", async () => {
  const flow = flowOf();
  const session = await flow.client({ maxBytes: 1_000 });
  for (let n = 0; n < 50; n++) session.publish("com.topic", ["x".repeat(100)]);
  // None of them has arrived.
  flow.cut();
  await until(flow, () => !session.isOpen && flow.router.connectionCount === 0);
  assert.equal((await session.closed).reason, "realmway.error.cannot_resume");
  assert.equal(flow.realm.sessions.size, 0);
  assert.equal(flow.router.connectionCount, 0);
});

test("Client: who leaves while there is no connection has left when there is one, or when it takes too long", async () => {
  const flow = flowOf({ timeoutMs: 8_000 });
  const one = await flow.client(true);
  flow.cut();
  const left = one.leave();
  await until(flow, () => flow.realm.sessions.size === 0);
  assert.equal((await left).by, "client");
  assert.equal(flow.realm.sessions.size, 0);
  const two = await flow.client(true);
  flow.isUnreachable = true;
  flow.cut();
  const leaving = two.leave();
  await flow.passes(5_100);
  assert.equal((await leaving).by, "client");
  await flow.passes(3_000);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Client: where it is not allowed, or not asked for, a session ends with its connection", async () => {
  for (const [flow, resumable] of [[new BreakableFlow({}), true], [flowOf(), false]] as const) {
    const session = await flow.client(resumable);
    flow.cut();
    assert.equal((await session.closed).reason, "wamp.close.transport_lost");
    assert.equal(flow.dials, 1);
    assert.equal(flow.clock.pendingCount, 0);
  }
});

test("Client: GOODBYE of the router is no broken connection", async () => {
  const flow = flowOf();
  const session = await flow.client(true);
  const bob = flow.join();
  bob.calls("wamp.session.kill", {}, [session.id]);
  bob.receives("RESULT", ANY as unknown as number, {});
  await settled();
  assert.equal((await session.closed).by, "router");
  await flow.passes(1_000);
  assert.equal(flow.dials, 1);
  flow.ends();
});
