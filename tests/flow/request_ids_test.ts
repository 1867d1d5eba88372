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

test("Session: a repeated or falling request id is let pass and counted, or a protocol error, as the realm says", () => {
  const messages: Wire[] = [
    ["SUBSCRIBE", 2, {}, "com.topic"],
    ["UNSUBSCRIBE", 2, 1],
    ["PUBLISH", 2, { "acknowledge": true }, "com.topic"],
    ["CALL", 1, {}, "com.procedure"],
    ["REGISTER", 1, {}, "com.procedure"],
    ["UNREGISTER", 1, 1],
  ];
  for (const message of messages) {
    const strict = new Flow({ requestIds: "strict" }).join();
    request(strict, 1);
    request(strict, 2);
    strict.sends(...message);
    strict.isAborted("wamp.error.protocol_violation");

    const flow = new Flow();
    const tolerant = flow.join();
    request(tolerant, 1);
    request(tolerant, 2);
    tolerant.sends(...message);
    const [name, ...elements] = tolerant.takes();
    assert.equal(elements[name === "ERROR" ? 1 : 0], message[1]);
    assert.equal(flow.realm.requestIdGaps, 1);
    // A fallen id does not move what is expected next.
    request(tolerant, 3);
    assert.equal(flow.realm.requestIdGaps, 1);
    flow.ends();
  }
});

test("Session: the id of a call in flight is a protocol error in any other request", () => {
  for (const type of ["CALL", "SUBSCRIBE"] as const) {
    const flow = new Flow();
    const [callee, caller] = [flow.join(), flow.join()];
    callee.registers("com.procedure");
    caller.sends("CALL", 1, {}, "com.procedure");
    request(caller, 2);
    caller.sends(type, 1, {}, "com.procedure");
    caller.isAborted("wamp.error.protocol_violation");
  }
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
