import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wire } from "../../kit/fake_transport.ts";
import { SessionClosedError } from "../../../mod.ts";
import { joined } from "./client_kit.ts";

test("Session: leave says GOODBYE and ends when the router answers", async () => {
  const { router, session } = await joined();
  const left = session.leave();
  router.receives("GOODBYE", {}, "wamp.close.normal");
  assert.equal(session.isOpen, false);
  router.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  const details = { reason: "wamp.close.normal", message: undefined, by: "client" };
  assert.deepEqual(await left, details);
  assert.deepEqual(await session.closed, details);
  assert.equal(router.clock.pendingCount, 0);
  assert.notEqual(router.transport.endReason, undefined);
});

test("Session: leave passes on a reason and a message", async () => {
  const { router, session } = await joined();
  const left = session.leave("com.example.close.tired", "Good night");
  router.receives("GOODBYE", { "message": "Good night" }, "com.example.close.tired");
  router.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  assert.equal((await left).reason, "com.example.close.tired");
  assert.equal((await session.leave()).message, "Good night");
  router.receivesNothing();
});

test("Session: leave ends without the router's answer after five seconds", async () => {
  const { router, session } = await joined();
  const left = session.leave();
  router.clock.advance(5_000);
  assert.equal((await left).by, "client");
});

test("Session: answers on their way still come after leave, new work does not", async () => {
  const { router, session } = await joined();
  let invoked = false;
  const registering = session.register("com.example.add2", () => void (invoked = true));
  router.sends("REGISTERED", 1, 9);
  await registering;
  const sum = session.call("com.example.add2");
  const left = session.leave();
  router.transport.sent.length = 0;
  router.sends("INVOCATION", 1, 9, {});
  router.sends("RESULT", 2, {}, [5]);
  router.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  assert.equal(await sum, 5);
  await left;
  assert.equal(invoked, false);
  router.receivesNothing();
});

test("Session: every request after the end rejects and tells why", async () => {
  const { router, session } = await joined();
  router.disconnects();
  await assert.rejects(session.call("com.example.add2"), (error) => {
    assert.ok(error instanceof SessionClosedError);
    assert.equal(error.details.reason, "wamp.close.transport_lost");
    assert.match(error.message, /Cannot call "com.example.add2": .*transport_lost.*reset/);
    return true;
  });
  await assert.rejects(session.register("com.example.add2", () => 0), SessionClosedError);
  await assert.rejects(session.subscribe("com.example.topic", () => 0), SessionClosedError);
  assert.throws(() => session.publish("com.example.topic"), SessionClosedError);
  await assert.rejects(
    session.publish("com.example.topic", [], {}, { acknowledge: true }),
    SessionClosedError,
  );
});

test("Session: a lost connection rejects everything that waits", async () => {
  const { router, session } = await joined();
  const registering = session.register("com.example.add2", () => 0);
  router.sends("REGISTERED", 1, 9);
  const subscribing = session.subscribe("com.example.topic", () => 0);
  router.sends("SUBSCRIBED", 2, 8);
  const registration = await registering;
  const subscription = await subscribing;
  const waiting = [
    session.call("com.example.slow"),
    session.register("com.example.mul2", () => 0),
    session.subscribe("com.example.other", () => 0),
    session.publish("com.example.topic", [], {}, { acknowledge: true }),
    registration.unregister(),
    subscription.unsubscribe(),
  ];
  router.disconnects();
  for (const promise of waiting) await assert.rejects(promise, SessionClosedError);
  assert.equal((await session.closed).by, "transport");
  assert.equal(registration.isActive, false);
  assert.equal(subscription.isActive, false);
  await registration.unregister();
  await subscription.unsubscribe();
});

test("Session: GOODBYE of the router is answered and ends the session", async () => {
  const { router, session } = await joined();
  const call = session.call("com.example.slow");
  router.takes();
  router.sends("GOODBYE", { "message": "Going down" }, "wamp.close.system_shutdown");
  router.receives("GOODBYE", {}, "wamp.close.goodbye_and_out");
  assert.deepEqual(await session.closed, {
    reason: "wamp.close.system_shutdown",
    message: "Going down",
    by: "router",
  });
  await assert.rejects(call, /system_shutdown \(Going down\)/);
  assert.equal((await session.leave()).by, "router");
  router.receivesNothing();
});

test("Session: ABORT of the router ends the session without an answer", async () => {
  const { router, session } = await joined();
  router.sends("ABORT", { "message": "You lied" }, "wamp.error.protocol_violation");
  assert.equal((await session.closed).reason, "wamp.error.protocol_violation");
  router.receivesNothing();
});

const faults: readonly (readonly [what: string, wire: Wire])[] = [
  ["a second WELCOME", ["WELCOME", 8, {}]],
  ["a message for routers", ["CALL", 1, {}, "com.example.add2"]],
  ["SUBSCRIBED without SUBSCRIBE", ["SUBSCRIBED", 1, 5]],
  ["RESULT of a call never made", ["RESULT", 77, {}]],
  ["ERROR of a request never made", ["ERROR", 64, 77, {}, "com.example.error"]],
];
for (const [what, wire] of faults) {
  test(`Session: ${what} is a protocol violation: ABORT, and the session ends`, async () => {
    const { router, session } = await joined();
    router.sends(...wire);
    const [name, details, reason] = router.takes();
    assert.deepEqual([name, reason], ["ABORT", "wamp.error.protocol_violation"]);
    assert.match((details as { message: string }).message, /^Cannot accept/);
    assert.equal((await session.closed).by, "client");
    assert.notEqual(router.transport.endReason, undefined);
    assert.equal(router.log.errors.length, 1);
  });
}

test("Session: bytes that are no message are a protocol violation", async () => {
  const { router, session } = await joined();
  router.transport.receiveBytes(router.handler, new TextEncoder().encode("[36,1"));
  assert.equal(router.takes()[0], "ABORT");
  assert.equal((await session.closed).reason, "wamp.error.protocol_violation");
});

test("Session: request IDs count up without gaps, also when arguments cannot be sent", async () => {
  const { router, session } = await joined();
  const circular: unknown[] = [];
  circular.push(circular);
  await assert.rejects(session.call("com.example.add2", circular));
  session.publish("com.example.topic");
  router.receives("PUBLISH", 1, {}, "com.example.topic");
  session.call("com.example.add2").catch(() => {});
  router.receives("CALL", 2, {}, "com.example.add2");
});

test("Session: leaves at the end of its scope with await using", async () => {
  const { router, session } = await joined();
  const disposed = session[Symbol.asyncDispose]();
  assert.equal(router.takes()[0], "GOODBYE");
  router.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  await disposed;
  assert.equal(session.isOpen, false);
});
