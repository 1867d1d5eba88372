/** What a component is asked for while it is away. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Component, SessionClosedError } from "../../mod.ts";
import { settled } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

async function closedWith(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (cause) => cause);
  assert.ok(error instanceof SessionClosedError, String(error));
  return `${error.details.reason} ${error.details.message}`;
}

/** A component that counts what it is called with and receives. */
function counting(kit: ComponentFlow) {
  const seen: unknown[] = [];
  const component = kit.component();
  component.register("com.example.count", ([n]) => seen.push(`call ${n}`));
  component.subscribe("com.example.count", ([n]) => seen.push(`event ${n}`));
  return { seen, component };
}

test("Queue: what was asked for while away is done in its order, once, in the next session", async () => {
  const kit = new ComponentFlow();
  const { seen, component: peer } = counting(kit);
  void peer.start();
  await settled();
  const component = kit.component({ queue: {} });
  const early = component.call("com.example.count", [1]);
  void component.start();
  assert.equal(await early, 1);
  kit.isDown = true;
  await kit.cut();
  const later = [
    component.publish("com.example.count", [2]),
    component.call("com.example.count", [3]),
    component.publish("com.example.count", [4], {}, { acknowledge: true }),
  ];
  await settled();
  assert.deepEqual(seen, ["call 1"]);
  kit.isDown = false;
  await kit.pass(10_000);
  await Promise.all(later);
  await settled();
  assert.deepEqual(seen, ["call 1", "event 2", "call 3", "event 4"]);
  await kit.cut();
  await kit.pass(10_000);
  assert.equal(seen.length, 4);
  assert.equal(await component.call("com.example.count", [5]), 5);
  await component.stop();
  await peer.stop();
});

test("Queue: a call that was made in a session that is lost is not made again", async () => {
  const kit = new ComponentFlow();
  let calls = 0;
  const peer = kit.component();
  peer.register("com.example.never", () => {
    calls++;
    return new Promise(() => {});
  });
  void peer.start();
  await settled();
  const component = kit.component({ queue: {} });
  void component.start();
  await settled();
  const call = closedWith(component.call("com.example.never"));
  await settled();
  await kit.cut();
  assert.match(await call, /^wamp\.close\.transport_lost/);
  await kit.pass(10_000);
  assert.equal(calls, 1);
  await component.stop();
  await peer.stop();
});

test("Queue: it is bounded in number and time, a signal takes out of it, and the end empties it", async () => {
  const kit = new ComponentFlow();
  kit.isDown = true;
  const component = kit.component({ queue: { limit: 2, maxWaitMs: 1_000 } });
  const done = component.start();
  await settled();
  const stop = new AbortController();
  const first = component.call("com.example.a", [], {}, { signal: stop.signal });
  const second = closedWith(component.publish("com.example.b"));
  assert.match(await closedWith(component.call("com.example.c")), /2 others wait/);
  stop.abort(new Error("enough"));
  await assert.rejects(first, /enough/);
  await kit.pass(1_000);
  assert.match(await second, /^wamp\.error\.timeout no session within 1000 ms/);
  const last = closedWith(component.call("com.example.d"));
  await component.stop();
  await done;
  assert.match(await last, /the component has ended/);
  assert.match(await closedWith(component.call("com.example.e")), /the component has ended/);
  assert.equal(kit.clock.pendingCount, 0);
});

test("Queue: without it requests reject while there is no session, and numbers are checked", async () => {
  const kit = new ComponentFlow();
  const component = kit.component();
  assert.match(await closedWith(component.call("com.example.a")), /no session now/);
  assert.throws(() => new Component({ queue: { limit: 0 } }), /queue\.limit: found 0/);
  assert.throws(() => new Component({ queue: { maxWaitMs: NaN } }), /queue\.maxWaitMs: found NaN/);
});

test("Component: retry numbers that make no sense are named", () => {
  const wrong = [
    { maxRetries: -2 },
    { maxRetries: 1.5 },
    { initialRetryDelayMs: NaN },
    { maxRetryDelayMs: Infinity },
    { retryDelayGrowth: 0.5 },
    { retryDelayJitter: 2 },
  ];
  for (const retry of wrong) {
    const [key, value] = Object.entries(retry)[0] ?? [];
    const transports = ["ws://127.0.0.1/ws", retry];
    assert.throws(() => new Component({ transports }), (error) => {
      assert.ok(error instanceof TypeError);
      assert.ok(error.message.startsWith(`Cannot use transports[1].${key}: found ${value}, `));
      return true;
    });
  }
});
test("Queue: a call waits no longer than its own time", async () => {
  const kit = new ComponentFlow();
  kit.isDown = true;
  const component = kit.component({ queue: { maxWaitMs: 30_000 } });
  void component.start();
  await settled();
  const call = component.call("com.example.slow", [], {}, { timeoutMs: 500 });
  const rejected = assert.rejects(call, (cause) => {
    assert.ok(cause instanceof SessionClosedError);
    assert.equal(cause.details.reason, "wamp.error.timeout");
    return true;
  });
  await kit.pass(500);
  await rejected;
  await component.stop();
});
