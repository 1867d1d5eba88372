/** Programs that throw, return and hand over the strangest things: no session fails for that, and nobody waits for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import process from "node:process";
import { type CallPart, error } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";

class Treacherous extends Error {
  get args(): readonly unknown[] {
    throw new Error("no arguments for you");
  }
}

const HANDLERS: Readonly<Record<string, () => unknown>> = {
  "throws an object that is no text": () => {
    throw Object.create(null);
  },
  "throws it later": () => Promise.reject(Object.create(null)),
  "throws a symbol": () => {
    throw Symbol("no");
  },
  "throws an error whose arguments throw": () => {
    throw new Treacherous("no");
  },
  "throws that later": () => Promise.reject(new Treacherous("no")),
  "returns a promise that is none": () => ({
    then() {
      throw new Error("never");
    },
  }),
  "returns what may not be looked at": () => ({
    get then() {
      throw new Error("never");
    },
  }),
  "returns a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

for (const [what, handler] of Object.entries(HANDLERS)) {
  test(`Callee: a handler that ${what} answers with an error, and the session lives`, async () => {
    const flow = new ClientFlow();
    const [callee, caller] = [await flow.client(), await flow.client()];
    await callee.define("com.example.error.treacherous", Treacherous);
    await callee.register("com.example.strange", handler);
    await assert.rejects(caller.call("com.example.strange"), (cause) => {
      assert.match(String(cause), /runtime_error|treacherous/);
      return true;
    });
    assert.ok(callee.isOpen);
  });
}

/** What nobody handles is a fault: programs end by it. */
async function unhandledIn(run: () => Promise<void>): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  const note = (reason: unknown) => void seen.push(reason);
  process.on("unhandledRejection", note);
  try {
    await run();
    await settled();
    await settled();
  } finally {
    process.off("unhandledRejection", note);
  }
  return seen;
}

test("Call in parts: what is no generator fails the call", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.upload", async (_args, _kwargs, { more }) => {
    for await (const _ of more);
  });
  const unhandled = await unhandledIn(async () => {
    const more: AsyncGenerator<CallPart, void> = JSON.parse("[]");
    await assert.rejects(caller.call("com.example.upload", [], {}, { more }), TypeError);
  });
  assert.deepEqual(unhandled, []);
});

test("Call in parts: a generator that fails as it is let go harms nobody", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  async function* bad(): AsyncGenerator<CallPart, void> {
    try {
      for (;;) {
        yield { args: [1] };
        await settled();
      }
    } finally {
      await Promise.reject(new Error("while let go"));
    }
  }
  await callee.register("com.example.at_once", () => "at once");
  const unhandled = await unhandledIn(async () => {
    assert.equal(await caller.call("com.example.at_once", [], {}, { more: bad() }), "at once");
  });
  assert.deepEqual(unhandled, []);
});

test("Call in parts: a generator that never waits lets the answer through", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  let parts = 0;
  async function* rapid(): AsyncGenerator<CallPart, void> {
    while (parts++ < 200_000) yield { args: [1] };
  }
  // As over a network, the answer comes with the event loop's next turn.
  await callee.register("com.example.soon", async () => {
    await settled();
    return "soon";
  });
  assert.equal(await caller.call("com.example.soon", [], {}, { more: rapid() }), "soon");
  assert.ok(parts < 1_000, `${parts}`);
});

@error("com.example.error.base")
class Base extends Error {}

@error("com.example.error.derived")
class Derived extends Base {}

test("@error: a class speaks for itself, though one that it derives from is defined", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  await session.define(Base);
  await session.register("com.example.fail", () => {
    throw new Derived("x");
  });
  await assert.rejects(session.call("com.example.fail"), { uri: "com.example.error.derived" });
});
