/** Sessions in the router's process: order, no re-entrance, payloads that outlive their sender, ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClosedHow, MessageHandler } from "../../router/ports.ts";
import { createLocalPair, type LocalPair } from "../../transports/local.ts";
import { json } from "../../wamp/codec/json.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Outgoing } from "../../wamp/outgoing.ts";
import { Payload } from "../../wamp/payload.ts";
import { turnEnd } from "../kit/fake_byte_stream.ts";
import { ascii } from "../kit/websocket_peer.ts";

class Ear implements MessageHandler {
  readonly heard: number[] = [];
  how: ClosedHow | undefined = undefined;
  onMessage: (message: Message) => void = () => {};

  receive(message: Message): void {
    if ("request" in message) this.heard.push(message.request);
    this.onMessage(message);
  }

  fail(): void {}

  closed(how: ClosedHow): void {
    assert.equal(this.how, undefined, "closed once");
    this.how = how;
  }
}

function pair(): LocalPair & { a: Ear; b: Ear; faults: unknown[] } {
  const faults: unknown[] = [];
  const joined = createLocalPair((error) => faults.push(error));
  const [a, b] = [new Ear(), new Ear()];
  joined.client.attach(a);
  joined.router.attach(b);
  return { ...joined, a, b, faults };
}

function published(request: number): Message {
  return { type: Type.PUBLISHED, request, publication: 1 };
}

test("Local: messages arrive on a later microtask, in order, from send and deliver", async () => {
  const { client, b } = pair();
  client.send(published(1));
  client.deliver(new Outgoing(published(2)));
  client.send(published(3));
  assert.deepEqual(b.heard, []);
  await turnEnd();
  assert.deepEqual(b.heard, [1, 2, 3]);
});

test("Local: an answer never re-enters who asked", async () => {
  const { client, router, a, b } = pair();
  let depth = 0;
  const answer = (end: typeof client) => (message: Message) => {
    assert.equal(++depth, 1);
    if ("request" in message && message.request < 20) end.send(published(message.request + 1));
    depth--;
  };
  a.onMessage = answer(client);
  b.onMessage = answer(router);
  client.send(published(1));
  await turnEnd();
  assert.equal(a.heard.length + b.heard.length, 20);
});

test("Local: a borrowed payload is kept when it crosses", async () => {
  const { client, b } = pair();
  const bytes = ascii(`["hello"]`);
  const payload = Payload.borrowed(json, bytes, 0, bytes.length, 1);
  client.send({ type: Type.RESULT, request: 1, details: EMPTY_DICT, payload });
  bytes.fill(0xdd);
  payload.expire();
  let args: readonly unknown[] = [];
  b.onMessage = (message) => {
    if ("payload" in message) args = message.payload.decode().args;
  };
  await turnEnd();
  assert.deepEqual(args, ["hello"]);
});

test("Local: messages wait for the one who attaches, and while paused", async () => {
  const { client, router } = createLocalPair(() => {});
  const ear = new Ear();
  client.send(published(1));
  await turnEnd();
  router.attach(ear);
  await turnEnd();
  assert.deepEqual(ear.heard, [1]);
  ear.onMessage = () => router.pause();
  client.send(published(2));
  client.send(published(3));
  await turnEnd();
  assert.deepEqual(ear.heard, [1, 2]);
  router.resume();
  await turnEnd();
  assert.deepEqual(ear.heard, [1, 2, 3]);
});

test("Local: end lets the other side read what was sent, then closes both", async () => {
  const { client, router, a, b } = pair();
  router.send(published(9));
  client.send(published(1));
  client.end("done");
  client.send(published(2));
  await turnEnd();
  assert.deepEqual(b.heard, [1]);
  assert.deepEqual(a.heard, []);
  assert.equal(a.how, "clean");
  assert.equal(b.how, "clean");
  router.send(published(3));
  router.end("again");
  await turnEnd();
  assert.deepEqual(a.heard, []);
});

test("Local: a fault closes the pair and reaches onFault", async () => {
  const { client, a, b, faults } = pair();
  b.onMessage = () => {
    throw new Error("bug");
  };
  client.send(published(1));
  client.send(published(2));
  await turnEnd();
  assert.equal(faults.length, 1);
  assert.deepEqual(b.heard, [1]);
  assert.equal(a.how, "clean");
  assert.equal(b.how, "clean");
});
