/**
 * MessagePack's well-formedness, checked in one pass that builds nothing. HOT.
 * Lengths must not lie, text must be UTF-8, 0xc1 is refused, nesting is limited; a key may be of any type, as the format allows.
 * Reads within `end` only, as other messages may follow in the buffer. Throws DecodeError.
 */
import { DecodeError } from "../protocol_error.ts";
import { isUtf8 } from "../utf8.ts";
import { readUint } from "./big_endian.ts";
import { MAX_DEPTH } from "./codec.ts";

export const NIL = 0xc0;
export const RESERVED = 0xc1;
export const FALSE = 0xc2;
export const TRUE = 0xc3;
export const BIN8 = 0xc4;
export const EXT8 = 0xc7;
export const FLOAT32 = 0xca;
export const FLOAT64 = 0xcb;
export const UINT8 = 0xcc;
export const UINT64 = 0xcf;
export const INT8 = 0xd0;
export const INT64 = 0xd3;
export const FIXEXT1 = 0xd4;
export const FIXEXT16 = 0xd8;
export const STR8 = 0xd9;
export const STR32 = 0xdb;
export const ARRAY16 = 0xdc;
export const ARRAY32 = 0xdd;
export const MAP16 = 0xde;
export const MAP32 = 0xdf;

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
  for (;;) {
    while (left === 0) {
      if (depth === outer) return at;
      left = stack[--depth] as number;
    }
    left--;
    if (at >= end) truncated();
    const byte = bytes[at++] as number;
    if (byte < 0x80 || byte >= 0xe0) continue;
    let inner = 0;
    if (byte >= 0xa0 && byte < 0xc0) {
      at = skipText(bytes, at, at + (byte & 0x1f), end);
      continue;
    } else if (byte < 0x90) inner = (byte & 0x0f) * 2;
    else if (byte < 0xa0) inner = byte & 0x0f;
    else if (byte >= ARRAY16) {
      const size = (byte & 1) === 0 ? 2 : 4;
      if (at + size > end) truncated();
      inner = readUint(bytes, at, size) * (byte >= MAP16 ? 2 : 1);
      at += size;
    } else if (byte >= STR8) {
      const size = 1 << (byte - STR8);
      if (at + size > end) truncated();
      at = skipText(bytes, at + size, at + size + readUint(bytes, at, size), end);
      continue;
    } else {
      at = skipScalar(bytes, byte, at, end);
      continue;
    }
    if (inner > end - at) truncated();
    if (depth === MAX_DEPTH) tooDeep();
    stack[depth++] = left;
    left = inner;
  }
}

/** Checks that `bytes[at..behind)` is text and within the message. */
export function skipText(bytes: Uint8Array, at: number, behind: number, end: number): number {
  if (behind > end) truncated();
  if (!isUtf8(bytes, at, behind)) {
    throw new DecodeError("Cannot read MessagePack: found a string that is no UTF-8");
  }
  return behind;
}

/** Behind a value that is neither text nor a container and has more than one byte, or is nil or a boolean. */
function skipScalar(bytes: Uint8Array, byte: number, at: number, end: number): number {
  if (byte === NIL || byte === FALSE || byte === TRUE) return at;
  if (byte === RESERVED) {
    throw new DecodeError("Cannot read MessagePack: found byte 0xc1, which is reserved");
  }
  const behind = scalarEnd(bytes, byte, at, end);
  if (behind > end) truncated();
  return behind;
}

function scalarEnd(bytes: Uint8Array, byte: number, at: number, end: number): number {
  if (byte < FLOAT32) {
    const isExt = byte >= EXT8;
    const size = 1 << (byte - (isExt ? EXT8 : BIN8));
    if (at + size > end) truncated();
    return at + size + readUint(bytes, at, size) + (isExt ? 1 : 0);
  }
  if (byte === FLOAT32) return at + 4;
  if (byte === FLOAT64) return at + 8;
  if (byte <= UINT64) return at + (1 << (byte - UINT8));
  if (byte <= INT64) return at + (1 << (byte - INT8));
  return at + 1 + (1 << (byte - FIXEXT1));
}

export function truncated(): never {
  throw new DecodeError("Cannot read MessagePack: found the end within a value");
}

function tooDeep(): never {
  throw new DecodeError(
    `Cannot read MessagePack: found nesting deeper than ${MAX_DEPTH}, expected less`,
  );
}
