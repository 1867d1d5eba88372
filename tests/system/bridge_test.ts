/** The HTTP bridge of a running node: requests that publish and call, as Crossbar.io's clients send them, and those that nobody should. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { ApplicationError, CallResult, connect, type Session } from "../../mod.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";
import { type ConfigError, formatProblem } from "../../node/config/problems.ts";

const ALL = { call: true, register: true, publish: true, subscribe: true };
const SECRET = "kkjH68GiuUZ";
const SEAT = { "realm": "realm1", "role": "bridge" };
const signed = (type: string, options: object = {}) => ({
  type,
  ...SEAT,
  "options": { "key": "app1", "secret": "$BRIDGE_SECRET", ...options },
});

const config = (paths: object) => ({
  version: 2,
  workers: [{
    type: "router",
    realms: [{
      name: "realm1",
      roles: [
        { name: "anonymous", permissions: [{ uri: "*", allow: ALL }] },
        {
          name: "bridge",
          permissions: [{ uri: "com.open.*", allow: { call: true, publish: true } }],
        },
      ],
    }],
    transports: [{
      type: "web",
      endpoint: { type: "tcp", port: 0, interface: "127.0.0.1" },
      paths: { "/": { type: "nodeinfo" }, "ws": { type: "websocket" }, ...paths },
    }],
  }],
});

const PATHS = {
  "publish": { type: "publisher", ...SEAT },
  "call": { type: "caller", ...SEAT },
  "hook": {
    type: "webhook",
    ...SEAT,
    options: { topic: "com.open.hook", success_response: "Thanks" },
  },
  "closed": {
    type: "webhook",
    ...SEAT,
    options: { topic: "com.closed.hook", error_response: "No" },
  },
  "github": {
    type: "webhook",
    ...SEAT,
    options: { topic: "com.open.hook", github_secret: "It's a Secret to Everybody" },
  },
  "signed": signed("publisher"),
  "anytime": signed("caller", { timestamp_delta_limit: 0 }),
  "far": { type: "publisher", ...SEAT, options: { require_ip: ["192.0.2.0/24"] } },
  "near": { type: "publisher", ...SEAT, options: { require_ip: ["127.0.0.0/8"] } },
  "tls": { type: "publisher", ...SEAT, options: { require_tls: true } },
  "small": { type: "publisher", ...SEAT, options: { post_body_limit: 100 } },
};

let node: Node;
let session: Session;
let base = "";

before(async () => {
  const env = { "BRIDGE_SECRET": SECRET };
  node = await startNode(parseConfig(config(PATHS), env), { directory: tmpdir(), env });
  const address = node.listeners[0]?.address;
  assert.ok(address && "port" in address);
  base = `http://127.0.0.1:${address.port}`;
  session = await connect({ url: `ws://127.0.0.1:${address.port}/ws`, realm: "realm1" });
  await session.register("com.open.add2", ([a, b]: readonly [number, number]) => a + b);
  await session.register("com.open.many", () => new CallResult([1, 2], { "three": 3 }));
  await session.register("com.open.bytes", () => Uint8Array.of(1, 2, 3));
  await session.register("com.open.fail", () => {
    throw new ApplicationError("com.example.error", ["no"], { "why": "because" });
  });
});
after(async () => {
  await session.leave();
  await node.stop();
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return { status: response.status, answer: isJson ? JSON.parse(text) : text, response };
}

/** The next event of a topic. */
async function nextEvent(topic: string) {
  const { promise, resolve } = Promise.withResolvers<readonly unknown[]>();
  const subscription = await session.subscribe(topic, (args, kwargs) => resolve([args, kwargs]));
  return {
    event: promise.finally(() => subscription.unsubscribe()),
  };
}

test("Bridge: a POST to the publisher becomes an event, and is answered with the publication's id", async () => {
  const { event } = await nextEvent("com.open.topic");
  const { status, answer } = await post("/publish", {
    "topic": "com.open.topic",
    "args": ["Hello", 23],
    "kwargs": { "x": 1 },
  });
  assert.equal(status, 200);
  assert.equal(typeof answer.id, "number");
  assert.deepEqual(await event, [["Hello", 23], { "x": 1 }]);
});

