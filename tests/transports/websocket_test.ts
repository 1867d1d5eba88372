/** WAMP over WebSocket: subprotocols, batches, how connections end. The frames themselves are websocket_rules_test.ts's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newStats } from "../../transports/host.ts";
import { Outbox } from "../../transports/outbox.ts";
import { chooseSubprotocol, subprotocolsOf } from "../../transports/subprotocol.ts";
import { serveWebSocket, type WebSocketService } from "../../transports/websocket.ts";
import { parseUpgrade } from "../../transports/websocket_handshake.ts";
import { startWebSocket } from "../../transports/websocket_link.ts";
import {
  DEFAULT_WEBSOCKET_OPTIONS,
  type WebSocketOptions,
} from "../../transports/websocket_options.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Outgoing } from "../../wamp/outgoing.ts";
import { Payload } from "../../wamp/payload.ts";
import { EchoSession, Receiver } from "../kit/echo_router.ts";
import { FakeByteStream, joinedStreams, turnEnd } from "../kit/fake_byte_stream.ts";
import type { FakeClock } from "../kit/fake_clock.ts";
import {
  ascii,
  closeCodeOf,
  closeFrame,
  concat,
  fakeHost,
  frame,
  framesIn,
  text,
  upgradeText,
} from "../kit/websocket_peer.ts";

const [TEXT, BINARY] = [1, 2] as const;

interface Rig {
  readonly stream: FakeByteStream;
  readonly clock: FakeClock;
  readonly faults: unknown[];
  readonly answer: string;
  session(): EchoSession;
}

async function serve(
  headers: Parameters<typeof upgradeText>[0],
  options: Partial<WebSocketOptions> = {},
  service: Partial<WebSocketService> = {},
): Promise<Rig> {
  const { host, clock, faults } = fakeHost();
  const stream = new FakeByteStream();
  const sessions: EchoSession[] = [];
  const first = ascii(upgradeText(headers));
  const parsed = parseUpgrade(first, first.length);
  if (parsed.kind !== "upgrade") throw new Error("no upgrade");
  serveWebSocket(stream, { request: parsed.request, first, end: parsed.end }, {
    host,
    stats: newStats(),
    codecs,
    options: { ...DEFAULT_WEBSOCKET_OPTIONS, ...options },
    attach: (transport) => {
      const session = new EchoSession(transport);
      sessions.push(session);
      return session;
    },
    ...service,
  });
  await turnEnd();
  return {
    stream,
    clock,
    faults,
    // Behind the head there may be frames.
    answer: String.fromCharCode(...stream.take()),
    session: () => {
      const [session] = sessions;
      if (session === undefined) throw new Error("no session");
      return session;
    },
  };
}

function speaking(protocol: string, options: Partial<WebSocketOptions> = {}): Promise<Rig> {
  return serve({ "Sec-WebSocket-Protocol": protocol }, options);
}

function statusOf({ answer }: Rig): string {
  return answer.slice(9, 12);
}

test("Subprotocols: the client's order decides among those allowed", () => {
  const name = (announced: string[], allowed = codecs) =>
    chooseSubprotocol(announced, allowed)?.name;
  assert.equal(name(["wamp.2.cbor", "wamp.2.json"]), "wamp.2.cbor");
  assert.equal(name(["wamp.2.cbor", "wamp.2.json"], [json]), "wamp.2.json");
  assert.equal(name(["mqtt", "wamp.2.msgpack.batched"]), "wamp.2.msgpack.batched");
  assert.equal(name(["WAMP.2.JSON"]), undefined);
  assert.deepEqual(subprotocolsOf([msgpack]).map((one) => one.name), [
    "wamp.2.msgpack",
    "wamp.2.msgpack.batched",
  ]);
});

test("Subprotocols: the answer names the choice, and details tell of the handshake", async () => {
  const rig = await serve(
    { "Sec-WebSocket-Protocol": "foo, wamp.2.msgpack.batched", "Cookie": "a=b" },
    {},
    {
      listener: "transport7",
      serverName: "Realmway/1",
      onUpgrade: (request) => ({ headers: { "Set-Cookie": `seen=${request.path}` } }),
    },
  );
  assert.equal(statusOf(rig), "101");
  assert.match(rig.answer, /\r\nSec-WebSocket-Protocol: wamp\.2\.msgpack\.batched\r\n/);
  assert.match(rig.answer, /\r\nServer: Realmway\/1\r\n/);
  assert.match(rig.answer, /\r\nSet-Cookie: seen=\/ws\r\n/);
  const { details } = rig.session().transport;
  assert.equal(details.serializer, "msgpack.batched");
  assert.equal(details.listener, "transport7");
  assert.equal(details.http?.path, "/ws");
  assert.equal(details.http?.protocol, "wamp.2.msgpack.batched");
  assert.equal(details.http?.headers["cookie"], "a=b");
});

test("Subprotocols: none that we speak is refused, none at all too unless allowed", async () => {
  assert.equal(statusOf(await speaking("wamp.1, mqtt")), "400");
  const silent = await serve({});
  assert.equal(statusOf(silent), "400");
  assert.match(silent.answer, /found none, expected one of wamp\.2\.json/);
  assert.equal(silent.stream.state, "closing");
  const allowed = await serve({}, { requiresSubprotocol: false });
  assert.equal(statusOf(allowed), "101");
  assert.doesNotMatch(allowed.answer, /Sec-WebSocket-Protocol/);
  assert.equal(allowed.session().transport.details.serializer, "json");
});

test("Upgrade: the owner may refuse, hide the server's name, and make mistakes", async () => {
  const headers = { "Sec-WebSocket-Protocol": "wamp.2.json" };
  const refused = await serve(headers, {}, {
    onUpgrade: () => ({
      refusal: { status: 429, text: "Too many", headers: { "Retry-After": "5" } },
    }),
  });
  assert.match(refused.answer, /^HTTP\/1\.1 429 Too Many Requests\r\n.*\r\nRetry-After: 5\r\n/s);
  const nameless = await serve(headers, { showsServerVersion: false }, {
    serverName: "Realmway/1",
  });
  assert.doesNotMatch(nameless.answer, /Server:/);
  const broken = await serve(headers, {}, {
    onUpgrade: () => {
      throw new Error("bug");
    },
  });
  assert.equal(statusOf(broken), "500");
  assert.equal(broken.faults.length, 1);
  const evil = await serve(headers, {}, { onUpgrade: () => ({ headers: { "X": "a\r\nb" } }) });
  assert.equal(statusOf(evil), "500");
});

test("WebSocket: text and binary must fit the serializer, else 1003", async () => {
  const wrong = await speaking("wamp.2.msgpack");
  wrong.stream.receive(frame({ opcode: TEXT, payload: '[48,1,{},"a.b"]' }));
  await turnEnd();
  assert.equal(closeCodeOf(framesIn(wrong.stream.take())[0]), 1003);
  assert.equal(wrong.session().failures.length, 1);
  assert.equal(wrong.session().how, "clean");
  const other = await speaking("wamp.2.json");
  other.stream.receive(frame({ opcode: BINARY, isFinal: false, payload: "[48,1" }));
  await turnEnd();
  assert.equal(closeCodeOf(framesIn(other.stream.take())[0]), 1003);
});

test("WebSocket: what is no WAMP message goes to fail, whose words precede the Close", async () => {
  const rig = await speaking("wamp.2.json");
  const session = rig.session();
  session.fail = (error) => {
    session.failures.push(error.message);
    session.transport.send({
      type: Type.ABORT,
      details: EMPTY_DICT,
      reason: error.uri,
      payload: Payload.EMPTY,
    });
    session.transport.end("aborted");
  };
  rig.stream.receive(
    concat(
      frame({ opcode: TEXT, payload: "[48]" }),
      frame({ opcode: TEXT, payload: '[48,1,{},"a.b"]' }),
    ),
  );
  await turnEnd();
  const frames = framesIn(rig.stream.take());
  assert.equal(frames.length, 2);
  assert.equal(text(frames[0]?.payload ?? ascii("")), `[3,{},"wamp.error.protocol_violation"]`);
  assert.equal(closeCodeOf(frames[1]), 1002);
  assert.equal(session.failures.length, 1);
  assert.equal(session.how, "clean");
  assert.equal(rig.stream.state, "closing");
});

test("WebSocket: a violation of the framing lets the session speak too", async () => {
  const rig = await speaking("wamp.2.json");
  const session = rig.session();
  session.fail = () => session.transport.end("with another code");
  rig.stream.receive(frame({ opcode: 5 }));
  await turnEnd();
  const frames = framesIn(rig.stream.take());
  assert.equal(frames.length, 1);
  assert.equal(closeCodeOf(frames[0]), 1002);
});

test("WebSocket: end sends a Close, waits for the peer's and tells a clean end", async () => {
  const rig = await speaking("wamp.2.json");
  const session = rig.session();
  session.transport.pause();
  session.transport.send({ type: Type.GOODBYE, details: EMPTY_DICT, reason: "a.b" });
  session.transport.end("é".repeat(100));
  await turnEnd();
  const [goodbye, close] = framesIn(rig.stream.take());
  assert.equal(text(goodbye?.payload ?? ascii("")), `[6,{},"a.b"]`);
  assert.equal(closeCodeOf(close), 1000);
  assert.equal(close?.payload.length, 124);
  assert.equal(text(close?.payload.subarray(2) ?? ascii("")), "é".repeat(61));
  assert.equal(session.how, undefined);
  assert.ok(!rig.stream.isPaused, "the peer's Close can be read");
  rig.stream.receive(concat(frame({ opcode: TEXT, payload: '[48,1,{},"a.b"]' }), closeFrame(1000)));
  assert.equal(session.how, "clean");
  await turnEnd();
  assert.equal(rig.stream.take().length, 0);
  assert.equal(rig.stream.state, "closing");
});

test("WebSocket: a peer that does not answer a Close is cut after the time-out", async () => {
  const rig = await speaking("wamp.2.json", { closeHandshakeTimeoutMs: 1000 });
  rig.session().transport.end("bye");
  await turnEnd();
  rig.clock.advance(1300);
  assert.equal(rig.stream.state, "aborted");
  assert.equal(rig.session().how, "timeout");
});

test("WebSocket: a stream that ends without Close was cut", async () => {
  const ended = await speaking("wamp.2.json");
  ended.stream.end();
  assert.equal(ended.session().how, "reset");
  const gone = await speaking("wamp.2.json");
  gone.stream.closed("timeout");
  assert.equal(gone.session().how, "timeout");
});

test("WebSocket: the peer's Close tells the session at once, and is answered", async () => {
  const rig = await speaking("wamp.2.json");
  rig.stream.receive(closeFrame(1001, "going away"));
  assert.equal(rig.session().how, "clean");
  rig.session().transport.send({ type: Type.PUBLISHED, request: 1, publication: 1 });
  await turnEnd();
  const frames = framesIn(rig.stream.take());
  assert.equal(frames.length, 1);
  assert.equal(closeCodeOf(frames[0]), 1000);
});

test("WebSocket: a fault of the handler closes with 1011, one of attach too", async () => {
  const rig = await speaking("wamp.2.json");
  rig.stream.receive(frame({ opcode: TEXT, payload: `[48,1,{},"test.crash"]` }));
  await turnEnd();
  assert.equal(closeCodeOf(framesIn(rig.stream.take())[0]), 1011);
  assert.equal(rig.faults.length, 1);
  const broken = await serve({ "Sec-WebSocket-Protocol": "wamp.2.json" }, {}, {
    attach: () => {
      throw new Error("bug");
    },
  });
  assert.equal(statusOf(broken), "101");
  assert.equal(broken.faults.length, 1);
});

function call(request: number): string {
  return `[48,${request},{},"test.echo",["é"]]`;
}
function result(request: number): string {
  return `[50,${request},{},["é"]]`;
}
const utf8 = (value: string) => new TextEncoder().encode(value);

test("Batches: JSON messages end with 0x1E, and a turn's answers share a message", async () => {
  const rig = await speaking("wamp.2.json.batched");
  rig.stream.receive(
    concat(
      frame({ opcode: TEXT, payload: `${call(1)}\x1e${call(2)}\x1e` }),
      frame({ opcode: TEXT, payload: `${call(3)}\x1e` }),
    ),
  );
  await turnEnd();
  const frames = framesIn(rig.stream.take());
  assert.deepEqual(frames.map((one) => text(one.payload)), [
    `${result(1)}\x1e${result(2)}\x1e${result(3)}\x1e`,
  ]);
  assert.equal(rig.session().failures.length, 0);
});

test("Batches: pings and Close stand between messages, not within", async () => {
  const rig = await speaking("wamp.2.json.batched");
  rig.stream.receive(
    concat(
      frame({ opcode: TEXT, payload: `${call(1)}\x1e` }),
      frame({ opcode: 9, payload: "ping" }),
      frame({ opcode: TEXT, payload: `${call(2)}\x1e` }),
      closeFrame(1000),
    ),
  );
  await turnEnd();
  const frames = framesIn(rig.stream.take());
  assert.deepEqual(frames.map(({ opcode }) => opcode), [1, 10, 1, 8]);
});

test("Batches: large ones are split, single large messages are not", async () => {
  const rig = await speaking("wamp.2.json.batched");
  const transport = rig.session().transport;
  const send = (size: number) =>
    transport.send({
      type: Type.RESULT,
      request: 1,
      details: EMPTY_DICT,
      payload: Payload.of(["x".repeat(size)]),
    });
  for (let i = 0; i < 10; i++) send(20_000);
  send(200_000);
  send(10);
  await turnEnd();
  const sizes = framesIn(rig.stream.take()).map(({ payload }) => payload.length);
  assert.deepEqual(sizes, [80_060, 80_060, 240_045, 25]);
});

test("Batches: empty, cut or unterminated ones fail the transport", async () => {
  const binary = (...numbers: number[]) => new Uint8Array(numbers);
  const cases: [string, Uint8Array, number][] = [
    ["wamp.2.json.batched", utf8(""), 0],
    ["wamp.2.json.batched", utf8(call(1)), 0],
    ["wamp.2.json.batched", utf8(`${call(1)}\x1e${call(2)}`), 1],
    ["wamp.2.json.batched", utf8(`${call(1)}\x1e\x1e`), 1],
    ["wamp.2.msgpack.batched", binary(), 0],
    ["wamp.2.msgpack.batched", binary(0, 0, 0), 0],
    ["wamp.2.msgpack.batched", binary(0, 0, 0, 9, 0x94), 0],
    ["wamp.2.msgpack.batched", binary(0xff, 0xff, 0xff, 0xff, 0x94), 0],
    ["wamp.2.msgpack.batched", binary(0, 0, 0, 0), 0],
  ];
  for (const [protocol, payload, answered] of cases) {
    const rig = await speaking(protocol);
    rig.stream.receive(frame({ opcode: protocol.includes("json") ? TEXT : BINARY, payload }));
    await turnEnd();
    const frames = framesIn(rig.stream.take());
    assert.equal(closeCodeOf(frames.at(-1)), 1002);
    assert.equal(frames.length - 1, answered);
    assert.equal(rig.session().failures.length, 1);
  }
});

test("Batches: what cannot be encoded leaves its neighbours whole", async () => {
  const rig = await speaking("wamp.2.json.batched");
  const transport = rig.session().transport;
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  for (const args of [["a"], [cyclic], ["b"]]) {
    const message: Message = {
      type: Type.EVENT,
      subscription: 1,
      publication: 2,
      details: EMPTY_DICT,
      payload: Payload.of(args),
    };
    transport.send(message);
    transport.deliver(new Outgoing(message));
  }
  await turnEnd();
  transport.send({
    type: Type.EVENT,
    subscription: 1,
    publication: 2,
    details: EMPTY_DICT,
    payload: Payload.of([cyclic]),
  });
  rig.stream.receive(frame({ opcode: 9 }));
  await turnEnd();
  const [one, pong, ...rest] = framesIn(rig.stream.take());
  assert.equal(pong?.opcode, 10);
  assert.equal(rest.length, 0);
  assert.equal(
    text(one?.payload ?? ascii("")),
    `[36,1,2,{},["a"]]\x1e[36,1,2,{},["a"]]\x1e[36,1,2,{},["b"]]\x1e[36,1,2,{},["b"]]\x1e`,
  );
});

test("WebSocket: a client masks with fresh keys and accepts no masked frames", async () => {
  const { host } = fakeHost();
  const stream = new FakeByteStream();
  const receiver = new Receiver();
  const { transport } = startWebSocket(stream, {
    role: "client",
    host,
    stats: newStats(),
    options: DEFAULT_WEBSOCKET_OPTIONS,
    subprotocol: { name: "wamp.2.json", codec: json, isBatched: false },
    deflate: undefined,
    outbox: new Outbox(stream, host.turnOf(stream), host.writers),
    details: { kind: "websocket", serializer: "json", peer: "local", isSecure: false },
    attach: receiver.attach,
  });
  for (let i = 0; i < 2; i++) {
    transport.send({
      type: Type.CALL,
      request: 1,
      options: EMPTY_DICT,
      procedure: "a.b",
      payload: Payload.of(["x".repeat(100)]),
    });
  }
  await turnEnd();
  const bytes = stream.take();
  const frames = framesIn(bytes);
  assert.ok(frames.every(({ isMasked }) => isMasked));
  assert.deepEqual(frames[0]?.payload, frames[1]?.payload);
  const half = bytes.length / 2;
  assert.notDeepEqual(bytes.subarray(0, half), bytes.subarray(half));
  stream.receive(frame({ opcode: TEXT, payload: result(1), mask: null }));
  assert.equal(receiver.messages.length, 1);
  stream.receive(frame({ opcode: TEXT, payload: result(1) }));
  await turnEnd();
  assert.equal(closeCodeOf(framesIn(stream.take())[0]), 1002);
});

for (const protocol of ["wamp.2.json", "wamp.2.msgpack.batched", "wamp.2.cbor"]) {
  test(`WebSocket: client and server over streams cut at every place, ${protocol}`, async () => {
    for (const pieceBytes of [1, 2, 3, 7, 64, 1000]) {
      const [client, server] = joinedStreams(pieceBytes);
      const { host, faults } = fakeHost();
      const [subprotocol] = subprotocolsOf(codecs).filter(({ name }) => name === protocol);
      if (subprotocol === undefined) throw new Error();
      const receiver = new Receiver();
      const start = (stream: FakeByteStream, role: "client" | "server") =>
        startWebSocket(stream, {
          role,
          host,
          stats: newStats(),
          options: DEFAULT_WEBSOCKET_OPTIONS,
          subprotocol,
          deflate: undefined,
          outbox: new Outbox(stream, host.turnOf(stream), host.writers),
          details: { kind: "websocket", serializer: "", peer: "local", isSecure: false },
          attach: role === "client" ? receiver.attach : (transport) => new EchoSession(transport),
        }).transport;
      start(server, "server");
      const transport = start(client, "client");
      for (let i = 1; i <= 20; i++) {
        transport.send({
          type: Type.CALL,
          request: i,
          options: EMPTY_DICT,
          procedure: "test.echo",
          payload: Payload.of(["ö".repeat(i * 13)]),
        });
      }
      await receiver.until(() => receiver.messages.length === 20);
      receiver.payloads().forEach((payload, i) =>
        assert.deepEqual(payload.decode().args, ["ö".repeat((i + 1) * 13)])
      );
      transport.end("done");
      assert.equal(await receiver.untilClosed(), "clean");
      assert.deepEqual(faults, []);
    }
  });
}
