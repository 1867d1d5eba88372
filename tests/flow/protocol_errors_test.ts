import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wire } from "../kit/fake_transport.ts";
import { ANY, EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

/** One well-formed message of every type. */
const MESSAGES: readonly Wire[] = [
  ["HELLO", "realm1", { "roles": { "caller": {} } }],
  ["WELCOME", 4711, { "roles": { "broker": {} } }],
  ["CHALLENGE", "ticket", {}],
  ["AUTHENTICATE", "secret", {}],
  ["GOODBYE", {}, "wamp.close.close_realm"],
  ["ERROR", 68, 1, {}, "com.myapp.error"],
  ["PUBLISH", 1, {}, "com.topic"],
  ["PUBLISHED", 1, 1],
  ["SUBSCRIBE", 1, {}, "com.topic"],
  ["SUBSCRIBED", 1, 1],
  ["UNSUBSCRIBE", 1, 1],
  ["UNSUBSCRIBED", 1],
  ["EVENT", 1, 1, {}],
  ["CALL", 1, {}, "com.procedure"],
  ["CANCEL", 1, {}],
  ["RESULT", 1, {}],
  ["REGISTER", 1, {}, "com.procedure"],
  ["REGISTERED", 1, 1],
  ["UNREGISTER", 1, 1],
  ["UNREGISTERED", 1],
  ["INVOCATION", 1, 1, {}],
  ["INTERRUPT", 1, {}],
  ["YIELD", 1, {}],
  ["EVENT_RECEIVED", 1],
];

test("Session: every message but HELLO before a session is a protocol error [WAMP protocol_errors]", () => {
  for (const message of MESSAGES) {
    if (message[0] === "HELLO") continue;
    const flow = new Flow();
    const alice = flow.connect();
    alice.sends(...message);
    alice.isAborted("wamp.error.protocol_violation");
    assert.equal(flow.router.connectionCount, 0);
  }
});

test("Session: every message but HELLO after GOODBYE is a protocol error", () => {
  for (const message of MESSAGES) {
    if (message[0] === "HELLO") continue;
    const alice = new Flow().join();
    alice.leaves();
    alice.sends(...message);
    alice.isAborted("wamp.error.protocol_violation");
  }
});

test("Session: what only a router sends, and opening a session twice, are protocol errors in a session", () => {
  const routers = [
    "HELLO",
    "WELCOME",
    "CHALLENGE",
    "AUTHENTICATE",
    "PUBLISHED",
    "SUBSCRIBED",
    "UNSUBSCRIBED",
    "EVENT",
    "RESULT",
    "REGISTERED",
    "UNREGISTERED",
    "INVOCATION",
    "INTERRUPT",
    "EVENT_RECEIVED",
  ];
  for (const message of MESSAGES) {
    if (!routers.includes(message[0])) continue;
    const flow = new Flow();
    const [alice, bob] = [flow.join(), flow.join()];
    alice.subscribes("com.topic");
    alice.registers("com.procedure");
    alice.sends(...message);
    alice.isAborted("wamp.error.protocol_violation");
    // All that it held is gone, and what it sends later is not heard.
    assert.equal(flow.realm.sessions.size, 1);
    assert.equal([...flow.realm.broker.subscriptions].length, 0);
    assert.equal([...flow.realm.dealer.registrations].length, 0);
    alice.sends("PUBLISH", 3, {}, "com.topic");
    bob.calls("com.procedure");
    bob.receives("ERROR", 48, 1, {}, "wamp.error.no_such_procedure", EXPLAINED);
    flow.ends();
  }
});

test("Session: ERROR for anything but an invocation is a protocol error", () => {
  for (const requestType of [16, 32, 34, 48, 64, 66, 69, 1, 70, 0, 4711]) {
    const alice = new Flow().join();
    alice.sends("ERROR", requestType, 1, {}, "com.myapp.error");
    alice.isAborted("wamp.error.protocol_violation");
  }
});

test("Session: YIELD or ERROR for an invocation that never was is a protocol error", () => {
  for (const message of [["YIELD", 2, {}], ["ERROR", 68, 2, {}, "com.myapp.error"]] as Wire[]) {
    const flow = new Flow();
    const [alice, bob] = [flow.join(), flow.join()];
    bob.registers("com.procedure");
    alice.calls("com.procedure");
    assert.equal(bob.isInvoked().request, 1);
    bob.sends(...message);
    bob.isAborted("wamp.error.protocol_violation");
    alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
    flow.ends();
  }
});

test("Session: ERROR that the caller could not accept is the callee's protocol error, and is not passed on", () => {
  const errors = [[{}, ""], [{}, "my error"], [{}, "a..b"], [
    { "ppt_scheme": 5 },
    "com.myapp.error",
  ]];
  for (const [details, error] of errors) {
    const flow = new Flow();
    const [alice, bob] = [flow.join(), flow.join()];
    bob.registers("com.procedure");
    alice.calls("com.procedure");
    bob.sends("ERROR", 68, bob.isInvoked().request, details, error);
    bob.isAborted("wamp.error.protocol_violation");
    alice.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  }
});

test("Session: options of messages that have no answer are a protocol error when they are invalid", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.procedure");
  alice.calls("com.procedure");
  const invocation = bob.isInvoked();
  alice.sends("CANCEL", 1, { "mode": "gently" });
  alice.isAborted("wamp.error.protocol_violation");
  bob.receives("INTERRUPT", invocation.request, { "mode": "killnowait", "reason": ANY });
  const carol = flow.join();
  carol.calls("com.procedure");
  bob.yields(bob.isInvoked(), { "progress": 1 });
  bob.isAborted("wamp.error.protocol_violation");
  carol.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  flow.ends();
});

