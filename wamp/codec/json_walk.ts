/**
 * Checked JSON to tokens: for other codecs to write, and for values to be built from.
 * A string that is U+0000 and Base64 is binary; if it is no Base64 it stays a string. [WAMP binary-support-in-json]
 * A number without fraction and exponent is an integer if 64 bits hold it, otherwise a float. "-0" is a float, to keep its sign.
 * Escapes become UTF-8, a lone surrogate U+FFFD.
 */
import { decodeBase64 } from "../base64.ts";
import { ByteWriter } from "../byte_writer.ts";
import { MAX_ID } from "../id.ts";
import { textOf } from "../utf8.ts";
import type { TokenSink } from "./codec.ts";
import {
  ARRAY,
  ARRAY_END,
  BACKSLASH,
  COMMA,
  MINUS,
  NINE,
  OBJECT,
  OBJECT_END,
  PLUS,
  POINT,
  QUOTE,
  ZERO,
} from "./json_chars.ts";
import { hexValue, plainEnd, skipSpace } from "./json_scan.ts";

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);
/** More digits than any integer of 64 bits has, with its sign. */
const MAX_INTEGER_LENGTH = 20;
/** Any integer of so many digits is exact. */
const MAX_EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: MAX_EXACT_DIGITS + 1 }, (_, power) => 10 ** power);

/** Tells the tokens of the `count` values in `bytes[start..end)`, separated by commas. */
export function walkJson(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  sink: TokenSink,
): void {
  if (count > 0) new Walk(bytes, start, end, sink).values(count);
}

/** Recursive: the decoder has limited the depth. */
class Walk {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #sink: TokenSink;
  /** How many elements each container has, in the order in which they open: JSON does not say so up front. */
  readonly #counts: readonly number[];
  #nextCount = 0;
  #at: number;

  constructor(bytes: Uint8Array, start: number, end: number, sink: TokenSink) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#sink = sink;
    this.#counts = countElements(bytes, start, end);
  }

  /** `count` values, with a comma or a bracket behind each. */
  values(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#value();
      this.#skip();
    }
  }

  /** Skips whitespace and the one separator or bracket that follows it. */
  #skip(): void {
    this.#at = skipSpace(this.#bytes, this.#at, this.#end) + 1;
  }

  #value(): void {
    this.#at = skipSpace(this.#bytes, this.#at, this.#end);
    switch (this.#bytes[this.#at]) {
      case QUOTE:
        return this.#string();
      case ARRAY: {
        const count = this.#open();
        this.#sink.beginArray(count);
        this.values(count);
        return this.#sink.endArray();
      }
      case OBJECT: {
        const count = this.#open();
        this.#sink.beginMap(count);
        for (let i = 0; i < count; i++) {
          this.#key();
          this.#value();
          this.#skip();
        }
        return this.#sink.endMap();
      }
      case 0x74: // t
        this.#at += 4;
        return this.#sink.boolean(true);
      case 0x66: // f
        this.#at += 5;
        return this.#sink.boolean(false);
      case 0x6e: // n
        this.#at += 4;
        return this.#sink.nil();
      default:
        return this.#number();
    }
  }

  /** Enters a container, and leaves it if it is empty. */
  #open(): number {
    this.#at++;
    const count = this.#counts[this.#nextCount++] as number;
    if (count === 0) this.#skip();
    return count;
  }

  #key(): void {
    this.#at = skipSpace(this.#bytes, this.#at, this.#end);
    const start = this.#at + 1;
    if (this.#skipString()) {
      const text = unescape(this.#bytes, start, this.#at - 1);
      this.#sink.key(text.bytes, 0, text.length);
    } else this.#sink.key(this.#bytes, start, this.#at - 1);
    this.#skip();
  }

  #string(): void {
    const start = this.#at + 1;
    if (!this.#skipString()) return this.#sink.string(this.#bytes, start, this.#at - 1);
    const text = unescape(this.#bytes, start, this.#at - 1);
    if (text.length > 0 && text.bytes[0] === 0) {
      const binary = new ByteWriter(text.length);
      if (decodeBase64(binary, text.bytes, 1, text.length)) {
        return this.#sink.binary(binary.bytes, 0, binary.length);
      }
    }
    this.#sink.string(text.bytes, 0, text.length);
  }

  /** Moves behind the string's closing quote. True when it holds escapes. */
  #skipString(): boolean {
    const start = this.#at + 1;
    const plain = plainEnd(this.#bytes, start, this.#end);
    this.#at = stringEnd(this.#bytes, plain, this.#end);
    return this.#at > plain + 1;
  }

  /**
   * PERF: plain: `Number` of the text. Digits are added up on the way; a float of at most 15 of them is an exact integer divided by
   * an exact power of ten, which rounds as `Number` does: 3 times (Deno) and 9 times (Bun) as fast (bench row "transcode json to msgpack"; Deno 2.9.6,
   * Bun 1.4.5; November 2026).
   */
  #number(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    const isNegative = bytes[start] === MINUS;
    let at = isNegative ? start + 1 : start;
    let value = 0;
    let digits = 0;
    let point = -1;
    for (;; at++) {
      const byte = bytes[at] as number;
      if (byte >= ZERO && byte <= NINE) {
        value = value * 10 + byte - ZERO;
        digits++;
      } else if (byte === POINT) point = digits;
      else break;
    }
    this.#at = at;
    const isPlain = ((bytes[at] as number) | 0x20) !== 0x65;
    if (!isPlain || digits > MAX_EXACT_DIGITS) return this.#longNumber(start, isPlain && point < 0);
    if (point >= 0) value /= POWERS_OF_TEN[digits - point] as number;
    if (point >= 0 || (isNegative && value === 0)) this.#sink.float(isNegative ? -value : value);
    else this.#sink.integer(isNegative ? -value : value);
  }

  #longNumber(start: number, isInteger: boolean): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < this.#end && isPartOfNumber(bytes[at] as number)) at++;
    this.#at = at;
    const text = textOf(bytes, start, at);
    if (isInteger && text.length <= MAX_INTEGER_LENGTH) this.#longInteger(text);
    else this.#sink.float(Number(text));
  }

  #longInteger(text: string): void {
    const exact = BigInt(text);
    if (exact > MAX_UINT64 || exact < MIN_INT64) return this.#sink.float(Number(text));
    const value = Number(exact);
    if (Math.abs(value) <= MAX_ID && BigInt(value) === exact) return this.#sink.integer(value);
    this.#sink.bigint(exact);
  }
}

