/**
 * What a serializer must offer; `codecs.ts` lists them.
 * A codec knows bytes, not messages: the grammar of messages stands once, in `../parse.ts` and `../serialize.ts`, and asks
 * the codec for one element after the other. Called by both and by `../payload.ts`. [WAMP serializers]
 */
import type { ByteWriter } from "../byte_writer.ts";
import type { Dict } from "../message.ts";
import type { Payload, PayloadValues } from "../payload.ts";
import type { UriTable } from "../uri_table.ts";

export interface Codec {
  readonly name: "json" | "msgpack" | "cbor";
  /** True: WebSocket binary messages. False: text, and the transport checks that the bytes are UTF-8 before decoding. */
  readonly isBinary: boolean;
  /** SERIALIZER in the RawSocket handshake. [WAMP transport_rawsocket] */
  readonly rawSocketId: number;

  /** A decoder with a cursor of its own. Not re-entrant: one `decode` ends before the next begins. */
  decoder(uris: UriTable): Decoder;

  /** Room for `size` bytes that the codec may write to. */
  newWriter(size: number): ByteWriter;
  /** Starts a message of `count` elements; the elements follow, then `endMessage`. */
  beginMessage(writer: ByteWriter, count: number): void;
  /** A non-negative integer up to 2^53. */
  writeInteger(writer: ByteWriter, value: number): void;
  writeString(writer: ByteWriter, value: string): void;
  writeDict(writer: ByteWriter, value: Dict): void;
  /** The elements of `payload`, its count being part of the `count` of `beginMessage`. */
  writePayload(writer: ByteWriter, payload: Payload): void;
  endMessage(writer: ByteWriter): void;

  /** The elements of a payload made from values: args, kwargs if `count` is 2, or the opaque value; as `Payload.writeTo`. */
  writeValues(writer: ByteWriter, values: PayloadValues, count: number): void;
  /** The elements of a payload of another codec, token by token: integers of 64 bits, floats and binary values survive. What the
   * other codec lacks becomes what the head of its `*_write.ts` says. */
  transcode(writer: ByteWriter, payload: Payload): void;
  /** Values of `count` elements in `bytes[start..end)`, which a decoder has checked. */
  decodePayload(bytes: Uint8Array, start: number, end: number, count: number): PayloadValues;
  /** Tells the tokens of `count` checked elements to `sink`, in order: what `transcode` of the other codecs reads from. */
  walk(bytes: Uint8Array, start: number, end: number, count: number, sink: TokenSink): void;
}

/** A cursor over the elements of one message. Each method reads the next element or throws DecodeError naming `field`. */
export interface Decoder {
  readonly codec: Codec;
  /** Takes up the message `bytes[start..end)`: enters its outer array. */
  begin(bytes: Uint8Array, start: number, end: number): void;
  /** An integer from 0 to 2^53. */
  integer(field: string): number;
  string(field: string): string;
  /** A string that is expected again and again: interned. Its syntax is not checked here. */
  uri(field: string): string;
  /** A dictionary with string keys; `EMPTY_DICT` when it is empty. Frozen, as the same bytes may give the same object again. */
  dict(field: string): Dict;
  /** True when another element follows. */
  hasMore(): boolean;
  /** The remaining elements: none, a list, or a list and a dictionary, checked to be well-formed. With `isOpaque` also one
   * binary value or string. Ends the message: nothing may follow, inside or behind it. */
  payload(isOpaque: boolean): Payload;
  /** Nothing may follow, inside or behind the message. */
  end(): void;
}

/** Receives the tokens of a payload. Ranges are valid during the call only. */
export interface TokenSink {
  nil(): void;
  boolean(value: boolean): void;
  /** An integer up to 2^53 in magnitude. */
  integer(value: number): void;
  /** An integer beyond 2^53 in magnitude: of 64 bits, or a bignum of CBOR or JavaScript. */
  bigint(value: bigint): void;
  /** A floating point number, also when it has no fraction: 1.0 stays a float. NaN and infinities included. */
  float(value: number): void;
  /** Text: valid UTF-8, unescaped. */
  string(bytes: Uint8Array, start: number, end: number): void;
  binary(bytes: Uint8Array, start: number, end: number): void;
  beginArray(count: number): void;
  endArray(): void;
  beginMap(count: number): void;
  /** The key of the next value of a map: as `string`. */
  key(bytes: Uint8Array, start: number, end: number): void;
  endMap(): void;
}

/** Nesting beyond this is refused: it serves only to exhaust the stack of a peer. */
export const MAX_DEPTH = 128;
