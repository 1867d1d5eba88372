/** RawSocket, byte by byte: handshake, prefixes, pings, limits. [WAMP rawsocket] */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newStats } from "../../transports/host.ts";
import { type RawSocketService, serveRawSocket } from "../../transports/rawsocket.ts";
import { lengthCode, replyProblem } from "../../transports/rawsocket_handshake.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  type RawSocketOptions,
} from "../../transports/websocket_options.ts";
import { cbor } from "../../wamp/codec/cbor.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { EchoSession } from "../kit/echo_router.ts";
import { FakeByteStream, turnEnd } from "../kit/fake_byte_stream.ts";
import type { FakeClock } from "../kit/fake_clock.ts";
import { ascii, concat, fakeHost, text } from "../kit/websocket_peer.ts";

interface Rig {
  readonly stream: FakeByteStream;
  readonly clock: FakeClock;
  readonly faults: unknown[];
  session(): EchoSession;
}

function serve(
  first: readonly number[],
  options: Partial<RawSocketOptions> = {},
  service: Partial<RawSocketService> = {},
): Rig {
  const { host, clock, faults } = fakeHost();
  const stream = new FakeByteStream();
  const sessions: EchoSession[] = [];
  serveRawSocket(stream, Uint8Array.from(first), {
    host,
    stats: newStats(),
    options: { ...DEFAULT_RAWSOCKET_OPTIONS, ...options },
    codecs,
    attach: (transport) => {
      const session = new EchoSession(transport);
      sessions.push(session);
      return session;
    },
    ...service,
  });
  return {
    stream,
    clock,
    faults,
    session: () => {
      const [session] = sessions;
      if (session === undefined) throw new Error("no session");
      return session;
    },
  };
}

async function opened(options: Partial<RawSocketOptions> = {}, second = 0xf1): Promise<Rig> {
  const rig = serve([0x7f, second, 0, 0], options);
  await turnEnd();
  rig.stream.take();
  return rig;
}

function prefixed(body: string | Uint8Array, type = 0): Uint8Array<ArrayBuffer> {
  const bytes = typeof body === "string" ? ascii(body) : body;
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, bytes.length);
  head[0] = type;
  return concat(head, bytes);
}

const CALL = `[48,1,{},"test.echo",["hello"]]`;
const RESULT = `[50,1,{},["hello"]]`;

test("RawSocket: the handshake echoes the serializer and announces our limit", async () => {
  for (const [codec, id] of [[json, 1], [msgpack, 2], [cbor, 3]] as const) {
    const rig = serve([0x7f, 0xf0 | id, 0, 0], { maxMessageBytes: 1024 });
    await turnEnd();
    assert.deepEqual([...rig.stream.take()], [0x7f, 0x10 | id, 0, 0]);
    assert.equal(rig.session().transport.details.serializer, codec.name);
    assert.equal(rig.session().transport.details.kind, "rawsocket");
    assert.equal(rig.session().transport.details.peer, "tcp4:127.0.0.1:50000");
  }
});

test("RawSocket: limits are announced as the next power of two", () => {
  const cases = [[1, 0], [512, 0], [513, 1], [1000, 1], [131_072, 8], [1 << 24, 15], [
    64 << 20,
    15,
  ]] as const;
  for (const [bytes, code] of cases) assert.equal(lengthCode(bytes), code, `${bytes}`);
});

test("RawSocket: the handshake may come byte by byte, with messages right behind", async () => {
  const rig = serve([0x7f]);
  rig.stream.receive([0xf1]);
  rig.stream.receive([0]);
  rig.stream.receive(concat(new Uint8Array([0]), prefixed(CALL), prefixed(CALL)));
  await turnEnd();
  assert.equal(text(rig.stream.take().subarray(4)), `\0\0\0\x13${RESULT}\0\0\0\x13${RESULT}`);
});

test("RawSocket: refusals carry their error, and nothing is attached", async () => {
  const refusals: [number[], Partial<RawSocketService>, number][] = [
    [[0x7f, 0xf0, 0, 0], {}, 1],
    [[0x7f, 0xf4, 0, 0], {}, 1],
    [[0x7f, 0xf3, 0, 0], { codecs: [json] }, 1],
    [[0x7f, 0xf1, 1, 0], {}, 3],
    [[0x7f, 0xf1, 0, 1], {}, 3],
    [[0x7f, 0xf1, 0, 0], { hasRoom: () => false }, 4],
  ];
  for (const [first, service, error] of refusals) {
    const rig = serve(first, {}, service);
    rig.stream.receive(prefixed(CALL));
    await turnEnd();
    assert.deepEqual([...rig.stream.take()], [0x7f, error << 4, 0, 0]);
    assert.equal(rig.stream.state, "closing");
    assert.throws(() => rig.session(), /no session/);
  }
});

