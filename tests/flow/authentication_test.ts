/**
 * Sessions that must prove who they are, message by message, whatever the method: who is let in, who is not and what they are told, and
 * what happens to those that speak out of turn.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouterMethod } from "../../auth/authmethod.ts";
import { signCra } from "../../auth/wampcra.ts";
import { authenticated } from "../../router/authenticated.ts";
import type { Gate } from "../../router/join.ts";
import type { Dict } from "../../wamp/message.ts";
import { ANY, Flow, ID, type Peer, TEXT } from "../kit/flow_kit.ts";
import type { Wire } from "../kit/fake_transport.ts";
import {
  gate,
  publicKey,
  ROLES,
  SECRET,
  SEED,
  signed,
  TICKET,
  until,
} from "./authentication_kit.ts";

const DENIED = "wamp.error.authentication_denied";

function says(peer: Peer, details: Dict, realm = "realm1"): void {
  peer.sends("HELLO", realm, { "roles": ROLES, ...details });
}

/** The next message, once it has come. */
async function next(peer: Peer): Promise<Wire> {
  await until(() => peer.transport.sent.length > 0);
  return peer.takes();
}

async function challenged(peer: Peer, authmethod: string): Promise<Dict> {
  const [type, method, extra] = await next(peer);
  assert.deepEqual([type, method], ["CHALLENGE", authmethod]);
  return extra as Dict;
}

async function aborted(peer: Peer, reason: string): Promise<Dict> {
  const [type, details, found] = await next(peer);
  assert.deepEqual([type, found], ["ABORT", reason]);
  assert.ok(TEXT((details as Dict)["message"]));
  assert.ok(!peer.isConnected);
  peer.receivesNothing();
  return details as Dict;
}

async function welcomed(peer: Peer): Promise<{ id: unknown; details: Dict }> {
  const [type, id, details] = await next(peer);
  assert.equal(type, "WELCOME", JSON.stringify(details));
  return { id, details: details as Dict };
}

async function isJoe(peer: Peer, authmethod: string): Promise<void> {
  const { details } = await welcomed(peer);
  const { authid, authrole, authmethod: method, authprovider } = details;
  assert.deepEqual([authid, authrole, method, authprovider], [
    "joe",
    "anyone",
    authmethod,
    "static",
  ]);
}

test("Authentication: the right ticket is let in as its principal [WAMP authentication_ticket]", async () => {
  const flow = new Flow();
  const alice = flow.connect(await gate("ticket"));
  says(alice, { "authmethods": ["ticket"], "authid": "joe" });
  assert.deepEqual(await challenged(alice, "ticket"), {});
  alice.sends("AUTHENTICATE", TICKET, {});
  await isJoe(alice, "ticket");
  flow.clock.advance(60_000);
  alice.sends("SUBSCRIBE", 1, {}, "com.topic");
  alice.receives("SUBSCRIBED", 1, ID);
  flow.ends();
});

test("Authentication: a wrong ticket and an unknown principal get the same answer [WAMP authentication_ticket]", async () => {
  const answers: Dict[] = [];
  for (const [authid, ticket] of [["joe", "wrong"], ["joe", ""], ["jane", TICKET]] as const) {
    const flow = new Flow();
    const alice = flow.connect(await gate("ticket"));
    says(alice, { "authmethods": ["ticket"], "authid": authid });
    await challenged(alice, "ticket");
    alice.sends("AUTHENTICATE", ticket, {});
    answers.push(await aborted(alice, DENIED));
    assert.equal(flow.router.connectionCount, 0);
    assert.equal(flow.clock.pendingCount, 0);
  }
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
});

test("Authentication: a signature with the secret is let in [WAMP authentication_wampcra]", async () => {
  const flow = new Flow();
  const alice = flow.connect(await gate("wampcra"));
  says(alice, { "authmethods": ["wampcra"], "authid": "joe" });
  const extra = await challenged(alice, "wampcra");
  const challenge = String(extra["challenge"]);
  alice.sends("AUTHENTICATE", await signCra(SECRET, challenge), {});
  const { id } = await welcomed(alice);
  assert.equal(JSON.parse(challenge)["session"], id);
  flow.ends();
});

