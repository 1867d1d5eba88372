/**
 * JSON's grammar, checked in one pass that builds nothing. HOT.
 * Bytes that are no UTF-8 are not noticed here: transports check text before it is decoded.
 * Reads within `end` only, as other messages may follow in the buffer. Throws DecodeError. [RFC 8259]
 */
import { DecodeError } from "../protocol_error.ts";
import { MAX_DEPTH } from "./codec.ts";

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const ARRAY = 0x5b;
export const ARRAY_END = 0x5d;
export const OBJECT = 0x7b;
export const OBJECT_END = 0x7d;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const PLUS = 0x2b;
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

/**
 * The end of the value that begins at `at`, where whitespace was skipped.
 * Looks one byte ahead without asking whether it is within `end`, and asks when it returns: nothing behind `end` is accepted.
 * @param stack MAX_DEPTH bytes of scratch.
 *
 * PERF: plain: a function per kind of value, calling each other. One loop with its stack in scratch bytes, and no call for
 * whitespace where there is none: 1.6 times as fast for 106 bytes (bench row "parse call json 128"; Deno 2.9.6, Bun 1.4.5;
 * November 2026).
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
    } else if ((byte >= ZERO && byte <= NINE) || byte === MINUS) at = skipNumber(bytes, at, end);
    else at = skipLiteral(bytes, at, end);

    for (;;) {
      if (depth === 0) {
        if (at > end) unexpected(bytes, end, end, "the end of a value");
        return at;
      }
      if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end);
      const next = at < end ? bytes[at] as number : 0;
      if (next === COMMA) {
        at++;
        if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end);
        if (closer === OBJECT_END) at = skipKey(bytes, at, end);
        break;
      }
      if (next !== closer) unexpected(bytes, at, end, `"," or "${String.fromCharCode(closer)}"`);
      closer = stack[--depth] as number;
      at++;
    }
  }
}

/** Behind the key at `at` and its colon: where the value begins. */
function skipKey(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== QUOTE) unexpected(bytes, at, end, "a key");
  at = skipString(bytes, at + 1, end);
  if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end);
  if (bytes[at] !== COLON) unexpected(bytes, at, end, `":"`);
  at++;
  if ((bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end);
  return at;
}

/** 1 for the bytes that need attention within a string: quote, backslash and control characters. */
export const SPECIAL = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte < SPACE || byte === QUOTE || byte === BACKSLASH),
);

/**
 * The first place from `at` on whose byte is SPECIAL; `end` when there is none.
 *
 * PERF: plain: one byte a step, three comparisons. Four bytes a step by a table: 1.45 times (Deno) and 2.1 times (Bun) as fast
 * for 1000 bytes of text, even for short strings (bench row "parse call json 1024"; Deno 2.9.6, Bun 1.4.5; November 2026).
 */
export function plainEnd(bytes: Uint8Array, at: number, end: number): number {
  for (const last = end - 4; at <= last; at += 4) {
    if (
      ((SPECIAL[bytes[at] as number] as number) | (SPECIAL[bytes[at + 1] as number] as number) |
        (SPECIAL[bytes[at + 2] as number] as number) |
        (SPECIAL[bytes[at + 3] as number] as number)) !== 0
    ) break;
  }
  while (at < end && SPECIAL[bytes[at] as number] === 0) at++;
  return at;
}

/** Behind the closing quote of the string whose content begins at `at`. */
export function skipString(bytes: Uint8Array, at: number, end: number): number {
  for (;;) {
    at = plainEnd(bytes, at, end);
    if (at >= end) unexpected(bytes, end, end, "the end of a string");
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) unexpected(bytes, at, end, "an escaped control character");
    at = skipEscape(bytes, at + 1, end);
  }
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
        if (i >= end || hexValue(bytes[i] as number) < 0) {
          unexpected(bytes, i, end, "a hexadecimal digit");
        }
      }
      return at + 5;
    default:
      return unexpected(bytes, at, end, "an escape");
  }
}

/** 0 to 15; negative when `byte` is no hexadecimal digit. */
export function hexValue(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === MINUS) at++;
  if (at < end && bytes[at] === ZERO) at++;
  else at = skipDigits(bytes, at, end);
  if (at < end && bytes[at] === POINT) at = skipDigits(bytes, at + 1, end);
  if (at < end && ((bytes[at] as number) | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
    at = skipDigits(bytes, at, end);
  }
  return at;
}

/** Behind one digit or more. */
function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) break;
    at++;
  }
  if (at === start) unexpected(bytes, at, end, "a digit");
  return at;
}

/** Behind `true`, `false` or `null`. */
function skipLiteral(bytes: Uint8Array, at: number, end: number): number {
  switch (at < end ? bytes[at] : 0) {
    case 0x74:
      if (bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65) return at + 4;
      break;
    case 0x66:
      if (
        bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 &&
        bytes[at + 4] === 0x65
      ) return at + 5;
      break;
    case 0x6e:
      if (bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c) return at + 4;
  }
  return unexpected(bytes, at, end, "a value");
}

function tooDeep(): never {
  throw new DecodeError(
    `Cannot read JSON: found nesting deeper than ${MAX_DEPTH}, expected less`,
  );
}

export function unexpected(bytes: Uint8Array, at: number, end: number, expected: string): never {
  const byte = bytes[at] as number;
  const found = at >= end
    ? "the end"
    : byte > 0x20 && byte < 0x7f
    ? JSON.stringify(String.fromCharCode(byte))
    : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  throw new DecodeError(`Cannot read JSON: found ${found}, expected ${expected}`);
}
