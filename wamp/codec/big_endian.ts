/** Numbers in network order, as MessagePack and CBOR have them. HOT. */

const WORD = 4294967296;

/**
 * Scratch of one call. PERF: plain: a DataView of the message; making one costs more than all numbers of a short message (60 ns,
 * bench row "transcode msgpack to json"; Deno 2.9.6, Bun 1.4.5; November 2026).
 */
const SCRATCH = new DataView(new ArrayBuffer(8));

/** The unsigned integer of `size` bytes (1, 2, 4 or 8) at `at`; rounded beyond 2^53. */
export function readUint(bytes: Uint8Array, at: number, size: number): number {
  switch (size) {
    case 1:
      return bytes[at] as number;
    case 2:
      return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    case 4:
      return readWord(bytes, at);
    default:
      return readWord(bytes, at) * WORD + readWord(bytes, at + 4);
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

export function readFloat32(bytes: Uint8Array, at: number): number {
  SCRATCH.setUint32(0, readWord(bytes, at));
  return SCRATCH.getFloat32(0);
}

export function readFloat64(bytes: Uint8Array, at: number): number {
  SCRATCH.setUint32(0, readWord(bytes, at));
  SCRATCH.setUint32(4, readWord(bytes, at + 4));
  return SCRATCH.getFloat64(0);
}

/** The eight bytes at `at` as an unsigned integer, exact. */
export function readBigUint64(bytes: Uint8Array, at: number): bigint {
  SCRATCH.setUint32(0, readWord(bytes, at));
  SCRATCH.setUint32(4, readWord(bytes, at + 4));
  return SCRATCH.getBigUint64(0);
}
