import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, CallResult } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";

test("Client: a call reaches the handler of another session and comes back", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
  assert.equal(await caller.call<number>("com.example.add2", [2, 3]), 5);
  flow.ends();
});

test("Client: keyword arguments, several results and errors pass the router", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.split", (_args, { text }: { text?: string }) => {
    if (text === undefined) throw new ApplicationError("com.example.error.no_text", [], { "n": 0 });
    return new CallResult(text.split(" "), { "length": text.length });
  });
  assert.deepEqual(
    await caller.call("com.example.split", [], { "text": "a b" }),
    new CallResult(["a", "b"], { "length": 3 }),
  );
  await assert.rejects(caller.call("com.example.split"), {
    uri: "com.example.error.no_text",
    kwargs: { "n": 0 },
  });
});

test("Client: an unknown procedure and a wrong URI reject with the router's error", async () => {
  const caller = await new ClientFlow().client();
  await assert.rejects(caller.call("com.example.nobody"), { uri: "wamp.error.no_such_procedure" });
  await assert.rejects(caller.call("com..example"), { uri: "wamp.error.invalid_uri" });
});

test("Client: a procedure cannot be registered twice, and can again after unregister", async () => {
  const flow = new ClientFlow();
  const [first, second] = [await flow.client(), await flow.client()];
  const registration = await first.register("com.example.a", () => "first");
  await assert.rejects(second.register("com.example.a", () => "second"), {
    uri: "wamp.error.procedure_already_exists",
  });
  await registration.unregister();
  await second.register("com.example.a", () => "second");
  assert.equal(await first.call("com.example.a"), "second");
});

test("Client: a session may call itself, and a handler may call on", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  await session.register("com.example.double", ([n]: readonly [number]) => n * 2);
  await session.register("com.example.quadruple", async ([n]: readonly [number]) => {
    const doubled = await session.call<number>("com.example.double", [n]);
    return await session.call("com.example.double", [doubled]);
  });
  assert.equal(await session.call("com.example.quadruple", [3]), 12);
});

test("Client: partial results arrive in order [WAMP rpc_progressive_call_results]", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.count", async ([to]: readonly [number], _kwargs, details) => {
    assert.equal(details.wantsProgress, true);
    for (let i = 1; i <= to; i++) {
      details.progress([i]);
      await settled();
    }
    return "done";
  });
  const parts: unknown[] = [];
  const onProgress = ([part]: readonly unknown[]) => parts.push(part);
  assert.equal(await caller.call("com.example.count", [3], {}, { onProgress }), "done");
  assert.deepEqual(parts, [1, 2, 3]);
});

for (const cancelMode of ["skip", "kill", "killnowait"] as const) {
  test(`Client: an aborted call is canceled by ${cancelMode} [WAMP rpc_call_canceling]`, async () => {
    const flow = new ClientFlow();
    const [callee, caller] = [await flow.client(), await flow.client()];
    const interrupted: unknown[] = [];
    let end = () => {};
    await callee.register(
      "com.example.slow",
      (_args, _kwargs, { signal }) =>
        new Promise((resolve, reject) => {
          end = () => resolve("too late");
          signal.addEventListener("abort", () => {
            interrupted.push(signal.reason.uri);
            reject(signal.reason);
          });
        }),
    );
    const controller = new AbortController();
    const call = caller.call("com.example.slow", [], {}, { signal: controller.signal, cancelMode });
    await settled();
    controller.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    await settled();
    assert.deepEqual(interrupted, cancelMode === "skip" ? [] : ["wamp.error.canceled"]);
    end();
    await settled();
    assert.deepEqual([caller.isOpen, callee.isOpen], [true, true]);
    flow.ends();
  });
}

test("Client: the dealer counts a call's time-out and interrupts the callee [WAMP rpc_call_timeout]", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  let isInterrupted = false;
  await callee.register(
    "com.example.slow",
    (_args, _kwargs, { signal }) =>
      new Promise(() => signal.addEventListener("abort", () => isInterrupted = true)),
  );
  const call = caller.call("com.example.slow", [], {}, { timeoutMs: 500 });
  await settled();
  flow.clock.advance(500);
  await assert.rejects(call, { uri: "wamp.error.timeout" });
  await settled();
  assert.equal(isInterrupted, true);
});

test("Client: a callee that leaves ends the calls that it was answering", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.slow", () => new Promise(() => {}));
  const call = caller.call("com.example.slow");
  await settled();
  const left = callee.leave();
  await assert.rejects(call, ApplicationError);
  await left;
  assert.equal(caller.isOpen, true);
});

test("Client: shared procedures take turns [WAMP rpc_shared_registration]", async () => {
  const flow = new ClientFlow();
  const caller = await flow.client();
  for (const name of ["a", "b"]) {
    const callee = await flow.client();
    await callee.register("com.example.work", () => name, { invoke: "roundrobin" });
  }
  const results = await Promise.all([1, 2, 3, 4].map(() => caller.call("com.example.work")));
  assert.deepEqual(results, ["a", "b", "a", "b"]);
});

test("Client: a pattern's handler learns the procedure and, if disclosed, the caller", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register(
    "com.example",
    (
      _args,
      _kwargs,
      details,
    ) => [details.procedure, details.caller ?? null, details.callerAuthrole ?? null],
    { match: "prefix" },
  );
  assert.deepEqual(
    await caller.call("com.example.a.b", [], {}, { discloseMe: true }),
    ["com.example.a.b", caller.id, "anyone"],
  );
  assert.deepEqual(await caller.call("com.example.c"), ["com.example.c", null, null]);
});
