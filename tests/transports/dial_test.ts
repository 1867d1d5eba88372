/** Dialling: URLs, what goes wrong with words for it, and what the server learns of the client. */
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { dial, DialError, type DialOptions } from "../../transports/dial.ts";
import { parseUrl } from "../../transports/dial_url.ts";
import { TransportHost } from "../../transports/host.ts";
import { cbor } from "../../wamp/codec/cbor.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { Receiver, startEchoRouter } from "../kit/echo_router.ts";

const host = new TransportHost({
  onFault: (error) => {
    throw error;
  },
});

function opened(options: Omit<DialOptions, "host">) {
  return dial({ ...options, host }, new Receiver().attach);
}

async function refusal(options: Omit<DialOptions, "host">): Promise<DialError> {
  try {
    await opened(options);
  } catch (error) {
    assert.ok(error instanceof DialError, String(error));
    return error;
  }
  throw new Error("dialled");
}

/** A server that does with each connection what `onSocket` does. */
async function withServer(
  onSocket: (socket: Socket) => void,
  run: (address: string, server: Server) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error();
  try {
    await run(`127.0.0.1:${address.port}`, server);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

test("Dial: URLs of all kinds", () => {
  const tcp = (host: string, port: number) => ({ kind: "tcp", host, port });
  assert.deepEqual(parseUrl("ws://example.com/ws?x=1"), {
    framing: "websocket",
    isSecure: false,
    endpoint: tcp("example.com", 80),
    host: "example.com",
    path: "/ws?x=1",
  });
  assert.deepEqual(parseUrl("WSS://[::1]:8443").endpoint, tcp("::1", 8443));
  assert.equal(parseUrl("wss://[::1]:8443").host, "[::1]:8443");
  assert.equal(parseUrl("wss://a.example").isSecure, true);
  assert.deepEqual(parseUrl("wss://a.example:443").endpoint, tcp("a.example", 443));
  assert.deepEqual(parseUrl("ws://a.example:443").endpoint, tcp("a.example", 443));
  assert.equal(parseUrl("ws://a.example:443").host, "a.example:443");
  assert.deepEqual(parseUrl("rs://localhost:8081").endpoint, tcp("localhost", 8081));
  assert.deepEqual(parseUrl("rs://localhost:80").endpoint, tcp("localhost", 80));
  assert.equal(parseUrl("rss://localhost:8081").framing, "rawsocket");
  assert.equal(parseUrl("rss://localhost:8081").isSecure, true);
  for (const text of ["unix+ws:/run/x.sock", "unix+ws:///run/x.sock"]) {
    assert.deepEqual(parseUrl(text).endpoint, { kind: "unix", path: "/run/x.sock" });
  }
  assert.equal(parseUrl("unix+rs:./x.sock").framing, "rawsocket");
});

test("Dial: URLs that are none", () => {
  const cases: [string, RegExp][] = [
    ["http://example.com", /found scheme "http:", expected ws:/],
    ["example.com:8080", /found scheme/],
    ["", /found scheme ""/],
    ["ws://", /malformed URL/],
    ["ws://a b/", /malformed URL/],
    ["ws://user@example.com", /user name/],
    ["ws://example.com/#x", /fragment "#x"/],
    ["ws://example.com:99999", /malformed URL/],
    ["unix+ws:", /path ""/],
  ];
  for (const [text, expected] of cases) {
    assert.throws(
      () => parseUrl(text),
      (error) =>
        error instanceof DialError && error.reason === "url" && expected.test(error.message),
      text,
    );
  }
});

test("Dial: nobody there", async () => {
  let address = "";
  await withServer(() => {}, (where) => Promise.resolve(void (address = where)));
  const error = await refusal({ url: `ws://${address}/` });
  assert.equal(error.reason, "refused");
  assert.match(
    error.message,
    /^Cannot dial "ws:\/\/127\.0\.0\.1:\d+\/": Cannot connect to .*: nobody listens there$/,
  );
  const unix = await refusal({ url: "unix+rs:/nowhere/socket" });
  assert.equal(unix.reason, "not_found");
});

test("Dial: a server that speaks something else", () =>
  withServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n\r\n"), async (address) => {
    const error = await refusal({ url: `ws://${address}/` });
    assert.equal(error.reason, "handshake");
    assert.match(error.message, /found "SSH-2\.0-OpenSSH_9\.6", expected HTTP\/1\.1 101/);
    assert.match(
      (await refusal({ url: `rs://${address}` })).message,
      /found first byte 83, expected 127/,
    );
  }));

