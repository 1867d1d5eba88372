/** Remote procedure calls between two sessions of one client. [WAMP basic profile, rpc_*] */
import assert from "node:assert/strict";
import { refused } from "./peer_session.ts";
import { DISCLOSED } from "./router_under_test.ts";
import { freshUri, type Scenario } from "./scenario.ts";
import { normal, samplesFor } from "./values.ts";

export const callScenarios: readonly Scenario[] = [
  {
    name: "CALL carries positional and keyword arguments both ways",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("echo");
      await callee.register(procedure, "echo");
      const args = [1, "two", [3]];
      const kwargs = { one: 1, two: "zwei" };
      assert.deepEqual(await caller.call(procedure, { args: ["single"] }), {
        args: ["single"],
        kwargs: {},
      });
      assert.deepEqual(await caller.call(procedure, { args }), { args, kwargs: {} });
      assert.deepEqual(await caller.call(procedure, { kwargs }), { args: [], kwargs });
      assert.deepEqual(await caller.call(procedure, { args, kwargs }), { args, kwargs });
      assert.deepEqual(await caller.call(procedure), { args: [], kwargs: {} });
    },
  },
  {
    name: "ERROR carries the callee's URI and arguments",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("fail");
      await callee.register(procedure, "fail");
      const uri = "com.example.error.out_of_paper";
      const plain = await refused(caller.call(procedure, { args: [uri] }), uri);
      assert.deepEqual({ ...plain, uri }, { uri, args: [], kwargs: {} });
      const kwargs = { tray: 2, why: "Größe" };
      const full = await refused(caller.call(procedure, { args: [uri, 1, "A4"], kwargs }), uri);
      assert.deepEqual({ ...full, uri }, { uri, args: [1, "A4"], kwargs });
    },
  },
  {
    name: "500 calls at once are all answered",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("echo");
      await callee.register(procedure, "echo");
      await caller.stampede(procedure, 500);
      assert.deepEqual((await caller.call(procedure, { args: [1] })).args, [1]);
    },
  },
  {
    name: "an exception in the callee becomes its ERROR",
    applies: ({ habits }) => habits.exception !== undefined,
    run: async ({ client, join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("throw");
      await callee.register(procedure, "throw");
      await refused(caller.call(procedure), client.habits.exception ?? "");
      await callee.unregister(procedure);
    },
  },
  {
    name: "CALL to an unknown procedure answers wamp.error.no_such_procedure",
    run: async ({ join }) => {
      const caller = await join();
      await refused(caller.call(freshUri("nobody")), "wamp.error.no_such_procedure");
      await refused(
        caller.call(freshUri("nobody"), { args: [1], kwargs: { a: 1 } }),
        "wamp.error.no_such_procedure",
      );
    },
  },
  {
    name: "a second REGISTER answers wamp.error.procedure_already_exists",
    run: async ({ join }) => {
      const [first, second] = [await join(), await join()];
      const procedure = freshUri("taken");
      await first.register(procedure, "echo");
      const again = second.register(procedure, "echo");
      await refused(again, "wamp.error.procedure_already_exists");
    },
  },
  {
    name: "UNREGISTER frees the procedure, leaving does too",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("brief");
      await callee.register(procedure, "echo");
      await callee.unregister(procedure);
      await refused(caller.call(procedure), "wamp.error.no_such_procedure");
      await callee.register(procedure, "echo");
      assert.deepEqual((await caller.call(procedure, { args: [1] })).args, [1]);
      await callee.leave();
      await refused(caller.call(procedure), "wamp.error.no_such_procedure");
    },
  },
  {
    name: "shared registrations take turns with invoke=roundrobin",
    run: async ({ join }) => {
      const [first, second, caller] = [await join(), await join(), await join()];
      const procedure = freshUri("shared");
      await first.register(procedure, "hang", { invoke: "roundrobin" });
      await second.register(procedure, "hang", { invoke: "roundrobin" });
      const calls = [caller.beginCall(procedure), caller.beginCall(procedure)];
      for (const callee of [first, second]) {
        await callee.invoked(procedure);
        await callee.release(procedure);
      }
      for (const call of calls) assert.deepEqual((await call.result).args, ["late"]);
    },
  },
  {
    name: "progressive results arrive in order before the final one",
    applies: ({ habits }) => habits.yieldsProgress,
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("progress");
      await callee.register(procedure, "progress");
      const options = { "receive_progress": true };
      const call = caller.beginCall(procedure, { args: [5], options });
      assert.deepEqual((await call.result).args, ["done"]);
      const expected = [0, 1, 2, 3, 4].map((step) => ({ args: [step], kwargs: { step } }));
      assert.deepEqual(call.progress(), expected);
    },
  },
  {
    name: "a callee learns that nobody wants progress",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("progress");
      await callee.register(procedure, "progress");
      assert.deepEqual((await caller.call(procedure, { args: [5] })).args, ["no progress wanted"]);
    },
  },
  {
    name: "CANCEL with mode skip answers wamp.error.canceled and drops the late result",
    applies: ({ habits }) => habits.cancelModes.includes("skip"),
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("slow");
      await callee.register(procedure, "hang");
      const call = caller.beginCall(procedure, { cancelMode: "skip" });
      await callee.invoked(procedure);
      await call.cancel({ mode: "skip" });
      await refused(call.result, "wamp.error.canceled");
      await callee.release(procedure);
      const echo = freshUri("echo");
      await callee.register(echo, "echo");
      assert.deepEqual((await caller.call(echo, { args: [1] })).args, [1]);
    },
  },
  ...(["kill", "killnowait"] as const).map((mode): Scenario => ({
    name: `CANCEL with mode ${mode} interrupts a callee that can be, and skips one that cannot`,
    applies: ({ habits }) => habits.cancelModes.includes(mode),
    run: async ({ client, join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("slow");
      await callee.register(procedure, "hang");
      const call = caller.beginCall(procedure, { cancelMode: mode });
      await callee.invoked(procedure);
      await call.cancel({ mode });
      await refused(call.result, "wamp.error.canceled");
      if (client.habits.isInterruptible) await callee.interrupted(procedure);
      else await callee.release(procedure);
      const echo = freshUri("echo");
      await callee.register(echo, "echo");
      assert.deepEqual((await caller.call(echo, { args: [1] })).args, [1]);
    },
  })),
  {
    name: "CANCEL without a mode ends the call",
    applies: ({ habits }) => habits.cancelModes.includes("unspecified"),
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("slow");
      await callee.register(procedure, "hang");
      const call = caller.beginCall(procedure);
      await callee.invoked(procedure);
      await call.cancel({});
      await refused(call.result, "wamp.error.canceled");
      await callee.release(procedure).catch(() => {});
      const echo = freshUri("echo");
      await callee.register(echo, "echo");
      assert.deepEqual((await caller.call(echo, { args: [1] })).args, [1]);
    },
  },
  {
    name: "a caller is disclosed where the configuration says so",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("who", DISCLOSED);
      await callee.register(procedure, "details");
      assert.deepEqual(callerOf(await caller.call(procedure)), {
        caller: caller.id,
        caller_authid: caller.authid,
        caller_authrole: "anonymous",
      });
    },
  },
  {
    name: "a caller is disclosed when it asks for it, and only then",
    applies: ({ habits }) => habits.canDisclose,
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("who");
      await callee.register(procedure, "details");
      const shown = await caller.call(procedure, { options: { disclose_me: true } });
      assert.equal(callerOf(shown).caller, caller.id);
      assert.equal(callerOf(await caller.call(procedure)).caller ?? undefined, undefined);
    },
  },
  {
    name: "every value survives CALL, INVOCATION, YIELD and RESULT",
    run: async ({ endpoint: { traits }, join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("echo");
      await callee.register(procedure, "echo");
      for (const { name, value } of samplesFor(traits)) {
        const sent = { args: [name, value], kwargs: { value } };
        const { args, kwargs } = await caller.call(procedure, sent);
        assert.deepEqual([args, kwargs], normal([[name, value], { value }], traits));
      }
    },
  },
  {
    name: "a string of 1 MB and a list of 100,000 numbers survive a call",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const procedure = freshUri("echo");
      await callee.register(procedure, "echo");
      // Two clients take no frames beyond 1 MiB
      const text = "0123456789abcdeü".repeat(58_000);
      const { args: [back] } = await caller.call(procedure, { args: [text] });
      assert.ok(back === text, `found ${String(back).length} characters`);
      const list = Array.from({ length: 100_000 }, (_, i) => i);
      const { args: [numbers = null] } = await caller.call(procedure, { args: [list] });
      assert.ok(JSON.stringify(numbers) === JSON.stringify(list));
    },
  },
];

/** What the callee was told of the caller. */
function callerOf({ args: [details] }: { args: unknown[] }) {
  const { caller, caller_authid, caller_authrole } = details as Record<string, unknown>;
  return { caller, caller_authid, caller_authrole };
}