test("Authentication: a wrong or malformed signature is denied [WAMP authentication_wampcra]", async () => {
  for (const sign of [(text: string) => signCra("wrong", text), () => "rubbish", () => ""]) {
    const alice = new Flow().connect(await gate("wampcra"));
    says(alice, { "authmethods": ["wampcra"], "authid": "joe" });
    const extra = await challenged(alice, "wampcra");
    alice.sends("AUTHENTICATE", await sign(String(extra["challenge"])), {});
    await aborted(alice, DENIED);
  }
});

test("Authentication: an unknown principal is challenged with a salt like those of others [WAMP authentication_wampcra]", async () => {
  const salted = await gate("salted");
  const extras: Dict[] = [];
  for (const authid of ["joe", "jane", "jane"]) {
    const alice = new Flow().connect(salted);
    says(alice, { "authmethods": ["wampcra"], "authid": authid });
    extras.push(await challenged(alice, "wampcra"));
  }
  const [joe, jane, again] = extras;
  assert.deepEqual(Object.keys(joe ?? {}).sort(), Object.keys(jane ?? {}).sort());
  assert.equal(jane?.["iterations"], joe?.["iterations"]);
  assert.equal(jane?.["salt"], again?.["salt"]);
  assert.notEqual(jane?.["salt"], joe?.["salt"]);
});

test("Authentication: a signature with an authorized key is let in, authid or not [WAMP authentication_cryptosign]", async () => {
  for (const authid of [{ "authid": "joe" }, {}]) {
    const flow = new Flow();
    const alice = flow.connect(await gate("cryptosign"));
    const authextra = { "pubkey": await publicKey(), "channel_binding": null };
    says(alice, { "authmethods": ["cryptosign"], "authextra": authextra, ...authid });
    const extra = await challenged(alice, "cryptosign");
    alice.sends("AUTHENTICATE", await signed(SEED, String(extra["challenge"])), {});
    await isJoe(alice, "cryptosign");
    flow.ends();
  }
});

test("Authentication: another's key, a wrong signature and rubbish are denied [WAMP authentication_cryptosign]", async () => {
  const other = "33".repeat(32);
  for (
    const sign of [(text: string) => signed(other, text), () => "rubbish", () => "00".repeat(96)]
  ) {
    const alice = new Flow().connect(await gate("cryptosign"));
    const authextra = { "pubkey": await publicKey() };
    says(alice, { "authmethods": ["cryptosign"], "authid": "joe", "authextra": authextra });
    const extra = await challenged(alice, "cryptosign");
    alice.sends("AUTHENTICATE", await sign(String(extra["challenge"])), {});
    await aborted(alice, DENIED);
  }
  const bob = new Flow().connect(await gate("cryptosign"));
  says(bob, { "authmethods": ["cryptosign"], "authid": "joe", "authextra": { "pubkey": "x" } });
  await aborted(bob, DENIED);
});

test("Authentication: scram refuses a wrong proof and says so in its own word [WAMP authentication_scram]", async () => {
  const alice = new Flow().connect(await gate("scram"));
  const authextra = { "nonce": btoa("a nonce of the client"), "channel_binding": null };
  says(alice, { "authmethods": ["wamp-scram"], "authid": "joe", "authextra": authextra });
  const { nonce } = await challenged(alice, "wamp-scram");
  const extra = { "nonce": nonce, "channel_binding": null, "cbind_data": null };
  alice.sends("AUTHENTICATE", btoa("0".repeat(32)), extra);
  assert.equal((await aborted(alice, DENIED))["scram"], "invalid-proof");
  const bob = new Flow().connect(await gate("scram"));
  says(bob, { "authmethods": ["wamp-scram"], "authid": "joe", "authextra": {} });
  await aborted(bob, DENIED);
});

test("Authentication: without a client certificate nobody joins by it [WAMP authentication_tls]", async () => {
  const alice = new Flow().connect(await gate("tls"));
  says(alice, { "authmethods": ["tls"] });
  await aborted(alice, DENIED);
});

