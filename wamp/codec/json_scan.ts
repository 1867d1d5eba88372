/**
 * JSON's grammar, checked in one pass that builds nothing. HOT.
 * Bytes that are no UTF-8 are not noticed here: transports check text before it is decoded.
 * Reads within `end` only, as other messages may follow in the buffer. Throws JsonFault, or DecodeError.
 * [RFC 8259]
 */
import { DecodeError } from "../protocol_error.ts";
import { MAX_DEPTH } from "./codec.ts";

/** What is at `at` is no JSON. The decoder, which knows where the message began, makes a DecodeError of it. */
export class JsonFault extends Error {
  readonly at: number;

  constructor(at: number) {
    super(`No JSON at byte ${at}`);
    this.at = at;
  }
}

function tooDeep(): never {
  throw new DecodeError(
    `Cannot read JSON: found nesting deeper than ${MAX_DEPTH}, expected less`,
  );
}

/** PERF: one argument only, so that its callers stay small enough for V8 to inline: see `skipValue`. */
function fail(at: number): never {
  throw new JsonFault(at);
}

/*
 * PERF: plain: imported from `json_chars.ts`. V8 loads what a module exports at each use, and knows what it does not export:
 * 1.2 times as fast (bench row "parse call json"; Deno 2.9.6; November 2026). Bun does not care.
 */
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const PLUS = 0x2b;
const SPACE = 0x20;

/** The first place from `at` on that holds no whitespace; `end` when there is none. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

/** 1 for the bytes that need attention within a string: quote, backslash and control characters. */
const SPECIAL = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte < SPACE || byte === QUOTE || byte === BACKSLASH),
);

/** 1 for the digits. */
const DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte >= ZERO && byte <= NINE));

/**
 * The end of the value that begins at `at`, where whitespace was skipped.
 * Looks one byte ahead without asking whether it is within `end`, and asks when it returns: nothing behind `end` is accepted.
 * @param stack MAX_DEPTH bytes of scratch.
 *
 * PERF: plain: a function per kind of value, calling each other. One loop with its stack in scratch bytes, no call for whitespace
 * where there is none, and all in all small enough for V8 to inline what it calls (more arguments for `fail` cost 10 percent):
 * 1.7 times (Deno) and 1.3 times (Bun) as fast for 106 bytes (bench row "parse call json 128"; Deno 2.9.6, Bun 1.4.5; November
 * 2026).
 */
export function skipValue(bytes: Uint8Array, at: number, end: number, stack: Uint8Array): number {
  let depth = 0;
  /** The bracket that closes the innermost container. */
  let closer = 0;
  for (;;) {
    const byte = at < end ? bytes[at] as number : 0;
    if (byte === QUOTE) at = skipString(bytes, at + 1, end);
    else if (byte === ARRAY || byte === OBJECT) {
      if (depth === MAX_DEPTH) tooDeep();
      stack[depth++] = closer;
      // Both closing brackets stand two behind the opening ones.
      closer = byte + 2;
      at++;
      if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end);
      if (bytes[at] === closer) {
        closer = stack[--depth] as number;
        at++;
      } else {
        if (byte === OBJECT) at = skipKey(bytes, at, end);
        continue;
      }
    } else if (byte <= NINE) at = skipNumber(bytes, at, end);
    else at = skipLiteral(bytes, at);

    for (;;) {
      if (depth === 0) return at <= end ? at : fail(end);
      let next = at < end ? bytes[at] as number : 0;
      if (next <= SPACE) {
        at = skipSpace(bytes, at, end);
        next = at < end ? bytes[at] as number : 0;
      }
      if (next === COMMA) {
        at++;
        if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end);
        if (closer === OBJECT_END) at = skipKey(bytes, at, end);
        break;
      }
      if (next !== closer) fail(at);
      closer = stack[--depth] as number;
      at++;
    }
  }
}

/** Behind the key at `at` and its colon: where the value begins. */
function skipKey(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== QUOTE) fail(at);
  at = skipString(bytes, at + 1, end);
  if (bytes[at] !== COLON) {
    at = skipSpace(bytes, at, end);
    if (bytes[at] !== COLON) fail(at);
  }
  at++;
  return (bytes[at] as number) <= SPACE ? skipSpace(bytes, at, end) : at;
}

/**
 * Behind the closing quote of the string whose content begins at `at`.
 *
 * PERF: plain: one byte a step, three comparisons. Four bytes a step by a table: 1.45 times (Deno) and 2.1 times (Bun) as fast
 * for 1000 bytes of text, even for short strings (bench row "parse call json 1024"; Deno 2.9.6, Bun 1.4.5; November 2026).
 */
