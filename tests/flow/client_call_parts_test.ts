/** Calls whose arguments go on, and queues that are bounded. [WAMP rpc_progressive_call_invocations] */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, type CallPart, progress } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";
import { BASIC, joined } from "../unit/client/client_kit.ts";

async function pair() {
  const flow = new ClientFlow();
  return { flow, callee: await flow.client(), caller: await flow.client() };
}

async function* chunks(): AsyncGenerator<CallPart, CallPart> {
  yield { args: ["b"] };
  await settled();
  yield { args: ["c"], kwargs: { n: 3 } };
  return { args: ["d"] };
}

test("Call in parts: each part reaches the callee, and results may progress meanwhile", async () => {
  const { callee, caller } = await pair();
  await callee.register("com.example.upload", async (args, _kwargs, details) => {
    const all = [...args];
    for await (const { args = [], kwargs } of details.more) {
      all.push(...args, ...Object.keys(kwargs ?? {}));
      details.progress([all.length]);
    }
    return all.join("");
  });
  const seen: unknown[] = [];
  const options = { more: chunks(), onProgress: (args: readonly unknown[]) => seen.push(...args) };
  assert.equal(await caller.call("com.example.upload", ["a"], {}, options), "abcnd");
  assert.deepEqual(seen, [2, 4, 5]);
  assert.equal(await caller.call("com.example.upload", ["x"]), "x");
});

test("Call in parts: the callee may answer before the end, which lets the generator go", async () => {
  const { callee, caller } = await pair();
  let isLetGo = false;
  async function* endless(): AsyncGenerator<CallPart, void> {
    try {
      for (;;) {
        yield { args: [1] };
        await settled();
      }
    } finally {
      isLetGo = true;
    }
  }
  await callee.register("com.example.enough", async (_args, _kwargs, { more }) => {
    for await (const _ of more) break;
    return "enough";
  });
  await callee.register("com.example.at_once", () => "at once");
  assert.equal(await caller.call("com.example.enough", [], {}, { more: endless() }), "enough");
  while (!isLetGo) await settled();
  assert.equal(await caller.call("com.example.at_once", [], {}, { more: endless() }), "at once");
  assert.ok(callee.isOpen && caller.isOpen);
});

test("Call in parts: a generator that fails cancels the call, and the callee's loop throws", async () => {
  const { callee, caller } = await pair();
  const { promise: seen, resolve } = Promise.withResolvers<unknown>();
  await callee.register("com.example.upload", async (_args, _kwargs, { more }) => {
    try {
      for await (const _ of more);
      resolve("ended");
    } catch (error) {
      resolve(error);
      throw error;
    }
  });
  async function* failing(): AsyncGenerator<CallPart, void> {
    yield {};
    throw new Error("the disk is gone");
  }
  const call = caller.call("com.example.upload", [], {}, { more: failing() });
  await assert.rejects(call, /the disk is gone/);
  const error = await seen;
  assert.ok(error instanceof ApplicationError && error.uri === "wamp.error.canceled");
});

test("Call in parts: a callee that does not keep up fails the call instead of its memory", async () => {
  const { callee, caller } = await pair();
  const { promise, resolve } = Promise.withResolvers<void>();
  await callee.register("com.example.slow", async (_args, _kwargs, { more }) => {
    await promise;
    for await (const _ of more);
  });
  async function* many(): AsyncGenerator<CallPart, void> {
    for (let i = 0; i < 2_000; i++) yield { args: [i] };
  }
  const call = caller.call("com.example.slow", [], {}, { more: many() });
  await assert.rejects(call, /does not keep up/);
  resolve();
  await settled();
  assert.ok(callee.isOpen);
});

test("Call in parts: a router without it is told nothing, and an end of the session ends the call", async () => {
  const { router, session } = await joined(BASIC);
  const more = chunks();
  await assert.rejects(session.call("com.example.x", [], {}, { more }), /a router that cannot/);
  router.receivesNothing();
  const { callee, caller } = await pair();
  await callee.register("com.example.never", () => new Promise(() => {}));
  async function* stuck(): AsyncGenerator<CallPart, void> {
    yield {};
    await new Promise(() => {});
  }
  const call = caller.call("com.example.never", [], {}, { more: stuck() });
  call.catch(() => {});
  await settled();
  await caller.leave();
  await assert.rejects(call, { name: "SessionClosedError" });
});

test("progress: of partial results that nobody takes the oldest are dropped, and counted", async () => {
  const { callee, caller } = await pair();
  await callee.register("com.example.work", async (_args, _kwargs, details) => {
    for (let i = 0; i < 10; i++) details.progress([i]);
    await settled();
    return "done";
  });
  const parts = progress(caller, "com.example.work", [], {}, { limit: 2 });
  assert.equal(await parts.result, "done");
  const seen: unknown[] = [];
  for await (const { args, dropped } of parts) seen.push([args[0], dropped]);
  assert.deepEqual(seen, [[8, 8], [9, 0]]);
  assert.throws(() => progress(caller, "com.example.work", [], {}, { limit: 0 }), RangeError);
});
