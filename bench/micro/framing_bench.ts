/**
 * What framing costs: nanoseconds a message, best of several rounds, no sockets. 64 messages arrive in a read, as under load.
 * `deno run -A bench/micro/framing_bench.ts [word...]` or `bun run bench/micro/framing_bench.ts [word...]`: only rows with these words.
 */
import { EchoSession } from "../../tests/kit/echo_router.ts";
import { frame } from "../../tests/kit/websocket_peer.ts";
import { newStats } from "../../transports/host.ts";
import { Outbox } from "../../transports/outbox.ts";
import { startRawSocket } from "../../transports/rawsocket.ts";
import { startWebSocket } from "../../transports/websocket_link.ts";
import { applyMask, FrameReader } from "../../transports/websocket_frame.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
} from "../../transports/websocket_options.ts";
import { ByteWriter } from "../../wamp/byte_writer.ts";
import type { Codec } from "../../wamp/codec/codec.ts";
import { cbor } from "../../wamp/codec/cbor.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { serialize } from "../../wamp/serialize.ts";
import { endTurn, host, NullStream, row } from "./framing_kit.ts";

const PER_READ = 64;
const READ_BYTES = 65_536;

function callOf(size: number): Message {
  return {
    type: Type.CALL,
    request: 77,
    options: EMPTY_DICT,
    procedure: "com.myapp.procedure.add2",
    payload: Payload.of(["x".repeat(Math.max(0, size - 40))]),
  };
}

function encoded(codec: Codec, message: Message): Uint8Array {
  const writer = new ByteWriter(64);
  serialize(writer, codec, message);
  return writer.toBytes();
}

function repeated(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) all.set(bytes, i * bytes.length);
  return all;
}

// Masks.
for (const size of [32, 128, 512, 1024, 4096, 65_536]) {
  const bytes = new Uint8Array(size + 3);
  row(`mask ${size} B`, 1, () => applyMask(bytes, 3, size + 3, 0x12345678, 0, undefined));
  row(`mask ${size} B, plain loop`, 1, () => {
    const key = [0x12, 0x34, 0x56, 0x78];
    for (let i = 0; i < size; i++) bytes[i + 3] = (bytes[i + 3] as number) ^ (key[i & 3] as number);
  });
}

// Frames alone.
for (const size of [32, 128, 1024]) {
  const template = repeated(frame({ opcode: 2, payload: new Uint8Array(size) }), PER_READ);
  const buffer = new Uint8Array(template.length);
  let bytes = 0;
  const reader = new FrameReader(
    {
      frame: () => {},
      payload: (_, start, end) => bytes += end - start,
      violated: (text) => {
        throw new Error(text);
      },
    },
    { isMasked: true, appliesMask: true, extensionBits: 0 },
  );
  row(`frame reader ${size} B`, PER_READ, () => {
    buffer.set(template);
    reader.read(buffer, 0, buffer.length);
  });
}

// The whole way in, and in and out.
for (const codec of [json, msgpack, cbor]) {
  for (const size of [128, 1024]) {
    const message = encoded(codec, callOf(size));
    for (const isEcho of [false, true]) {
      const what = isEcho ? "echo" : "receive";
      const attach = (transport: ConstructorParameters<typeof EchoSession>[0]) =>
        isEcho
          ? new EchoSession(transport)
          : { receive: () => {}, fail: () => {}, closed: () => {} };
      const shared = {
        host,
        stats: newStats(),
        details: { kind: "websocket", serializer: "", peer: "", isSecure: false } as const,
        attach,
      };
      {
        const stream = new NullStream();
        startWebSocket(stream, {
          ...shared,
          role: "server",
          options: { ...DEFAULT_WEBSOCKET_OPTIONS, autoPingIntervalMs: 0 },
          subprotocol: { name: "", codec, isBatched: false },
          deflate: undefined,
          outbox: new Outbox(stream, host.turnOf(stream), host.writers),
        });
        const template = repeated(
          frame({ opcode: codec.isBinary ? 2 : 1, payload: message }),
          PER_READ,
        );
        const buffer = new Uint8Array(template.length);
        row(`websocket ${codec.name} ${what} ${size} B`, PER_READ, () => {
          buffer.set(template);
          stream.onData(buffer);
          endTurn();
        });
      }
      {
        const stream = new NullStream();
        startRawSocket(stream, {
          ...shared,
          options: { ...DEFAULT_RAWSOCKET_OPTIONS, autoPingIntervalMs: 0 },
          codec,
          maxSendBytes: 1 << 24,
          outbox: new Outbox(stream, host.turnOf(stream), host.writers),
        });
        const prefixed = new Uint8Array(4 + message.length);
        prefixed.set([0, message.length >> 16, message.length >> 8, message.length]);
        prefixed.set(message, 4);
        const template = repeated(prefixed, PER_READ);
        const buffer = new Uint8Array(template.length);
        row(`rawsocket ${codec.name} ${what} ${size} B`, PER_READ, () => {
          buffer.set(template);
          stream.onData(buffer);
          endTurn();
        });
      }
    }
  }
}

// Large messages, which come in several reads.
for (const size of [60_000, 1_000_000]) {
  const stream = new NullStream();
  startWebSocket(stream, {
    role: "server",
    host,
    stats: newStats(),
    options: { ...DEFAULT_WEBSOCKET_OPTIONS, autoPingIntervalMs: 0 },
    subprotocol: { name: "", codec: msgpack, isBatched: false },
    deflate: undefined,
    outbox: new Outbox(stream, host.turnOf(stream), host.writers),
    details: { kind: "websocket", serializer: "", peer: "", isSecure: false },
    attach: (transport) => new EchoSession(transport),
  });
  const message = encoded(msgpack, callOf(size));
  const template = frame({ opcode: 2, payload: message });
  const buffer = new Uint8Array(READ_BYTES);
  row(`websocket msgpack echo ${size} B in reads of 64 KiB`, 1, () => {
    // Shifted, so that a message rarely begins with a read.
    for (let at = -5000; at < template.length; at += READ_BYTES) {
      const piece = template.subarray(Math.max(0, at), at + READ_BYTES);
      buffer.set(piece);
      stream.onData(buffer.subarray(0, piece.length));
    }
    endTurn();
  });
}
