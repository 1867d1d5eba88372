/** What makes programs short: decorated objects, named parts of URIs, loops over events and partial results, checked and typed handlers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import {
  ApplicationError,
  type ApplicationSession,
  checked,
  events,
  progress,
  register,
  subscribe,
  typed,
} from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

class Shop {
  readonly seen: unknown[] = [];
  readonly #name = "shop";

  @register("com.shop.<article>.price.<year:int>")
  price(_args: readonly unknown[], { article, year }: { article: string; year: number }): string {
    return `${this.#name} ${article} ${year}`;
  }

  @register()
  plain(): string {
    return this.#name;
  }

  @subscribe("com.shop.log.<path:suffix>")
  log([text]: readonly [string], { path }: { path: string }): void {
    this.seen.push([path, text]);
  }
}

test("Decorators: an object's methods are registered and subscribed, with the parts of URIs by name", async () => {
  const kit = new ComponentFlow();
  const shop = new Shop();
  const component = kit.component();
  component.onJoin(async (session) => {
    assert.equal((await session.registerAll(shop)).length, 2);
    assert.equal((await session.subscribeAll(shop)).length, 1);
    assert.equal((await session.registerAll({})).length, 0);
  });
  const done = component.start();
  await settled();
  await kit.component({
    main: async (session) => {
      assert.equal(await session.call("com.shop.bike.price.2026"), "shop bike 2026");
      assert.equal(await session.call("plain"), "shop");
      await assert.rejects(session.call("com.shop.bike.price.soon"), {
        uri: "wamp.error.no_such_procedure",
      });
      await session.publish("com.shop.log.a.b", ["x"], {}, { acknowledge: true });
    },
  }).start();
  await settled();
  assert.deepEqual(shop.seen, [["a.b", "x"]]);
  await component.stop();
  await done;
});

test("Decorators: when one of an object's methods is refused, none stays registered", async () => {
  class Shop {
    @register("com.shop.open")
    open(): void {}

    @register("com.shop.taken")
    taken(): void {}

    @subscribe("com.shop.sold")
    sold(): void {}

    @subscribe("com shop")
    wrong(): void {}
  }
  const kit = new ComponentFlow();
  await kit.component({
    main: async (session) => {
      await session.register("com.shop.taken", () => 1);
      await assert.rejects(session.registerAll(new Shop()), /procedure_already_exists/);
      assert.equal(await session.call("wamp.registration.lookup", ["com.shop.open"]), null);
      await assert.rejects(session.subscribeAll(new Shop()), /invalid_uri/);
      assert.equal(await session.call("wamp.subscription.lookup", ["com.shop.sold"]), null);
    },
  }).start();
});

test("Named parts: wrong ones are named", async () => {
  const kit = new ComponentFlow();
  await kit.component({
    main: async (session) => {
      for (const uri of ["com.<a b>.x", "com.<a:float>", "com.<a:suffix>.x", "com.x<a>"]) {
        await assert.rejects(session.register(uri, () => 1), TypeError, uri);
      }
      await assert.rejects(session.subscribe("<a>.<b:suffix>", () => {}), /before a suffix/);
    },
  }).start();
});

test("events: come one by one, and leaving the loop unsubscribes", async () => {
  const flow = new ClientFlow();
  const [subscriber, publisher] = [await flow.client(), await flow.client()];
  const received: unknown[] = [];
  const all = await events<readonly [number]>(subscriber, "com.example.count", { limit: 3 });
  for (let i = 0; i < 5; i++) publisher.publish("com.example.count", [i]);
  await settled();
  for await (const { args: [count], dropped } of all) {
    received.push([count, dropped]);
    if (received.length === 3) break;
  }
  assert.deepEqual(received, [[2, 2], [3, 0], [4, 0]]);
  await assert.rejects(publisher.call("wamp.subscription.match_now", []));
  assert.equal(await publisher.call("wamp.subscription.lookup", ["com.example.count"]), null);
});

test("events: the end of the session ends the loop", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  const all = await events(session, "com.example.topic");
  const next = all.next();
  await session.leave();
  assert.equal((await next).done, true);
});

test("progress: partial results, the result, and cancellation when the loop is left", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  const { promise: interrupted, resolve } = Promise.withResolvers<void>();
  await callee.register("com.example.work", async ([n]: readonly [number], _, details) => {
    for (let i = 1; i <= n; i++) details.progress?.([i]);
    if (n < 10) return "done";
    await new Promise<void>((end) => details.signal.addEventListener("abort", () => end()));
    resolve();
    return "cut short";
  });
  const parts = progress<string>(caller, "com.example.work", [3]);
  const seen: unknown[] = [];
  for await (const { args } of parts) seen.push(...args);
  assert.deepEqual([seen, await parts.result], [[1, 2, 3], "done"]);
  const endless = progress(caller, "com.example.work", [10]);
  for await (const _ of endless) break;
  await interrupted;
  await assert.rejects(endless.result);
  const failing = progress(caller, "com.example.nothing");
  for await (const _ of failing) assert.fail();
  await assert.rejects(failing.result, { uri: "wamp.error.no_such_procedure" });
});

test("checked: wrong arguments are refused with their place, a wrong result is the callee's fault", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  const args = z.tuple([z.number(), z.number()]);
  const kwargs = z.object({ scale: z.number().optional() });
  const result = z.number().max(100);
  await callee.register(
    "com.example.add2",
    checked({ args, kwargs, result }, ([a, b], { scale = 1 }) => (a + b) * scale),
  );
  assert.equal(await caller.call("com.example.add2", [1, 2], { scale: 2 }), 6);
  await assert.rejects(caller.call("com.example.add2", [1, "2"]), (error) => {
    assert.ok(error instanceof ApplicationError);
    assert.equal(error.uri, "wamp.error.invalid_argument");
    assert.match(String(error.args[0]), /^args\[1\]: .*number/);
    return true;
  });
  await assert.rejects(caller.call("com.example.add2", [1, 2], { scale: "x" }), /kwargs\.scale: /);
  await assert.rejects(caller.call("com.example.add2", [100, 2]), {
    uri: "wamp.error.runtime_error",
  });
});

interface ShopApi {
  procedures: {
    "com.shop.price": (article: string, pieces: number) => number;
    "com.shop.close": () => void;
  };
  topics: { "com.shop.sold": [article: string, pieces: number] };
}

test("typed: a session knows the types of its procedures and topics", async () => {
  const flow = new ClientFlow();
  const shop = typed<ShopApi>(await flow.client());
  const sold: string[] = [];
  await shop.register("com.shop.price", (article, pieces) => article.length * pieces);
  await shop.subscribe("com.shop.sold", (article, pieces) => sold.push(`${article} ${pieces}`));
  const customer = typed<ShopApi>(await flow.client());
  const price: number = await customer.call("com.shop.price", "bike", 2);
  assert.equal(price, 8);
  customer.publish("com.shop.sold", "bike", 2);
  await settled();
  assert.deepEqual(sold, ["bike 2"]);
  // What must not compile:
  const wrong = () => {
    // @ts-expect-error: an unknown procedure
    customer.call("com.shop.prize", "bike", 2);
    // @ts-expect-error: a wrong argument
    customer.call("com.shop.price", 5, 2);
    // @ts-expect-error: a missing argument
    customer.publish("com.shop.sold", "bike");
    // @ts-expect-error: a wrong result
    shop.register("com.shop.price", () => "dear");
    // @ts-expect-error: a wrong event
    shop.subscribe("com.shop.sold", (article: number) => article);
  };
  assert.equal(typeof wrong, "function");
});

test("ApplicationSession: closed is the session's", async () => {
  const kit = new ComponentFlow();
  let session: ApplicationSession | undefined;
  await kit.component({ main: (one) => session = one }).start();
  assert.equal((await session?.closed)?.by, "client");
});

test("Decorators: an overridden method is the one that is called, and decorated again it is registered once", async () => {
  class Base {
    @register("com.example.kept")
    kept(): string {
      return "base";
    }

    @register("com.example.again")
    again(): string {
      return "base";
    }
  }
  class Derived extends Base {
    override kept(): string {
      return "derived";
    }

    @register("com.example.again")
    override again(): string {
      return "derived";
    }
  }
  const kit = new ComponentFlow();
  await kit.component({
    main: async (session) => {
      assert.equal((await session.registerAll(new Derived())).length, 2);
      assert.equal(await session.call("com.example.kept"), "derived");
      assert.equal(await session.call("com.example.again"), "derived");
    },
  }).start();
});

test("events: whoever waits is told when the loop is given up, the subscription ended or revoked", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  const unused = await events(session, "com.example.unused");
  await unused.return?.();
  assert.equal(await session.call("wamp.subscription.lookup", ["com.example.unused"]), null);
  const given = await events(session, "com.example.given");
  const waits = given.next();
  await given.return?.();
  assert.equal((await waits).done, true);
  const revoked = await events(session, "com.example.revoked");
  const end = revoked.next();
  const id = await session.call("wamp.subscription.lookup", ["com.example.revoked"]);
  await session.call("wamp.subscription.remove_subscriber", [id, session.id]);
  assert.equal((await end).done, true);
  await assert.rejects(events(session, "com.example.topic", { limit: 0 }), RangeError);
});

test("progress: giving up while waiting cancels the call", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  await session.register("com.example.never", () => new Promise(() => {}));
  const parts = progress(session, "com.example.never");
  const iterator = parts[Symbol.asyncIterator]();
  const waits = iterator.next();
  await iterator.return?.();
  assert.equal((await waits).done, true);
  await assert.rejects(parts.result);
});
