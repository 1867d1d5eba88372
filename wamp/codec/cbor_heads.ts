/** Heads of CBOR values: a major type, and an argument. [RFC 8949 section 3] */
import { readUint } from "./big_endian.ts";

/** Major types: the upper three bits of a head. */
export const UINT = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;

/** Additional information: the lower five bits. Up to 23 it is the argument itself; 24 to 27 say its size. */
export const ARGUMENT8 = 24;
export const ARGUMENT64 = 27;
export const INDEFINITE = 31;
export const BREAK = 0xff;

/** Bytes that the argument takes behind the head `byte`. */
export function argumentSize(byte: number): number {
  const info = byte & 0x1f;
  return info < ARGUMENT8 || info > ARGUMENT64 ? 0 : 1 << (info - ARGUMENT8);
}

/** The argument of the head `byte`, which stands before `at`. */
export function argument(bytes: Uint8Array, byte: number, at: number): number {
  const info = byte & 0x1f;
  return info < ARGUMENT8 ? info : readUint(bytes, at, argumentSize(byte));
}
