/** Randomness that a seed repeats: for the router under test, and for tests that invent their input. */
import type { Random } from "../../router/ports.ts";

export class FakeRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Uniform over 32 bits (mulberry32). */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  index(below: number): number {
    return Math.floor((this.bits() / 4294967296) * below);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.index(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.index(list.length)] as T;
  }

  sessionId(): number {
    return this.#id();
  }

  publicationId(): number {
    return this.#id();
  }

  authid(): string {
    return `peer-${this.bits().toString(36)}`;
  }

  #id(): number {
    return this.index(2097152) * 4294967296 + this.bits() + 1;
  }
}
