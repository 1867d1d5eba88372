/**
 * JSON [RFC 8259] as a serializer: the head is read in place, the arguments stay bytes. HOT.
 * Checks the grammar of every byte, but not the UTF-8: the transport has done that for the whole message.
 * Grammar: `json_scan.ts`; tokens in and out: `json_walk.ts`, `json_write.ts`. [WAMP serializers]
 */
import { ByteWriter } from "../byte_writer.ts";
import type { InternTable } from "../intern_table.ts";
import { type Dict, EMPTY_DICT } from "../message.ts";
import { Payload, type PayloadValues } from "../payload.ts";
import { DecodeError } from "../protocol_error.ts";
import type { UriTable } from "../uri_table.ts";
import { decodeUtf8 } from "../utf8.ts";
import { type Codec, type Decoder, MAX_DEPTH } from "./codec.ts";
import { expectDictSize } from "./dict_size.ts";
import { ARRAY, ARRAY_END, COMMA, OBJECT, OBJECT_END, QUOTE, ZERO } from "./json_chars.ts";
import { JsonFault, plainEnd, skipSpace, skipString, skipValue } from "./json_scan.ts";
import { decodeJson } from "./json_values.ts";
import { unescape, walkJson } from "./json_walk.ts";
import { JsonSink, writeDict, writeDigits, writeText } from "./json_write.ts";
import { dictTable, tellPayload } from "./values.ts";

export const json: Codec = {
  name: "json",
  isBinary: false,
  rawSocketId: 1,

  decoder(uris: UriTable): Decoder {
    return new JsonDecoder(uris);
  },

  newWriter(size: number): ByteWriter {
    return new ByteWriter(size);
  },

  beginMessage(writer: ByteWriter, _count: number): void {
    writer.byte(ARRAY);
  },

  writeInteger(writer: ByteWriter, value: number): void {
    writeDigits(writer, value);
    writer.byte(COMMA);
  },

  writeString(writer: ByteWriter, value: string): void {
    writeText(writer, value);
    writer.byte(COMMA);
  },

  writeDict(writer: ByteWriter, value: Dict): void {
    if (value === EMPTY_DICT) writer.ascii("{},");
    else writeDict(writer, value);
  },

  writePayload(writer: ByteWriter, payload: Payload): void {
    if (payload.count === 0) return;
    payload.writeTo(writer, json);
    writer.byte(COMMA);
  },

  endMessage(writer: ByteWriter): void {
    writer.bytes[writer.length - 1] = ARRAY_END;
  },

  writeValues(writer: ByteWriter, values: PayloadValues, count: number): void {
    tellPayload(new JsonSink(writer), values, count);
    if (count > 0) writer.length--;
  },

  transcode(writer: ByteWriter, payload: Payload): void {
    const { codec, bytes, start, end, count } = payload;
    codec?.walk(bytes, start, end, count, new JsonSink(writer));
    if (count > 0) writer.length--;
  },

  decodePayload: decodeJson,
  walk: walkJson,
};

class JsonDecoder implements Decoder {
  readonly codec = json;
  readonly #uris: UriTable;
  readonly #dicts: InternTable<Dict>;
  readonly #stack = new Uint8Array(MAX_DEPTH);
  /** Of the last message that had one. */
  #payload: Payload | undefined = undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #at = 0;
  #end = 0;
  #isFirst = true;

  constructor(uris: UriTable) {
    this.#uris = uris;
    this.#dicts = dictTable(uris, walkJson);
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    const at = skipSpace(bytes, start, end);
    if (at === end || bytes[at] !== ARRAY) this.#wrong(at, "a message", "a list");
    this.#at = at + 1;
    this.#isFirst = true;
  }

  integer(field: string): number {
    const bytes = this.#bytes;
    const start = this.#element(field);
    const end = this.#end;
    let at = start;
    let value = 0;
    let last = 0;
    for (; at < end; at++) {
      last = (bytes[at] as number) - ZERO;
      if (last < 0 || last > 9) break;
      value = value * 10 + last;
    }
    const count = at - start;
    const isNumber = count > 0 && (count === 1 || bytes[start] !== ZERO) && !this.#isMore(at);
    if (!isNumber || count > MAX_DIGITS || (count === MAX_DIGITS && !isExact(bytes, start))) {
      this.#wrong(start, field, "an integer from 0 to 2^53");
    }
    this.#at = at;
    return value;
  }

