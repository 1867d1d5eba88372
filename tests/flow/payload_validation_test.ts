import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadCheck, PayloadChecks } from "../../router/payload_check.ts";
import { ALLOW_ALL, type Permission } from "../../router/permission.ts";
import { EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

const INVALID = "wamp.error.invalid_argument";

/** Takes payloads whose first argument is a number. */
const number: PayloadCheck = ({ args }) =>
  typeof args[0] === "number" ? undefined : "/args/0: expected a number";
/** Takes payloads whose first argument is a string. */
const text: PayloadCheck = ({ args }) =>
  typeof args[0] === "string" ? undefined : "/args/0: expected a string";

/** A realm in which what "guest" does with "com.x" is checked. */
function checked(validate: PayloadChecks): Flow {
  const rule: Permission = { ...ALLOW_ALL, uri: "com.x", match: "exact", validate };
  return new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", allowByDefault: true, permissions: [rule] },
    ],
  });
}

test("Validation: arguments of a call are checked before anybody is called", () => {
  const flow = checked({ call: number });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  alice.calls("com.x", {}, ["one"]);
  const error = alice.receives("ERROR", 48, 1, {}, INVALID, EXPLAINED);
  assert.match(String((error[5] as string[])[0]), /\/args\/0: expected a number/);
  bob.registers("com.x");
  for (const options of [{}, { "disclose_me": true }, { "receive_progress": true }]) {
    const request = alice.calls("com.x", options, ["one"]);
    alice.receives("ERROR", 48, request, {}, INVALID, EXPLAINED);
  }
  alice.calls("com.x");
  alice.receives("ERROR", 48, 5, {}, INVALID, EXPLAINED);
  alice.calls("com.x", {}, [1]);
  bob.yields(bob.isInvoked(), {}, ["anything"]);
  alice.receives("RESULT", 6, {}, ["anything"]);
  // Whose role says nothing of it may send what they like.
  const carol = flow.join();
  carol.calls("com.x", {}, ["one"]);
  assert.deepEqual(bob.isInvoked().args, ["one"]);
  flow.ends();
});

test("Validation: arguments of an event are checked, whatever its options, and in testaments", () => {
  const flow = checked({ event: number });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  const id = bob.subscribes("com.x");
  alice.publishes("com.x", {}, ["one"]);
  alice.publishes("com.x", { "exclude_me": false }, ["one"]);
  alice.publishes("com.x", { "retain": true, "acknowledge": true }, ["one"]);
  alice.receives("ERROR", 16, 3, {}, INVALID, EXPLAINED);
  alice.publishes("com.x", {}, [1]);
  bob.receives("EVENT", id, ID, {}, [1]);
  alice.publishes("com.x", { "acknowledge": true }, [2]);
  bob.receives("EVENT", id, ID, {}, [2]);
  alice.receives("PUBLISHED", 5, ID);
  alice.calls("wamp.session.add_testament", {}, ["com.x", ["one"], {}]);
  alice.receives("ERROR", 48, 6, {}, INVALID, EXPLAINED);
  alice.calls("wamp.session.add_testament", {}, ["com.x", [3], {}]);
  alice.receives("RESULT", 7, {});
  alice.disconnects();
  bob.receives("EVENT", id, ID, {}, [3]);
  flow.ends();
});

test("Validation: a payload that only its receiver can read does not pass for a valid one", () => {
  const flow = checked({ call: number, event: number });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  bob.registers("com.x");
  bob.subscribes("com.x");
  for (const options of [{ "ppt_scheme": "x_mine" }, { "enc_algo": "cryptobox" }]) {
    const request = alice.calls("com.x", options, [1]);
    alice.receives("ERROR", 48, request, {}, INVALID, EXPLAINED);
    alice.publishes("com.x", { ...options, "acknowledge": true }, [1]);
    alice.receives("ERROR", 16, alice.request, {}, INVALID, EXPLAINED);
  }
  flow.ends();
});

