/** Classes of the program for error URIs, and URIs written short. [WAMP rpc] */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, error, type Session } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

class NotFound extends Error {}

@error("com.example.error.too_large")
class TooLarge extends Error {
  readonly limit: number;
  readonly unit: string | undefined;

  constructor(text: string, limit: number, { unit }: { unit?: string } = {}) {
    super(text);
    this.limit = limit;
    this.unit = unit;
  }

  get args(): readonly unknown[] {
    return [this.message, this.limit];
  }

  get kwargs(): object {
    return { unit: this.unit };
  }
}

class MuchTooLarge extends TooLarge {}

async function rejection(session: Session, procedure: string): Promise<unknown> {
  return await session.call(procedure).then(() => assert.fail("no error"), (cause) => cause);
}

test("define: what a handler throws becomes the URI, and the URI an instance at the caller", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.define("com.example.error.not_found", NotFound);
  await callee.register("com.example.find", () => {
    throw new NotFound("no such article");
  });
  const plain = await rejection(caller, "com.example.find");
  assert.ok(plain instanceof ApplicationError);
  assert.deepEqual([plain.uri, plain.args], ["com.example.error.not_found", ["no such article"]]);
  await caller.define("com.example.error.not_found", NotFound);
  const found = await rejection(caller, "com.example.find");
  assert.ok(found instanceof NotFound);
  assert.equal(found.message, "no such article");
});

test("@error: the class brings its URI, its arguments travel, and classes that derive from it count", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.upload", async () => {
    await Promise.resolve();
    throw new TooLarge("too much", 100, { unit: "MB" });
  });
  await callee.register("com.example.more", () => {
    throw new MuchTooLarge("far too much", 100);
  });
  await caller.define(TooLarge);
  const first = await rejection(caller, "com.example.upload");
  assert.ok(first instanceof TooLarge);
  assert.deepEqual([first.message, first.limit, first.unit], ["too much", 100, "MB"]);
  const second = await rejection(caller, "com.example.more");
  assert.ok(second instanceof TooLarge && !(second instanceof MuchTooLarge));
});

test("define: a class that refuses what came leaves an ApplicationError with the cause", async () => {
  class Strict extends Error {
    constructor() {
      super();
      throw new Error("never");
    }
  }
  const flow = new ClientFlow();
  const session = await flow.client();
  await session.define("com.example.error.strict", Strict);
  await session.register("com.example.fail", () => {
    throw new ApplicationError("com.example.error.strict", ["text"], { a: 1 });
  });
  const error = await rejection(session, "com.example.fail");
  assert.ok(error instanceof ApplicationError);
  assert.deepEqual([error.uri, error.kwargs], ["com.example.error.strict", { a: 1 }]);
  assert.match(String(error.cause), /never/);
});

test("define: what is no URI or no class is refused", async () => {
  const session = await new ClientFlow().client();
  await assert.rejects(session.define("not a uri", NotFound), /"not a uri", expected a URI/);
  await assert.rejects(session.define(NotFound), /found no URI, expected one by @error/);
  const missing = undefined as unknown as typeof NotFound;
  await assert.rejects(session.define("com.example.error.x", missing), /found no class/);
  assert.throws(() => error("a..b")(NotFound, {} as ClassDecoratorContext), /found "a\.\.b"/);
});

test("prefix: short URIs are resolved in calls, registrations, subscriptions and publications", async () => {
  const flow = new ClientFlow();
  const [one, other] = [await flow.client(), await flow.client()];
  one.prefix("shop", "com.example.shop");
  const seen: unknown[] = [];
  await one.register("shop:price", () => 5);
  await one.subscribe("shop:sold", ([what]) => seen.push(what));
  assert.equal(await other.call("com.example.shop.price"), 5);
  assert.equal(await one.call("shop:price"), 5);
  one.publish("shop:sold", ["bike"], {}, { excludeMe: false });
  other.publish("com.example.shop.sold", ["car"]);
  await settled();
  assert.deepEqual(seen, ["bike", "car"]);
  assert.deepEqual([one.resolve("shops:x"), one.resolve("shop")], ["shops:x", "shop"]);
  one.prefix("shop", undefined);
  assert.equal(one.resolve("shop:x"), "shop:x");
});

test("Component: defined errors and prefixes hold in every session, before anything is registered", async () => {
  const kit = new ComponentFlow();
  const component = kit.component();
  component.define("com.example.error.not_found", NotFound);
  component.define(TooLarge);
  component.prefix("shop", "com.example.shop");
  component.register("shop:find", () => {
    throw new NotFound("gone");
  });
  const errors: unknown[] = [];
  component.onReady(async (session) => {
    errors.push(await session.call("shop:find").catch((cause) => cause));
  });
  const done = component.start();
  await settled();
  await kit.cut();
  await kit.pass(60_000);
  assert.equal(errors.length, 2);
  assert.ok(errors.every((one) => one instanceof NotFound && one.message === "gone"));
  await component.stop();
  await done;
});

test("Named parts: a session has them too, and a match beside them must agree", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  const seen: unknown[] = [];
  await session.register("com.shop.<article>.price", (_args, { article }) => `price of ${article}`);
  await session.subscribe("com.shop.<article>.sold", (_args, { article }) => seen.push(article), {
    match: "wildcard",
  });
  assert.equal(await session.call("com.shop.bike.price"), "price of bike");
  session.publish("com.shop.bike.sold", [], {}, { excludeMe: false });
  await settled();
  assert.deepEqual(seen, ["bike"]);
  const wrong = /found match "prefix", expected "wildcard"/;
  await assert.rejects(session.register("com.<a>.x", () => 1, { match: "prefix" }), wrong);
  await assert.rejects(session.subscribe("com.<a>.x", () => 1, { match: "prefix" }), wrong);
});
