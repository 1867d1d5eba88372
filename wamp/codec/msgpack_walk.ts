/**
 * Checked MessagePack to tokens: for other codecs to write, and for values to be built from.
 * An extension is binary (its data, the type is lost), but for the timestamp (-1), which becomes text as `Date.toJSON` writes it,
 * if it lies within the years 0 to 9999, and for msgpackr's undefined, which becomes nil. A key that is no string becomes its JSON as a string.
 */
import { ByteWriter } from "../byte_writer.ts";
import { MAX_ID } from "../id.ts";
import { readBigUint64, readFloat32, readFloat64, readUint } from "./big_endian.ts";
import type { TokenSink } from "./codec.ts";
import { KeySink, NOTHING } from "./keys.ts";
import {
  ARRAY16,
  BIN8,
  EXT8,
  FIXEXT1,
  FLOAT32,
  FLOAT64,
  INT8,
  MAP16,
  MAP32,
  NIL,
  STR8,
  TRUE,
  UINT8,
} from "./msgpack_scan.ts";

const TIMESTAMP = 0xff;
const MAX_EXACT = BigInt(MAX_ID);

/** Tells the tokens of the `count` values in `bytes[start..end)`. */
export function walkMsgpack(
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

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  value(sink: TokenSink): void {
    const byte = this.#bytes[this.#at++] as number;
    if (byte < 0x80) return sink.integer(byte);
    if (byte >= 0xe0) return sink.integer(byte - 0x100);
    if (byte >= 0xa0 && byte < 0xc0) return this.#string(sink, byte & 0x1f);
    if (byte < 0x90) return this.#map(sink, byte & 0x0f);
    if (byte < 0xa0) return this.#array(sink, byte & 0x0f);
    if (byte >= MAP16) return this.#map(sink, this.#uint(byte === MAP16 ? 2 : 4));
    if (byte >= ARRAY16) return this.#array(sink, this.#uint(byte === ARRAY16 ? 2 : 4));
    if (byte >= STR8) return this.#string(sink, this.#uint(1 << (byte - STR8)));
    if (byte >= FIXEXT1) return this.#extension(sink, 1 << (byte - FIXEXT1));
    if (byte >= INT8) return this.#signed(sink, 1 << (byte - INT8));
    if (byte >= UINT8) return this.#unsigned(sink, 1 << (byte - UINT8));
    if (byte >= FLOAT32) return this.#float(sink, byte);
    if (byte >= EXT8) return this.#extension(sink, this.#uint(1 << (byte - EXT8)));
    if (byte >= BIN8) {
      const start = this.#data(this.#uint(1 << (byte - BIN8)));
      return sink.binary(this.#bytes, start, this.#at);
    }
    return byte === NIL ? sink.nil() : sink.boolean(byte === TRUE);
  }

  #uint(size: number): number {
    const at = this.#at;
    this.#at = at + size;
    return readUint(this.#bytes, at, size);
  }

  /** Moves over `count` bytes; where they begin. */
  #data(count: number): number {
    const start = this.#at;
    this.#at = start + count;
    return start;
  }

  #string(sink: TokenSink, count: number): void {
    const start = this.#data(count);
    sink.string(this.#bytes, start, this.#at);
  }

  #array(sink: TokenSink, count: number): void {
    sink.beginArray(count);
    for (let i = 0; i < count; i++) this.value(sink);
    sink.endArray();
  }

  #map(sink: TokenSink, count: number): void {
    sink.beginMap(count);
    for (let i = 0; i < count; i++) {
      this.#key(sink);
      this.value(sink);
    }
    sink.endMap();
  }

  #key(sink: TokenSink): void {
    const start = this.#at;
    const byte = this.#bytes[start] as number;
    const isFixed = byte >= 0xa0 && byte < 0xc0;
    if (isFixed || (byte >= STR8 && byte < ARRAY16)) {
      this.#at++;
      const text = this.#data(isFixed ? byte & 0x1f : this.#uint(1 << (byte - STR8)));
      sink.key(this.#bytes, text, this.#at);
    } else if ((byte >= 0x80 && byte < 0xa0) || (byte >= ARRAY16 && byte <= MAP32)) {
      this.value(NOTHING);
      new KeySink(sink).binary(this.#bytes, start, this.#at);
    } else this.value(new KeySink(sink));
  }

  #unsigned(sink: TokenSink, size: number): void {
    if (size < 8) return sink.integer(this.#uint(size));
    this.#long(sink, readBigUint64(this.#bytes, this.#data(8)));
  }

  #signed(sink: TokenSink, size: number): void {
    if (size === 8) {
      return this.#long(sink, BigInt.asIntN(64, readBigUint64(this.#bytes, this.#data(8))));
    }
    const value = this.#uint(size);
    const limit = 2 ** (size * 8 - 1);
    sink.integer(value < limit ? value : value - limit * 2);
  }

  #long(sink: TokenSink, value: bigint): void {
    if (value >= -MAX_EXACT && value <= MAX_EXACT) sink.integer(Number(value));
    else sink.bigint(value);
  }

  #float(sink: TokenSink, byte: number): void {
    sink.float(
      byte === FLOAT64
        ? readFloat64(this.#bytes, this.#data(8))
        : readFloat32(this.#bytes, this.#data(4)),
    );
  }

  #extension(sink: TokenSink, count: number): void {
    const type = this.#bytes[this.#at++];
    const start = this.#data(count);
    // How msgpackr writes undefined; wampy subscribes with options that are undefined.
    if (type === 0 && count === 1 && this.#bytes[start] === 0) return sink.nil();
    const text = type === TIMESTAMP ? this.#timestamp(start, count) : undefined;
    if (text === undefined) return sink.binary(this.#bytes, start, this.#at);
    const writer = new ByteWriter(text.length);
    writer.ascii(text);
    sink.string(writer.bytes, 0, writer.length);
  }

  /** RFC 3339 in UTC with as many digits as the fraction of a second has, at least three. */
  #timestamp(start: number, count: number): string | undefined {
    const bytes = this.#bytes;
    let seconds: number;
    let nanoseconds = 0;
    if (count === 4) seconds = readUint(bytes, start, 4);
    else if (count === 8) {
      const high = readUint(bytes, start, 4);
      nanoseconds = high >>> 2;
      seconds = (high & 3) * 4294967296 + readUint(bytes, start + 4, 4);
    } else if (count === 12) {
      nanoseconds = readUint(bytes, start, 4);
      seconds = Number(BigInt.asIntN(64, readBigUint64(bytes, start + 4)));
    } else return undefined;
    if (nanoseconds > 999_999_999 || seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
      return undefined;
    }
    const whole = new Date(seconds * 1000).toISOString().slice(0, -4);
    const fraction = String(nanoseconds).padStart(9, "0").replace(/(?:000){1,2}$/, "");
    return `${whole}${fraction}Z`;
  }
}

const MIN_SECONDS = Date.parse("0000-01-01T00:00:00Z") / 1000;
const MAX_SECONDS = Date.parse("9999-12-31T23:59:59Z") / 1000;
