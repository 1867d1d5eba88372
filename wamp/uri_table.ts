/**
 * Strings that come again and again on the wire (topics, procedures), interned from their bytes. HOT.
 * Bounded: two generations of at most `capacity` entries each, so what peers invent cannot grow memory; an entry that is
 * used survives the change of generations. The hash is seeded, so nobody can choose colliding URIs. Bytes are compared.
 */
import { decodeUtf8 } from "./utf8.ts";

/** Longer strings are not interned: they are rare, and a table of them would be large. */
const MAX_LENGTH = 255;

class Generation {
  readonly #mask: number;
  readonly #hashes: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #bytes: (Uint8Array | undefined)[];
  count = 0;

  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#hashes = new Int32Array(slots);
    this.#texts = new Array<string | undefined>(slots).fill(undefined);
    this.#bytes = new Array<Uint8Array | undefined>(slots).fill(undefined);
  }

  find(hash: number, bytes: Uint8Array, start: number, length: number): string | undefined {
    for (let slot = hash & this.#mask;; slot = (slot + 1) & this.#mask) {
      const text = this.#texts[slot];
      if (text === undefined) return undefined;
      if (
        this.#hashes[slot] === hash &&
        isEqual(this.#bytes[slot] as Uint8Array, bytes, start, length)
      ) return text;
    }
  }

  add(hash: number, bytes: Uint8Array, text: string): void {
    let slot = hash & this.#mask;
    while (this.#texts[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#hashes[slot] = hash;
    this.#texts[slot] = text;
    this.#bytes[slot] = bytes;
    this.count++;
  }
}

function isEqual(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

export class UriTable {
  readonly #capacity: number;
  readonly #seed: number;
  #young: Generation;
  #old: Generation;

  /** @param seed any 32 bits that peers do not know. @param capacity entries of a generation; a power of two. */
  constructor(seed: number, capacity = 4096) {
    this.#capacity = capacity;
    this.#seed = seed | 0;
    this.#young = new Generation(capacity * 2);
    this.#old = new Generation(capacity * 2);
  }

  /** The string whose UTF-8 is `bytes[start..end)`; undefined when that is no valid UTF-8. */
  intern(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    if (length > MAX_LENGTH) return decodeUtf8(bytes, start, end);
    let hash = this.#seed ^ length;
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    }
    hash ^= hash >>> 15;
    const known = this.#young.find(hash, bytes, start, length);
    if (known !== undefined) return known;
    return this.#admit(hash, bytes, start, length);
  }

  #admit(hash: number, bytes: Uint8Array, start: number, length: number): string | undefined {
    const text = this.#old.find(hash, bytes, start, length) ??
      decodeUtf8(bytes, start, start + length);
    if (text === undefined) return undefined;
    if (this.#young.count === this.#capacity) {
      this.#old = this.#young;
      this.#young = new Generation(this.#capacity * 2);
    }
    this.#young.add(hash, bytes.slice(start, start + length), text);
    return text;
  }
}