test("RawSocket: a first byte that is not 0x7F ends the connection", () => {
  assert.equal(serve([0x16, 3, 1, 2]).stream.state, "aborted");
});

test("RawSocket: a client understands the reply, and each error", () => {
  assert.equal(replyProblem(new Uint8Array([0x7f, 0xf1, 0, 0]), json), undefined);
  assert.match(
    replyProblem(new Uint8Array([0x7f, 0x10, 0, 0]), json) ?? "",
    /serializer unsupported \(error 1\)/,
  );
  assert.match(replyProblem(new Uint8Array([0x7f, 0x20, 0, 0]), json) ?? "", /length unacceptable/);
  assert.match(replyProblem(new Uint8Array([0x7f, 0x30, 0, 0]), json) ?? "", /reserved bits/);
  assert.match(replyProblem(new Uint8Array([0x7f, 0x40, 0, 0]), json) ?? "", /connection count/);
  assert.match(replyProblem(new Uint8Array([0x7f, 0x70, 0, 0]), json) ?? "", /unknown reason/);
  assert.match(
    replyProblem(new Uint8Array([0x7f, 0xf2, 0, 0]), json) ?? "",
    /found serializer 2, expected 1/,
  );
  assert.match(replyProblem(new Uint8Array([0x48, 0x54, 0x54, 0x50]), json) ?? "", /first byte 72/);
  assert.match(replyProblem(new Uint8Array([0x7f, 0xf1, 0, 1]), json) ?? "", /reserved bits/);
});

test("RawSocket: messages in any pieces are answered in order", async () => {
  const calls = Array.from(
    { length: 20 },
    (_, i) => `[48,${i + 1},{},"test.echo",["${"x".repeat(i * 37)}"]]`,
  );
  const bytes = concat(...calls.map((call) => prefixed(call)));
  const expected = concat(
    ...calls.map((_, i) => prefixed(`[50,${i + 1},{},["${"x".repeat(i * 37)}"]]`)),
  );
  for (const size of [1, 2, 3, 5, 97, 1009, bytes.length]) {
    const rig = await opened();
    rig.stream.receiveInPieces(bytes, size);
    await turnEnd();
    assert.deepEqual(rig.stream.take(), expected, `in pieces of ${size}`);
    assert.deepEqual(rig.faults, []);
  }
});

test("RawSocket: a PING is answered with one PONG of the same payload, a PONG with nothing", async () => {
  const rig = await opened();
  rig.stream.receive(
    concat(prefixed("", 1), prefixed("payload", 1), prefixed("x", 2), prefixed(CALL)),
  );
  await turnEnd();
  assert.deepEqual(
    rig.stream.take(),
    concat(prefixed("", 2), prefixed("payload", 2), prefixed(RESULT)),
  );
});

test("RawSocket: reserved bits and types, and messages over the limit, fail the connection", async () => {
  const cases: [number[], RegExp][] = [
    [[0x10, 0, 0, 0], /reserved bits/],
    [[0x80, 0, 0, 0], /reserved bits/],
    [[0x03, 0, 0, 0], /type 3/],
    [[0x07, 0, 0, 0], /type 7/],
    [[0x00, 0, 4, 1], /1025 bytes, expected at most 1024/],
    [[0x01, 0, 4, 1], /1025 bytes, expected at most 1024/],
    [[0x08, 0, 0, 0], /16777216 bytes, expected at most 1024/],
  ];
  for (const [bytes, failure] of cases) {
    for (const size of [4, 1]) {
      const rig = await opened({ maxMessageBytes: 1000 });
      rig.stream.receiveInPieces(Uint8Array.from(bytes), size);
      rig.stream.receive(prefixed(CALL));
      await turnEnd();
      assert.match(rig.session().failures[0] ?? "", failure);
      assert.equal(rig.session().failures.length, 1);
      assert.equal(rig.stream.state, "closing");
      assert.equal(rig.session().how, "clean");
    }
  }
});

test("RawSocket: exactly 2^24 bytes are said by the X bit, more is refused", async () => {
  const rig = await opened();
  const size = 1 << 24;
  const head = `[48,1,{},"test.echo",["`;
  const body = new Uint8Array(size).fill(0x78);
  body.set(ascii(head));
  body.set(ascii(`"]]`), size - 3);
  rig.stream.receiveInPieces(concat(new Uint8Array([8, 0, 0, 0]), body), 1 << 20);
  await turnEnd();
  const answer = rig.stream.take();
  assert.equal(answer.length, 4 + size - head.length + `[50,1,{},["`.length);
  // As large a message out.
  const filler = size - `[50,1,{},[""]]`.length;
  rig.session().transport.send({
    type: Type.RESULT,
    request: 1,
    details: EMPTY_DICT,
    payload: Payload.of(["y".repeat(filler)]),
  });
  await turnEnd();
  const largest = rig.stream.take();
  assert.equal(largest.length, 4 + size);
  assert.deepEqual([...largest.subarray(0, 4)], [8, 0, 0, 0]);
  rig.stream.receive([8, 0, 0, 1]);
  assert.match(rig.session().failures[0] ?? "", /16777217 bytes/);
});

