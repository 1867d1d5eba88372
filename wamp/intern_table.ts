/**
 * Values that come again and again on the wire as the same bytes, made once and found by those bytes. HOT.
 * Bounded: two generations of limited memory, so what peers invent cannot grow it; an entry that is used survives the change of
 * generations. The hash is seeded and a search gives up after PROBES steps, so nobody gains from colliding bytes; what finds no
 * place is made each time. Bytes are compared.
 */

/** Longer runs of bytes are not interned: they are rare, and a table of them would be large. */
const MAX_LENGTH = 255;

/** Steps of a search. In a table half full, one honest search in hundreds takes more. */
const PROBES = 32;

/** A table begins with room for so many entries, and doubles. */
const FIRST_CAPACITY = 64;

/** Bytes set aside for each entry, on average. */
const BYTES_PER_ENTRY = 48;

/** What bytes stand for; undefined when they stand for nothing. */
export type Make<T> = (bytes: Uint8Array, start: number, end: number) => T | undefined;

class Generation<T> {
  readonly capacity: number;
  readonly #mask: number;
  /** 0: the slot is free. */
  readonly #hashes: Int32Array;
  readonly #starts: Int32Array;
  readonly #lengths: Uint8Array;
  readonly #values: (T | undefined)[];
  /** The bytes of all entries, one after the other. PERF: an array each would cost 213 ns on Deno, and 200 bytes. */
  readonly #bytes: Uint8Array;
  #count = 0;
  #used = 0;

  constructor(capacity: number) {
    const slots = capacity * 2;
    this.capacity = capacity;
    this.#mask = slots - 1;
    this.#hashes = new Int32Array(slots);
    this.#starts = new Int32Array(slots);
    this.#lengths = new Uint8Array(slots);
    this.#values = new Array<T | undefined>(slots).fill(undefined);
    this.#bytes = new Uint8Array(capacity * BYTES_PER_ENTRY);
  }

  find(hash: number, bytes: Uint8Array, start: number, length: number): T | undefined {
    const hashes = this.#hashes;
    const mask = this.#mask;
    for (let slot = hash & mask, i = 0; i < PROBES; slot = (slot + 1) & mask, i++) {
      const known = hashes[slot];
      if (known === 0) return undefined;
      if (
        known === hash && this.#lengths[slot] === length &&
        isEqual(this.#bytes, this.#starts[slot] as number, bytes, start, length)
      ) return this.#values[slot];
    }
    return undefined;
  }

  hasRoom(length: number): boolean {
    return this.#count < this.capacity && this.#used + length <= this.#bytes.length;
  }

  add(hash: number, bytes: Uint8Array, start: number, length: number, value: T): void {
    const mask = this.#mask;
    for (let slot = hash & mask, i = 0; i < PROBES; slot = (slot + 1) & mask, i++) {
      if (this.#hashes[slot] !== 0) continue;
      this.#hashes[slot] = hash;
      this.#starts[slot] = this.#used;
      this.#lengths[slot] = length;
      this.#values[slot] = value;
      for (let at = 0; at < length; at++) this.#bytes[this.#used++] = bytes[start + at] as number;
      this.#count++;
      return;
    }
  }

  clear(): void {
    this.#hashes.fill(0);
    this.#values.fill(undefined);
    this.#count = 0;
    this.#used = 0;
  }
}

/** True when `length` bytes from `first` of `one` and from `second` of `other` are the same. Four a step: see `intern`. */
function isEqual(
  one: Uint8Array,
  first: number,
  other: Uint8Array,
  second: number,
  length: number,
): boolean {
  let at = 0;
  for (const last = length - 4; at <= last; at += 4) {
    const difference = ((one[first + at] as number) ^ (other[second + at] as number)) |
      ((one[first + at + 1] as number) ^ (other[second + at + 1] as number)) |
      ((one[first + at + 2] as number) ^ (other[second + at + 2] as number)) |
      ((one[first + at + 3] as number) ^ (other[second + at + 3] as number));
    if (difference !== 0) return false;
  }
  for (; at < length; at++) if (one[first + at] !== other[second + at]) return false;
  return true;
}

export class InternTable<T> {
  readonly #seed: number;
  readonly #capacity: number;
  readonly #make: Make<T>;
  #young = new Generation<T>(FIRST_CAPACITY);
  #old: Generation<T> | undefined;

  /** @param seed any 32 bits that peers do not know. @param capacity entries of a generation; a power of two. */
  constructor(seed: number, capacity: number, make: Make<T>) {
    this.#seed = seed | 0;
    this.#capacity = capacity;
    this.#make = make;
  }

  /**
   * What `bytes[start..end)` stands for: the same object as before, if it was here lately.
   *
   * PERF: plain: a Map from decoded strings. Hash and comparison take four bytes a step: 1.2 times (Deno) and 1.35 times (Bun)
   * as fast as one for 27 bytes, and 3 times as fast as decoding (bench row "uri intern"; Deno 2.9.6, Bun 1.4.5; November 2026).
   */
  intern(bytes: Uint8Array, start: number, end: number): T | undefined {
    const length = end - start;
    if (length > MAX_LENGTH) return this.#make(bytes, start, end);
    let hash = this.#seed ^ length;
    let at = start;
    for (const last = end - 4; at <= last; at += 4) {
      const word = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
      hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ word, 0x27220a95);
    }
    for (; at < end; at++) {
      hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ (bytes[at] as number), 0x27220a95);
    }
    hash ^= hash >>> 15;
    if (hash === 0) hash = 1;
    return this.#young.find(hash, bytes, start, length) ?? this.#admit(hash, bytes, start, length);
  }

  #admit(hash: number, bytes: Uint8Array, start: number, length: number): T | undefined {
    const value = this.#old?.find(hash, bytes, start, length) ??
      this.#make(bytes, start, start + length);
    if (value === undefined) return undefined;
    if (!this.#young.hasRoom(length)) this.#turn();
    this.#young.add(hash, bytes, start, length, value);
    return value;
  }

  /** The young become the old, and the old are forgotten. */
  #turn(): void {
    const spare = this.#old;
    this.#old = this.#young;
    if (spare !== undefined && spare.capacity === this.#capacity) {
      spare.clear();
      this.#young = spare;
    } else {
      this.#young = new Generation<T>(Math.min(this.#old.capacity * 2, this.#capacity));
    }
  }
}
