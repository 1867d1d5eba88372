/** The testees beyond the rules of WebSocket: streams of bytes, and peers that do not read. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { ByteStream } from "../../transports/byte_stream.ts";
import { newStats, TransportHost } from "../../transports/host.ts";
import { listen } from "../../transports/listen.ts";
import { serveStreamTestee, serveTestee } from "../../transports/testee.ts";
import { parseUpgrade } from "../../transports/websocket_handshake.ts";
import { DEFAULT_WEBSOCKET_OPTIONS } from "../../transports/websocket_options.ts";
import { FakeByteStream, turnEnd } from "../kit/fake_byte_stream.ts";
import {
  ascii,
  closeCodeOf,
  fakeHost,
  frame,
  framesIn,
  text,
  upgradeText,
} from "../kit/websocket_peer.ts";

test("Stream testee: bytes come back in order, and a peer that does not read is not read from", async () => {
  const { host } = fakeHost();
  const stream = new FakeByteStream();
  stream.takesWrites = false;
  serveStreamTestee(stream, host);
  stream.receive(ascii("one "));
  await turnEnd();
  stream.receive(ascii("two "));
  stream.receive(new Uint8Array(300_000).fill(0x2a));
  assert.ok(stream.isPaused);
  await turnEnd();
  stream.drain();
  assert.ok(stream.isPaused);
  stream.drain();
  assert.ok(!stream.isPaused);
  stream.end();
  await turnEnd();
  const bytes = stream.take();
  assert.equal(bytes.length, 300_008);
  assert.equal(text(bytes.subarray(0, 9)), "one two *");
  assert.equal(stream.state, "closing");
});

test("Stream testee: megabytes over a socket", async () => {
  const host = new TransportHost({
    onFault: (error) => {
      throw error;
    },
  });
  const streams: ByteStream[] = [];
  const listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, (stream) => {
    streams.push(stream);
    serveStreamTestee(stream, host);
  });
  if ("path" in listener.address) throw new Error();
  const sent = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >> 3);
  const received = new Uint8Array(sent.length);
  let at = 0;
  const socket = connect(listener.address.port, "127.0.0.1");
  const ended = new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk: Uint8Array) => {
      received.set(chunk, at);
      at += chunk.length;
    });
    socket.on("end", resolve);
    socket.on("error", reject);
  });
  socket.end(sent);
  await ended;
  assert.equal(at, sent.length);
  assert.deepEqual(received, sent);
  await listener.close();
});

test("WebSocket testee: a peer that asks for ever more without reading is closed", async () => {
  const slowConsumers = { policy: "close", limitBytes: 10_000, hardLimitBytes: 20_000 } as const;
  const { host, clock } = fakeHost({ slowConsumers });
  const stats = newStats();
  const stream = new FakeByteStream();
  const first = ascii(upgradeText());
  const parsed = parseUpgrade(first, first.length);
  if (parsed.kind !== "upgrade") throw new Error();
  serveTestee(stream, { ...parsed, first }, { host, stats, options: DEFAULT_WEBSOCKET_OPTIONS });
  await turnEnd();
  stream.take();
  stream.takesWrites = false;
  for (let i = 0; i < 20; i++) stream.receive(frame({ opcode: 2, payload: new Uint8Array(5000) }));
  await turnEnd();
  assert.equal(stats.closedSlowConsumers, 1);
  stream.drain();
  assert.equal(closeCodeOf(framesIn(stream.take()).at(-1)), 1008);
  clock.advance(3000);
  assert.equal(stream.state, "aborted");
});
