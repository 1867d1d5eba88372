/**
 * CBOR's well-formedness, checked in one pass that builds nothing. HOT.
 * Definite and indefinite lengths, tags and simple values are accepted as RFC 8949 has them, and integers in any width; reserved
 * additional information, breaks out of place, lengths that lie and text that is no UTF-8 are not. Nesting and tags in a row are limited.
 * Reads within `end` only, as other messages may follow in the buffer. Throws DecodeError. [RFC 8949 section 5.3.1, appendix C]
 */
import { DecodeError } from "../protocol_error.ts";
import { isUtf8 } from "../utf8.ts";
import { readUint } from "./big_endian.ts";
import { argument, argumentSize } from "./cbor_heads.ts";
import { MAX_DEPTH } from "./codec.ts";

/*
 * As in `cbor_heads.ts`. PERF: plain: imported from there. V8 loads what a module exports at each use, and knows what it does not
 * export: 1.3 times as fast (bench row "parse call cbor"; Deno 2.9.6; November 2026). Bun does not care.
 */
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const ARGUMENT8 = 24;
const ARGUMENT64 = 27;
const INDEFINITE = 31;
const BREAK = 0xff;

/** More tags around one value are refused, as nesting is. */
const MAX_TAGS = 16;

/** What is left of a container without a count; counts are smaller, as a count beyond the bytes is refused. */
const ANY_ELEMENT = 0xffffffff;
const ANY_KEY = 0xfffffffe;
const ANY_VALUE = 0xfffffffd;

/**
 * The end of the value that begins at `start`.
 * @param stack MAX_DEPTH entries of scratch.
 * @param outer how deep it is nested.
 */
export function skipValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  stack: Uint32Array,
  outer: number,
): number {
  let at = start;
  let depth = outer;
  /** Values still to come in the innermost container. */
  let left = 1;
  let isTagged = false;
  /** Tags in a row: each is a level to whoever decodes it. */
  let tags = 0;
  for (;;) {
    while (left === 0) {
      if (depth === outer) return at;
      left = stack[--depth] as number;
    }
    if (at >= end) truncated();
    const byte = bytes[at++] as number;
    if (byte === BREAK) {
      if (isTagged || (left !== ANY_ELEMENT && left !== ANY_KEY)) malformed("a break out of place");
      left = 0;
      continue;
    }
    const major = byte >>> 5;
    isTagged = major === TAG;
    // A tag and what it tags are one value.
    if (isTagged) {
      if (++tags > MAX_TAGS) malformed(`more than ${MAX_TAGS} tags around a value`);
    } else {
      tags = 0;
      if (left < ANY_VALUE) left--;
      else if (left !== ANY_ELEMENT) left = left === ANY_KEY ? ANY_VALUE : ANY_KEY;
    }

    let argument = byte & 0x1f;
    const isIndefinite = argument === INDEFINITE;
    if (argument >= ARGUMENT8) {
      if (isIndefinite ? major < BYTES || major > MAP : argument > ARGUMENT64) {
        malformed(`reserved additional information ${argument}`);
      }
      if (!isIndefinite) {
        const size = 1 << (argument - ARGUMENT8);
        if (at + size > end) truncated();
        argument = readUint(bytes, at, size);
        at += size;
        if (byte === 0xf8 && argument < 0x20) malformed("a simple value in two bytes");
      }
    }
    if (major === BYTES || major === TEXT) {
      at = isIndefinite
        ? skipChunks(bytes, major, at, end)
        : skipString(bytes, major, at, at + argument, end);
    } else if (major === ARRAY || major === MAP) {
      let inner = major === ARRAY ? argument : argument * 2;
      if (isIndefinite) inner = major === ARRAY ? ANY_ELEMENT : ANY_KEY;
      else if (inner > end - at) truncated();
      if (depth === MAX_DEPTH) tooDeep();
      stack[depth++] = left;
      left = inner;
    }
  }
}

/** Checks that the content `bytes[at..behind)` is within the message, and UTF-8 if it is text. */
function skipString(
  bytes: Uint8Array,
  major: number,
  at: number,
  behind: number,
  end: number,
): number {
  if (behind > end) truncated();
  if (major === TEXT && !isUtf8(bytes, at, behind)) malformed("a string that is no UTF-8");
  return behind;
}

/** Behind the break of a string in chunks; each is a string of the same type with a length, and UTF-8 by itself. */
function skipChunks(bytes: Uint8Array, major: number, start: number, end: number): number {
  let at = start;
  for (;;) {
    if (at >= end) truncated();
    const byte = bytes[at++] as number;
    if (byte === BREAK) return at;
    if (byte >>> 5 !== major || (byte & 0x1f) > ARGUMENT64) malformed("a chunk of another type");
    const size = argumentSize(byte);
    if (at + size > end) truncated();
    at = skipString(bytes, major, at + size, at + size + argument(bytes, byte, at), end);
  }
}

export function truncated(): never {
  throw new DecodeError("Cannot read CBOR: found the end within a value");
}

function malformed(found: string): never {
  throw new DecodeError(`Cannot read CBOR: found ${found}`);
}

function tooDeep(): never {
  throw new DecodeError(
    `Cannot read CBOR: found nesting deeper than ${MAX_DEPTH}, expected less`,
  );
}
