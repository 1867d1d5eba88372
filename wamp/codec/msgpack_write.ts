/**
 * MessagePack's bytes for single values, and tokens to MessagePack. HOT.
 * Always the shortest form. A float that 32 bits hold exactly takes 32. An integer beyond 64 bits, which the format lacks, is
 * written as the string of its decimal digits.
 */
import type { ByteWriter } from "../byte_writer.ts";
import type { Dict } from "../message.ts";
import {
  ARRAY16,
  ARRAY32,
  BIN8,
  FALSE,
  FLOAT32,
  FLOAT64,
  INT64,
  INT8,
  MAP16,
  MAP32,
  NIL,
  STR32,
  STR8,
  TRUE,
  UINT64,
  UINT8,
} from "./msgpack_scan.ts";
import { isNatural, isSaid, tellValue, type ValueSink } from "./values.ts";

/** An integer from 0 to 2^53. */
export function writeUint(writer: ByteWriter, value: number): void {
  if (value < 0x80) writer.byte(value);
  else if (value < 0x100) {
    writer.byte(UINT8);
    writer.byte(value);
  } else if (value < 0x10000) {
    writer.byte(UINT8 + 1);
    writer.uint16(value);
  } else if (value < 0x100000000) {
    writer.byte(UINT8 + 2);
    writer.uint32(value);
  } else {
    writer.byte(UINT64);
    writer.uint64(value);
  }
}

/** A negative integer down to -2^53. */
function writeNegative(writer: ByteWriter, value: number): void {
  if (value >= -0x20) writer.byte(value);
  else if (value >= -0x80) {
    writer.byte(INT8);
    writer.byte(value);
  } else if (value >= -0x8000) {
    writer.byte(INT8 + 1);
    writer.uint16(value);
  } else if (value >= -0x80000000) {
    writer.byte(INT8 + 2);
    writer.uint32(value);
  } else {
    writer.byte(INT64);
    writer.bigint64(BigInt(value));
  }
}

/** The head of a string of `length` bytes. */
function writeStringHead(writer: ByteWriter, length: number): void {
  if (length < 0x20) writer.byte(0xa0 | length);
  else if (length < 0x100) {
    writer.byte(STR8);
    writer.byte(length);
  } else if (length < 0x10000) {
    writer.byte(STR8 + 1);
    writer.uint16(length);
  } else {
    writer.byte(STR32);
    writer.uint32(length);
  }
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
    if (length < 0x20) bytes[at++] = 0xa0 | length;
    else {
      bytes[at++] = STR8;
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
  writeStringHead(writer, count);
  writer.length += count;
}

function headSize(length: number): number {
  return length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

export function writeArrayHead(writer: ByteWriter, count: number): void {
  if (count < 0x10) writer.byte(0x90 | count);
  else if (count < 0x10000) {
    writer.byte(ARRAY16);
    writer.uint16(count);
  } else {
    writer.byte(ARRAY32);
    writer.uint32(count);
  }
}

export function writeMapHead(writer: ByteWriter, count: number): void {
  if (count < 0x10) writer.byte(0x80 | count);
  else if (count < 0x10000) {
    writer.byte(MAP16);
    writer.uint16(count);
  } else {
    writer.byte(MAP32);
    writer.uint32(count);
  }
}

/** Options are small and flat, so values are written here as far as they are. */
export function writeDict(writer: ByteWriter, dict: Dict): void {
  let count = 0;
  for (const key in dict) if (isSaid(dict[key])) count++;
  writeMapHead(writer, count);
  for (const key in dict) {
    const value = dict[key];
    if (!isSaid(value)) continue;
    writeText(writer, key);
    if (typeof value === "string") writeText(writer, value);
    else if (isNatural(value)) writeUint(writer, value);
    else if (typeof value === "boolean") writer.byte(value ? TRUE : FALSE);
    else tellValue(new MsgpackSink(writer), value, 1);
  }
}

/** Writes what it is told. */
export class MsgpackSink implements ValueSink {
  readonly #writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  nil(): void {
    this.#writer.byte(NIL);
  }
  boolean(value: boolean): void {
    this.#writer.byte(value ? TRUE : FALSE);
  }
  integer(value: number): void {
    if (value >= 0) writeUint(this.#writer, value);
    else writeNegative(this.#writer, value);
  }
  bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
      return this.text(String(value));
    }
    this.#writer.byte(value < 0n ? INT64 : UINT64);
    this.#writer.bigint64(value);
  }
  float(value: number): void {
    if (Object.is(Math.fround(value), value)) {
      this.#writer.byte(FLOAT32);
      this.#writer.float32(value);
    } else {
      this.#writer.byte(FLOAT64);
      this.#writer.float64(value);
    }
  }
  string(bytes: Uint8Array, start: number, end: number): void {
    writeStringHead(this.#writer, end - start);
    this.#writer.range(bytes, start, end);
  }
  text(value: string): void {
    writeText(this.#writer, value);
  }
  binary(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length < 0x100) {
      this.#writer.byte(BIN8);
      this.#writer.byte(length);
    } else if (length < 0x10000) {
      this.#writer.byte(BIN8 + 1);
      this.#writer.uint16(length);
    } else {
      this.#writer.byte(BIN8 + 2);
      this.#writer.uint32(length);
    }
    this.#writer.range(bytes, start, end);
  }
  beginArray(count: number): void {
    writeArrayHead(this.#writer, count);
  }
  endArray(): void {}
  beginMap(count: number): void {
    writeMapHead(this.#writer, count);
  }
  key(bytes: Uint8Array, start: number, end: number): void {
    this.string(bytes, start, end);
  }
  keyText(value: string): void {
    writeText(this.#writer, value);
  }
  endMap(): void {}
}