export function skipString(bytes: Uint8Array, at: number, end: number): number {
  const last = end - 4;
  for (;;) {
    let turn = last - at > WORDS_FROM ? at + LONG_RUN : last;
    for (;;) {
      while (
        at <= turn &&
        ((SPECIAL[bytes[at] as number] as number) | (SPECIAL[bytes[at + 1] as number] as number) |
            (SPECIAL[bytes[at + 2] as number] as number) |
            (SPECIAL[bytes[at + 3] as number] as number)) === 0
      ) at += 4;
      if (at <= turn || turn === last) break;
      at = plainWords(bytes, at, end);
      turn = last;
    }
    while (at < end && SPECIAL[bytes[at] as number] === 0) at++;
    if (at >= end) fail(end);
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) fail(at);
    at = skipEscape(bytes, at + 1, end);
  }
}

/** A run of plain text of this length will probably go on: the rest, if it is worth a view of words, is read by words. */
const LONG_RUN = 64;
const WORDS_FROM = 512;

/**
 * A place from `at` on before which nothing is SPECIAL, at most seven bytes before the first that is.
 *
 * PERF: plain: four bytes a step, as in `skipString`. Eight a step, by arithmetic on words: 2.2 times (Deno) and 1.1 times (Bun) as fast
 * for 1 KiB, 2.5 and 1.45 times for 1 MiB (Deno 2.9.6, Bun 1.4.5; November 2026). In each byte, `x` is below 0x21 where the byte is a
 * quote or a control character, and `y` is zero where it is a backslash; subtracting then borrows from the byte's highest bit.
 */
function plainWords(bytes: Uint8Array, at: number, end: number): number {
  while (((bytes.byteOffset + at) & 3) !== 0) {
    if (SPECIAL[bytes[at] as number] !== 0) return at;
    at++;
  }
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >> 2);
  let i = 0;
  for (const last = words.length - 2; i <= last; i += 2) {
    const x1 = (words[i] as number) ^ 0x02020202;
    const y1 = (words[i] as number) ^ 0x5c5c5c5c;
    const x2 = (words[i + 1] as number) ^ 0x02020202;
    const y2 = (words[i + 1] as number) ^ 0x5c5c5c5c;
    const found = ((x1 - 0x21212121) & ~x1) | ((y1 - 0x01010101) & ~y1) |
      ((x2 - 0x21212121) & ~x2) | ((y2 - 0x01010101) & ~y2);
    if ((found & 0x80808080) !== 0) break;
  }
  return at + i * 4;
}

/** The first place from `at` on whose byte is SPECIAL; `end` when there is none. The loop of `skipString` for other uses. */
export function plainEnd(bytes: Uint8Array, at: number, end: number): number {
  const last = end - 4;
  while (
    at <= last &&
    ((SPECIAL[bytes[at] as number] as number) | (SPECIAL[bytes[at + 1] as number] as number) |
        (SPECIAL[bytes[at + 2] as number] as number) |
        (SPECIAL[bytes[at + 3] as number] as number)) === 0
  ) at += 4;
  while (at < end && SPECIAL[bytes[at] as number] === 0) at++;
  return at;
}

function skipEscape(bytes: Uint8Array, at: number, end: number): number {
  switch (at < end ? bytes[at] : 0) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      for (let i = at + 1; i <= at + 4; i++) {
        if (i >= end || hexValue(bytes[i] as number) < 0) fail(i);
      }
      return at + 5;
    default:
      return fail(at);
  }
}

/** 0 to 15; negative when `byte` is no hexadecimal digit. */
export function hexValue(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === MINUS) at++;
  const first = at;
  while (at < end && DIGIT[bytes[at] as number] === 1) at++;
  if (at === first || (at > first + 1 && bytes[first] === ZERO)) fail(first);
  if (at < end && bytes[at] === POINT) {
    const fraction = ++at;
    while (at < end && DIGIT[bytes[at] as number] === 1) at++;
    if (at === fraction) fail(at);
  }
  return at < end && ((bytes[at] as number) | 0x20) === 0x65
    ? skipExponent(bytes, at + 1, end)
    : at;
}

function skipExponent(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
  const first = at;
  while (at < end && DIGIT[bytes[at] as number] === 1) at++;
  return at > first ? at : fail(at);
}

/** Behind `true`, `false` or `null`; perhaps behind the end, too: `skipValue` asks. */
function skipLiteral(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (
    first === 0x74 && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65
  ) return at + 4;
  if (
    first === 0x66 && bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 &&
    bytes[at + 4] === 0x65
  ) return at + 5;
  if (
    first === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c
  ) return at + 4;
  return fail(at);
}
