import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_ROLES, EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

test("Dealer: a call goes to its callee, and the result to its caller [WAMP remote_procedure_call]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.sends("REGISTER", 1, {}, "com.myapp.add2");
  const [, , registration] = bob.receives("REGISTERED", 1, ID);
  alice.sends("CALL", 1, {}, "com.myapp.add2", [23, 7]);
  bob.receives("INVOCATION", 1, registration, {}, [23, 7]);
  bob.sends("YIELD", 1, {}, [30]);
  alice.receives("RESULT", 1, {}, [30]);
  flow.ends();
});

test("Dealer: arguments and results pass unchanged", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registration = bob.registers("com.myapp.echo");
  const payloads = [
    [],
    [[]],
    [["johnny", 1.5, null, [true]]],
    [[], { "firstname": "John", "surname": "Doe" }],
    [[1], {}],
  ];
  for (const payload of payloads) {
    const request = alice.calls("com.myapp.echo", {}, ...payload);
    const [, invocation] = bob.receives("INVOCATION", ID, registration, {}, ...payload);
    bob.sends("YIELD", invocation, {}, ...payload);
    alice.receives("RESULT", request, {}, ...payload);
  }
  flow.ends();
});

test("Dealer: calls and results survive the way between all serializers", () => {
  const flow = new Flow();
  const formats = ["json", "msgpack", "cbor"] as const;
  const payload = [["Grüße", 23, 1.5, null, [{}]], { "k": [1] }];
  for (const callee of formats) {
    const bob = flow.join({ format: callee });
    bob.registers(`com.myapp.${callee}`);
    for (const caller of formats) {
      const alice = flow.join({ format: caller });
      alice.calls(`com.myapp.${callee}`, {}, ...payload);
      const invocation = bob.isInvoked();
      assert.deepEqual([invocation.args, invocation.kwargs], payload);
      bob.yields(invocation, {}, ...payload);
      alice.receives("RESULT", 1, {}, ...payload);
      alice.calls(`com.myapp.${callee}`);
      bob.sends("ERROR", 68, bob.isInvoked().request, {}, "com.myapp.error", ...payload);
      alice.receives("ERROR", 48, 2, {}, "com.myapp.error", ...payload);
    }
  }
  flow.ends();
});

test("Dealer: a callee's error goes to the caller with all that it says", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.update");
  const payloads = [[], [["Object is write protected."]], [[], { "severity": 3 }]];
  for (const payload of payloads) {
    const request = alice.calls("com.myapp.update");
    const error = "com.myapp.error.object_write_protected";
    bob.sends("ERROR", 68, bob.isInvoked().request, {}, error, ...payload);
    alice.receives("ERROR", 48, request, {}, error, ...payload);
  }
  flow.ends();
});

test("Dealer: CALL to an unknown procedure answers no_such_procedure", () => {
  const flow = new Flow();
  const alice = flow.join();
  for (const procedure of ["com.myapp.unknown", "wamp.session.unknown", "wamp"]) {
    const request = alice.calls(procedure, {}, [1]);
    alice.receives("ERROR", 48, request, {}, "wamp.error.no_such_procedure", EXPLAINED);
  }
  flow.ends();
});

test("Dealer: CALL or REGISTER of an invalid URI answers invalid_uri", () => {
  const flow = new Flow();
  const alice = flow.join();
  for (const procedure of ["", "com..add", "com.my add", "com.#", ".com", "a".repeat(4097)]) {
    const request = alice.calls(procedure);
    alice.receives("ERROR", 48, request, {}, "wamp.error.invalid_uri", EXPLAINED);
    alice.sends("REGISTER", ++alice.request, {}, procedure);
    alice.receives("ERROR", 64, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
  }
  flow.ends();
});

test("Dealer: CALL or REGISTER with an invalid option answers invalid_argument, and the session goes on", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.add2");
  const calls = [
    { "timeout": -1 },
    { "timeout": 1.5 },
    { "timeout": "10" },
    { "receive_progress": 1 },
    { "disclose_me": "true" },
    { "ppt_scheme": 1 },
  ];
  for (const options of calls) {
    const request = alice.calls("com.myapp.add2", options);
    alice.receives("ERROR", 48, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  const registers = [
    { "match": "regex" },
    { "invoke": "all" },
    { "concurrency": 0 },
    { "disclose_caller": 1 },
    { "force_reregister": "yes" },
    { "forward_timeout": 1 },
  ];
  for (const options of registers) {
    bob.sends("REGISTER", ++bob.request, options, "com.myapp.sub2");
    bob.receives("ERROR", 64, bob.request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  const request = alice.calls("com.myapp.add2", { "unknown": {}, "timeout": null });
  bob.yields(bob.isInvoked());
  alice.receives("RESULT", request, {});
  flow.ends();
});

test("Dealer: a procedure is registered once", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.add2");
  for (const peer of [alice, bob]) {
    for (const invoke of ["single", "roundrobin", "first"]) {
      peer.sends("REGISTER", ++peer.request, { "invoke": invoke }, "com.myapp.add2");
      const error = "wamp.error.procedure_already_exists";
      peer.receives("ERROR", 64, peer.request, {}, error, EXPLAINED);
    }
  }
  flow.ends();
});

test("Dealer: an unregistered procedure is gone, and its URI is free again", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  const first = bob.registers("com.myapp.add2");
  bob.unregisters(first);
  alice.calls("com.myapp.add2");
  alice.receives("ERROR", 48, 1, {}, "wamp.error.no_such_procedure", EXPLAINED);
  const second = carol.registers("com.myapp.add2");
  assert.notEqual(second, first);
  alice.calls("com.myapp.add2");
  assert.equal(carol.isInvoked().registration, second);
  flow.ends();
});

test("Dealer: UNREGISTER of a registration that is not one's own answers no_such_registration", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registration = bob.registers("com.myapp.add2");
  alice.sends("UNREGISTER", 1, registration);
  alice.receives("ERROR", 66, 1, {}, "wamp.error.no_such_registration", EXPLAINED);
  bob.unregisters(registration);
  bob.sends("UNREGISTER", 3, registration);
  bob.receives("ERROR", 66, 3, {}, "wamp.error.no_such_registration", EXPLAINED);
  flow.ends();
});

test("Dealer: an invocation that runs while its procedure is unregistered is still answered", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  const registration = bob.registers("com.myapp.add2");
  alice.calls("com.myapp.add2");
  const invocation = bob.isInvoked();
  bob.unregisters(registration);
  bob.yields(invocation, {}, [30]);
  alice.receives("RESULT", 1, {}, [30]);
  flow.ends();
});

