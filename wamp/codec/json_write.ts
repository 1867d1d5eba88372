/**
 * JSON's bytes for single values, and tokens to JSON. HOT.
 * Every value is written with a comma behind it, which the end of its container turns into the closing bracket: nobody has to
 * know who is first. Escapes are minimal; floats keep a fraction or an exponent, so that they stay floats; NaN and the
 * infinities, which JSON lacks, become null; binary becomes U+0000 and Base64. [WAMP binary-support-in-json]
 */
import { encodeBase64 } from "../base64.ts";
import { ByteWriter } from "../byte_writer.ts";
import {
  ARRAY,
  ARRAY_END,
  BACKSLASH,
  COLON,
  COMMA,
  MINUS,
  OBJECT,
  OBJECT_END,
  QUOTE,
  ZERO,
} from "./json_scan.ts";
import type { TokenSink } from "./codec.ts";
import type { ValueSink } from "./values.ts";

const ENCODER = new TextEncoder();

/** For each byte that must be escaped, its escape. */
const ESCAPES: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const isSpecial = byte < 0x20 || byte === QUOTE || byte === BACKSLASH;
  return isSpecial
    ? ENCODER.encode(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))
    : undefined;
});

/** Digits of an integer from 0 to 2^53. */
export function writeDigits(writer: ByteWriter, value: number): void {
  writer.reserve(16);
  const bytes = writer.bytes;
  let length = 1;
  for (let power = 10; power <= value; power *= 10) length++;
  let at = writer.length += length;
  let rest = value;
  // Integer division is exact and fast only on 32 bits.
  while (rest > 0x7fffffff) {
    const tenth = Math.floor(rest / 10);
    bytes[--at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  do {
    const tenth = (rest / 10) | 0;
    bytes[--at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
}

/** A quoted string, without a comma. */
export function writeText(writer: ByteWriter, text: string): void {
  const length = text.length;
  writer.reserve(length + 2);
  const bytes = writer.bytes;
  let at = writer.length;
  bytes[at++] = QUOTE;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
      return writeEscapedText(writer, text);
    }
    bytes[at++] = code;
  }
  bytes[at++] = QUOTE;
  writer.length = at;
}

function writeEscapedText(writer: ByteWriter, text: string): void {
  const bytes = ENCODER.encode(text);
  writeUtf8(writer, bytes, 0, bytes.length);
}

/** A quoted string of UTF-8, without a comma. */
function writeUtf8(writer: ByteWriter, bytes: Uint8Array, start: number, end: number): void {
  writer.byte(QUOTE);
  let run = start;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue;
    writer.range(bytes, run, at);
    const escape = ESCAPES[byte] as Uint8Array;
    writer.range(escape, 0, escape.length);
    run = at + 1;
  }
  writer.range(bytes, run, end);
  writer.byte(QUOTE);
}

/** Puts the closing `bracket` in the place of the last element's comma, or behind the opening bracket. */
function close(writer: ByteWriter, bracket: number): void {
  if (writer.bytes[writer.length - 1] === COMMA) writer.length--;
  writer.byte(bracket);
  writer.byte(COMMA);
}

/** Writes what it is told, a comma behind every value. */
export class JsonSink implements ValueSink {
  readonly #writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  nil(): void {
    this.#writer.ascii("null,");
  }
  boolean(value: boolean): void {
    this.#writer.ascii(value ? "true," : "false,");
  }
  integer(value: number): void {
    if (value < 0) this.#writer.byte(MINUS);
    writeDigits(this.#writer, Math.abs(value));
    this.#writer.byte(COMMA);
  }
  bigint(value: bigint): void {
    this.#writer.ascii(`${value},`);
  }
  float(value: number): void {
    if (!Number.isFinite(value)) return this.nil();
    const text = Object.is(value, -0) ? "-0" : String(value);
    this.#writer.ascii(Number.isInteger(value) && !text.includes("e") ? `${text}.0,` : `${text},`);
  }
  string(bytes: Uint8Array, start: number, end: number): void {
    writeUtf8(this.#writer, bytes, start, end);
    this.#writer.byte(COMMA);
  }
  text(value: string): void {
    writeText(this.#writer, value);
    this.#writer.byte(COMMA);
  }
  binary(bytes: Uint8Array, start: number, end: number): void {
    this.#writer.ascii('"\\u0000');
    encodeBase64(this.#writer, bytes, start, end);
    this.#writer.ascii('",');
  }
  beginArray(_count: number): void {
    this.#writer.byte(ARRAY);
  }
  endArray(): void {
    close(this.#writer, ARRAY_END);
  }
  beginMap(_count: number): void {
    this.#writer.byte(OBJECT);
  }
  key(bytes: Uint8Array, start: number, end: number): void {
    writeUtf8(this.#writer, bytes, start, end);
    this.#writer.byte(COLON);
  }
  keyText(value: string): void {
    writeText(this.#writer, value);
    this.#writer.byte(COLON);
  }
  endMap(): void {
    close(this.#writer, OBJECT_END);
  }
}

/** Tells `sink` a key that is no string: the JSON of the value that `tell` tells. */
export function tellKeyAsJson(sink: TokenSink, tell: (json: TokenSink) => void): void {
  const writer = new ByteWriter(32);
  tell(new JsonSink(writer));
  sink.key(writer.bytes, 0, writer.length - 1);
}
