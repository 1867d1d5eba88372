import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../../../client/connect.ts";
import type { CallPart } from "../../../../client/caller.ts";
import type { Session } from "../../../../client/session.ts";
import { Link, type LinkOptions, type Open } from "../../../../node/link/link.ts";
import { anonymous, embedded } from "../../../../router/join.ts";
import type { RealmOptions } from "../../../../router/realm.ts";
import { Router } from "../../../../router/router.ts";
import { systemClock } from "../../../../transports/clock.ts";
import { createLocalPair } from "../../../../transports/local.ts";
import { FakeLog } from "../../../kit/flow_kit.ts";
import { FakeRandom } from "../../../kit/fake_random.ts";

/** Several routers in one process; links and clients join them by local transports. */
class Town {
  readonly log = new FakeLog();
  readonly #random = new FakeRandom(7);
  readonly #open: { leave?(): unknown; stop?(): unknown }[] = [];

  router(options: Partial<RealmOptions> = {}): Router {
    const router = new Router({ clock: systemClock, random: this.#random, log: this.log });
    router.addRealm({
      name: "realm1",
      roles: [{ name: "anonymous", allowByDefault: true }],
      ...options,
    });
    return router;
  }

  async client(router: Router): Promise<Session> {
    const gate = anonymous("anonymous", this.#random);
    const session = await connect({
      url: "local:",
      realm: "realm1",
      dial: (_, attach) => {
        const pair = createLocalPair((error) => assert.fail(String(error)));
        pair.router.attach(router.attach(pair.router, gate));
        pair.client.attach(attach(pair.client));
        return Promise.resolve(pair.client);
      },
    });
    this.#open.push(session);
    return session;
  }

  async link(near: Router, far: Router, options: Partial<LinkOptions> = {}): Promise<Link> {
    const gate = embedded({ authid: "link" });
    const open = (router: Router): Open => (attach) => {
      const pair = createLocalPair((error) => assert.fail(String(error)));
      pair.router.attach(router.attach(pair.router, gate));
      pair.client.attach(attach(pair.client));
      return Promise.resolve();
    };
    const link = new Link({
      id: "link1",
      realm: "realm1",
      remoteRealm: "realm1",
      excludedAuthids: [],
      forwardsLocalEvents: true,
      forwardsRemoteEvents: true,
      forwardsLocalInvocations: true,
      forwardsRemoteInvocations: true,
      firstDelayMs: 5,
      longestDelayMs: 20,
      ...options,
    }, {
      clock: systemClock,
      log: this.log,
      jitter: () => 0.5,
      local: open(near),
      remote: open(far),
    });
    this.#open.push(link);
    await link.start();
    return link;
  }

  async ends(): Promise<void> {
    for (const one of this.#open) await (one.leave?.() ?? one.stop?.());
    assert.deepEqual(this.log.errors, []);
  }
}

async function inTown(run: (town: Town) => Promise<void>): Promise<void> {
  const town = new Town();
  // The clock's timers keep no process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    await run(town);
  } finally {
    await town.ends();
    clearInterval(alive);
  }
}

/** What a link does after an answer takes a few turns more. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.fail("found it never so, expected it to become so");
}

const subscribed = (session: Session, topic: string, match = "exact") => () =>
  session.call("wamp.subscription.lookup", [topic, { match }]).then((id) => id !== null);
const registered = (session: Session, procedure: string) => () =>
  session.call("wamp.registration.lookup", [procedure]).then((id) => id !== null);

for (const match of ["exact", "prefix", "wildcard"] as const) {
  const topic = { exact: "com.shop.sale", prefix: "com.shop.", wildcard: "com..sale" }[match];
  test(`Link: events reach ${match} subscribers of the other realm, once, in both directions`, () =>
    inTown(async (town) => {
      const [near, far] = [town.router(), town.router()];
      await town.link(near, far);
      for (const [here, there] of [[near, far], [far, near]] as const) {
        const [publisher, subscriber] = [await town.client(here), await town.client(there)];
        const events: unknown[] = [];
        const take = (args: readonly unknown[]) => void events.push(args[0]);
        await subscriber.subscribe(topic, take, { match });
        await until(subscribed(publisher, topic, match));
        for (const n of [1, 2, 3]) {
          await publisher.publish("com.shop.sale", [n], {}, { acknowledge: true });
        }
        await until(() => events.length >= 3);
        assert.deepEqual(events, [1, 2, 3]);
        await subscriber.leave();
        await until(async () => !await subscribed(publisher, topic, match)());
      }
    }));
}

test("Link: an event that matches several subscriptions of the other realm crosses once", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    await town.link(near, far);
    const [publisher, subscriber] = [await town.client(near), await town.client(far)];
    const events: string[] = [];
    await subscriber.subscribe("com.shop.sale", () => void events.push("exact"));
    await subscriber.subscribe("com.shop", () => void events.push("prefix"), { match: "prefix" });
    await until(subscribed(publisher, "com.shop.sale"));
    await until(subscribed(publisher, "com.shop", "prefix"));
    await publisher.publish("com.shop.sale", [], {}, { acknowledge: true });
    await publisher.publish("com.shop.end", [], {}, { acknowledge: true });
    await until(() => events.length >= 3);
    assert.deepEqual(events.sort(), ["exact", "prefix", "prefix"]);
  }));

test("Link: calls reach callees of the other realm, with progress, errors and keyword arguments", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    await town.link(near, far);
    const [caller, callee] = [await town.client(near), await town.client(far)];
    await callee.register("com.math.add", ([a, b]: readonly [number, number]) => a + b);
    await callee.register("com.math.count", async ([n]: readonly [number], _, call) => {
      for (let i = 1; i < n; i++) call.progress([i]);
      return await Promise.resolve(n);
    });
    await until(registered(caller, "com.math.count"));
    assert.equal(await caller.call("com.math.add", [2, 3]), 5);
    const parts: unknown[] = [];
    const onProgress = ([part]: readonly unknown[]) => void parts.push(part);
    assert.equal(await caller.call("com.math.count", [3], {}, { onProgress }), 3);
    assert.deepEqual(parts, [1, 2]);
    await callee.leave();
    await until(async () => !await registered(caller, "com.math.add")());
    await assert.rejects(caller.call("com.math.add", [2, 3]), /no_such_procedure/);
  }));

test("Link: calls in parts go on over several links, with progress, until either side has enough", () =>
  inTown(async (town) => {
    const [here, between, there] = [town.router(), town.router(), town.router()];
    await town.link(here, between);
    await town.link(between, there);
    const [caller, callee] = [await town.client(here), await town.client(there)];
    let interruptions = 0;
    await callee.register("com.upload", async ([most], _kwargs, call) => {
      call.signal.addEventListener("abort", () => void interruptions++);
      let parts = 0;
      for await (const { args = [] } of call.more) {
        call.progress([++parts, ...args]);
        if (parts === most) break;
      }
      return parts;
    });
    await until(registered(caller, "com.upload"));
    async function* parts(count: number): AsyncGenerator<CallPart, void> {
      for (let part = 1; part <= count; part++) {
        yield { args: [`part ${part}`] };
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    const seen: unknown[] = [];
    const onProgress = (args: readonly unknown[]) => void seen.push(args);
    const all = { more: parts(3), onProgress };
    assert.equal(await caller.call("com.upload", [0], {}, all), 4);
    assert.deepEqual(seen, [[1, "part 1"], [2, "part 2"], [3, "part 3"], [4]]);
    assert.equal(await caller.call("com.upload", [2], {}, { more: parts(1000) }), 2);
    const limited = { more: parts(Infinity), timeoutMs: 30 };
    await assert.rejects(caller.call("com.upload", [0], {}, limited), /timeout/);
    await until(() => interruptions === 1);
    assert.ok(caller.isOpen && callee.isOpen);
  }));

test("Link: a call that is canceled interrupts the callee of the other realm", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    await town.link(near, far);
    const [caller, callee] = [await town.client(near), await town.client(far)];
    let isInterrupted = false;
    await callee.register(
      "com.slow",
      (_args, _kwargs, { signal }) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => {
            isInterrupted = true;
            reject(signal.reason);
          });
        }),
    );
    await until(registered(caller, "com.slow"));
    await assert.rejects(caller.call("com.slow", [], {}, { timeoutMs: 20 }), /timeout/);
    await until(() => isInterrupted);
  }));

test("Link: a chain of links carries events and calls from one end to the other", () =>
  inTown(async (town) => {
    const [a, b, c] = [town.router(), town.router(), town.router()];
    await town.link(a, b);
    await town.link(b, c);
    const [first, last] = [await town.client(a), await town.client(c)];
    const events: unknown[] = [];
    await last.subscribe("com.news", ([n]) => void events.push(n));
    await last.register("com.echo", ([value]) => value);
    await until(subscribed(first, "com.news"));
    await until(registered(first, "com.echo"));
    await first.publish("com.news", [1], {}, { acknowledge: true });
    assert.equal(await first.call("com.echo", ["far"]), "far");
    await until(() => events.length > 0);
    assert.deepEqual(events, [1]);
  }));

test("Link: in a ring nothing goes round, and what ends anywhere ends everywhere", () =>
  inTown(async (town) => {
    const [a, b, c] = [town.router(), town.router(), town.router()];
    await town.link(a, b);
    await town.link(b, c);
    await town.link(c, a);
    const [first, last] = [await town.client(a), await town.client(c)];
    let count = 0;
    await last.subscribe("com.news", () => void count++);
    await last.register("com.echo", ([value]) => value);
    await until(subscribed(first, "com.news"));
    await until(registered(first, "com.echo"));
    first.publish("com.news", [1]);
    assert.equal(await first.call("com.echo", ["far"]), "far");
    await until(() => count > 0);
    const seen = count;
    await first.call("com.echo", ["later"]);
    assert.ok(count <= seen + 1 && count <= 2, `found ${count} events, expected one for each way`);
    await last.leave();
    for (const router of [a, b, c]) {
      const session = await town.client(router);
      await until(async () => !await registered(session, "com.echo")());
      await until(async () => !await subscribed(session, "com.news")());
    }
  }));

test("Link: shared registrations on both sides serve calls on both sides", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    await town.link(near, far);
    const sessions = [await town.client(near), await town.client(far)];
    const answered: string[] = [];
    for (const [i, session] of sessions.entries()) {
      const side = i === 0 ? "near" : "far";
      await session.register("com.work", () => {
        answered.push(side);
        return side;
      }, { invoke: "roundrobin" });
    }
    const callees = async (session: Session) => {
      const id = await session.call("wamp.registration.lookup", ["com.work"]);
      return await session.call<number>("wamp.registration.count_callees", [id]);
    };
    for (const session of sessions) await until(async () => await callees(session) === 2);
    for (const session of sessions) {
      for (let i = 0; i < 10; i++) await session.call("com.work");
    }
    assert.ok(answered.includes("near") && answered.includes("far"));
    assert.equal(answered.length, 20);
  }));

test("Link: what one direction is not to forward does not cross", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    await town.link(near, far, { forwardsRemoteEvents: false, forwardsLocalInvocations: false });
    const [here, there] = [await town.client(near), await town.client(far)];
    const events: unknown[] = [];
    await here.subscribe("com.news", () => void events.push("here"));
    await there.subscribe("com.news", () => void events.push("there"));
    await there.register("com.there", () => 1);
    await here.register("com.here", () => 2);
    await until(registered(there, "com.here"));
    await until(async () => {
      const id = await here.call("wamp.subscription.lookup", ["com.news"]);
      return await here.call("wamp.subscription.count_subscribers", [id]) === 2;
    });
    there.publish("com.news");
    await here.publish("com.news", [], {}, { acknowledge: true });
    await until(() => events.includes("there"));
    assert.deepEqual(events, ["there"]);
    assert.equal(await there.call("com.here"), 2);
    await assert.rejects(here.call("com.there"), /no_such_procedure/);
  }));

test("Link: sessions of an excluded authid do not cross", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    const there = await town.client(far);
    await town.link(near, far, { excludedAuthids: [there.authid ?? ""] });
    const here = await town.client(near);
    const other = await town.client(far);
    await there.register("com.hidden", () => 1);
    await other.register("com.shown", () => 2);
    await until(registered(here, "com.shown"));
    await assert.rejects(here.call("com.hidden"), /no_such_procedure/);
  }));

test("Link: a link that loses a realm joins both anew, and establishes everything again", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    const link = await town.link(near, far);
    const [caller, callee] = [await town.client(near), await town.client(far)];
    await callee.register("com.echo", ([value]) => value);
    await until(registered(caller, "com.echo"));
    for (const session of [...far.realm("realm1")?.sessions.values() ?? []]) {
      if (session.authid === "link") session.goodbye("wamp.close.killed");
    }
    await until(() => !link.isConnected);
    await until(() => link.isConnected);
    await until(registered(caller, "com.echo"));
    assert.equal(await caller.call("com.echo", [7]), 7);
  }));

test("Link: a stopped link leaves both realms", () =>
  inTown(async (town) => {
    const [near, far] = [town.router(), town.router()];
    const link = await town.link(near, far);
    assert.equal(link.isConnected, true);
    await link.stop();
    assert.equal(link.isConnected, false);
    for (const router of [near, far]) assert.equal(router.realm("realm1")?.sessions.size, 0);
  }));