test("Dealer: calls are answered in any order, each to its own caller", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  bob.registers("com.myapp.slow");
  const callers = [alice, carol, alice, carol];
  const calls = callers.map((caller, i) => ({
    caller,
    request: caller.calls("com.myapp.slow", {}, [i]),
    invocation: bob.isInvoked(),
  }));
  for (const { caller, request, invocation } of calls.reverse()) {
    bob.yields(invocation, {}, invocation.args);
    caller.receives("RESULT", request, {}, invocation.args);
  }
  flow.ends();
});

test("Dealer: an invocation is answered once; what comes later is ignored", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.add2");
  alice.calls("com.myapp.add2");
  const invocation = bob.isInvoked();
  bob.yields(invocation, {}, [1]);
  alice.receives("RESULT", 1, {}, [1]);
  bob.yields(invocation, {}, [2]);
  bob.yields(invocation, { "progress": true }, [3]);
  bob.sends("ERROR", 68, invocation.request, {}, "com.myapp.error");
  assert.ok(bob.isConnected);
  flow.ends();
});

test("Dealer: a session may call itself", () => {
  const flow = new Flow();
  const alice = flow.join();
  alice.registers("com.myapp.add2");
  alice.calls("com.myapp.add2");
  alice.yields(alice.isInvoked(), {}, [1]);
  alice.receives("RESULT", 2, {}, [1]);
  alice.calls("com.myapp.add2");
  alice.isInvoked();
  alice.leaves();
  flow.ends();
});

test("Dealer: invocations keep the order of calls between any caller and callee [WAMP security_model]", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("com.myapp.one");
  bob.registers("com.myapp", { "match": "prefix" });
  for (let i = 0; i < 20; i++) {
    const options = i % 2 === 0 ? {} : { "timeout": 100 };
    alice.calls(i % 3 === 0 ? "com.myapp.one" : "com.myapp.two", options, [i]);
  }
  for (let i = 0; i < 20; i++) assert.deepEqual(bob.isInvoked().args, [i]);
  flow.ends();
});

test("Dealer: when the caller leaves, the callee is interrupted and its answer discarded", () => {
  for (const leave of ["leaves", "disconnects"] as const) {
    const flow = new Flow();
    const [alice, bob] = [flow.join(), flow.join()];
    bob.registers("com.myapp.slow");
    alice.calls("com.myapp.slow", { "timeout": 1_000 });
    const invocation = bob.isInvoked();
    alice[leave]();
    const options = { "mode": "killnowait", "reason": "wamp.error.canceled" };
    bob.receives("INTERRUPT", invocation.request, options);
    bob.yields(invocation);
    assert.ok(bob.isConnected);
    flow.clock.advance(1_000);
    flow.ends();
  }
});

test("Dealer: when the caller leaves, a callee of the basic profile is not interrupted", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join({ roles: BASIC_ROLES })];
  bob.registers("com.myapp.slow");
  alice.calls("com.myapp.slow");
  const invocation = bob.isInvoked();
  alice.disconnects();
  flow.ends();
  bob.sends("ERROR", 68, invocation.request, {}, "com.myapp.error");
  assert.ok(bob.isConnected);
  flow.ends();
});

test("Dealer: when the callee leaves, its callers get wamp.error.canceled", () => {
  for (const leave of ["leaves", "disconnects"] as const) {
    const flow = new Flow();
    const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
    bob.registers("com.myapp.slow");
    alice.calls("com.myapp.slow");
    alice.calls("com.myapp.slow", { "timeout": 1_000 });
    carol.calls("com.myapp.slow");
    for (let i = 0; i < 3; i++) bob.isInvoked();
    bob[leave]();
    for (const request of [1, 2]) {
      alice.receives("ERROR", 48, request, {}, "wamp.error.canceled", EXPLAINED);
    }
    carol.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
    alice.calls("com.myapp.slow");
    alice.receives("ERROR", 48, 3, {}, "wamp.error.no_such_procedure", EXPLAINED);
    flow.clock.advance(1_000);
    flow.ends();
  }
});
