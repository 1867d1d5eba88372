/** The router's randomness from the system's, drawn in batches, as one draw at a time would cost a system call each. */
import type { Random } from "../router/ports.ts";

/** Without letters and digits that people mistake for each other. */
const ALPHABET = "3456789ACEFGHJKLMNPQRSTUVWXY";
const AUTHID_GROUPS = 6;
const AUTHID_GROUP = 4;

class SystemRandom implements Random {
  readonly #words = new Uint32Array(1024);
  #next = this.#words.length;

  sessionId(): number {
    return this.#id();
  }

  publicationId(): number {
    return this.#id();
  }

  index(below: number): number {
    // The words above the last whole multiple of `below` would favour small numbers.
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const word = this.#word();
      if (word < limit) return word % below;
    }
  }

  /** 24 characters in groups of four, as Crossbar.io makes them: 115 bits. */
  authid(): string {
    let text = "";
    for (let i = 0; i < AUTHID_GROUPS * AUTHID_GROUP; i++) {
      if (i > 0 && i % AUTHID_GROUP === 0) text += "-";
      text += ALPHABET.charAt(this.index(ALPHABET.length));
    }
    return text;
  }

  /** 53 random bits, plus 1: each of 1..2^53 equally likely, and a number holds them all exactly. */
  #id(): number {
    return (this.#word() >>> 11) * 2 ** 32 + this.#word() + 1;
  }

  #word(): number {
    if (this.#next === this.#words.length) {
      crypto.getRandomValues(this.#words);
      this.#next = 0;
    }
    return this.#words[this.#next++] ?? 0;
  }
}

/** One for the process; it holds nothing but unused random words. */
export const systemRandom: Random = new SystemRandom();
