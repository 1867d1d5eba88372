/**
 * MessagePack as a serializer: the head is read in place, the arguments stay bytes. HOT.
 * Well-formedness: `msgpack_scan.ts`; tokens in and out: `msgpack_walk.ts`, `msgpack_write.ts`. [WAMP serializers]
 */
import { ByteWriter } from "../byte_writer.ts";
import { MAX_ID } from "../id.ts";
import type { InternTable } from "../intern_table.ts";
import { type Dict, EMPTY_DICT } from "../message.ts";
import { Payload, type PayloadValues } from "../payload.ts";
import { DecodeError } from "../protocol_error.ts";
import type { UriTable } from "../uri_table.ts";
import { decodeUtf8 } from "../utf8.ts";
import { readUint } from "./big_endian.ts";
import { type Codec, type Decoder, MAX_DEPTH, type TokenSink } from "./codec.ts";
import { expectDictSize } from "./dict_size.ts";
import {
  ARRAY16,
  ARRAY32,
  BIN8,
  EXT8,
  FLOAT32,
  FLOAT64,
  INT64,
  INT8,
  MAP16,
  MAP32,
  skipText,
  skipValue,
  STR32,
  STR8,
  truncated,
  UINT64,
  UINT8,
} from "./msgpack_scan.ts";
import { walkMsgpack } from "./msgpack_walk.ts";
import { MsgpackSink, writeArrayHead, writeDict, writeText, writeUint } from "./msgpack_write.ts";
import { dictTable, payloadValues, tellPayload, ValueBuilder } from "./values.ts";

export const msgpack: Codec = {
  name: "msgpack",
  isBinary: true,
  rawSocketId: 2,

  decoder(uris: UriTable): Decoder {
    return new MsgpackDecoder(uris);
  },

  newWriter(size: number): ByteWriter {
    return new ByteWriter(size);
  },

  beginMessage: writeArrayHead,
  writeInteger: writeUint,
  writeString: writeText,

  writeDict(writer: ByteWriter, value: Dict): void {
    if (value === EMPTY_DICT) writer.byte(0x80);
    else writeDict(writer, value);
  },

  writePayload(writer: ByteWriter, payload: Payload): void {
    payload.writeTo(writer, msgpack);
  },

  endMessage(_writer: ByteWriter): void {},

  writeValues(writer: ByteWriter, values: PayloadValues, count: number): void {
    tellPayload(new MsgpackSink(writer), values, count);
  },

  transcode(writer: ByteWriter, payload: Payload): void {
    const { codec, bytes, start, end, count } = payload;
    codec?.walk(bytes, start, end, count, new MsgpackSink(writer));
  },

  decodePayload(bytes: Uint8Array, start: number, end: number, count: number): PayloadValues {
    const builder = new ValueBuilder();
    walkMsgpack(bytes, start, end, count, builder);
    return payloadValues(builder.values);
  },

  walk(bytes: Uint8Array, start: number, end: number, count: number, sink: TokenSink): void {
    walkMsgpack(bytes, start, end, count, sink);
  },
};

class MsgpackDecoder implements Decoder {
  readonly codec = msgpack;
  readonly #uris: UriTable;
  readonly #dicts: InternTable<Dict>;
  readonly #stack = new Uint32Array(MAX_DEPTH);
  /** Of the last message that had one. */
  #payload: Payload | undefined = undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  /** Elements of the message still to be read. */
  #left = 0;

  constructor(uris: UriTable) {
    this.#uris = uris;
    this.#dicts = dictTable(uris, walkMsgpack);
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#left = 1;
    const count = this.#arrayHead();
    if (count < 0) this.#wrong(start, "a message", "a list");
    this.#left = count;
  }

