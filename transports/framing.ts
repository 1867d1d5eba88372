/**
 * Frames that many peers share: an EVENT is encoded and framed once for all subscribers of a kind. HOT.
 * One object per kind and codec, made by `host.ts`, is the key under which `wamp/outgoing.ts` keeps the frame.
 */
import { ByteWriter } from "../wamp/byte_writer.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import type { Message } from "../wamp/message.ts";
import type { Framing } from "../wamp/outgoing.ts";
import { serialize } from "../wamp/serialize.ts";
import { FIN, headerBytes, Opcode, writeHeader } from "./websocket_frame.ts";

/** A scratch that has grown beyond this is left to the collector. */
const KEPT_SCRATCH = 262_144;
const MAX_HEADER_BYTES = 10;

/** The opcode of a codec's messages. */
export function opcodeOf(codec: Codec): number {
  return codec.isBinary ? Opcode.BINARY : Opcode.TEXT;
}

/** Encodes a message behind room for a header; reused from message to message. */
class Scratch {
  readonly #codec: Codec;
  #writer = new ByteWriter(1024);

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  encode(message: Message): ByteWriter {
    if (this.#writer.bytes.length > KEPT_SCRATCH) this.#writer = new ByteWriter(1024);
    const writer = this.#writer;
    writer.length = MAX_HEADER_BYTES;
    serialize(writer, this.#codec, message);
    return writer;
  }
}

/** A whole unmasked WebSocket message. */
export class WebSocketFraming implements Framing {
  readonly #scratch: Scratch;
  readonly #first: number;

  constructor(codec: Codec) {
    this.#scratch = new Scratch(codec);
    this.#first = FIN | opcodeOf(codec);
  }

  frame(message: Message): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this.#scratch.encode(message);
    const payloadBytes = length - MAX_HEADER_BYTES;
    const start = MAX_HEADER_BYTES - headerBytes(payloadBytes);
    writeHeader(bytes, start, this.#first, payloadBytes, undefined);
    return bytes.slice(start, length);
  }
}

/** A RawSocket message with its prefix. */
export class RawSocketFraming implements Framing {
  readonly #scratch: Scratch;

  constructor(codec: Codec) {
    this.#scratch = new Scratch(codec);
  }

  frame(message: Message): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this.#scratch.encode(message);
    const start = MAX_HEADER_BYTES - 4;
    writePrefix(bytes, start, 0, length - MAX_HEADER_BYTES);
    return bytes.slice(start, length);
  }
}

/** The message alone, for connections that put it into a batch, a mask or a compressed stream of their own. */
export class BareFraming implements Framing {
  readonly #scratch: Scratch;

  constructor(codec: Codec) {
    this.#scratch = new Scratch(codec);
  }

  frame(message: Message): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this.#scratch.encode(message);
    return bytes.slice(MAX_HEADER_BYTES, length);
  }
}

/** RawSocket's four bytes before each message. 2^24 does not fit into 24 bits: the X bit says it. [WAMP rawsocket] */
export function writePrefix(bytes: Uint8Array, at: number, type: number, length: number): void {
  bytes[at] = ((length >>> 24) << 3) | type;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}
