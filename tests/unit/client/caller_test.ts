import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, CallResult } from "../../../mod.ts";
import { BASIC, joined } from "./client_kit.ts";

test("Caller: one positional result is the value", async () => {
  const { router, session } = await joined();
  const sum = session.call<number>("com.example.add2", [2, 3]);
  router.receives("CALL", 1, {}, "com.example.add2", [2, 3]);
  router.sends("RESULT", 1, {}, [5]);
  assert.equal(await sum, 5);
});

test("Caller: keyword arguments travel, empty ones do not", async () => {
  const { router, session } = await joined();
  session.call("com.example.a", [], { "name": "Ada" }).catch(() => {});
  router.receives("CALL", 1, {}, "com.example.a", [], { "name": "Ada" });
  session.call("com.example.a", [], {}).catch(() => {});
  router.receives("CALL", 2, {}, "com.example.a");
});

test("Caller: no result is undefined, and null stays null", async () => {
  const { router, session } = await joined();
  const results = [
    session.call("com.example.a"),
    session.call("com.example.a"),
    session.call("com.example.a"),
  ];
  router.sends("RESULT", 1, {});
  router.sends("RESULT", 2, {}, []);
  router.sends("RESULT", 3, {}, [null]);
  assert.deepEqual(await Promise.all(results), [undefined, undefined, null]);
});

test("Caller: several or named results are a CallResult", async () => {
  const { router, session } = await joined();
  const results = [
    session.call("com.example.a"),
    session.call("com.example.a"),
    session.call("com.example.a"),
  ];
  router.sends("RESULT", 1, {}, ["Oslo", "Bergen"]);
  router.sends("RESULT", 2, {}, [], { "total": 2 });
  router.sends("RESULT", 3, {}, ["Oslo"], { "total": 2 });
  assert.deepEqual(await Promise.all(results), [
    new CallResult(["Oslo", "Bergen"]),
    new CallResult([], { "total": 2 }),
    new CallResult(["Oslo"], { "total": 2 }),
  ]);
});

test("Caller: answers find their calls in any order", async () => {
  const { router, session } = await joined();
  const [first, second] = [session.call("com.example.a"), session.call("com.example.b")];
  router.sends("RESULT", 2, {}, ["b"]);
  router.sends("RESULT", 1, {}, ["a"]);
  assert.deepEqual([await first, await second], ["a", "b"]);
});

test("Caller: ERROR rejects with an ApplicationError of its URI and arguments", async () => {
  const { router, session } = await joined();
  const call = session.call("com.example.a");
  router.sends("ERROR", 48, 1, {}, "com.example.error", ["Too large", 7], { "limit": 5 });
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ApplicationError);
    assert.equal(error.uri, "com.example.error");
    assert.deepEqual([error.args, error.kwargs], [["Too large", 7], { "limit": 5 }]);
    assert.equal(error.message, "com.example.error: Too large");
    return true;
  });
});

test("Caller: partial results come before the result, a failing handler harms nobody [WAMP rpc_progressive_call_results]", async () => {
  const { router, session } = await joined();
  const parts: unknown[] = [];
  const call = session.call("com.example.a", [], {}, {
    onProgress(args, kwargs) {
      parts.push([args, kwargs]);
      throw new Error("not my day");
    },
  });
  router.receives("CALL", 1, { "receive_progress": true }, "com.example.a");
  router.sends("RESULT", 1, { "progress": true }, [1], { "of": 2 });
  router.sends("RESULT", 1, { "progress": true }, [2]);
  router.sends("RESULT", 1, {}, ["done"]);
  assert.equal(await call, "done");
  assert.deepEqual(parts, [[[1], { "of": 2 }], [[2], {}]]);
  assert.equal(router.log.errors.length, 2);
});

test("Caller: options travel under their wire names", async () => {
  const { router, session } = await joined();
  session.call("com.example.a", [], {}, { timeoutMs: 500, discloseMe: true }).catch(() => {});
  router.receives("CALL", 1, { "timeout": 500, "disclose_me": true }, "com.example.a");
});