test("Authentication: of the methods a client offers the router's first is taken [WAMP auth-methods]", async () => {
  const both = await gate("wampcra", "ticket");
  const alice = new Flow().connect(both);
  says(alice, { "authmethods": ["ticket", "wampcra"], "authid": "joe" });
  await challenged(alice, "wampcra");
  const bob = new Flow().connect(both);
  says(bob, { "authmethods": ["ticket"], "authid": "joe" });
  await challenged(bob, "ticket");
});

test("Authentication: a client that offers nothing is anonymous where that is allowed, else told what is required [WAMP auth-methods]", async () => {
  const flow = new Flow();
  const alice = flow.connect(await gate("ticket", "anonymous"));
  says(alice, {});
  const { details } = await welcomed(alice);
  assert.deepEqual([details["authid"], details["authmethod"]], ["nobody", "anonymous"]);
  const strict = await gate("ticket");
  const bob = flow.connect(strict);
  says(bob, {});
  await aborted(bob, "wamp.error.authentication_required");
  const carol = flow.connect(strict);
  says(carol, { "authmethods": ["cryptosign", "anonymous"], "authid": "joe" });
  await aborted(carol, "wamp.error.no_matching_auth_method");
  const dave = flow.connect(strict);
  says(dave, { "authmethods": ["ticket"] });
  await aborted(dave, DENIED);
});

test("Authentication: HELLO is checked before anybody is challenged", async () => {
  const strict = await gate("ticket");
  const alice = new Flow().connect(strict);
  alice.sends("HELLO", "realm1", { "authmethods": ["ticket"], "authid": "joe" });
  await aborted(alice, "wamp.error.protocol_violation");
  const bob = new Flow().connect(strict);
  says(bob, { "authmethods": ["ticket"], "authid": "joe" }, "no realm");
  await aborted(bob, "wamp.error.invalid_uri");
});

test("Authentication: a realm that is none is refused only to those who have proved themselves", async () => {
  const strict = await gate("ticket");
  for (
    const [ticket, reason] of [["wrong", DENIED], [TICKET, "wamp.error.no_such_realm"]] as const
  ) {
    const alice = new Flow().connect(strict);
    says(alice, { "authmethods": ["ticket"], "authid": "joe" }, "realm2");
    await challenged(alice, "ticket");
    alice.sends("AUTHENTICATE", ticket, {});
    await aborted(alice, reason);
  }
});

test("Authentication: nobody joins as trusted from outside, whatever a method says", async () => {
  const method: RouterMethod = {
    authmethod: "anonymous",
    names: ["anonymous"],
    begin: ({ realm }) => ({
      realm,
      authid: "mallory",
      authrole: "trusted",
      authmethod: "anonymous",
      authprovider: "static",
      authextra: undefined,
    }),
  };
  const alice = new Flow().connect(authenticated([method]));
  says(alice, {});
  await aborted(alice, "wamp.error.no_such_role");
});

test("Authentication: AUTHENTICATE out of turn is a protocol violation", async () => {
  const strict = await gate("ticket");
  const before = new Flow().connect(strict);
  before.sends("AUTHENTICATE", TICKET, {});
  before.isAborted("wamp.error.protocol_violation");

  const twice = new Flow().connect(strict);
  says(twice, { "authmethods": ["ticket"], "authid": "joe" });
  await challenged(twice, "ticket");
  twice.sends("AUTHENTICATE", "wrong", {});
  twice.sends("AUTHENTICATE", TICKET, {});
  twice.isAborted("wamp.error.protocol_violation");

  const after = new Flow().join();
  after.sends("AUTHENTICATE", TICKET, {});
  after.isAborted("wamp.error.protocol_violation");
});

