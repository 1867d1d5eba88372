import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_ROLES, BASIC_ROLES, EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

const PPT = {
  "ppt_scheme": "x_my_ppt",
  "ppt_serializer": "cbor",
  "ppt_cipher": "aes256gcm",
  "ppt_keyid": "0x1234",
};

test("Broker: the description of a payload goes with it [WAMP payload_passthru_mode]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const subscription = bob.subscribes("com.myapp.topic");
  alice.publishes("com.myapp.topic", { ...PPT, "exclude": [1], "_mine": [1] }, ["secret"]);
  bob.receives("EVENT", subscription, ID, { ...PPT, "_mine": [1] }, ["secret"]);
  alice.publishes("com.myapp.topic", { "ppt_scheme": "mqtt", "ppt_cipher": null });
  bob.receives("EVENT", subscription, ID, { "ppt_scheme": "mqtt" });
  flow.ends();
});

test("Dealer: the description of a payload goes with calls, results and errors", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.procedure");
  const options = { ...PPT, "receive_progress": true, "_mine": { "a": 1 } };
  alice.calls("com.myapp.procedure", options, ["secret"]);
  const invocation = bob.isInvoked();
  assert.deepEqual(invocation.details, options);
  bob.yields(invocation, { ...PPT, "progress": true, "_other": 1 }, ["part"]);
  alice.receives("RESULT", 1, { ...PPT, "progress": true, "_other": 1 }, ["part"]);
  bob.yields(invocation, { ...PPT, "_other": 1 }, ["whole"]);
  alice.receives("RESULT", 1, { ...PPT, "_other": 1 }, ["whole"]);
  alice.calls("com.myapp.procedure");
  const details = { ...PPT, "_other": 1 };
  bob.sends("ERROR", 68, bob.isInvoked().request, { ...details, "x": 1 }, "com.myapp.error", [1]);
  alice.receives("ERROR", 48, 2, details, "com.myapp.error", [1]);
  flow.ends();
});

test("Router: what nobody knows stays behind, everybody's own attributes pass [WAMP messages]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.procedure");
  bob.subscribes("com.myapp.topic");
  const options = { "unknown": 1, "_abc": 1, "constructor": 1, "_": null };
  alice.publishes("com.myapp.topic", options);
  bob.receives("EVENT", ID, ID, { "_abc": 1 });
  alice.calls("com.myapp.procedure", options);
  const invocation = bob.isInvoked();
  assert.deepEqual(invocation.details, { "_abc": 1 });
  bob.yields(invocation, options);
  alice.receives("RESULT", 2, { "_abc": 1 });
  flow.ends();
});

test("Router: an attribute named as a built-in property is not passed on, and changes no object", () => {
  const flow = new Flow();
  const options = JSON.parse('{"__proto__":{"topic":"x"},"_abc":1}');
  for (const format of ["json", "msgpack", "cbor"] as const) {
    const alice = flow.join({ format });
    for (const receiver of ["json", "msgpack", "cbor"] as const) {
      const bob = flow.join({ format: receiver });
      bob.subscribes("com.myapp.topic");
      alice.publishes("com.myapp.topic", options);
      bob.receives("EVENT", ID, ID, { "_abc": 1 });
      bob.leaves();
    }
  }
  assert.equal(Reflect.get({}, "topic"), undefined);
  flow.ends();
});

test("Router: one binary value instead of arguments passes as it came", () => {
  const flow = new Flow();
  const secret = new Uint8Array([1, 2, 3, 255]);
  const [alice, bob] = [flow.join({ format: "msgpack" }), flow.join({ format: "cbor" })];
  const carol = flow.join({ format: "json" });
  const options = { "enc_algo": "cryptobox", "enc_key": "k", "enc_serializer": "cbor" };
  bob.subscribes("com.myapp.topic");
  carol.subscribes("com.myapp.topic");
  alice.publishes("com.myapp.topic", options, secret);
  bob.receives("EVENT", ID, ID, options, secret);
  carol.receives("EVENT", ID, ID, options, "\0AQID/w==");
  bob.registers("com.myapp.procedure");
  alice.calls("com.myapp.procedure", options, secret);
  const [, request] = bob.receives("INVOCATION", ID, ID, options, secret);
  bob.sends("YIELD", request, options, secret);
  alice.receives("RESULT", 2, options, secret);
  flow.ends();
});

test("Router: passing a payload through without having announced it is a protocol error", () => {
  const flow = new Flow();
  const bob = flow.join();
  bob.registers("com.myapp.procedure");
  const publisher = flow.join({ roles: { ...ALL_ROLES, "publisher": {} } });
  publisher.publishes("com.myapp.topic", PPT);
  publisher.isAborted("wamp.error.protocol_violation");
  const caller = flow.join({ roles: { ...ALL_ROLES, "caller": {} } });
  caller.calls("com.myapp.procedure", PPT);
  caller.isAborted("wamp.error.protocol_violation");
  const callee = flow.join({ roles: BASIC_ROLES });
  callee.registers("com.myapp.other");
  bob.calls("com.myapp.other");
  callee.yields(callee.isInvoked(), PPT);
  callee.isAborted("wamp.error.protocol_violation");
  bob.receives("ERROR", 48, 2, {}, "wamp.error.canceled", EXPLAINED);
  flow.ends();
});

test("Dealer: a call whose payload its callee cannot read answers feature_not_supported", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join({ roles: BASIC_ROLES })];
  bob.registers("com.myapp.procedure");
  const request = alice.calls("com.myapp.procedure", PPT);
  alice.receives("ERROR", 48, request, {}, "wamp.error.feature_not_supported", EXPLAINED);
  flow.ends();
});

test("Dealer: a result that its caller cannot read ends the call with feature_not_supported", () => {
  for (const isProgressive of [true, false]) {
    const flow = new Flow();
    const [alice, bob] = [flow.join({ roles: BASIC_ROLES }), flow.join()];
    bob.registers("com.myapp.procedure");
    alice.calls("com.myapp.procedure", { "receive_progress": true });
    const invocation = bob.isInvoked();
    bob.yields(invocation, { ...PPT, "progress": isProgressive }, ["secret"]);
    const error = "wamp.error.feature_not_supported";
    alice.receives("ERROR", 48, 1, {}, error, EXPLAINED);
    if (isProgressive) {
      bob.receives("INTERRUPT", invocation.request, { "mode": "killnowait", "reason": error });
    }
    bob.yields(invocation, PPT, ["secret"]);
    assert.ok(bob.isConnected);
    flow.ends();
  }
});