test("Bridge: options of a publication hold", async () => {
  const { event } = await nextEvent("com.open.topic");
  const options = { "exclude": [session.id] };
  const excluded = { "topic": "com.open.topic", "args": [1], options };
  assert.equal((await post("/publish", excluded)).status, 200);
  assert.equal((await post("/publish", { "topic": "com.open.topic", "args": [2] })).status, 200);
  assert.deepEqual(await event, [[2], {}]);
  const wrong = { "topic": "com.open.topic", "options": { "eligible": ["x"] } };
  assert.equal((await post("/publish", wrong)).status, 400);
});

test("Bridge: a POST to the caller becomes a call, and the result its answer", async () => {
  const call = (procedure: string, args: unknown[] = []) => post("/call", { procedure, args });
  assert.deepEqual((await call("com.open.add2", [2, 3])).answer, { "args": [5] });
  assert.deepEqual((await call("com.open.many")).answer, {
    "args": [1, 2],
    "kwargs": { "three": 3 },
  });
  assert.deepEqual((await call("com.open.bytes")).answer, { "args": ["\0AQID"] });
});

test("Bridge: WAMP errors are answers with their URI, and the role's permissions hold", async () => {
  const failed = await post("/call", { "procedure": "com.open.fail" });
  assert.equal(failed.status, 200);
  assert.deepEqual(failed.answer, {
    "error": "com.example.error",
    "args": ["no"],
    "kwargs": { "why": "because" },
  });
  const denied = await post("/publish", { "topic": "com.closed.topic" });
  assert.equal(denied.answer.error, "wamp.error.not_authorized");
  const absent = await post("/call", { "procedure": "com.open.none" });
  assert.equal(absent.answer.error, "wamp.error.no_such_procedure");
});

test("Bridge: what is no request is refused, and says why", async () => {
  const cases: [string, unknown, Record<string, string>, number, RegExp][] = [
    ["/publish", "{", {}, 400, /JSON/],
    ["/publish", [], {}, 400, /object/],
    ["/publish", { "args": [] }, {}, 400, /"topic"/],
    ["/call", { "args": [] }, {}, 400, /"procedure"/],
    ["/call", { "procedure": "com.open.add2", "args": {} }, {}, 400, /"args"/],
    ["/publish", {}, { "content-type": "text/plain" }, 400, /application\/json/],
    ["/small", { "topic": "com.open.topic", "args": ["x".repeat(100)] }, {}, 413, /100 bytes/],
    ["/far", { "topic": "com.open.topic" }, {}, 400, /address/],
    ["/tls", { "topic": "com.open.topic" }, {}, 400, /TLS/],
    ["/near", { "topic": "com.open.topic" }, {}, 200, /undefined/],
  ];
  for (const [path, body, headers, status, text] of cases) {
    const found = await post(path, body, headers);
    assert.equal(found.status, status, JSON.stringify(found.answer));
    assert.match(String(found.answer.error), text);
  }
  const got = await fetch(`${base}/publish`);
  assert.equal(got.status, 405);
  await got.body?.cancel();
  const preflight = await fetch(`${base}/publish`, {
    method: "OPTIONS",
    headers: { "origin": "http://page.example", "access-control-request-headers": "content-type" },
  });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "http://page.example");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type");
  await preflight.body?.cancel();
});

interface Signature {
  readonly key?: string;
  readonly secret?: string;
  readonly timestamp?: string;
  readonly nonce?: number;
}

/** As `crossbarconnect` signs. */
function sign(body: string, signature: Signature = {}): string {
  const {
    key = "app1",
    secret = SECRET,
    timestamp = new Date().toISOString(),
    nonce = Math.trunc(Math.random() * 2 ** 53),
  } = signature;
  const hmac = createHmac("sha256", secret);
  for (const part of [key, timestamp, "1", String(nonce), body]) hmac.update(part);
  const text = hmac.digest("base64").replaceAll("+", "-").replaceAll("/", "_");
  const parts = { key, timestamp, "seq": "1", "nonce": String(nonce), "signature": text };
  return `?${new URLSearchParams(parts)}`;
}