test("Authentication: whoever is challenged may send nothing but AUTHENTICATE and ABORT", async () => {
  const strict = await gate("ticket");
  const others: Wire[] = [
    ["HELLO", "realm1", { "roles": ROLES }],
    ["SUBSCRIBE", 1, {}, "com.topic"],
    ["GOODBYE", {}, "wamp.close.close_realm"],
    ["CHALLENGE", "ticket", {}],
  ];
  for (const other of others) {
    const flow = new Flow();
    const alice = flow.connect(strict);
    says(alice, { "authmethods": ["ticket"], "authid": "joe" });
    await challenged(alice, "ticket");
    alice.sends(...other);
    alice.isAborted("wamp.error.protocol_violation");
    assert.equal(flow.clock.pendingCount, 0);
  }
  const flow = new Flow();
  const alice = flow.connect(strict);
  says(alice, { "authmethods": ["ticket"], "authid": "joe" });
  await challenged(alice, "ticket");
  alice.sends("ABORT", {}, "wamp.error.cannot_authenticate");
  alice.receivesNothing();
  assert.ok(!alice.isConnected);
  assert.equal(flow.router.connectionCount, 0);
  assert.equal(flow.clock.pendingCount, 0);
});

test("Authentication: whoever does not answer in time is let go", async () => {
  const flow = new Flow();
  const alice = flow.connect(await gate("ticket"));
  flow.clock.advance(9_000);
  says(alice, { "authmethods": ["ticket"], "authid": "joe" });
  await challenged(alice, "ticket");
  flow.clock.advance(9_999);
  alice.receivesNothing();
  flow.clock.advance(1);
  await aborted(alice, "wamp.error.authentication_failed");
  assert.equal(flow.clock.pendingCount, 0);
});

test("Authentication: an answer that comes when the peer has gone changes nothing", async () => {
  for (const go of ["disconnects", "is aborted", "is too late"]) {
    const flow = new Flow();
    let answer = () => {};
    const late: RouterMethod = {
      authmethod: "ticket",
      names: ["ticket"],
      begin: () => ({
        authmethod: "ticket",
        extra: {},
        answer: () =>
          new Promise((resolve) => {
            answer = () =>
              resolve({
                realm: "realm1",
                authid: "joe",
                authrole: "anyone",
                authmethod: "ticket",
                authprovider: "static",
                authextra: undefined,
              });
          }),
      }),
    };
    const alice = flow.connect(authenticated([late]));
    says(alice, { "authmethods": ["ticket"], "authid": "joe" });
    await challenged(alice, "ticket");
    alice.sends("AUTHENTICATE", TICKET, {});
    if (go === "disconnects") alice.disconnects();
    if (go === "is aborted") alice.sends("ABORT", {}, "com.myapp.tired");
    if (go === "is too late") flow.clock.advance(10_000);
    if (go === "is too late") alice.receives("ABORT", ANY, "wamp.error.authentication_failed");
    assert.equal(flow.log.errors.splice(0).length, go === "is too late" ? 1 : 0);
    answer();
    await new Promise((resolve) => setTimeout(resolve));
    alice.receivesNothing();
    assert.equal(flow.realm.sessions.size, 0);
    assert.equal(flow.router.connectionCount, 0);
    assert.equal(flow.clock.pendingCount, 0);
    flow.ends();
  }
});

test("Authentication: a method may challenge twice, and a fault of its own is one of the router's", async () => {
  const flow = new Flow();
  const again: Gate = {
    admit: () => ({
      authmethod: "ticket",
      extra: { "round": 1 },
      answer: () => ({
        authmethod: "ticket",
        extra: { "round": 2 },
        answer: () => Promise.reject(new Error("broken")),
      }),
    }),
  };
  const alice = flow.connect(again);
  says(alice, {});
  for (const round of [1, 2]) {
    assert.deepEqual(await challenged(alice, "ticket"), { "round": round });
    alice.sends("AUTHENTICATE", "", {});
  }
  await aborted(alice, "wamp.error.runtime_error");
  assert.equal(flow.log.errors.length, 1);
});

test("Authentication: after GOODBYE the connection must prove itself anew", async () => {
  const flow = new Flow();
  const alice = flow.connect(await gate("ticket"));
  for (let round = 0; round < 2; round++) {
    says(alice, { "authmethods": ["ticket"], "authid": "joe" });
    await challenged(alice, "ticket");
    alice.sends("AUTHENTICATE", TICKET, {});
    await isJoe(alice, "ticket");
    alice.leaves();
  }
  says(alice, {});
  await aborted(alice, "wamp.error.authentication_required");
});
