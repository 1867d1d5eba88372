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
const PLUS = 0x2b;

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
 * @param stack MAX_DEPTH bytes of scratch.
 */
export function skipValue(bytes: Uint8Array, at: number, end: number, stack: Uint8Array): number {
  let depth = 0;
  for (;;) {
    const byte = at < end ? bytes[at] as number : 0;
    if (byte === QUOTE) at = skipString(bytes, at + 1, end);
    else if (byte === ARRAY || byte === OBJECT) {
      if (depth === MAX_DEPTH) tooDeep();
      stack[depth++] = byte;
      at = skipSpace(bytes, at + 1, end);
      // Both closing brackets stand two behind the opening ones.
      if (at < end && bytes[at] === byte + 2) {
        depth--;
        at++;
      } else {
        if (byte === OBJECT) at = skipKey(bytes, at, end);
        continue;
      }
    } else if (byte === MINUS || (byte >= ZERO && byte <= 0x39)) at = skipNumber(bytes, at, end);
    else at = skipLiteral(bytes, at, end);

    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at, end);
      const next = at < end ? bytes[at] as number : 0;
      const container = stack[depth - 1] as number;
      if (next === COMMA) {
        at = skipSpace(bytes, at + 1, end);
        if (container === OBJECT) at = skipKey(bytes, at, end);
        break;
      }
      if (next !== container + 2) {
        unexpected(bytes, at, end, `"," or "${String.fromCharCode(container + 2)}"`);
      }
      depth--;
      at++;
    }
  }
}

/** Behind the key at `at` and its colon: where the value begins. */
export function skipKey(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== QUOTE) unexpected(bytes, at, end, "a key");
  at = skipSpace(bytes, skipString(bytes, at + 1, end), end);
  if (at >= end || bytes[at] !== COLON) unexpected(bytes, at, end, `":"`);
  return skipSpace(bytes, at + 1, end);
}

/** Behind the closing quote of the string whose content begins at `at`. */
export function skipString(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at = skipEscape(bytes, at + 1, end);
    else if (byte < 0x20) unexpected(bytes, at, end, "an escaped control character");
    else at++;
  }
  return unexpected(bytes, end, end, "the end of a string");
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
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
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
    if (byte < 0x30 || byte > 0x39) break;
    at++;
  }
  if (at === start) unexpected(bytes, at, end, "a digit");
  return at;
}

const TRUE = new TextEncoder().encode("true");
const FALSE = new TextEncoder().encode("false");
const NULL = new TextEncoder().encode("null");

function skipLiteral(bytes: Uint8Array, at: number, end: number): number {
  const byte = at < end ? bytes[at] : 0;
  const word = byte === TRUE[0] ? TRUE : byte === FALSE[0] ? FALSE : NULL;
  if (at + word.length > end) unexpected(bytes, at, end, "a value");
  for (let i = 0; i < word.length; i++) {
    if (bytes[at + i] !== word[i]) unexpected(bytes, at, end, "a value");
  }
  return at + word.length;
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
