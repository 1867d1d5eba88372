/** From HELLO to WELCOME with methods of authentication, with the test in the router's place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientMethod, connect, ConnectError, JoinError, type Session } from "../../../mod.ts";
import type { Wire } from "../../kit/fake_transport.ts";
import { ALL_FEATURES, RouterSide, turn } from "./client_kit.ts";

const CANNOT = "wamp.error.cannot_authenticate";
const WELCOME = { "roles": ALL_FEATURES, "authid": "joe", "authrole": "user" };

/** A method whose answers and trust the test decides on. */
class Fake {
  answer: (signature: string) => void = () => {};
  refuse: (error: Error) => void = () => {};
  trust: () => void = () => {};
  distrust: (error: Error) => void = () => {};

  readonly method: ClientMethod = {
    names: ["fake"],
    authid: "joe",
    authrole: undefined,
    begin: () => ({
      authextra: { "x": 1 },
      answer: () =>
        new Promise((resolve, reject) => {
          this.answer = (signature) => resolve({ signature, extra: { "y": 2 } });
          this.refuse = reject;
        }),
      welcomed: () =>
        new Promise((resolve, reject) => {
          this.trust = resolve;
          this.distrust = reject;
        }),
    }),
  };
}

/** Once what proves something is loaded. */
async function sent(router: RouterSide): Promise<void> {
  while (router.transport.sent.length === 0) await turn();
}

/** HELLO was sent. */
async function opening(): Promise<{ router: RouterSide; fake: Fake; session: Promise<Session> }> {
  const router = new RouterSide();
  const fake = new Fake();
  const { clock, log, dial } = router;
  const authentication = [fake.method];
  const session = connect({ url: "ws://r/ws", realm: "realm1", dial, clock, log, authentication });
  session.catch(() => {});
  await sent(router);
  const [type, , details] = router.takes();
  assert.equal(type, "HELLO");
  const { authid, authmethods, authextra } = details as Record<string, unknown>;
  assert.deepEqual([authid, authmethods, authextra], ["joe", ["fake"], { "x": 1 }]);
  return { router, fake, session };
}

async function reasonOf(session: Promise<Session>): Promise<string> {
  const error = await session.then(() => undefined, (cause) => cause);
  assert.ok(error instanceof JoinError, String(error));
  return error.reason;
}

test("Opening: a challenge is answered, and the session is open once the router is trusted", async () => {
  const { router, fake, session } = await opening();
  router.sends("CHALLENGE", "fake", {});
  router.receivesNothing();
  fake.answer("signed");
  await turn();
  router.receives("AUTHENTICATE", "signed", { "y": 2 });
  router.sends("WELCOME", 7, WELCOME);
  let isOpen = false;
  session.then(() => isOpen = true);
  await turn();
  assert.ok(!isOpen);
  fake.trust();
  assert.equal((await session).authid, "joe");
});

test("Opening: what comes while the router is looked at waits its turn, with its arguments", async () => {
  const { router, fake, session } = await opening();
  router.sends("CHALLENGE", "fake", {});
  fake.answer("");
  await turn();
  router.takes();
  router.sends("WELCOME", 7, WELCOME);
  router.sends("INVOCATION", 1, 4711, {}, ["kept"]);
  router.sends("GOODBYE", { "message": "too soon" }, "wamp.close.killed");
  await turn();
  router.receivesNothing();
  fake.trust();
  const { reason } = await (await session).closed;
  assert.equal(reason, "wamp.close.killed");
  assert.deepEqual(router.takes().slice(0, 3), ["ERROR", 68, 1]);
  router.receives("GOODBYE", {}, "wamp.close.goodbye_and_out");
});

test("Opening: a router that is not trusted is left with ABORT", async () => {
  const { router, fake, session } = await opening();
  router.sends("CHALLENGE", "fake", {});
  fake.answer("");
  await turn();
  router.takes();
  router.sends("WELCOME", 7, WELCOME);
  fake.distrust(new Error("something about a secret"));
  assert.equal(await reasonOf(session), CANNOT);
  router.receives("ABORT", { "message": "The client cannot answer" }, CANNOT);
  assert.notEqual(router.transport.endReason, undefined);
});

test("Opening: a challenge that cannot be answered ends in ABORT, which does not tell the router why", async () => {
  const { router, fake, session } = await opening();
  router.sends("CHALLENGE", "fake", {});
  fake.refuse(new Error("something about a secret"));
  assert.equal(await reasonOf(session), CANNOT);
  router.receives("ABORT", { "message": "The client cannot answer" }, CANNOT);
});

test("Opening: a challenge by a method that was not offered ends in ABORT", async () => {
  const { router, session } = await opening();
  router.sends("CHALLENGE", "ticket", {});
  assert.equal(await reasonOf(session), CANNOT);
  assert.deepEqual([router.takes()[0], router.transport.sent.length], ["ABORT", 0]);
});

test("Opening: a router that goes on while its challenge is being answered breaks the protocol", async () => {
  const messages: Wire[] = [["WELCOME", 7, WELCOME], ["CHALLENGE", "fake", {}]];
  for (const message of messages) {
    const { router, fake, session } = await opening();
    router.sends("CHALLENGE", "fake", {});
    router.sends(...message);
    const [type, , reason] = router.takes();
    assert.deepEqual([type, reason], ["ABORT", "wamp.error.protocol_violation"]);
    await assert.rejects(session, ConnectError);
    // It comes too late.
    fake.answer("signed");
    await turn();
    router.receivesNothing();
  }
});

test("Opening: ABORT, a lost connection and the time limit end it in every state", async () => {
  for (const state of ["hello", "challenged", "answered", "welcomed"]) {
    for (const end of ["abort", "disconnect", "timeout"]) {
      const { router, fake, session } = await opening();
      if (state !== "hello") router.sends("CHALLENGE", "fake", {});
      if (state === "answered" || state === "welcomed") fake.answer("signed");
      await turn();
      if (state === "welcomed") router.sends("WELCOME", 7, WELCOME);
      router.transport.sent.length = 0;
      if (end === "abort") router.sends("ABORT", {}, "wamp.error.authentication_denied");
      if (end === "disconnect") router.disconnects();
      if (end === "timeout") router.clock.advance(10_000);
      fake.answer("signed");
      fake.trust();
      if (end === "abort" && state !== "welcomed") {
        assert.equal(await reasonOf(session), "wamp.error.authentication_denied");
      } else if (end === "abort") {
        assert.equal((await (await session).closed).reason, "wamp.error.authentication_denied");
      } else {
        await assert.rejects(session, ConnectError, `${state} ${end}`);
      }
      await turn();
      assert.equal(router.transport.sent.filter(([type]) => type !== "ABORT").length, 0);
      assert.equal(router.clock.pendingCount, 0);
    }
  }
});

test("Opening: a method that never begins is given up with the connection or in time", async () => {
  for (const end of ["disconnect", "timeout"]) {
    const router = new RouterSide();
    const { clock, log, dial } = router;
    const { method } = new Fake();
    const authentication = [{ ...method, begin: () => new Promise<never>(() => {}) }];
    const session = connect({
      url: "ws://r/ws",
      realm: "realm1",
      dial,
      clock,
      log,
      authentication,
    });
    session.catch(() => {});
    await turn();
    if (end === "disconnect") router.disconnects();
    else router.clock.advance(10_000);
    await assert.rejects(session, ConnectError);
  }
});
