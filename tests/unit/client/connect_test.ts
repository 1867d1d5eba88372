import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, ConnectError, JoinError } from "../../../mod.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { FakeTransport } from "../../kit/fake_transport.ts";
import { connecting, joined, RouterSide, turn } from "./client_kit.ts";

test("connect: HELLO announces the realm, the agent and four roles", async () => {
  const { router } = await connecting();
  const [name, realm, details] = router.takes();
  assert.deepEqual([name, realm], ["HELLO", "realm1"]);
  const { agent, roles, ...others } = details as Record<string, Record<string, unknown>>;
  assert.match(String(agent), /^Realmway-\d/);
  assert.deepEqual(Object.keys(roles ?? {}).sort(), [
    "callee",
    "caller",
    "publisher",
    "subscriber",
  ]);
  assert.deepEqual(others, {});
});

test("connect: WELCOME makes a session that knows its ID, realm and identity", async () => {
  const { session } = await joined();
  assert.equal(session.id, 7);
  assert.equal(session.realm, "realm1");
  assert.equal(session.authid, "peter");
  assert.equal(session.authrole, "guest");
  assert.equal(session.isOpen, true);
});

test("connect: ABORT rejects with the router's reason and text", async () => {
  const { router, session } = await connecting();
  router.sends("ABORT", { "message": "No such realm" }, "wamp.error.no_such_realm");
  await assert.rejects(session, (error) => {
    assert.ok(error instanceof JoinError);
    assert.equal(error.reason, "wamp.error.no_such_realm");
    assert.match(error.message, /realm "realm1".*no_such_realm.*"No such realm"/);
    return true;
  });
  assert.notEqual(router.transport.endReason, undefined);
});

test("connect: CHALLENGE is refused with ABORT, as there are no credentials", async () => {
  const { router, session } = await connecting();
  router.takes();
  router.sends("CHALLENGE", "ticket", {});
  await assert.rejects(session, JoinError);
  assert.deepEqual([router.takes()[0]], ["ABORT"]);
  assert.notEqual(router.transport.endReason, undefined);
});

test("connect: a connection that ends before WELCOME rejects", async () => {
  const { router, session } = await connecting();
  router.disconnects();
  await assert.rejects(session, ConnectError);
});

test("connect: no WELCOME in time rejects, tells the router and closes", async () => {
  const { router, session } = await connecting();
  router.takes();
  router.clock.advance(10_000);
  await assert.rejects(session, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /"ws:\/\/router\/ws".*10000 ms/);
    return true;
  });
  assert.equal(router.takes()[0], "ABORT");
  assert.notEqual(router.transport.endReason, undefined);
  assert.equal(router.clock.pendingCount, 0);
});

test("connect: joining in time leaves no timer behind", async () => {
  const { router } = await joined();
  assert.equal(router.clock.pendingCount, 0);
});

test("connect: a signal that fires rejects with its reason", async () => {
  const router = new RouterSide();
  const controller = new AbortController();
  const session = connect({
    url: "ws://router/ws",
    realm: "realm1",
    dial: router.dial,
    signal: controller.signal,
  });
  await turn();
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(session, reason);
});

test("connect: a signal that has fired dials nobody", async () => {
  const session = connect({
    url: "ws://router/ws",
    realm: "realm1",
    dial: () => assert.fail("dialled"),
    signal: AbortSignal.abort(new Error("enough")),
  });
  await assert.rejects(session, /enough/);
});

test("connect: a signal that fires after WELCOME does not end the session", async () => {
  const router = new RouterSide();
  const controller = new AbortController();
  const promise = connect({
    url: "ws://router/ws",
    realm: "realm1",
    dial: router.dial,
    signal: controller.signal,
  });
  await turn();
  router.sends("WELCOME", 7, { "roles": { "broker": {} } });
  const session = await promise;
  controller.abort();
  assert.equal(session.isOpen, true);
});

test("connect: a failed dial rejects with the URL and the cause", async () => {
  const cause = new Error("Connection refused");
  const session = connect({
    url: "ws://router/ws",
    realm: "realm1",
    dial: () => Promise.reject(cause),
  });
  await assert.rejects(session, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.cause, cause);
    assert.match(error.message, /Cannot connect to "ws:\/\/router\/ws".*Connection refused/);
    return true;
  });
});

test("connect: anything but WELCOME, CHALLENGE or ABORT first is a protocol violation", async () => {
  const { router, session } = await connecting();
  router.takes();
  router.sends("RESULT", 1, {});
  await assert.rejects(session, ConnectError);
  assert.deepEqual([router.takes().at(-1)], ["wamp.error.protocol_violation"]);
});

test("connect: a dial that neither attaches nor listens to the signal cannot hold it up", async () => {
  const clock = new FakeClock();
  const options = { url: "ws://router/ws", realm: "realm1", clock };
  const transport = new FakeTransport();
  let attachLate = () => {};
  const stuck = connect({
    ...options,
    dial: (_options, attach) => {
      attachLate = () => void attach(transport);
      return new Promise(() => {});
    },
  });
  clock.advance(10_000);
  await assert.rejects(stuck, /no answer within 10000 ms/);
  attachLate();
  assert.notEqual(transport.endReason, undefined);
  assert.deepEqual(transport.sent, []);
  await assert.rejects(
    connect({ ...options, dial: () => Promise.resolve(transport) }),
    /found no transport attached/,
  );
});
