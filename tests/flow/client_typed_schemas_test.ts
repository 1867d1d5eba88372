/** Sessions typed and checked by schemas. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { type CheckedSession, typed } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

const SHOP = {
  procedures: {
    "com.shop.price": {
      args: z.tuple([z.string(), z.int().default(1)]),
      kwargs: z.object({ currency: z.string() }),
      result: z.number().max(100),
    },
    "com.shop.close": {},
    "com.shop.date": { args: z.tuple([]), result: z.string().transform((text) => new Date(text)) },
  },
  topics: { "com.shop.sold": { args: z.tuple([z.string(), z.int()]) } },
};

async function two(): Promise<{
  readonly flow: ClientFlow;
  readonly shop: CheckedSession<typeof SHOP>;
  readonly customer: CheckedSession<typeof SHOP>;
}> {
  const flow = new ClientFlow();
  return {
    flow,
    shop: typed(await flow.client(), SHOP),
    customer: typed(await flow.client(), SHOP),
  };
}

test("typed by schemas: the receiver gets what its schema makes of arguments and results", async () => {
  const { shop, customer } = await two();
  await shop.register("com.shop.price", ([article, pieces], { currency }) => {
    assert.equal(currency, "EUR");
    return article.length * pieces;
  });
  await shop.register("com.shop.date", () => "2026-11-28T00:00:00.000Z");
  await shop.register("com.shop.close", () => {});
  const kwargs = { currency: "EUR" };
  const price: number = await customer.call("com.shop.price", ["bike", 2], kwargs);
  assert.equal(price, 8);
  const date: Date = await customer.call("com.shop.date");
  assert.equal(date.getFullYear(), 2026);
  assert.equal(await customer.call("com.shop.close"), undefined);
});

test("typed by schemas: what is wrong is not sent, with its place", async () => {
  const { shop, customer } = await two();
  let calls = 0;
  await shop.register("com.shop.price", () => ++calls);
  const wrong: unknown[] = ["bike", "two"];
  const sent: [string, number] = JSON.parse(JSON.stringify(wrong));
  await assert.rejects(customer.call("com.shop.price", sent, { currency: "EUR" }), (error) => {
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /^Cannot call "com.shop.price": found args\[1\]: /);
    return true;
  });
  const none: { currency: string } = JSON.parse("{}");
  await assert.rejects(customer.call("com.shop.price", ["bike", 1], none), /kwargs\.currency/);
  await assert.rejects(customer.publish("com.shop.sold", sent), /^TypeError: .*args\[1\]/);
  assert.equal(calls, 0);
});

test("typed by schemas: wrong arguments of others are refused, wrong results reach nobody", async () => {
  const { flow, shop, customer } = await two();
  const stranger = await flow.client();
  await shop.register("com.shop.price", ([article]) => article.length * 100);
  await assert.rejects(stranger.call("com.shop.price", [5]), {
    uri: "wamp.error.invalid_argument",
  });
  const kwargs = { currency: "EUR" };
  await assert.rejects(stranger.call("com.shop.price", ["bike", 1], kwargs), {
    uri: "wamp.error.runtime_error",
  });
  await stranger.register("com.shop.date", () => 5);
  await assert.rejects(customer.call("com.shop.date"), /^TypeError: Cannot take the result of/);
});

test("typed by schemas: requests go out in their order, and events of the wrong kind are passed over", async () => {
  const { flow, shop, customer } = await two();
  const sold: unknown[] = [];
  const subscribed = shop.subscribe("com.shop.sold", ([article, pieces]) => {
    sold.push(`${article} ${pieces}`);
  });
  await subscribed;
  const published = customer.publish("com.shop.sold", ["bike", 1]);
  customer.session.publish("com.shop.sold", ["car", 2]);
  await published;
  (await flow.client()).publish("com.shop.sold", [5]);
  await settled();
  assert.deepEqual(sold, ["bike 1", "car 2"]);
  const id = await customer.publish("com.shop.sold", ["bike", 1], {}, { acknowledge: true });
  assert.equal(typeof id, "number");
});

test("typed by schemas: a URI without schemas is refused, also one that every object has", async () => {
  const { customer } = await two();
  for (const uri of ["com.shop.prize", "constructor", "__proto__"]) {
    const call: Promise<unknown> = Reflect.apply(customer.call, customer, [uri]);
    await assert.rejects(call, /found no schemas, expected some/);
  }
});

test("typed: a component's session has types, too", async () => {
  await new ComponentFlow().component({
    main: async (session) => {
      const shop = typed(session, SHOP);
      await shop.register("com.shop.close", () => {});
      const plain = typed<{ procedures: { "com.shop.close": () => void } }>(session);
      assert.equal(await plain.call("com.shop.close"), undefined);
    },
  }).start();
});

test("typed by schemas: what must not compile", async () => {
  const { shop, customer } = await two();
  const wrong = () => {
    // @ts-expect-error: an unknown procedure
    customer.call("com.shop.prize", []);
    // @ts-expect-error: a wrong argument
    customer.call("com.shop.price", [5, 2], { currency: "EUR" });
    // @ts-expect-error: no arguments
    customer.call("com.shop.price");
    // @ts-expect-error: a missing named argument
    customer.call("com.shop.price", ["bike", 2], {});
    // @ts-expect-error: named arguments left out
    customer.call("com.shop.price", ["bike", 2]);
    // @ts-expect-error: an unknown option
    customer.call("com.shop.price", ["bike", 2], { currency: "EUR" }, { timeout: 5 });
    // @ts-expect-error: a wrong result
    shop.register("com.shop.price", () => "dear");
    // @ts-expect-error: a wrong result, later
    shop.register("com.shop.price", () => Promise.resolve("dear"));
    // @ts-expect-error: another argument
    shop.register("com.shop.price", ([article]: readonly [number]) => article);
    // @ts-expect-error: a topic is no procedure
    shop.register("com.shop.sold", () => 1);
    // @ts-expect-error: a missing argument
    customer.publish("com.shop.sold", ["bike"]);
    // @ts-expect-error: an unknown topic
    customer.publish("com.shop.bought", ["bike", 1]);
    // @ts-expect-error: a wrong event
    shop.subscribe("com.shop.sold", ([article]: readonly [number]) => article);
    // @ts-expect-error: a wrong schema
    typed(shop.session, { procedures: { "com.shop.price": { args: z.string() } } });
  };
  assert.equal(typeof wrong, "function");
});