test("Bridge: where a key is configured, signed requests alone count, each once", async () => {
  const body = JSON.stringify({ "topic": "com.open.topic", "args": ["signed"] });
  const query = sign(body);
  assert.equal((await post(`/signed${query}`, body)).status, 200);
  const again = await post(`/signed${query}`, body);
  assert.deepEqual([again.status, again.answer.error], [401, "The signature was used before"]);
  const status = async (query: string, sent = body) => (await post(`/signed${query}`, sent)).status;
  assert.equal(await status(""), 400);
  assert.equal(await status(sign(body, { secret: "other" })), 401);
  assert.equal(await status(sign(body, { key: "other" })), 401);
  assert.equal(await status(sign(body), body.replace("signed", "forged")), 401);
  const old = new Date(Date.now() - 301_000).toISOString();
  assert.equal(await status(sign(body, { timestamp: old })), 400);
  assert.equal(await status(sign(body, { timestamp: "yesterday" })), 400);
});

test("Bridge: with timestamp_delta_limit 0 the time does not matter, and requests may repeat", async () => {
  const body = JSON.stringify({ "procedure": "com.open.add2", "args": [1, 2] });
  const query = sign(body, { timestamp: "2001-01-01T00:00:00.000Z" });
  for (let i = 0; i < 2; i++) {
    assert.deepEqual((await post(`/anytime${query}`, body)).answer, { "args": [3] });
  }
});

test("Bridge: a webhook publishes headers and body, and answers what is configured", async () => {
  const { event } = await nextEvent("com.open.hook");
  const { status, answer } = await post("/hook", "fresh", {
    "content-type": "text/plain",
    "x-custom-one": "1",
  });
  assert.deepEqual([status, answer], [202, "Thanks"]);
  const [[message]] = await event as [[{ headers: Record<string, string[]>; body: string }]];
  assert.equal(message.body, "fresh");
  assert.deepEqual(message.headers["X-Custom-One"], ["1"]);
  const closed = await post("/closed", "x");
  assert.deepEqual([closed.status, closed.answer], [500, "No"]);
});

test("Bridge: a webhook with GitHub's secret takes what GitHub signed, and nothing else", async () => {
  const secret = "It's a Secret to Everybody";
  const body = "Hello, World!";
  const digest = (algorithm: string) => createHmac(algorithm, secret).update(body).digest("hex");
  // The example of GitHub's own documentation.
  assert.equal(
    digest("sha256"),
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
  );
  const status = async (headers: Record<string, string>) =>
    (await post("/github", body, headers)).status;
  assert.equal(await status({ "x-hub-signature-256": `sha256=${digest("sha256")}` }), 202);
  assert.equal(await status({ "x-hub-signature": `sha1=${digest("sha1")}` }), 202);
  assert.equal(await status({}), 400);
  const forged = `sha256=${"0".repeat(64)}`;
  assert.equal(await status({ "x-hub-signature-256": forged }), 400);
  const mixed = { "x-hub-signature-256": forged, "x-hub-signature": `sha1=${digest("sha1")}` };
  assert.equal(await status(mixed), 400);
});

test("Bridge: its session comes back after it was killed", async () => {
  const call = () => post("/call", { "procedure": "com.open.add2", "args": [1, 1] });
  assert.deepEqual((await call()).answer, { "args": [2] });
  await session.call("wamp.session.kill_by_authrole", ["bridge"]);
  assert.deepEqual((await call()).answer, { "args": [2] });
});

test("Bridge: check finds realms, roles and secrets that are not there", () => {
  const paths = {
    "a": { type: "caller", realm: "realm2", role: "bridge" },
    "b": { type: "path", paths: { "/": { type: "caller", realm: "realm1", role: "trusted" } } },
    "c": signed("publisher"),
    "d": { type: "publisher", ...SEAT, options: { key: "app1" } },
  };
  assert.throws(() => parseConfig(config(paths), {}), (error: ConfigError) => {
    const texts = error.problems.map(formatProblem).join("\n");
    assert.match(texts, /a\.realm: found "realm2", expected a realm of this worker: realm1/);
    assert.match(
      texts,
      /"\/"\]\.role: found "trusted", expected a role of that realm: anonymous, bridge/,
    );
    assert.match(texts, /secret: found the name of an environment variable that is not set/);
    assert.match(texts, /d\.options: found an object, expected "key" and "secret" together/);
    assert.equal(error.problems.length, 4);
    return true;
  });
});