test("Dial: a server that answers with a status says which", () =>
  withServer(
    (socket) => socket.end("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nBusy"),
    async (address) => {
      const { message } = await refusal({ url: `ws://${address}/` });
      assert.match(message, /found HTTP\/1\.1 503 Service Unavailable/);
    },
  ));

test("Dial: a server that hangs up, and one that says nothing", async () => {
  await withServer((socket) => socket.end(), async (address) => {
    assert.match(
      (await refusal({ url: `ws://${address}/` })).message,
      /ended during the handshake|closed during/,
    );
    assert.equal((await refusal({ url: `rs://${address}` })).reason, "handshake");
  });
  await withServer(() => {}, async (address) => {
    const error = await refusal({ url: `ws://${address}/`, timeoutMs: 200 });
    assert.equal(error.reason, "timeout");
  });
});

test("Dial: the caller may give up", () =>
  withServer(() => {}, async (address) => {
    const controller = new AbortController();
    const dialling = refusal({ url: `ws://${address}/`, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    assert.equal((await dialling).reason, "aborted");
    assert.equal(
      (await refusal({ url: `ws://${address}/`, signal: controller.signal })).reason,
      "aborted",
    );
  }));

test("Dial: headers that cannot be written, and serializers that nobody has", async () => {
  const router = await startEchoRouter();
  try {
    const url = `ws://${router.where}/ws`;
    const { message } = await refusal({ url, headers: { "X": "a\r\nb" } });
    assert.match(message, /Cannot write HTTP header "X"/);
    assert.match(
      (await refusal({ url: `rs://${router.where}`, codecs: [] })).message,
      /found no serializer/,
    );
  } finally {
    await router.close();
  }
});

test("Dial: the server sees path, host, headers and subprotocols; the client its answer", async () => {
  let seen: unknown[] = [];
  const router = await startEchoRouter({
    onUpgrade: (request) => {
      const { host, cookie, origin } = request.headers;
      seen = [request.path, request.query, host, cookie, origin, request.protocols];
      return { headers: { "X-Answer": "42" } };
    },
  });
  try {
    const transport = await opened({
      url: `ws://${router.where}/a/b?c=d`,
      headers: { "Cookie": "x=y", "Origin": "http://example.com" },
      codecs: [cbor, msgpack],
      isBatched: true,
    });
    assert.deepEqual(seen, [
      "/a/b",
      "c=d",
      router.where,
      "x=y",
      "http://example.com",
      ["wamp.2.cbor.batched", "wamp.2.msgpack.batched", "wamp.2.cbor", "wamp.2.msgpack"],
    ]);
    assert.equal(transport.details.serializer, "cbor.batched");
    assert.equal(transport.details.http?.headers["x-answer"], "42");
    transport.end("done");
  } finally {
    await router.close();
  }
});

test("Dial: an explicit endpoint decides where, the URL what is said", async () => {
  let seen = "";
  const router = await startEchoRouter({
    onUpgrade: (request) => {
      seen = request.headers["host"] ?? "";
      return { headers: {} };
    },
  });
  try {
    const port = Number(router.where.split(":")[1]);
    const transport = await opened({
      url: "ws://router.example/ws",
      endpoint: { kind: "tcp", host: "127.0.0.1", port },
    });
    assert.equal(seen, "router.example");
    transport.end("done");
  } finally {
    await router.close();
  }
});
