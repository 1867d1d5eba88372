/**
 * CBOR [RFC 8949] as a serializer: the head is read in place, the arguments stay bytes. HOT.
 * The message itself may have a definite or an indefinite length and begin with the tag of self-described CBOR (55799).
 * Well-formedness: `cbor_scan.ts`; tokens in and out: `cbor_walk.ts`, `cbor_write.ts`. [WAMP serializers]
 */
import { ByteWriter } from "../byte_writer.ts";
import { MAX_ID } from "../id.ts";
import type { InternTable } from "../intern_table.ts";
import { type Dict, EMPTY_DICT } from "../message.ts";
import { Payload, type PayloadValues } from "../payload.ts";
import { DecodeError } from "../protocol_error.ts";
import type { UriTable } from "../uri_table.ts";
import { decodeUtf8 } from "../utf8.ts";
import {
  argument,
  ARGUMENT64,
  argumentSize,
  ARRAY,
  BREAK,
  BYTES,
  INDEFINITE,
  MAP,
  NEGATIVE,
  TAG,
  TEXT,
  UINT,
} from "./cbor_heads.ts";
import { skipValue, truncated } from "./cbor_scan.ts";
import { joinChunks, walkCbor } from "./cbor_walk.ts";
import { CborSink, writeArrayHead, writeDict, writeText, writeUint } from "./cbor_write.ts";
import { type Codec, type Decoder, MAX_DEPTH, type TokenSink } from "./codec.ts";
import { expectDictSize } from "./dict_size.ts";
import { dictTable, payloadValues, tellPayload, ValueBuilder } from "./values.ts";

const EMPTY_MAP = 0xa0;

export const cbor: Codec = {
  name: "cbor",
  isBinary: true,
  rawSocketId: 3,

  decoder(uris: UriTable): Decoder {
    return new CborDecoder(uris);
  },

  newWriter(size: number): ByteWriter {
    return new ByteWriter(size);
  },

  beginMessage: writeArrayHead,
  writeInteger: writeUint,
  writeString: writeText,

  writeDict(writer: ByteWriter, value: Dict): void {
    if (value === EMPTY_DICT) writer.byte(EMPTY_MAP);
    else writeDict(writer, value);
  },

  writePayload(writer: ByteWriter, payload: Payload): void {
    payload.writeTo(writer, cbor);
  },

  endMessage(_writer: ByteWriter): void {},

  writeValues(writer: ByteWriter, values: PayloadValues, count: number): void {
    tellPayload(new CborSink(writer), values, count);
  },

  transcode(writer: ByteWriter, payload: Payload): void {
    const { codec, bytes, start, end, count } = payload;
    codec?.walk(bytes, start, end, count, new CborSink(writer));
  },

  decodePayload(bytes: Uint8Array, start: number, end: number, count: number): PayloadValues {
    const builder = new ValueBuilder();
    walkCbor(bytes, start, end, count, builder);
    return payloadValues(builder.values);
  },

  walk(bytes: Uint8Array, start: number, end: number, count: number, sink: TokenSink): void {
    walkCbor(bytes, start, end, count, sink);
  },
};

class CborDecoder implements Decoder {
  readonly codec = cbor;
  readonly #uris: UriTable;
  readonly #dicts: InternTable<Dict>;
  readonly #stack = new Uint32Array(MAX_DEPTH);
  /** Of the last message that had one. */
  #payload: Payload | undefined = undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  /** Elements of the message still to be read; Infinity when a break tells its end. */
  #left = 0;

  constructor(uris: UriTable) {
    this.#uris = uris;
    this.#dicts = dictTable(uris, walkCbor);
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    const isDescribed = end - start >= 3 && bytes[start] === 0xd9 && bytes[start + 1] === 0xd9 &&
      bytes[start + 2] === 0xf7;
    this.#at = isDescribed ? start + 3 : start;
    this.#left = 1;
    const at = this.#element("a message");
    if ((bytes[at] as number) >>> 5 !== ARRAY) this.#wrong(at, "a message", "a list");
    this.#left = this.#count(at, "a message");
  }

