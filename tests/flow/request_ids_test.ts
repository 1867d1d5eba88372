import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../../router/session.ts";
import type { Wire } from "../kit/fake_transport.ts";
import { Flow, ID, type Peer } from "../kit/flow_kit.ts";

const MAX_ID = 2 ** 53;

/** Sends a request under this id and takes its answer. */
function request(peer: Peer, id: number): void {
  peer.sends("SUBSCRIBE", id, {}, "com.topic");
  peer.receives("SUBSCRIBED", id, ID);
}

test("Session: request ids count up by one over all kinds of requests [WAMP ids]", () => {
  const flow = new Flow({ requestIds: "strict" });
  const alice = flow.join();
  const requests: Wire[] = [
    ["SUBSCRIBE", 1, {}, "com.topic"],
    ["PUBLISH", 2, { "acknowledge": true }, "com.topic"],
    ["UNSUBSCRIBE", 3, 1],
    ["REGISTER", 4, {}, "com.procedure"],
    ["UNREGISTER", 5, 1],
    ["CALL", 6, {}, "com.procedure"],
  ];
  for (const message of requests) {
    alice.sends(...message);
    const [name, ...elements] = alice.takes();
    assert.equal(elements[name === "ERROR" ? 1 : 0], message[1]);
  }
  flow.ends();
});

test("Session: a repeated or falling request id is a protocol error, whatever the realm says", () => {
  const messages: Wire[] = [
    ["SUBSCRIBE", 2, {}, "com.topic"],
    ["UNSUBSCRIBE", 2, 1],
    ["PUBLISH", 2, { "acknowledge": true }, "com.topic"],
    ["CALL", 1, {}, "com.procedure"],
    ["REGISTER", 1, {}, "com.procedure"],
    ["UNREGISTER", 1, 1],
  ];
  for (const requestIds of ["strict", "tolerant"] as const) {
    for (const message of messages) {
      const peer = new Flow({ requestIds }).join();
      request(peer, 1);
      request(peer, 2);
      peer.sends(...message);
      peer.isAborted("wamp.error.protocol_violation");
    }
  }
});

test("Session: an id that was left out may come late, once, unless the realm is strict", () => {
  const flow = new Flow();
  const alice = flow.join();
  request(alice, 1);
  request(alice, 4);
  request(alice, 2);
  request(alice, 5);
  request(alice, 3);
  assert.equal(flow.realm.requestIdGaps, 1);
  alice.sends("SUBSCRIBE", 3, {}, "com.topic");
  alice.isAborted("wamp.error.protocol_violation");
});

test("Session: an id that was left out long ago is a protocol error", () => {
  const alice = new Flow().join();
  request(alice, 1);
  request(alice, 5_000);
  request(alice, 4_999);
  alice.sends("SUBSCRIBE", 2, {}, "com.topic");
  alice.isAborted("wamp.error.protocol_violation");
});

test("Session: a gap in the request ids is let pass and counted, or a protocol error, as the realm says", () => {
  const tolerant = new Flow();
  const alice = tolerant.join();
  request(alice, 2);
  request(alice, 3);
  request(alice, 10);
  assert.equal(tolerant.realm.requestIdGaps, 2);
  tolerant.ends();

  const strict = new Flow({ requestIds: "strict" });
  const bob = strict.join();
  request(bob, 1);
  bob.sends("SUBSCRIBE", 3, {}, "com.topic");
  bob.isAborted("wamp.error.protocol_violation");
});

test("Session: request ids wrap to 1 behind 2^53", () => {
  for (const requestIds of ["strict", "tolerant"] as const) {
    const flow = new Flow({ requestIds });
    const alice = flow.join();
    (alice.handler as Session).lastRequest = MAX_ID - 1;
    request(alice, MAX_ID);
    request(alice, 1);
    request(alice, 2);
    assert.equal(flow.realm.requestIdGaps, 0);
    alice.sends("SUBSCRIBE", MAX_ID + 2, {}, "com.topic");
    alice.isAborted("wamp.error.protocol_violation");
  }
});

test("Session: the ids of invocations count up by one for each callee", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  bob.registers("com.procedure1");
  bob.registers("com.procedure2");
  carol.registers("com.procedure3");
  for (let i = 1; i <= 5; i++) {
    alice.calls(i % 2 === 0 ? "com.procedure1" : "com.procedure2");
    assert.equal(bob.isInvoked().request, i);
  }
  alice.calls("com.procedure3");
  assert.equal(carol.isInvoked().request, 1);
  flow.ends();
});
