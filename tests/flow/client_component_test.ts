/** Components: events and their order, what is made anew, when and where they connect again, and when they give up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ApplicationSession, Component, ConnectError, run } from "../../mod.ts";
import { settled } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

test("Component: events come in order, ready after every listener to join is through", async () => {
  const kit = new ComponentFlow();
  const component = kit.component();
  const { promise, resolve } = Promise.withResolvers<void>();
  component.onJoin(() => promise);
  kit.watch(component);
  const done = component.start();
  await settled();
  assert.deepEqual(kit.seen, ["start", "connect false", "join realm1"]);
  resolve();
  await settled();
  assert.deepEqual(kit.seen.at(-1), "ready true");
  await component.stop();
  await done;
  assert.deepEqual(kit.seen.slice(3), ["ready true", "leave client", "disconnect true"]);
  assert.equal(kit.clock.pendingCount, 0);
});

test("Component: after a loss all is registered and subscribed anew, by a new session", async () => {
  const kit = new ComponentFlow();
  const component = kit.component();
  const sessions = new Set<ApplicationSession>();
  const received: unknown[] = [];
  component.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
  component.subscribe("com.example.topic", ([text]) => received.push(text));
  component.onReady((session) => sessions.add(session));
  const done = component.start();
  await settled();
  await kit.cut();
  assert.equal(kit.flow.realm.sessions.size, 0);
  await kit.pass(1_499);
  assert.equal(kit.dialed.length, 1);
  await kit.pass(1);
  assert.equal(sessions.size, 2);
  const other = kit.component({
    main: async (session) => {
      assert.equal(await session.call("com.example.add2", [2, 3]), 5);
      await session.publish("com.example.topic", ["Hello"], {}, { acknowledge: true });
    },
  });
  await other.start();
  await settled();
  assert.deepEqual(received, ["Hello"]);
  await component.stop();
  await done;
});

test("Component: delays grow, and begin anew after a success", async () => {
  const kit = new ComponentFlow();
  const component = kit.component({
    transports: { initialRetryDelayMs: 100, retryDelayGrowth: 2, maxRetryDelayMs: 300 },
  });
  kit.watch(component);
  kit.isDown = true;
  const done = component.start();
  await settled();
  for (const [ms, attempts] of [[99, 1], [1, 2], [199, 2], [1, 3], [299, 3], [1, 4], [300, 5]]) {
    await kit.pass(ms ?? 0);
    assert.equal(kit.dialed.length, attempts, `after ${ms} ms more`);
  }
  kit.isDown = false;
  await kit.pass(300);
  assert.equal(kit.seen.at(-1), "ready true");
  await kit.cut();
  await kit.pass(100);
  assert.equal(kit.seen.at(-1), "ready true");
  assert.equal(kit.seen.filter((one) => one === "connectfailure").length, 5);
  await component.stop();
  await done;
});

test("Component: a GOODBYE of the router is a loss like any other", async () => {
  const kit = new ComponentFlow();
  const component = kit.component({ transports: { initialRetryDelayMs: 100 } });
  kit.watch(component);
  const done = component.start();
  await settled();
  const [session] = kit.flow.realm.sessions.values();
  const killer = kit.component({
    main: (killer) => killer.call("wamp.session.kill", [session?.id]),
  });
  await killer.start();
  await settled();
  assert.deepEqual(kit.seen.slice(-2), ["leave router", "disconnect true"]);
  await kit.pass(100);
  assert.equal(kit.seen.at(-1), "ready true");
  await component.stop();
  await done;
});

test("Component: transports are tried in turn, and given up after maxRetries or a fatal error", async () => {
  const kit = new ComponentFlow();
  kit.isDown = true;
  const component = kit.component({
    transports: [
      { url: "ws://one/ws", maxRetries: 1, initialRetryDelayMs: 10 },
      { url: "ws://two/ws", maxRetries: 0 },
      "rs://three",
    ],
    isFatal: (error) => error instanceof ConnectError && error.message.includes("three"),
  });
  const done = component.start();
  done.catch(() => {});
  await settled();
  assert.deepEqual(kit.dialed, ["ws://one/ws", "ws://two/ws", "rs://three"]);
  await kit.pass(10);
  assert.deepEqual(kit.dialed.slice(3), ["ws://one/ws"]);
  await assert.rejects(done, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /no transport is left: .*nobody listening/);
    return true;
  });
});

test("Component: main ends the component, and what it throws fails it", async () => {
  const kit = new ComponentFlow();
  const good = kit.component({ main: (session) => session.publish("com.example.topic") });
  await good.start();
  const bad = kit.component({
    main: () => {
      throw new RangeError("too much");
    },
  });
  await assert.rejects(bad.start(), RangeError);
  assert.equal(kit.log.errors.length, 1);
  await settled();
  assert.equal(kit.flow.router.connectionCount, 0);
});

test("Component: main runs anew when its session is lost", async () => {
  const kit = new ComponentFlow();
  let runs = 0;
  const component = kit.component({
    transports: { initialRetryDelayMs: 10 },
    main: async (session) => {
      if (++runs === 1) await session.call("com.example.never", [], {}, { timeoutMs: 60_000 });
    },
  });
  const callee = kit.component();
  callee.register("com.example.never", () => new Promise(() => {}));
  const served = callee.start();
  await settled();
  const done = component.start();
  await settled();
  await kit.cut();
  await kit.pass(10);
  await done;
  assert.equal(runs, 2);
  await callee.stop();
  await served;
});

test("Component: what fails as it joins makes it leave and try again", async () => {
  const kit = new ComponentFlow();
  const first = kit.component();
  first.register("com.example.taken", () => 1);
  const served = first.start();
  await settled();
  const component = kit.component({ transports: { initialRetryDelayMs: 10 } });
  component.register("com.example.taken", () => 2);
  kit.watch(component);
  const done = component.start();
  await settled();
  assert.deepEqual(kit.seen.slice(-3), ["leave client", "disconnect true", "connectfailure"]);
  await first.stop();
  await served;
  await kit.pass(10);
  assert.equal(kit.seen.at(-1), "ready true");
  await component.stop();
  await done;
});

test("Component: stop ends a wait, and a second start is the first one's", async () => {
  const kit = new ComponentFlow();
  kit.isDown = true;
  const component = kit.component();
  const done = component.start();
  assert.equal(component.start(), done);
  await settled();
  assert.equal(kit.clock.pendingCount, 1);
  await component.stop();
  await done;
  assert.equal(kit.clock.pendingCount, 0);
});

test("Component: an overridden method is the one that is registered, and decorated again it is so once", async () => {
  const kit = new ComponentFlow();
  const component = kit.component();
  class Base {
    @component.register("com.example.kept")
    kept(): string {
      return "base";
    }

    @component.register("com.example.again")
    again(): string {
      return "base";
    }
  }
  class Derived extends Base {
    override kept(): string {
      return "derived";
    }

    @component.register("com.example.renewed")
    override again(): string {
      return "again";
    }
  }
  new Derived();
  const done = component.start();
  await settled();
  await kit.component({
    main: async (session) => {
      assert.equal(await session.call("com.example.kept"), "derived");
      assert.equal(await session.call("com.example.renewed"), "again");
      await assert.rejects(session.call("com.example.again"), /no_such_procedure/);
    },
  }).start();
  await component.stop();
  await done;
});

test("Component: register takes functions, wrapped functions and decorated methods", async () => {
  const kit = new ComponentFlow();
  const component = kit.component();
  function double([n]: readonly [number]): number {
    return 2 * n;
  }
  assert.equal(component.register(double), double);
  component.register("com.example.triple")(([n]: readonly [number]) => 3 * n);

  class Counter {
    #count = 40;

    @component.register("com.example.count", { invoke: "roundrobin" })
    count(): number {
      return ++this.#count;
    }

    @component.register
    plain([n]: readonly [number]): number {
      return n + this.#count;
    }
  }
  new Counter();
  const done = component.start();
  await settled();
  const caller = kit.component({
    main: async (session) => {
      assert.equal(await session.call("double", [2]), 4);
      assert.equal(await session.call("com.example.triple", [2]), 6);
      assert.equal(await session.call("com.example.count"), 41);
      assert.equal(await session.call("plain", [1]), 42);
    },
  });
  await caller.start();
  assert.throws(() => component.register(() => 1), /Cannot use a handler: found no name/);
  await component.stop();
  await done;
});

test("Component: wrong options are named", () => {
  const made = (transports: object) => () => new Component({ transports });
  assert.throws(made({ url: "ws://a/", max_retries: 3 }), /transports: found "max_retries"/);
  assert.throws(
    made([{ type: "rawsocket" }]),
    /transports\[0\]: found neither, expected "url" or "endpoint"/,
  );
  assert.throws(made([]), /found an empty list/);
  assert.throws(
    made({ endpoint: { type: "unix", path: "/a", port: 1 } }),
    /transports.endpoint: found "port", expected "type", "path", "timeout"/,
  );
  assert.throws(
    made({ url: "ws://a/", endpoint: { type: "tcp", host: "a", port: 1, tls: true } }),
    /endpoint.tls: found TLS/,
  );
  assert.throws(made({ url: "rs://a", headers: {} }), /RawSocket has none/);
  assert.throws(() => Reflect.apply(new Component().on, new Component(), ["joined", () => {}]), {
    message: /found event "joined", expected one of start, connect/,
  });
});

test("run: resolves when all have ended, and tells of those that failed", async () => {
  const kit = new ComponentFlow();
  const seen: string[] = [];
  const quick = kit.component({ main: () => seen.push("quick") });
  const failing = kit.component({
    main: () => {
      throw new Error("as expected");
    },
  });
  const both = run([quick, failing], { logLevel: null, handlesSignals: false });
  await assert.rejects(both, /as expected/);
  assert.deepEqual(seen, ["quick"]);
});