test("Validation: later parts of a call are checked as its first, or as call_progress says", () => {
  for (const validate of [{ call: number }, { call: number, call_progress: number }]) {
    const flow = checked(validate);
    const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
    bob.registers("com.x");
    alice.sends("CALL", 1, { "progress": true }, "com.x", [1]);
    alice.sends("CALL", 1, { "progress": true }, "com.x", [2]);
    const invoked = bob.isInvoked();
    assert.deepEqual(bob.isInvoked().args, [2]);
    alice.sends("CALL", 1, { "progress": true }, "com.x", ["three"]);
    alice.receives("ERROR", 48, 1, {}, INVALID, EXPLAINED);
    bob.receives("INTERRUPT", invoked.request, { "mode": "killnowait", "reason": INVALID });
    alice.sends("CALL", 1, {}, "com.x", [4]);
    flow.ends();
  }
  const flow = checked({ call: number, call_progress: text });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  bob.registers("com.x");
  alice.sends("CALL", 1, { "progress": true }, "com.x", [1]);
  alice.sends("CALL", 1, {}, "com.x", ["two"]);
  bob.isInvoked();
  assert.deepEqual(bob.isInvoked().args, ["two"]);
  flow.ends();
});

test("Validation: results, progressive ones and errors are checked each by its own schema; the caller is told", () => {
  const flow = checked({ call_result: number, call_result_progress: text, call_error: text });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  bob.registers("com.x");
  const progress = { "progress": true };
  alice.calls("com.x", { "receive_progress": true });
  const good = bob.isInvoked();
  bob.yields(good, progress, ["part"]);
  alice.receives("RESULT", 1, progress, ["part"]);
  bob.yields(good, {}, [1]);
  alice.receives("RESULT", 1, {}, [1]);

  alice.calls("com.x");
  bob.yields(bob.isInvoked(), {}, ["one"]);
  alice.receives("ERROR", 48, 2, {}, INVALID, EXPLAINED);

  alice.calls("com.x", { "receive_progress": true });
  const bad = bob.isInvoked();
  bob.yields(bad, progress, [1]);
  alice.receives("ERROR", 48, 3, {}, INVALID, EXPLAINED);
  bob.receives("INTERRUPT", bad.request, { "mode": "killnowait", "reason": INVALID });
  bob.yields(bad, {}, [1]);

  alice.calls("com.x");
  bob.sends("ERROR", 68, bob.isInvoked().request, {}, "com.error", [1]);
  alice.receives("ERROR", 48, 4, {}, INVALID, EXPLAINED);
  alice.calls("com.x");
  bob.sends("ERROR", 68, bob.isInvoked().request, {}, "com.error", ["why"]);
  alice.receives("ERROR", 48, 5, {}, "com.error", ["why"]);
  flow.ends();
});

test("Validation: an authorizer's answer may name the schemas of its realm", () => {
  const schemas = new Map([["number", number]]);
  const authorize = () => ({ "allow": true, "cache": true, "validate": { "call": "number" } });
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", authorizer: { authorize, schemas } },
    ],
  });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  bob.registers("com.y");
  for (let i = 0; i < 2; i++) {
    const request = alice.calls("com.y", {}, ["one"]);
    alice.receives("ERROR", 48, request, {}, INVALID, EXPLAINED);
  }
  alice.calls("com.y", {}, [1]);
  assert.deepEqual(bob.isInvoked().args, [1]);
  flow.ends();
});

test("Validation: payloads of every serializer are read for it, and passed on as they came", () => {
  const flow = checked({ call: number, event: number });
  for (const format of ["json", "msgpack", "cbor"] as const) {
    const [alice, bob] = [flow.join({ authrole: "guest", format }), flow.join({ format })];
    const id = bob.subscribes("com.x");
    alice.publishes("com.x", {}, [1, "ü", [null]], { "k": { "v": true } });
    bob.receives("EVENT", id, ID, {}, [1, "ü", [null]], { "k": { "v": true } });
    const request = alice.calls("com.x", {}, [null]);
    alice.receives("ERROR", 48, request, {}, INVALID, EXPLAINED);
    bob.disconnects();
  }
  flow.ends();
});
