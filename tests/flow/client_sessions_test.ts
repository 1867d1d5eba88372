import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinError, SessionClosedError } from "../../mod.ts";
import { ClientFlow, settled } from "./client_kit.ts";

test("Client: joins with an identity and leaves without a trace", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  assert.equal(flow.realm.sessions.size, 1);
  assert.deepEqual([session.authid, session.authrole], ["somebody", "anyone"]);
  const details = await session.leave();
  assert.deepEqual([details.by, details.reason], ["client", "wamp.close.normal"]);
  await settled();
  assert.equal(flow.router.connectionCount, 0);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});

test("Client: an unknown realm refuses", async () => {
  const flow = new ClientFlow();
  await assert.rejects(flow.client("nowhere"), (error) => {
    assert.ok(error instanceof JoinError);
    assert.equal(error.reason, "wamp.error.no_such_realm");
    return true;
  });
  await settled();
  assert.equal(flow.router.connectionCount, 0);
});

test("Client: a realm that ends says goodbye to its sessions, and pending calls reject", async () => {
  const flow = new ClientFlow();
  const [callee, caller] = [await flow.client(), await flow.client()];
  await callee.register("com.example.slow", () => new Promise(() => {}));
  const call = caller.call("com.example.slow");
  call.catch(() => {});
  await settled();
  flow.router.removeRealm("realm1", "wamp.close.close_realm");
  assert.deepEqual((await caller.closed).by, "router");
  assert.equal((await callee.closed).reason, "wamp.close.close_realm");
  await assert.rejects(call);
  await assert.rejects(caller.call("com.example.slow"), SessionClosedError);
});

test("Client: a session can be killed through the meta API and learns why", async () => {
  const flow = new ClientFlow();
  const [killer, victim] = [await flow.client(), await flow.client()];
  await killer.call("wamp.session.kill", [victim.id], {
    "reason": "com.example.close.banned",
    "message": "Behave",
  });
  assert.deepEqual(await victim.closed, {
    reason: "com.example.close.banned",
    message: "Behave",
    by: "router",
  });
});

test("Client: the router knows its announcements", async () => {
  const flow = new ClientFlow();
  const session = await flow.client();
  const roles = session.details["roles"];
  assert.ok(typeof roles === "object" && roles !== null && "dealer" in roles && "broker" in roles);
});
