/**
 * Checked CBOR to tokens: for other codecs to write, and for values to be built from.
 * A tag is dropped and its content told, but for bignums (tags 2 and 3), which are integers unless they are absurdly long.
 * Undefined and simple values without a meaning are nil. Keys that are no strings: `keys.ts`.
 */
import { ByteWriter } from "../byte_writer.ts";
import { MAX_ID } from "../id.ts";
import { readBigUint64, readFloat32, readFloat64, readUint } from "./big_endian.ts";
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
import type { TokenSink } from "./codec.ts";
import { KeySink, NOTHING } from "./keys.ts";

const BIGNUM = 2;
const NEGATIVE_BIGNUM = 3;
/** Longer bignums stay binary: writing them in decimal costs time that grows with the square. */
const MAX_BIGNUM_BYTES = 256;
const MAX_EXACT = BigInt(MAX_ID);

/** Tells the tokens of the `count` values in `bytes[start..end)`. */
export function walkCbor(
  bytes: Uint8Array,
  start: number,
  _end: number,
  count: number,
  sink: TokenSink,
): void {
  if (count === 0) return;
  const walk = new Walk(bytes, start);
  for (let i = 0; i < count; i++) walk.value(sink);
}

/** Recursive: the decoder has limited the depth. */
class Walk {
  readonly #bytes: Uint8Array;
  #at: number;
  /** Elements of the containers of indefinite length, in the order in which they open, as far as they were counted. */
  readonly #counts: number[] = [];
  #nextCount = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  value(sink: TokenSink): void {
    const tag = this.#skipTags();
    const byte = this.#bytes[this.#at] as number;
    switch (byte >>> 5) {
      case UINT:
      case NEGATIVE:
        return this.#integer(sink, byte);
      case BYTES: {
        const content = this.#string(byte);
        if (tag === BIGNUM || tag === NEGATIVE_BIGNUM) return tellBignum(sink, tag, content);
        return sink.binary(content.bytes, content.start, content.end);
      }
      case TEXT: {
        const content = this.#string(byte);
        return sink.string(content.bytes, content.start, content.end);
      }
      case ARRAY: {
        const count = this.#count(byte);
        sink.beginArray(count);
        for (let i = 0; i < count; i++) this.value(sink);
        this.#leave(byte);
        return sink.endArray();
      }
      case MAP: {
        const count = this.#count(byte);
        sink.beginMap(count);
        for (let i = 0; i < count; i++) {
          this.#key(sink);
          this.value(sink);
        }
        this.#leave(byte);
        return sink.endMap();
      }
      default:
        return this.#simple(sink, byte);
    }
  }

  /** Moves over tags; the last one, negative when there is none. */
  #skipTags(): number {
    let tag = -1;
    for (;;) {
      const byte = this.#bytes[this.#at] as number;
      if (byte >>> 5 !== TAG) return tag;
      tag = argument(this.#bytes, byte, this.#at + 1);
      this.#at += 1 + argumentSize(byte);
    }
  }

  #integer(sink: TokenSink, byte: number): void {
    const at = this.#at + 1;
    const isNegative = byte >>> 5 === NEGATIVE;
    this.#at = at + argumentSize(byte);
    if ((byte & 0x1f) < ARGUMENT64) {
      const value = argument(this.#bytes, byte, at);
      return sink.integer(isNegative ? -1 - value : value);
    }
    const value = readBigUint64(this.#bytes, at);
    tellBigint(sink, isNegative ? -1n - value : value);
  }

  #simple(sink: TokenSink, byte: number): void {
    const at = this.#at + 1;
    this.#at = at + argumentSize(byte);
    switch (byte) {
      case 0xf4:
        return sink.boolean(false);
      case 0xf5:
        return sink.boolean(true);
      case 0xf9:
        return sink.float(half(readUint(this.#bytes, at, 2)));
      case 0xfa:
        return sink.float(readFloat32(this.#bytes, at));
      case 0xfb:
        return sink.float(readFloat64(this.#bytes, at));
      default:
        return sink.nil();
    }
  }

  #key(sink: TokenSink): void {
    const start = this.#at;
    this.#skipTags();
    const byte = this.#bytes[this.#at] as number;
    const major = byte >>> 5;
    if (major === TEXT) {
      const text = this.#string(byte);
      sink.key(text.bytes, text.start, text.end);
      return;
    }
    this.#at = start;
    if (major === ARRAY || major === MAP) {
      this.value(NOTHING);
      new KeySink(sink).binary(this.#bytes, start, this.#at);
    } else this.value(new KeySink(sink));
  }

  /** Moves behind the string whose head is `byte`; where its content is. Chunks are joined. */
  #string(byte: number): Content {
    const bytes = this.#bytes;
    if ((byte & 0x1f) !== INDEFINITE) {
      const start = this.#at + 1 + argumentSize(byte);
      this.#at = start + argument(bytes, byte, this.#at + 1);
      return { bytes, start, end: this.#at };
    }
    const joined = new ByteWriter(64);
    this.#at = joinChunks(joined, bytes, this.#at + 1);
    return { bytes: joined.bytes, start: 0, end: joined.length };
  }

  /** Enters the container whose head is `byte`; its elements. */
  #count(byte: number): number {
    const at = this.#at;
    this.#at = at + 1 + argumentSize(byte);
    if ((byte & 0x1f) !== INDEFINITE) return argument(this.#bytes, byte, at + 1);
    // All containers inside are counted along, so that deep nesting is not read again and again.
    if (this.#nextCount === this.#counts.length) this.#measure(at);
    return this.#counts[this.#nextCount++] as number;
  }

  /** Moves over the break of a container of indefinite length. */
  #leave(byte: number): void {
    if ((byte & 0x1f) === INDEFINITE) this.#at++;
  }

  /** Counts the elements of all containers of indefinite length in the value at `at`; its end. */
  #measure(at: number): number {
    const bytes = this.#bytes;
    let byte = bytes[at] as number;
    while (byte >>> 5 === TAG) {
      at += 1 + argumentSize(byte);
      byte = bytes[at] as number;
    }
    const major = byte >>> 5;
    const inside = at + 1 + argumentSize(byte);
    if (major < BYTES || major > MAP) return inside;
    const isIndefinite = (byte & 0x1f) === INDEFINITE;
    if (major === BYTES || major === TEXT) {
      return isIndefinite ? chunksEnd(bytes, inside) : inside + argument(bytes, byte, at + 1);
    }
    let behind = inside;
    if (!isIndefinite) {
      const values = argument(bytes, byte, at + 1) * (major === MAP ? 2 : 1);
      for (let i = 0; i < values; i++) behind = this.#measure(behind);
      return behind;
    }
    const index = this.#counts.push(0) - 1;
    let values = 0;
    for (; bytes[behind] !== BREAK; values++) behind = this.#measure(behind);
    this.#counts[index] = major === MAP ? values / 2 : values;
    return behind + 1;
  }
}

interface Content {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Appends the content of the chunks that begin at `at`; the place behind their break. */
export function joinChunks(writer: ByteWriter, bytes: Uint8Array, at: number): number {
  while (bytes[at] !== BREAK) {
    const byte = bytes[at] as number;
    const start = at + 1 + argumentSize(byte);
    const end = start + argument(bytes, byte, at + 1);
    writer.range(bytes, start, end);
    at = end;
  }
  return at + 1;
}

function chunksEnd(bytes: Uint8Array, at: number): number {
  while (bytes[at] !== BREAK) {
    const byte = bytes[at] as number;
    at += 1 + argumentSize(byte) + argument(bytes, byte, at + 1);
  }
  return at + 1;
}

function tellBignum(sink: TokenSink, tag: number, { bytes, start, end }: Content): void {
  if (end - start > MAX_BIGNUM_BYTES) return sink.binary(bytes, start, end);
  let value = 0n;
  for (let i = start; i < end; i++) value = (value << 8n) | BigInt(bytes[i] as number);
  tellBigint(sink, tag === BIGNUM ? value : -1n - value);
}

function tellBigint(sink: TokenSink, value: bigint): void {
  if (value >= -MAX_EXACT && value <= MAX_EXACT) sink.integer(Number(value));
  else sink.bigint(value);
}

/** The number of a half-precision float's 16 bits. */
function half(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
