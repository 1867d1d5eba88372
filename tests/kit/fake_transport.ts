/**
 * A connection in memory that speaks real bytes: what goes in passes a codec's decoder, and its buffer is overwritten once the
 * router returns, as read buffers are; what comes out is encoded at once and read back by another library.
 */
import { decode as decodeMsgpack, encode as encodeMsgpack } from "@msgpack/msgpack";
import { decode as decodeCbor, encode as encodeCbor } from "cborg";
import type { MessageHandler, Transport, TransportDetails } from "../../router/ports.ts";
import { ByteWriter } from "../../wamp/byte_writer.ts";
import { cbor } from "../../wamp/codec/cbor.ts";
import type { Codec, Decoder } from "../../wamp/codec/codec.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { type Message, Type, typeNames } from "../../wamp/message.ts";
import type { Framing, Outgoing } from "../../wamp/outgoing.ts";
import { parse } from "../../wamp/parse.ts";
import { ProtocolError } from "../../wamp/protocol_error.ts";
import { serialize } from "../../wamp/serialize.ts";
import { UriTable } from "../../wamp/uri_table.ts";

/** A message as the specification writes it, but with the name of its type: `["EVENT", 5512315355, 4429313566, {}, ["Hello"]]`. */
export type Wire = readonly [name: string, ...elements: unknown[]];

/** One serializer, seen from both sides: the router's codec, and another library as the peer. */
class Format implements Framing {
  readonly codec: Codec;
  readonly decoder: Decoder;
  readonly #encode: (value: unknown) => Uint8Array;
  readonly #decode: (bytes: Uint8Array) => unknown;

  constructor(
    codec: Codec,
    encode: (value: unknown) => Uint8Array,
    decode: (bytes: Uint8Array) => unknown,
  ) {
    this.codec = codec;
    this.decoder = codec.decoder(new UriTable(0));
    this.#encode = encode;
    this.#decode = decode;
  }

  frame(message: Message): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(64);
    serialize(writer, this.codec, message);
    return writer.toBytes();
  }

  /** A message of a peer as bytes in a buffer that is the caller's. */
  bytes([name, ...elements]: Wire): Uint8Array {
    const code = Object.entries(Type).find(([known]) => known === name)?.[1] ?? name;
    return this.#encode([code, ...elements]).slice();
  }

  wire(bytes: Uint8Array): Wire {
    const [code, ...elements] = this.#decode(bytes) as [number, ...unknown[]];
    return [typeNames.get(code) ?? String(code), ...elements];
  }
}

const formats = {
  json: new Format(
    json,
    (value) => new TextEncoder().encode(JSON.stringify(value)),
    (bytes) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
  ),
  msgpack: new Format(msgpack, (value) => encodeMsgpack(value), (bytes) => decodeMsgpack(bytes)),
  cbor: new Format(cbor, (value) => encodeCbor(value), (bytes) => decodeCbor(bytes)),
};
export type FormatName = keyof typeof formats;

export class FakeTransport implements Transport {
  readonly details: TransportDetails;
  /** What the router sent and nobody has taken yet. */
  readonly sent: Wire[] = [];
  /** Why the router ended the connection; undefined while it stands. */
  endReason: string | undefined = undefined;
  isPaused = false;
  /** Bytes that the peer is said not to have taken. */
  waiting = 0;
  /** The router gave the peer up, as it does not read. */
  isDropped = false;
  /** Messages that do not fit the peer. */
  refuses: (wire: Wire) => boolean = () => false;
  omitted = 0;
  #awaitsRoom: (() => void) | undefined = undefined;
  readonly #format: Format;
  #isClosed = false;

  constructor(format: FormatName = "json") {
    this.#format = formats[format];
    this.details = {
      kind: "websocket",
      serializer: format,
      peer: "tcp4:127.0.0.1:50000",
      isSecure: false,
    };
  }

  send(message: Message): void {
    this.#push(this.#format.wire(this.#format.frame(message)));
  }

  deliver(outgoing: Outgoing): void {
    this.#push(this.#format.wire(outgoing.framed(this.#format)));
  }

  #push(wire: Wire): void {
    if (!this.#takes) return;
    if (this.refuses(wire)) this.omitted++;
    else this.sent.push(wire);
  }

  get #takes(): boolean {
    return !this.#isClosed && !this.isDropped && this.endReason === undefined;
  }

  end(reason: string): void {
    this.endReason ??= reason;
  }

  whenRoom(_bytes: number, run: () => void): void {
    this.#awaitsRoom = run;
  }

  /** The peer has read. */
  makeRoom(): void {
    const run = this.#awaitsRoom;
    this.#awaitsRoom = undefined;
    run?.();
  }

  drop(): void {
    this.isDropped = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** A message of the peer arrives. */
  receive(handler: MessageHandler, wire: Wire): void {
    this.receiveBytes(handler, this.#format.bytes(wire));
  }

  /** Bytes of the peer arrive, one message or none; the buffer is used up. */
  receiveBytes(handler: MessageHandler, bytes: Uint8Array): void {
    if (this.#isClosed) return;
    let message: Message | undefined;
    try {
      message = parse(this.#format.decoder, bytes, 0, bytes.length);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      handler.fail(cause);
    }
    if (message !== undefined) handler.receive(message);
    bytes.fill(0xdd);
    if (message !== undefined && "payload" in message) message.payload.expire();
    if (this.endReason !== undefined) this.close(handler, "clean");
  }

  /** The connection is gone, once. */
  close(handler: MessageHandler, how: "clean" | "reset" | "timeout" | "slow"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    handler.closed(how);
  }
}
