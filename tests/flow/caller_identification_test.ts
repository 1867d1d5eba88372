import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoleOptions } from "../../router/permission.ts";
import { EXPLAINED, Flow, type Peer } from "../kit/flow_kit.ts";

function role(name: string, caller: boolean | undefined): RoleOptions {
  const allow = { call: true, register: true, publish: true, subscribe: true };
  const disclose = { caller, publisher: undefined };
  return { name, permissions: [{ uri: "", match: "prefix", allow, disclose }] };
}

const ROLES = [role("open", undefined), role("shown", true), role("hidden", false)];

/** A callee that asks to be told who calls, and one that does not. */
function office() {
  const flow = new Flow({ roles: ROLES });
  const bob = flow.join({ authrole: "open" });
  bob.registers("com.myapp.plain");
  bob.registers("com.myapp.curious", { "disclose_caller": true });
  return { flow, bob };
}

function details(alice: Peer, bob: Peer, procedure: string, options = {}) {
  alice.calls(procedure, options);
  return bob.isInvoked().details;
}

function identity(peer: Peer, authrole: string) {
  return { "caller": peer.id, "caller_authid": "alice", "caller_authrole": authrole };
}

test("Dealer: a caller is disclosed when it or the callee asks for it [WAMP rpc_caller_identification]", () => {
  const { flow, bob } = office();
  const alice = flow.join({ authid: "alice", authrole: "open" });
  const disclosed = identity(alice, "open");
  assert.deepEqual(details(alice, bob, "com.myapp.plain"), {});
  assert.deepEqual(details(alice, bob, "com.myapp.plain", { "disclose_me": false }), {});
  assert.deepEqual(details(alice, bob, "com.myapp.plain", { "disclose_me": true }), disclosed);
  assert.deepEqual(details(alice, bob, "com.myapp.curious"), disclosed);
  assert.deepEqual(details(alice, bob, "com.myapp.curious", { "timeout": 5 }), disclosed);
  flow.ends();
});

test("Dealer: a role may disclose its callers, asked or not", () => {
  const { flow, bob } = office();
  const alice = flow.join({ authid: "alice", authrole: "shown" });
  const disclosed = identity(alice, "shown");
  for (const options of [{}, { "disclose_me": true }, { "disclose_me": false }]) {
    assert.deepEqual(details(alice, bob, "com.myapp.plain", options), disclosed);
    assert.deepEqual(details(alice, bob, "com.myapp.curious", options), disclosed);
  }
  flow.ends();
});

test("Dealer: a role may forbid its callers to be disclosed, whoever asks", () => {
  const { flow, bob } = office();
  const alice = flow.join({ authid: "alice", authrole: "hidden" });
  assert.deepEqual(details(alice, bob, "com.myapp.plain"), {});
  assert.deepEqual(details(alice, bob, "com.myapp.curious"), {});
  assert.deepEqual(details(alice, bob, "com.myapp.curious", { "timeout": 5 }), {});
  const request = alice.calls("com.myapp.plain", { "disclose_me": true });
  const error = "wamp.error.option_disallowed.disclose_me";
  alice.receives("ERROR", 48, request, {}, error, EXPLAINED);
  flow.ends();
});

test("Dealer: of the callees that share a registration, each is told the caller only if it asked", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join({ authid: "alice" }), flow.join(), flow.join()];
  bob.registers("com.myapp.work", { "invoke": "roundrobin" });
  carol.registers("com.myapp.work", { "invoke": "roundrobin", "disclose_caller": true });
  alice.calls("com.myapp.work");
  alice.calls("com.myapp.work");
  assert.deepEqual(bob.isInvoked().details, {});
  assert.deepEqual(carol.isInvoked().details, identity(alice, "anyone"));
  flow.ends();
});