  string(field: string): string {
    const start = this.#element(field);
    if (this.#bytes[start] !== QUOTE) this.#wrong(start, field, "a string");
    const end = this.#skipString(start + 1);
    this.#at = end;
    let text = decodeUtf8(this.#bytes, start + 1, end - 1);
    if (text?.includes("\\")) {
      const plain = unescape(this.#bytes, start + 1, end - 1);
      text = decodeUtf8(plain.bytes, 0, plain.length);
    }
    return text ?? this.#wrong(start, field, "UTF-8");
  }

  uri(field: string): string {
    const start = this.#element(field);
    const bytes = this.#bytes;
    if (bytes[start] !== QUOTE) this.#wrong(start, field, "a string");
    const end = this.#end;
    const at = plainEnd(bytes, start + 1, end);
    if (at < end && bytes[at] === QUOTE) {
      this.#at = at + 1;
      return this.#uris.intern(bytes, start + 1, at) ?? this.#wrong(start, field, "UTF-8");
    }
    this.#at = this.#skipString(at);
    const plain = unescape(bytes, start + 1, this.#at - 1);
    return this.#uris.intern(plain.bytes, 0, plain.length) ?? this.#wrong(start, field, "UTF-8");
  }

  dict(field: string): Dict {
    const start = this.#element(field);
    const bytes = this.#bytes;
    if (bytes[start] !== OBJECT) this.#wrong(start, field, "a dictionary");
    const inside = skipSpace(bytes, start + 1, this.#end);
    if (inside < this.#end && bytes[inside] === OBJECT_END) {
      this.#at = inside + 1;
      return EMPTY_DICT;
    }
    this.#at = this.#skipValue(start);
    expectDictSize(field, this.#at - start);
    return this.#dicts.intern(this.#bytes, start, this.#at) ?? EMPTY_DICT;
  }

  hasMore(): boolean {
    const at = skipSpace(this.#bytes, this.#at, this.#end);
    if (at === this.#end) this.#malformed(at);
    return this.#bytes[at] !== ARRAY_END;
  }

  payload(isOpaque: boolean): Payload {
    if (!this.hasMore()) {
      this.end();
      return Payload.EMPTY;
    }
    const start = this.#element("Arguments");
    let count = 1;
    const first = this.#bytes[start];
    if (first !== ARRAY && !(isOpaque && first === QUOTE)) {
      this.#wrong(start, "Arguments", "a list");
    }
    let end = this.#at = this.#skipValue(start);
    if (first === ARRAY && this.hasMore()) {
      const second = this.#element("ArgumentsKw");
      if (this.#bytes[second] !== OBJECT) this.#wrong(second, "ArgumentsKw", "a dictionary");
      end = this.#at = this.#skipValue(second);
      count = 2;
    }
    this.end();
    return this.#payload = Payload.borrowed(json, this.#bytes, start, end, count, this.#payload);
  }

  end(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    const at = skipSpace(bytes, this.#at, end);
    if (at === end || bytes[at] !== ARRAY_END) this.#wrong(at, "a message", "its end");
    const behind = skipSpace(bytes, at + 1, end);
    if (behind !== end) this.#wrong(behind, "a message", "nothing behind it");
  }

  /** The place where the next element begins, behind its comma. */
  #element(field: string): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = skipSpace(bytes, this.#at, end);
    if (this.#isFirst) this.#isFirst = false;
    else {
      if (at === end || bytes[at] !== COMMA) this.#wrong(at, field, `"," and the field`);
      at = skipSpace(bytes, at + 1, end);
    }
    if (at === end) this.#wrong(at, field, "the field");
    return at;
  }

  /** True when what looked like an integer goes on: as a fraction, or as no number at all. */
  #isMore(at: number): boolean {
    const byte = this.#bytes[at] as number;
    return at < this.#end && byte !== COMMA && byte !== ARRAY_END && byte > 0x20;
  }

  #skipValue(at: number): number {
    try {
      return skipValue(this.#bytes, at, this.#end, this.#stack);
    } catch (cause) {
      if (cause instanceof JsonFault) this.#malformed(cause.at);
      throw cause;
    }
  }

  #skipString(at: number): number {
    try {
      return skipString(this.#bytes, at, this.#end);
    } catch (cause) {
      if (cause instanceof JsonFault) this.#malformed(cause.at);
      throw cause;
    }
  }

  #malformed(at: number): never {
    const byte = this.#bytes[at] as number;
    const isVisible = byte > 0x20 && byte < 0x7f;
    const character = isVisible ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16)}`;
    throw new DecodeError(
      `Cannot read JSON: found ${at < this.#end ? character : "the end"} at byte ${
        at - this.#start
      }, expected what RFC 8259 allows there`,
    );
  }

  #wrong(at: number, field: string, expected: string): never {
    const found = at < this.#end ? describe(this.#bytes[at] as number) : "the end";
    throw new DecodeError(`Cannot read ${field}: found ${found}, expected ${expected}`);
  }
}

/** Digits of 2^53. */
const MAX_DIGITS = 16;

/** False when the 16 digits at `start` are an integer beyond 2^53, which a double would round. */
function isExact(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < MAX_DIGITS; i++) {
    const difference = (bytes[start + i] as number) - "9007199254740992".charCodeAt(i);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

function describe(byte: number): string {
  switch (byte) {
    case QUOTE:
      return "a string";
    case ARRAY:
      return "a list";
    case OBJECT:
      return "a dictionary";
    case ARRAY_END:
      return "the end of the message";
    case 0x74: // t
    case 0x66: // f
      return "a boolean";
    case 0x6e: // n
      return "null";
    default:
      return byte >= ZERO && byte <= 0x39 ? "another number" : `byte 0x${byte.toString(16)}`;
  }
}
