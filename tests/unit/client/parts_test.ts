/** Parts of a session as bundles for browsers load them: when they are first used. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingCall } from "../../../client/caller.ts";
import type { Link } from "../../../client/link.ts";
import { attendCall, makeParts } from "../../../client/parts_browser.ts";
import { Requests } from "../../../client/requests.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { FakeLog } from "../../kit/flow_kit.ts";

function link(): Link & { readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    log: new FakeLog(),
    clock: new FakeClock(),
    nextRequest: 1,
    ask() {},
    tell: (message) => void told.push(message),
    offers: (_role, feature) => feature === "call_canceling",
    addPassthru: undefined,
    errors: undefined,
    wasRequested: () => true,
  };
}

function pending(): { readonly call: PendingCall; readonly result: Promise<unknown> } {
  const { promise: result, resolve, reject } = Promise.withResolvers<unknown>();
  return { call: new PendingCall(1, "com.example.slow", resolve, reject, undefined), result };
}

test("Parts: a call that is aborted before its limits are loaded is canceled all the same", async () => {
  const { call, result } = pending();
  const router = link();
  attendCall(call, { signal: AbortSignal.abort(new Error("enough")) }, router);
  await assert.rejects(result, /enough/);
  assert.equal(router.told.length, 1);
});

test("Parts: a call that is answered before its limits are loaded is left alone", async () => {
  const { call, result } = pending();
  const router = link();
  const stop = new AbortController();
  attendCall(call, { signal: stop.signal, timeoutMs: 1 }, router);
  call.end();
  call.resolve(5);
  await import("../../../client/call_limits.ts");
  await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort();
  assert.equal(await result, 5);
  assert.deepEqual([router.told, call.release], [[], undefined]);
});

test("Parts: callee and subscriber are loaded when they are asked for", async () => {
  const { callee, subscriber } = await makeParts(link(), new Requests());
  assert.equal(typeof callee.register, "function");
  assert.equal(typeof subscriber.subscribe, "function");
});