test("Caller: a signal cancels the call and rejects with its reason [WAMP rpc_call_canceling]", async () => {
  const { router, session } = await joined();
  const controller = new AbortController();
  const call = session.call("com.example.a", [], {}, { signal: controller.signal });
  router.takes();
  controller.abort(new Error("enough"));
  router.receives("CANCEL", 1, { "mode": "killnowait" });
  await assert.rejects(call, /enough/);
  router.sends("ERROR", 48, 1, {}, "wamp.error.canceled");
  assert.equal(session.isOpen, true);
});

test("Caller: with kill the callee has the last word", async () => {
  const { router, session } = await joined();
  const make = () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, cancelMode: "kill" } as const;
    return { controller, call: session.call("com.example.a", [], {}, options) };
  };
  const [first, second] = [make(), make()];
  router.transport.sent.length = 0;
  first.controller.abort();
  second.controller.abort(new Error("enough"));
  router.receives("CANCEL", 1, { "mode": "kill" });
  router.receives("CANCEL", 2, { "mode": "kill" });
  router.sends("RESULT", 1, {}, ["just in time"]);
  router.sends("ERROR", 48, 2, {}, "wamp.error.canceled");
  assert.equal(await first.call, "just in time");
  await assert.rejects(second.call, /enough/);
});

test("Caller: a signal that has fired sends nothing", async () => {
  const { router, session } = await joined();
  const call = session.call("com.example.a", [], {}, { signal: AbortSignal.abort() });
  await assert.rejects(call, { name: "AbortError" });
  router.receivesNothing();
});

test("Caller: a signal that fires after the result does nothing", async () => {
  const { router, session } = await joined();
  const controller = new AbortController();
  const call = session.call("com.example.a", [], {}, { signal: controller.signal });
  router.takes();
  router.sends("RESULT", 1, {}, [1]);
  await call;
  controller.abort();
  router.receivesNothing();
});

test("Caller: a basic dealer is asked for no feature; cancelling and time-outs happen here", async () => {
  const { router, session } = await joined(BASIC);
  const controller = new AbortController();
  const canceled = session.call("com.example.a", [], {}, {
    signal: controller.signal,
    onProgress: () => {},
    timeoutMs: 500,
  });
  const late = session.call("com.example.b", [], {}, { timeoutMs: 500 });
  router.receives("CALL", 1, {}, "com.example.a");
  router.receives("CALL", 2, {}, "com.example.b");
  controller.abort(new Error("enough"));
  await assert.rejects(canceled, /enough/);
  router.clock.advance(500);
  await assert.rejects(late, { uri: "wamp.error.timeout" });
  router.receivesNothing();
  // The answers come nevertheless, once each.
  router.sends("RESULT", 1, {}, [1]);
  router.sends("RESULT", 2, {}, [2]);
  assert.equal(session.isOpen, true);
  assert.equal(router.clock.pendingCount, 0);
});

test("Caller: an answer after the final one is ignored", async () => {
  const { router, session } = await joined();
  const call = session.call("com.example.a");
  router.sends("RESULT", 1, {}, [1]);
  router.sends("ERROR", 48, 1, {}, "wamp.error.canceled");
  router.sends("RESULT", 1, { "progress": true }, [1]);
  assert.equal(await call, 1);
  assert.equal(session.isOpen, true);
});

test("Caller: an encrypted result rejects instead of losing it", async () => {
  const { router, session } = await joined(undefined, "msgpack");
  const call = session.call("com.example.a");
  router.sends("RESULT", 1, { "enc_algo": "x_secret" }, new Uint8Array([1, 2, 3]));
  await assert.rejects(call, /encrypted/);
  assert.equal(session.isOpen, true);
});

for (const format of ["json", "msgpack", "cbor"] as const) {
  test(`Caller: binary results outlive the read buffer in ${format}`, async () => {
    const { router, session } = await joined(undefined, format);
    const call = session.call<Uint8Array>("com.example.a");
    // JSON carries binary as a string that begins with NUL.
    const wire = format === "json" ? "\0AQID" : new Uint8Array([1, 2, 3]);
    router.sends("RESULT", 1, {}, [wire]);
    assert.deepEqual([...await call], [1, 2, 3]);
  });
}