/** How many elements each array and object in `bytes[start..end)` has, in the order in which they open. */
function countElements(bytes: Uint8Array, start: number, end: number): readonly number[] {
  const counts: number[] = [];
  /** Places in `counts` of the containers around the innermost one, whose own is `inner`. */
  const outer: number[] = [];
  let inner = -1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = stringEnd(bytes, plainEnd(bytes, at + 1, end), end) - 1;
    else if (byte === COMMA) {
      if (inner >= 0) counts[inner] = (counts[inner] as number) + 1;
    } else if (byte === ARRAY || byte === OBJECT) {
      outer.push(inner);
      const next = bytes[skipSpace(bytes, at + 1, end)];
      inner = counts.push(next === byte + 2 ? 0 : 1) - 1;
    } else if (byte === ARRAY_END || byte === OBJECT_END) inner = outer.pop() ?? -1;
  }
  return counts;
}

/** Behind the closing quote of a checked string; `at` is where its first byte that needs attention is. */
function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  while (bytes[at] === BACKSLASH) at = plainEnd(bytes, at + 2, end);
  return at + 1;
}

function isPartOfNumber(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === POINT || byte === MINUS || byte === PLUS ||
    (byte | 0x20) === 0x65;
}

const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
]);

/** The content of a checked string, its escapes replaced. */
export function unescape(bytes: Uint8Array, start: number, end: number): ByteWriter {
  const text = new ByteWriter(end - start);
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte !== BACKSLASH) {
      text.byte(byte);
      continue;
    }
    const letter = bytes[++at] as number;
    if (letter !== 0x75) {
      text.byte(SHORT_ESCAPES.get(letter) ?? letter);
      continue;
    }
    let code = codeUnit(bytes, at + 1);
    at += 4;
    if (code >= 0xd800 && code < 0xe000) {
      const low = at + 6 < end && bytes[at + 1] === BACKSLASH && bytes[at + 2] === 0x75
        ? codeUnit(bytes, at + 3)
        : 0;
      if (code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      } else code = 0xfffd;
    }
    writeCodePoint(text, code);
  }
  return text;
}

function codeUnit(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let i = at; i < at + 4; i++) code = code * 16 + hexValue(bytes[i] as number);
  return code;
}

function writeCodePoint(text: ByteWriter, code: number): void {
  if (code < 0x80) return text.byte(code);
  if (code < 0x800) text.byte(0xc0 | (code >>> 6));
  else {
    if (code < 0x10000) text.byte(0xe0 | (code >>> 12));
    else {
      text.byte(0xf0 | (code >>> 18));
      text.byte(0x80 | ((code >>> 12) & 0x3f));
    }
    text.byte(0x80 | ((code >>> 6) & 0x3f));
  }
  text.byte(0x80 | (code & 0x3f));
}
