import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, type CallDetails, type CallHandler, CallResult } from "../../../mod.ts";
import { joined, type RouterSide, turn } from "./client_kit.ts";
import type { Session } from "../../../client/session.ts";

/** Registers `handler` as registration 9, request 1. */
async function registered<Args extends readonly unknown[], Kwargs extends object>(
  handler: CallHandler<Args, Kwargs>,
): Promise<{ router: RouterSide; session: Session }> {
  const { router, session } = await joined();
  const registering = session.register("com.example.a", handler);
  router.takes();
  router.sends("REGISTERED", 1, 9);
  await registering;
  return { router, session };
}

test("Callee: register resolves to a registration; options travel under their wire names", async () => {
  const { router, session } = await joined();
  const registering = session.register("com.example", () => 0, {
    match: "prefix",
    invoke: "roundrobin",
    concurrency: 2,
    forceReregister: true,
    discloseCaller: true,
  });
  const options = {
    "match": "prefix",
    "invoke": "roundrobin",
    "concurrency": 2,
    "force_reregister": true,
    "disclose_caller": true,
  };
  router.receives("REGISTER", 1, options, "com.example");
  router.sends("REGISTERED", 1, 9);
  const registration = await registering;
  assert.deepEqual([registration.id, registration.procedure], [9, "com.example"]);
  assert.equal(registration.isActive, true);
});

test("Callee: the router's refusal rejects, as when a procedure is registered twice", async () => {
  const { router, session } = await registered(() => 0);
  const again = session.register("com.example.a", () => 1);
  router.sends("ERROR", 64, 2, {}, "wamp.error.procedure_already_exists");
  await assert.rejects(again, { uri: "wamp.error.procedure_already_exists" });
});

test("Callee: a handler that answers at once is answered at once", async () => {
  const { router } = await registered((args: readonly number[], kwargs: { by?: number }) =>
    (args[0] ?? 0) * (kwargs.by ?? 1)
  );
  router.sends("INVOCATION", 1, 9, {}, [21], { "by": 2 });
  router.receives("YIELD", 1, {}, [42]);
});

test("Callee: promises are awaited, each on its own", async () => {
  const ends: (() => void)[] = [];
  const { router } = await registered((args) =>
    new Promise((resolve) => ends.push(() => resolve(args[0])))
  );
  router.sends("INVOCATION", 1, 9, {}, ["a"]);
  router.sends("INVOCATION", 2, 9, {}, ["b"]);
  router.receivesNothing();
  ends[1]?.();
  ends[0]?.();
  await turn();
  router.receives("YIELD", 2, {}, ["b"]);
  router.receives("YIELD", 1, {}, ["a"]);
});

test("Callee: nothing, null and a CallResult are different results", async () => {
  const results = [undefined, null, new CallResult([1, 2], { "of": 3 }), new CallResult()];
  const { router } = await registered(() => results.shift());
  for (const request of [1, 2, 3, 4]) router.sends("INVOCATION", request, 9, {});
  router.receives("YIELD", 1, {});
  router.receives("YIELD", 2, {}, [null]);
  router.receives("YIELD", 3, {}, [1, 2], { "of": 3 });
  router.receives("YIELD", 4, {});
});

test("Callee: an ApplicationError reaches the caller as it is", async () => {
  const { router } = await registered(() => {
    throw new ApplicationError("com.example.error", ["Too large"], { "limit": 5 });
  });
  router.sends("INVOCATION", 1, 9, {});
  router.receives("ERROR", 68, 1, {}, "com.example.error", ["Too large"], { "limit": 5 });
  assert.deepEqual(router.log.errors, []);
});

test("Callee: any other error is logged, and the caller gets its message, not its stack", async () => {
  const { router } = await registered(() => Promise.reject(new TypeError("x is not y")));
  router.sends("INVOCATION", 1, 9, {});
  await turn();
  router.receives("ERROR", 68, 1, {}, "wamp.error.runtime_error", ["x is not y"]);
  assert.equal(router.log.errors.length, 1);
});

test("Callee: an error URI that is none becomes a runtime error", async () => {
  const { router, session } = await registered(() => {
    throw new ApplicationError("no uri # at all");
  });
  router.sends("INVOCATION", 1, 9, {});
  router.receives("ERROR", 68, 1, {}, "wamp.error.runtime_error", ["no uri # at all"]);
  assert.equal(session.isOpen, true);
});

test("Callee: a result that cannot be sent is an error", async () => {
  const circular: unknown[] = [];
  circular.push(circular);
  const { router, session } = await registered(() => circular);
  router.sends("INVOCATION", 1, 9, {});
  const [name, , , , uri, args] = router.takes();
  assert.deepEqual([name, uri], ["ERROR", "wamp.error.runtime_error"]);
  assert.equal((args as unknown[]).length, 1);
  assert.equal(session.isOpen, true);
});

test("Callee: an error whose arguments cannot be sent keeps its URI", async () => {
  const circular: unknown[] = [];
  circular.push(circular);
  const { router } = await registered(() => {
    throw new ApplicationError("com.example.error", circular);
  });
  router.sends("INVOCATION", 1, 9, {});
  router.receives("ERROR", 68, 1, {}, "com.example.error");
});

