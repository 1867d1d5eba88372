/**
 * CBOR's bytes for single values, and tokens to CBOR. HOT.
 * Lengths are definite and heads the shortest. A float that 32 bits hold exactly takes 32 (never 16). An integer beyond 64 bits
 * is a bignum. [RFC 8949]
 */
import type { ByteWriter } from "../byte_writer.ts";
import type { Dict } from "../message.ts";
import { ARRAY, BYTES, MAP, NEGATIVE, TEXT, UINT } from "./cbor_heads.ts";
import { isNatural, isSaid, tellValue, type ValueSink } from "./values.ts";

/** A head of `major` type with an argument from 0 to 2^53. */
function writeHead(writer: ByteWriter, major: number, argument: number): void {
  const type = major << 5;
  if (argument < 24) writer.byte(type | argument);
  else if (argument < 0x100) {
    writer.byte(type | 24);
    writer.byte(argument);
  } else if (argument < 0x10000) {
    writer.byte(type | 25);
    writer.uint16(argument);
  } else if (argument < 0x100000000) {
    writer.byte(type | 26);
    writer.uint32(argument);
  } else {
    writer.byte(type | 27);
    writer.uint64(argument);
  }
}

/** An integer from 0 to 2^53. */
export function writeUint(writer: ByteWriter, value: number): void {
  writeHead(writer, UINT, value);
}

/** Longer strings are left to the encoder: it costs more to call, and less for each character. */
const LONG = 100;

export function writeText(writer: ByteWriter, text: string): void {
  const length = text.length;
  if (length <= LONG) {
    // Most are ASCII: their length in bytes is known before they are encoded.
    writer.reserve(length + 2);
    const bytes = writer.bytes;
    let at = writer.length;
    if (length < 24) bytes[at++] = (TEXT << 5) | length;
    else {
      bytes[at++] = (TEXT << 5) | 24;
      bytes[at++] = length;
    }
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      bits |= code;
      bytes[at++] = code;
    }
    if (bits < 0x80) {
      writer.length = at;
      return;
    }
  }
  writeLongText(writer, text);
}

/** Writes the text where it belongs if it is ASCII, and moves it if its length turns out to need a larger head. */
function writeLongText(writer: ByteWriter, text: string): void {
  const start = writer.length;
  const guess = headSize(text.length);
  writer.reserve(guess);
  writer.length += guess;
  const count = writer.utf8(text);
  const size = headSize(count);
  if (size !== guess) {
    writer.reserve(size - guess);
    writer.bytes.copyWithin(start + size, start + guess, start + guess + count);
  }
  writer.length = start;
  writeHead(writer, TEXT, count);
  writer.length += count;
}

function headSize(length: number): number {
  return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

export function writeArrayHead(writer: ByteWriter, count: number): void {
  writeHead(writer, ARRAY, count);
}

/** Options are small and flat, so values are written here as far as they are. */
export function writeDict(writer: ByteWriter, dict: Dict): void {
  let count = 0;
  for (const key in dict) if (isSaid(dict[key])) count++;
  writeHead(writer, MAP, count);
  for (const key in dict) {
    const value = dict[key];
    if (!isSaid(value)) continue;
    writeText(writer, key);
    if (typeof value === "string") writeText(writer, value);
    else if (isNatural(value)) writeUint(writer, value);
    else if (typeof value === "boolean") writer.byte(value ? 0xf5 : 0xf4);
    else tellValue(new CborSink(writer), value, 1);
  }
}

/** Writes what it is told. */
export class CborSink implements ValueSink {
  readonly #writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  nil(): void {
    this.#writer.byte(0xf6);
  }
  boolean(value: boolean): void {
    this.#writer.byte(value ? 0xf5 : 0xf4);
  }
  integer(value: number): void {
    if (value >= 0) writeHead(this.#writer, UINT, value);
    else writeHead(this.#writer, NEGATIVE, -1 - value);
  }
  bigint(value: bigint): void {
    const isNegative = value < 0n;
    const argument = isNegative ? -1n - value : value;
    if (BigInt.asUintN(64, argument) === argument) {
      this.#writer.byte(isNegative ? 0x3b : 0x1b);
      return this.#writer.bigint64(argument);
    }
    this.#writer.byte(isNegative ? 0xc3 : 0xc2);
    const digits = argument.toString(16);
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
    writeHead(this.#writer, BYTES, hex.length / 2);
    for (let i = 0; i < hex.length; i += 2) this.#writer.byte(parseInt(hex.slice(i, i + 2), 16));
  }
  float(value: number): void {
    if (Object.is(Math.fround(value), value)) {
      this.#writer.byte(0xfa);
      this.#writer.float32(value);
    } else {
      this.#writer.byte(0xfb);
      this.#writer.float64(value);
    }
  }
  string(bytes: Uint8Array, start: number, end: number): void {
    writeHead(this.#writer, TEXT, end - start);
    this.#writer.range(bytes, start, end);
  }
  text(value: string): void {
    writeText(this.#writer, value);
  }
  binary(bytes: Uint8Array, start: number, end: number): void {
    writeHead(this.#writer, BYTES, end - start);
    this.#writer.range(bytes, start, end);
  }
  beginArray(count: number): void {
    writeHead(this.#writer, ARRAY, count);
  }
  endArray(): void {}
  beginMap(count: number): void {
    writeHead(this.#writer, MAP, count);
  }
  key(bytes: Uint8Array, start: number, end: number): void {
    this.string(bytes, start, end);
  }
  keyText(value: string): void {
    writeText(this.#writer, value);
  }
  endMap(): void {}
}
