import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCallee } from "../../../router/callee_choice.ts";
import { type Callee, type Invoke, Registration } from "../../../router/registration.ts";
import type { Session } from "../../../router/session.ts";
import { FakeRandom } from "../../kit/fake_random.ts";

function registrationOf(invoke: Invoke, count: number, concurrency = 0): Registration {
  const registration = new Registration(1, "exact", "com.x", invoke, 0);
  for (let id = 0; id < count; id++) {
    registration.add({
      registration,
      session: { id } as Session,
      disclosesCaller: false,
      forwardsTimeout: false,
      mayDecline: false,
      node: undefined,
      concurrency,
      inFlight: 0,
    });
  }
  return registration;
}

/** The positions of the callees that take the next `count` calls and keep them; -1 for none. */
function chosen(registration: Registration, count: number, random = new FakeRandom(1)): number[] {
  return Array.from({ length: count }, () => {
    const callee = chooseCallee(registration, random);
    if (callee === undefined) return -1;
    callee.inFlight++;
    return registration.callees.indexOf(callee);
  });
}

test("Callee choice: one callee takes all calls under any policy", () => {
  for (const invoke of ["single", "first", "last", "roundrobin", "random"] as const) {
    assert.deepEqual(chosen(registrationOf(invoke, 1), 3), [0, 0, 0]);
    assert.deepEqual(chosen(registrationOf(invoke, 1, 2), 4), [0, 0, -1, -1]);
  }
});

test("Callee choice: first and last turn to the next one at the limit, in their order", () => {
  assert.deepEqual(chosen(registrationOf("first", 3, 2), 7), [0, 0, 1, 1, 2, 2, -1]);
  assert.deepEqual(chosen(registrationOf("last", 3, 2), 7), [2, 2, 1, 1, 0, 0, -1]);
});

test("Callee choice: roundrobin passes over those at the limit and goes on behind the one that took the call", () => {
  const registration = registrationOf("roundrobin", 3, 2);
  assert.deepEqual(chosen(registration, 7), [0, 1, 2, 0, 1, 2, -1]);
  const free = (at: number) => (registration.callees[at] as Callee).inFlight--;
  free(1);
  assert.deepEqual(chosen(registration, 2), [1, -1]);
  free(0);
  free(2);
  assert.deepEqual(chosen(registration, 2), [2, 0]);
});

test("Callee choice: roundrobin keeps its place when callees are removed before, at and behind it", () => {
  const registration = registrationOf("roundrobin", 5);
  const sessions = registration.callees.map((callee) => callee.session);
  const ids = (count: number) =>
    chosen(registration, count).map((at) => registration.callees[at]?.session.id);
  assert.deepEqual(ids(2), [0, 1]);
  registration.remove(sessions[0] as Session);
  assert.deepEqual(ids(1), [2]);
  registration.remove(sessions[3] as Session);
  assert.deepEqual(ids(1), [4]);
  registration.remove(sessions[4] as Session);
  assert.deepEqual(ids(3), [1, 2, 1]);
  assert.equal(registration.remove(sessions[4] as Session), false);
});

test("Callee choice: random takes one that is free, wherever it starts", () => {
  const registration = registrationOf("random", 4, 1);
  assert.deepEqual(new Set(chosen(registration, 4)), new Set([0, 1, 2, 3]));
  assert.deepEqual(chosen(registration, 1), [-1]);
});