test("Callee: the handler learns who calls what [WAMP rpc_caller_identification]", async () => {
  const seen: unknown[] = [];
  const { router } = await registered((_args, _kwargs, details) => {
    const { caller, callerAuthid, callerAuthrole, procedure, trustlevel } = details;
    seen.push({ caller, callerAuthid, callerAuthrole, procedure, trustlevel });
  });
  const details = {
    "caller": 5,
    "caller_authid": "ada",
    "caller_authrole": "user",
    "procedure": "com.example.a.b",
    "trustlevel": 3,
  };
  router.sends("INVOCATION", 1, 9, details);
  router.sends("INVOCATION", 2, 9, {});
  assert.deepEqual(seen, [
    {
      caller: 5,
      callerAuthid: "ada",
      callerAuthrole: "user",
      procedure: "com.example.a.b",
      trustlevel: 3,
    },
    {
      caller: undefined,
      callerAuthid: undefined,
      callerAuthrole: undefined,
      procedure: "com.example.a",
      trustlevel: undefined,
    },
  ]);
});

test("Callee: partial results go to callers that want them, until the answer", async () => {
  const kept: CallDetails[] = [];
  const { router } = await registered((_args, _kwargs, details) => {
    kept.push(details);
    details.progress([1], { "of": 2 });
    return "done";
  });
  router.sends("INVOCATION", 1, 9, { "receive_progress": true });
  router.receives("YIELD", 1, { "progress": true }, [1], { "of": 2 });
  router.receives("YIELD", 1, {}, ["done"]);
  router.sends("INVOCATION", 2, 9, {});
  router.receives("YIELD", 2, {}, ["done"]);
  for (const details of kept) details.progress([2]);
  router.receivesNothing();
});

test("Callee: INTERRUPT aborts the signal; throwing its reason answers canceled [WAMP rpc_call_canceling]", async () => {
  const { router } = await registered((_args, _kwargs, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    })
  );
  router.sends("INVOCATION", 1, 9, {});
  router.sends("INTERRUPT", 1, { "mode": "kill" });
  await turn();
  router.receives("ERROR", 68, 1, {}, "wamp.error.canceled", ["The call was canceled"]);
  router.sends("INVOCATION", 2, 9, {});
  router.sends("INTERRUPT", 2, { "mode": "killnowait", "reason": "wamp.error.timeout" });
  await turn();
  router.receives("ERROR", 68, 2, {}, "wamp.error.timeout", ["The call was canceled"]);
  assert.deepEqual(router.log.errors, []);
});

test("Callee: whatever fails after INTERRUPT is a cancellation, what succeeds is a result", async () => {
  const ends: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  const seen: boolean[] = [];
  const { router } = await registered(async (_args, _kwargs, details) => {
    const value = await new Promise((resolve, reject) => ends.push({ resolve, reject }));
    seen.push(details.signal.aborted);
    return value;
  });
  router.sends("INVOCATION", 1, 9, {});
  router.sends("INVOCATION", 2, 9, {});
  router.sends("INTERRUPT", 1, {});
  router.sends("INTERRUPT", 2, {});
  ends[0]?.reject(new DOMException("Aborted", "AbortError"));
  ends[1]?.resolve("done anyway");
  await turn();
  router.receives("ERROR", 68, 1, {}, "wamp.error.canceled", ["Aborted"]);
  router.receives("YIELD", 2, {}, ["done anyway"]);
  assert.deepEqual(seen, [true]);
  router.sends("INTERRUPT", 2, {});
});

test("Callee: the end of the session aborts the signals of calls in progress", async () => {
  let reason: unknown;
  const { router } = await registered((_args, _kwargs, { signal }) =>
    new Promise(() => signal.addEventListener("abort", () => reason = signal.reason))
  );
  router.sends("INVOCATION", 1, 9, {});
  router.disconnects();
  assert.match(String(reason), /answer a call of "com.example.a".*transport_lost/);
});

test("Callee: after unregister, calls are answered until the dealer confirms", async () => {
  const { router, session } = await joined();
  const registering = session.register("com.example.a", () => "still here");
  router.takes();
  router.sends("REGISTERED", 1, 9);
  const registration = await registering;
  const gone = registration.unregister();
  router.receives("UNREGISTER", 2, 9);
  router.sends("INVOCATION", 1, 9, {});
  router.receives("YIELD", 1, {}, ["still here"]);
  router.sends("UNREGISTERED", 2);
  await gone;
  assert.equal(registration.isActive, false);
  router.sends("INVOCATION", 2, 9, {});
  assert.deepEqual(router.takes().slice(0, 5), [
    "ERROR",
    68,
    2,
    {},
    "wamp.error.no_such_procedure",
  ]);
});

test("Callee: a revoked registration ends, and the log says so [WAMP rpc_registration_revocation]", async () => {
  const { router, session } = await joined();
  const registering = session.register("com.example.a", () => 0);
  router.sends("REGISTERED", 1, 9);
  const registration = await registering;
  router.sends("UNREGISTERED", 0, { "registration": 9, "reason": "moved" });
  assert.equal(registration.isActive, false);
  assert.deepEqual(router.log.warnings, [{ procedure: "com.example.a", reason: "moved" }]);
  await registration.unregister();
});

test("Callee: a second INVOCATION of one ID is a protocol violation", async () => {
  const { router, session } = await registered(() => new Promise(() => {}));
  router.sends("INVOCATION", 1, 9, {});
  router.sends("INVOCATION", 1, 9, {});
  assert.equal(router.takes()[0], "ABORT");
  assert.equal(session.isOpen, false);
});