  integer(field: string): number {
    const at = this.#element(field);
    const bytes = this.#bytes;
    const byte = bytes[at] as number;
    const size = argumentSize(byte);
    const behind = at + 1 + size;
    if (byte >>> 5 !== UINT || (byte & 0x1f) > ARGUMENT64) {
      this.#wrong(at, field, "an integer from 0 to 2^53");
    }
    if (behind > this.#end) truncated();
    const value = argument(bytes, byte, at + 1);
    // Beyond 2^53 a double may have been rounded to it: the last byte tells.
    if (value > MAX_ID || (value === MAX_ID && bytes[behind - 1] !== 0)) {
      this.#wrong(at, field, "an integer from 0 to 2^53");
    }
    this.#at = behind;
    return value;
  }

  string(field: string): string {
    const at = this.#element(field);
    const start = this.#text(at, field);
    if (start < 0) return this.#chunks(at);
    return decodeUtf8(this.#bytes, start, this.#at) ?? this.#wrong(at, field, "UTF-8");
  }

  uri(field: string): string {
    const at = this.#element(field);
    const start = this.#text(at, field);
    if (start < 0) return this.#chunks(at);
    return this.#uris.intern(this.#bytes, start, this.#at) ?? this.#wrong(at, field, "UTF-8");
  }

  dict(field: string): Dict {
    const start = this.#element(field);
    if (this.#bytes[start] === EMPTY_MAP) {
      this.#at = start + 1;
      return EMPTY_DICT;
    }
    this.#map(start, field);
    expectDictSize(field, this.#at - start);
    return this.#dicts.intern(this.#bytes, start, this.#at) ?? EMPTY_DICT;
  }

  hasMore(): boolean {
    if (this.#left !== Infinity) return this.#left > 0;
    if (this.#at >= this.#end) truncated();
    return this.#bytes[this.#at] !== BREAK;
  }

  payload(isOpaque: boolean): Payload {
    if (!this.hasMore()) {
      this.end();
      return Payload.EMPTY;
    }
    const start = this.#element("Arguments");
    const major = (this.#bytes[start] as number) >>> 5;
    const isValue = isOpaque && (major === BYTES || major === TEXT);
    if (major !== ARRAY && !isValue) this.#wrong(start, "Arguments", "a list");
    this.#at = skipValue(this.#bytes, start, this.#end, this.#stack, 0);
    let count = 1;
    if (!isValue && this.hasMore()) {
      this.#map(this.#element("ArgumentsKw"), "ArgumentsKw");
      count = 2;
    }
    const end = this.#at;
    this.end();
    return this.#payload = Payload.borrowed(cbor, this.#bytes, start, end, count, this.#payload);
  }

  end(): void {
    if (this.hasMore()) {
      throw new DecodeError("Cannot read a message: found more elements, expected its end");
    }
    if (this.#left === Infinity) this.#at++;
    if (this.#at !== this.#end) {
      throw new DecodeError("Cannot read a message: found bytes behind it, expected its end");
    }
  }

  /** The place of the next element. */
  #element(field: string): number {
    if (!this.hasMore()) {
      throw new DecodeError(`Cannot read ${field}: found the end of the message`);
    }
    if (this.#at >= this.#end) truncated();
    this.#left--;
    return this.#at;
  }

  /** Enters the array or map at `at`; its elements or pairs, Infinity when a break tells their end. */
  #count(at: number, field: string): number {
    const byte = this.#bytes[at] as number;
    const info = byte & 0x1f;
    if (info > ARGUMENT64 && info !== INDEFINITE) this.#wrong(at, field, "a length");
    this.#at = at + 1 + argumentSize(byte);
    if (this.#at > this.#end) truncated();
    return info === INDEFINITE ? Infinity : argument(this.#bytes, byte, at + 1);
  }

  /** Moves behind the text at `at`; where its content begins, negative when it is in chunks. */
  #text(at: number, field: string): number {
    const bytes = this.#bytes;
    const byte = bytes[at] as number;
    const info = byte & 0x1f;
    if (byte >>> 5 !== TEXT) this.#wrong(at, field, "a string");
    if (info > ARGUMENT64) {
      this.#at = skipValue(bytes, at, this.#end, this.#stack, 0);
      return -1;
    }
    const start = at + 1 + argumentSize(byte);
    if (start > this.#end) truncated();
    this.#at = start + argument(bytes, byte, at + 1);
    if (this.#at > this.#end) truncated();
    return start;
  }

  /** The text at `at`, which was checked and is in chunks. */
  #chunks(at: number): string {
    const joined = new ByteWriter(64);
    joinChunks(joined, this.#bytes, at + 1);
    return decodeUtf8(joined.bytes, 0, joined.length) ?? "";
  }

  /** Checks the map at `at`, whose own keys must be strings, and moves behind it. */
  #map(at: number, field: string): void {
    const bytes = this.#bytes;
    const end = this.#end;
    if ((bytes[at] as number) >>> 5 !== MAP) this.#wrong(at, field, "a dictionary");
    const count = this.#count(at, field);
    for (let i = 0; i < count; i++) {
      if (this.#at >= end) truncated();
      const byte = bytes[this.#at] as number;
      if (count === Infinity && byte === BREAK) {
        this.#at++;
        return;
      }
      if (byte >>> 5 !== TEXT) this.#wrong(this.#at, field, "string keys");
      const value = skipValue(bytes, this.#at, end, this.#stack, 1);
      this.#at = skipValue(bytes, value, end, this.#stack, 1);
    }
  }

  #wrong(at: number, field: string, expected: string): never {
    const found = describe(this.#bytes[at] as number);
    throw new DecodeError(`Cannot read ${field}: found ${found}, expected ${expected}`);
  }
}

function describe(byte: number): string {
  switch (byte >>> 5) {
    case UINT:
      return "another integer";
    case NEGATIVE:
      return "a negative integer";
    case BYTES:
      return "a binary value";
    case TEXT:
      return "a string";
    case ARRAY:
      return "a list";
    case MAP:
      return "a dictionary";
    case TAG:
      return "a tag";
    default:
      return byte >= 0xf9 && byte <= 0xfb
        ? "a float"
        : `a value that begins with 0x${byte.toString(16)}`;
  }
}