test("RawSocket: a prefix that announces 16 MiB allocates only what arrives", async () => {
  const rigs = await Promise.all(Array.from({ length: 200 }, () => opened()));
  for (const { stream } of rigs) stream.receive([0, 0xff, 0xff, 0xff, 1, 2, 3]);
  // 200 times 16 MiB would not fit.
  assert.ok(rigs.every(({ stream }) => stream.state === "open"));
});

test("RawSocket: text that is not UTF-8 fails before it is decoded", async () => {
  const rig = await opened();
  rig.stream.receive(
    prefixed(concat(ascii(`[48,1,{},"a.b",["`), new Uint8Array([0xff]), ascii(`"]]`))),
  );
  await turnEnd();
  assert.match(rig.session().failures[0] ?? "", /UTF-8/);
  assert.equal(rig.stream.state, "closing");
});

test("RawSocket: what is no WAMP message goes to fail, what follows is not read", async () => {
  const rig = await opened();
  rig.stream.receive(concat(prefixed("[48,1]"), prefixed(CALL)));
  await turnEnd();
  assert.equal(rig.session().failures.length, 1);
  assert.equal(rig.stream.take().length, 0);
  assert.equal(rig.stream.state, "closing");
});

test("RawSocket: a handshake that does not come in time ends the connection", () => {
  const rig = serve([0x7f], { openHandshakeTimeoutMs: 5000 });
  rig.clock.advance(4900);
  assert.equal(rig.stream.state, "open");
  rig.clock.advance(500);
  assert.equal(rig.stream.state, "aborted");
});

test("RawSocket: a silent peer is pinged, then dropped; messages and pongs keep it", async () => {
  const rig = await opened({ autoPingIntervalMs: 10_000, autoPingTimeoutMs: 5000 });
  const ping = async () => {
    rig.clock.advance(10_300);
    await turnEnd();
    const bytes = rig.stream.take();
    assert.deepEqual([...bytes.subarray(0, 4)], [1, 0, 0, 4]);
    return bytes.subarray(4);
  };
  rig.stream.receive(prefixed(await ping(), 2));
  const other = await ping();
  rig.stream.receive(prefixed(CALL));
  await turnEnd();
  rig.stream.take();
  rig.clock.advance(6000);
  assert.equal(rig.stream.state, "open");
  rig.clock.advance(4400);
  await turnEnd();
  rig.stream.take();
  // The pong of an earlier ping says nothing.
  rig.stream.receive(prefixed(other, 2));
  rig.clock.advance(5300);
  assert.equal(rig.stream.state, "aborted");
  assert.equal(rig.session().how, "timeout");
});

test("RawSocket: nobody is pinged unasked, as Autobahn|Python drops the connection at a ping", async () => {
  const rig = await opened();
  rig.clock.advance(24 * 3600 * 1000);
  await turnEnd();
  assert.equal(rig.stream.take().length, 0);
  assert.equal(rig.stream.state, "open");
});

test("RawSocket: a paused connection is not judged by its pongs", async () => {
  const rig = await opened({ autoPingIntervalMs: 10_000, autoPingTimeoutMs: 5000 });
  rig.session().transport.pause();
  assert.ok(rig.stream.isPaused);
  rig.clock.advance(60_000);
  assert.equal(rig.stream.state, "open");
  rig.session().transport.resume();
  assert.ok(!rig.stream.isPaused);
  rig.clock.advance(16_000);
  assert.equal(rig.stream.state, "aborted");
});

test("RawSocket: the peer's end closes cleanly, a reset is told as such", async () => {
  const rig = await opened();
  rig.stream.receive(prefixed(CALL));
  rig.stream.end();
  await turnEnd();
  assert.equal(rig.session().how, "clean");
  assert.equal(text(rig.stream.take().subarray(4)), RESULT);
  assert.equal(rig.stream.state, "closing");
  const other = await opened();
  other.stream.closed("reset");
  assert.equal(other.session().how, "reset");
  other.session().transport.send({ type: Type.PUBLISHED, request: 1, publication: 1 });
  other.session().transport.end("too late");
  await turnEnd();
});

test("RawSocket: end waits only so long for a peer that does not read", async () => {
  const rig = await opened({ closeTimeoutMs: 1000 });
  rig.stream.takesWrites = false;
  rig.stream.receive(prefixed(CALL));
  await turnEnd();
  rig.session().transport.end("bye");
  rig.clock.advance(900);
  assert.notEqual(rig.stream.state, "aborted");
  rig.clock.advance(400);
  assert.equal(rig.stream.state, "aborted");
  assert.equal(rig.session().how, "timeout");
});
