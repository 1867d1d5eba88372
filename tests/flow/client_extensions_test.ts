import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";

test("Client: a publication may be confirmed by its subscribers, when their handlers are through", async () => {
  const flow = new ClientFlow();
  const [publisher, subscriber] = [await flow.client(), await flow.client()];
  let finish = () => {};
  await subscriber.subscribe("com.example.topic", () =>
    new Promise<void>((resolve) => {
      finish = resolve;
    }));
  let isConfirmed = false;
  const confirmed = publisher.publish("com.example.topic", [], {}, {
    acknowledge: true,
    acknowledgeDelivery: true,
  }).then(() => isConfirmed = true);
  await settled();
  assert.equal(isConfirmed, false);
  finish();
  await confirmed;
  flow.ends();
});

test("Client: a publication whose subscriber fails is not confirmed", async () => {
  const flow = new ClientFlow();
  const [publisher, subscriber] = [await flow.client(), await flow.client()];
  await subscriber.subscribe("com.example.topic", () => {
    throw new Error("broken");
  });
  const confirmed = publisher.publish("com.example.topic", [], {}, {
    acknowledge: true,
    acknowledgeDelivery: true,
    deliveryTimeoutMs: 100,
  });
  const refused = assert.rejects(confirmed, /wamp.error.timeout/);
  await settled();
  flow.clock.advance(100);
  await refused;
  assert.equal(flow.clientLog.errors.length, 1);
});

test("Client: a callee declines a call by wamp.error.unavailable, and the next one takes it", async () => {
  const flow = new ClientFlow();
  const [caller, busy, free] = [await flow.client(), await flow.client(), await flow.client()];
  await busy.register("com.example.work", () => {
    throw new ApplicationError("wamp.error.unavailable");
  }, { invoke: "first" });
  await free.register("com.example.work", () => "done", { invoke: "first" });
  assert.equal(await caller.call("com.example.work"), "done");
  await free.leave();
  await assert.rejects(caller.call("com.example.work"), /wamp.error.no_available_callee/);
});

test("Client: calls go to the shard of their resource, or to all shards", async () => {
  const flow = new ClientFlow();
  const caller = await flow.client();
  for (const nodeKey of ["a", "b", "c"]) {
    const shard = await flow.client();
    await shard.register("com.example.db", () => nodeKey, { invoke: "roundrobin", nodeKey });
  }
  const options = { runMode: "partition", resourceKey: "user 7" } as const;
  const first = await caller.call("com.example.db", [], {}, options);
  for (let i = 0; i < 5; i++) {
    assert.equal(await caller.call("com.example.db", [], {}, { resourceKey: "user 7" }), first);
  }
  const all = await caller.call("com.example.db", [], {}, { runMode: "all" });
  assert.deepEqual(all, ["a", "b", "c"].map((key) => ({ args: [key], kwargs: {} })));
});

test("Client: subscribers share a topic's events by node keys", async () => {
  const flow = new ClientFlow();
  const publisher = await flow.client();
  const got: string[] = [];
  for (const nodeKey of ["a", "b"]) {
    const subscriber = await flow.client();
    await subscriber.subscribe("com.example.sensor", () => void got.push(nodeKey), { nodeKey });
  }
  for (let i = 0; i < 20; i++) {
    publisher.publish("com.example.sensor", [i], {}, { resourceKey: `sensor ${i}` });
  }
  await settled();
  assert.equal(got.length, 20);
  assert.deepEqual([...new Set(got)].sort(), ["a", "b"]);
});