  integer(field: string): number {
    const at = this.#element(field);
    const bytes = this.#bytes;
    const byte = bytes[at] as number;
    if (byte < 0x80) {
      this.#at = at + 1;
      return byte;
    }
    const isUnsigned = byte >= UINT8 && byte <= UINT64;
    const isSigned = byte >= INT8 && byte <= INT64;
    if (!isUnsigned && !isSigned) this.#wrong(at, field, "an integer from 0 to 2^53");
    const size = 1 << ((byte - UINT8) & 3);
    const behind = at + 1 + size;
    if (behind > this.#end) truncated();
    const isNegative = isSigned && (bytes[at + 1] as number) >= 0x80;
    const value = readUint(bytes, at + 1, size);
    // Beyond 2^53 a double may have been rounded to it: the last byte tells.
    if (isNegative || value > MAX_ID || (value === MAX_ID && bytes[behind - 1] !== 0)) {
      this.#wrong(at, field, "an integer from 0 to 2^53");
    }
    this.#at = behind;
    return value;
  }

  string(field: string): string {
    const start = this.#text(field);
    return decodeUtf8(this.#bytes, start, this.#at) ?? this.#wrong(start, field, "UTF-8");
  }

  uri(field: string): string {
    const start = this.#text(field);
    return this.#uris.intern(this.#bytes, start, this.#at) ?? this.#wrong(start, field, "UTF-8");
  }

  dict(field: string): Dict {
    const start = this.#element(field);
    if (this.#bytes[start] === 0x80) {
      this.#at = start + 1;
      return EMPTY_DICT;
    }
    this.#map(start, field);
    expectDictSize(field, this.#at - start);
    return this.#dicts.intern(this.#bytes, start, this.#at) ?? EMPTY_DICT;
  }

  hasMore(): boolean {
    return this.#left > 0;
  }

  payload(isOpaque: boolean): Payload {
    const count = this.#left;
    if (count === 0) {
      this.end();
      return Payload.EMPTY;
    }
    const start = this.#element("Arguments");
    const byte = this.#bytes[start] as number;
    if (!isArray(byte) && !(isOpaque && count === 1 && (isText(byte) || isBinary(byte)))) {
      this.#wrong(start, "Arguments", "a list");
    }
    this.#at = skipValue(this.#bytes, start, this.#end, this.#stack, 0);
    if (count > 1) this.#map(this.#element("ArgumentsKw"), "ArgumentsKw");
    this.end();
    return this.#payload = Payload.borrowed(
      msgpack,
      this.#bytes,
      start,
      this.#at,
      count,
      this.#payload,
    );
  }

  end(): void {
    if (this.#left > 0) {
      throw new DecodeError(
        `Cannot read a message: found ${this.#left} more elements, expected its end`,
      );
    }
    if (this.#at !== this.#end) {
      throw new DecodeError("Cannot read a message: found bytes behind it, expected its end");
    }
  }

  /** The place of the next element. */
  #element(field: string): number {
    if (this.#left === 0) {
      throw new DecodeError(`Cannot read ${field}: found the end of the message`);
    }
    if (this.#at >= this.#end) truncated();
    this.#left--;
    return this.#at;
  }

  /** Reads the head of an array; negative when there is none. */
  #arrayHead(): number {
    const at = this.#at;
    if (at >= this.#end) truncated();
    const byte = this.#bytes[at] as number;
    if (byte >= 0x90 && byte < 0xa0) {
      this.#at = at + 1;
      return byte & 0x0f;
    }
    if (byte !== ARRAY16 && byte !== ARRAY32) return -1;
    return this.#length(at + 1, byte === ARRAY16 ? 2 : 4);
  }

  /** Reads a length of `size` bytes at `at`, and moves behind it. */
  #length(at: number, size: number): number {
    if (at + size > this.#end) truncated();
    this.#at = at + size;
    return readUint(this.#bytes, at, size);
  }

  /** Moves behind a string; where its content begins. Its UTF-8 is checked when it is decoded. */
  #text(field: string): number {
    const at = this.#element(field);
    const byte = this.#bytes[at] as number;
    if (!isText(byte)) this.#wrong(at, field, "a string");
    let length = byte & 0x1f;
    if (byte >= STR8) length = this.#length(at + 1, 1 << (byte - STR8));
    else this.#at = at + 1;
    const start = this.#at;
    this.#at = start + length;
    if (this.#at > this.#end) truncated();
    return start;
  }

  /** Checks the map at `at`, whose own keys must be strings, and moves behind it. */
  #map(at: number, field: string): void {
    const bytes = this.#bytes;
    const byte = bytes[at] as number;
    let count = byte & 0x0f;
    if (byte === MAP16 || byte === MAP32) count = this.#length(at + 1, byte === MAP16 ? 2 : 4);
    else if (byte >= 0x80 && byte < 0x90) this.#at = at + 1;
    else this.#wrong(at, field, "a dictionary");
    for (let i = 0; i < count; i++) {
      if (this.#at >= this.#end) truncated();
      const key = bytes[this.#at] as number;
      if (!isText(key)) this.#wrong(this.#at, field, "string keys");
      let length = key & 0x1f;
      if (key >= STR8) length = this.#length(this.#at + 1, 1 << (key - STR8));
      else this.#at++;
      const start = skipText(bytes, this.#at, this.#at + length, this.#end);
      this.#at = skipValue(bytes, start, this.#end, this.#stack, 1);
    }
  }

  #wrong(at: number, field: string, expected: string): never {
    const found = describe(this.#bytes[at] as number);
    throw new DecodeError(`Cannot read ${field}: found ${found}, expected ${expected}`);
  }
}

function isText(byte: number): boolean {
  return (byte >= 0xa0 && byte < 0xc0) || (byte >= STR8 && byte <= STR32);
}

function isArray(byte: number): boolean {
  return (byte >= 0x90 && byte < 0xa0) || byte === ARRAY16 || byte === ARRAY32;
}

function isBinary(byte: number): boolean {
  return byte >= BIN8 && byte < EXT8;
}

function describe(byte: number): string {
  if (byte < 0x80 || byte >= 0xe0 || (byte >= UINT8 && byte <= INT64)) return "another integer";
  if (byte === FLOAT32 || byte === FLOAT64) return "a float";
  if (isText(byte)) return "a string";
  if (isArray(byte)) return "a list";
  if (isBinary(byte)) return "a binary value";
  if (byte < 0x90 || byte >= MAP16) return "a dictionary";
  return `a value that begins with 0x${byte.toString(16)}`;
}
