/** Long-polling against a running node, with bare requests as AutobahnJS sends them. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { connect, type Session } from "../../mod.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";

const ALL = { call: true, register: true, publish: true, subscribe: true };
const OPTIONS = { "request_timeout": 1, "session_timeout": 1, "queue_limit_messages": 5 };
const ROLES = { "roles": { "caller": {}, "subscriber": {}, "publisher": {} } };

let node: Node;
let session: Session;
let base = "";

before(async () => {
  const config = {
    version: 2,
    workers: [{
      type: "router",
      realms: [{
        name: "realm1",
        roles: [{ name: "anonymous", permissions: [{ uri: "*", allow: ALL }] }],
      }],
      transports: [{
        type: "web",
        endpoint: { type: "tcp", port: 0, interface: "127.0.0.1" },
        paths: {
          "/": { type: "nodeinfo" },
          "ws": { type: "websocket" },
          "lp": { type: "longpoll" },
          "short": { type: "longpoll", options: OPTIONS },
        },
      }],
    }],
  };
  node = await startNode(parseConfig(config), { directory: tmpdir() });
  const address = node.listeners[0]?.address;
  assert.ok(address && "port" in address);
  base = `http://127.0.0.1:${address.port}`;
  session = await connect({ url: `ws://127.0.0.1:${address.port}/ws`, realm: "realm1" });
});
after(async () => {
  await session.leave();
  await node.stop();
});

async function post(path: string, body = "") {
  const response = await fetch(`${base}${path}`, { method: "POST", body });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A connection, and how to use it. */
async function opened(service = "/lp", protocol = "wamp.2.json") {
  const { status, text } = await post(
    `${service}/open`,
    JSON.stringify({ "protocols": ["wamp.2.flatbuffers", protocol] }),
  );
  assert.equal(status, 200);
  const answer = JSON.parse(text);
  assert.equal(answer.protocol, protocol);
  const at = `${service}/${answer.transport}`;
  const send = async (message: unknown) =>
    (await post(`${at}/send`, typeof message === "string" ? message : JSON.stringify(message)))
      .status;
  const receive = async () => JSON.parse((await post(`${at}/receive`)).text);
  return { at, send, receive };
}

async function joined(service?: string) {
  const client = await opened(service);
  assert.equal(await client.send([1, "realm1", ROLES]), 204);
  const welcome = await client.receive();
  assert.equal(welcome[0], 2);
  return { ...client, id: welcome[1] as number };
}

test("Long-poll: a client joins, calls, subscribes and says goodbye", async () => {
  const { send, receive, at, id } = await joined();
  const details = await session.call<Record<string, unknown>>("wamp.session.get", [id]);
  assert.equal(details["authrole"], "anonymous");
  await session.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
  await send([48, 1, {}, "com.example.add2", [2, 3]]);
  assert.deepEqual(await receive(), [50, 1, {}, [5]]);
  await send([32, 2, {}, "com.example.topic"]);
  const [type, request, subscription] = await receive();
  assert.deepEqual([type, request], [33, 2]);
  // Asked before there is anything.
  const event = receive();
  await session.publish("com.example.topic", ["é"], {}, { acknowledge: true });
  assert.deepEqual((await event).slice(0, 2), [36, subscription]);
  await send([6, {}, "wamp.close.normal"]);
  assert.deepEqual((await receive())[2], "wamp.close.goodbye_and_out");
  assert.equal((await post(`${at}/close`)).status, 204);
  assert.equal((await post(`${at}/receive`)).status, 404);
});

test("Long-poll: messages that come between requests wait, and a batch brings all of them", async () => {
  const { send, at } = await opened("/lp", "wamp.2.json.batched");
  const separator = "\x1e";
  await send(JSON.stringify([1, "realm1", ROLES]) + separator);
  const items = async () =>
    (await post(`${at}/receive`)).text.split(separator).filter((item) => item !== "")
      .map((item) => JSON.parse(item));
  assert.equal((await items())[0][0], 2);
  const requests = [1, 2, 3].map((i) =>
    JSON.stringify([48, i, {}, "com.example.none"]) + separator
  );
  await send(requests.join(""));
  const errors: unknown[] = [];
  while (errors.length < 3) errors.push(...await items());
  assert.deepEqual(errors.map((error) => (error as unknown[])[2]), [1, 2, 3]);
});

test("Long-poll: a request without messages ends after its time, and the next one goes on", async () => {
  const { at, send, receive } = await joined("/short");
  assert.equal((await post(`${at}/receive`)).status, 204);
  await send([48, 1, {}, "com.example.none"]);
  assert.equal((await receive())[0], 8);
});

test("Long-poll: closing ends the session, and so does a client that asks nothing any more", async () => {
  const isThere = async (id: number) => {
    const ids = await session.call<number[]>("wamp.session.list");
    return ids.includes(id);
  };
  const left = new Map<number, () => void>();
  const subscription = await session.subscribe("wamp.session.on_leave", ([id]) => {
    left.get(Number(id))?.();
  });
  const leaving = (id: number) => new Promise<void>((resolve) => left.set(id, resolve));
  const first = await joined();
  const gone = leaving(first.id);
  assert.equal((await post(`${first.at}/close`)).status, 204);
  await gone;
  assert.equal(await isThere(first.id), false);
  assert.equal(await first.send([48, 1, {}, "com.example.none"]), 404);
  const second = await joined("/short");
  await leaving(second.id);
  assert.equal(await isThere(second.id), false);
  await subscription.unsubscribe();
});

test("Long-poll: a client for which too much waits loses its connection", async () => {
  const { send, receive, at } = await joined("/short");
  await send([32, 1, {}, "com.example.flood"]);
  assert.equal((await receive())[0], 33);
  for (let i = 0; i < 8; i++) {
    await session.publish("com.example.flood", [i], {}, { acknowledge: true });
  }
  assert.equal((await post(`${at}/receive`)).status, 404);
});

test("Long-poll: what is no message ends the connection, what is no request is refused", async () => {
  const { at, send } = await opened();
  assert.equal(await send("no message"), 400);
  assert.equal((await post(`${at}/receive`)).status, 404);
  assert.equal((await post("/lp/open", "{")).status, 400);
  assert.equal((await post("/lp/open", '{"protocols": ["wamp.2.none"]}')).status, 400);
  assert.equal((await post("/lp/0123/send", "[]")).status, 404);
  const got = await fetch(`${base}/lp/open`);
  assert.equal(got.status, 405);
  await got.body?.cancel();
  const preflight = await fetch(`${base}/lp/open`, {
    method: "OPTIONS",
    headers: { "origin": "http://page.example" },
  });
  assert.equal(preflight.headers.get("access-control-allow-origin"), "http://page.example");
  assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
  await preflight.body?.cancel();
});