test("Session: bytes that are no message are a protocol error in every state", () => {
  const garbage = [
    "",
    "[]",
    "{}",
    "[32",
    "hello",
    "[4711, 1]",
    "[0]",
    "[-1]",
    '["32", 1, {}, "com.topic"]',
    '[32, 1, {}, "com.topic"',
    '[32, 1, {}, "com.topic"]]',
    "[32, 1, {}]",
    '[32, 1, [], "com.topic"]',
    '[32, 0, {}, "com.topic"]',
    '[32, 9007199254740993, {}, "com.topic"]',
    '[32, 1.5, {}, "com.topic"]',
    '[32, "1", {}, "com.topic"]',
    "[32, 1, {}, 5]",
    '[32, 1, {}, "com.topic", []]',
    '[16, 1, {}, "com.topic", {}]',
    '[16, 1, {}, "com.topic", [], []]',
    '[16, 1, {}, "com.topic", [], {}, 1]',
    "[33.0]",
  ];
  for (const text of garbage) {
    const flow = new Flow();
    const [before, established] = [flow.connect(), flow.join()];
    for (const peer of [before, established]) {
      peer.transport.receiveBytes(peer.handler, new TextEncoder().encode(text));
      peer.isAborted("wamp.error.protocol_violation");
    }
    assert.equal(flow.router.connectionCount, 0);
  }
});

test("Session: nothing is sent after an ABORT, whatever fails later", () => {
  const alice = new Flow().join();
  alice.sends("WELCOME", 1, {});
  alice.isAborted("wamp.error.protocol_violation");
  alice.transport.receiveBytes(alice.handler, new TextEncoder().encode("["));
  alice.sends("HELLO", "realm1", { "roles": { "caller": {} } });
  alice.disconnects();
  alice.receivesNothing();
});

test("Session: a protocol error is logged with the peer's address", () => {
  const flow = new Flow();
  const alice = flow.join();
  alice.sends("WELCOME", 1, {});
  assert.equal(flow.log.warnings[0]?.["peer"], "tcp4:127.0.0.1:50000");
  assert.equal(flow.log.warnings[0]?.["session"], alice.id);
  assert.ok(ID(alice.id));
});
