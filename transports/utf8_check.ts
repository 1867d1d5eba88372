/** UTF-8 of text that comes in pieces: says no at the first byte that cannot belong to valid text. Called by `websocket_endpoint.ts`. [RFC 3629] */
import { asciiEnd } from "../wamp/utf8.ts";

export class Utf8Check {
  /** Continuation bytes still to come, and what the next of them may be. */
  #missing = 0;
  #low = 0x80;
  #high = 0xbf;

  /** True when all sequences are complete. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  reset(): void {
    this.#missing = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  /** False when the text so far cannot be the beginning of valid UTF-8. */
  accepts(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      if (this.#missing === 0) {
        at = asciiEnd(bytes, at, end);
        if (at === end) return true;
        if (!this.#begin(bytes[at] as number)) return false;
      } else {
        const byte = bytes[at] as number;
        if (byte < this.#low || byte > this.#high) return false;
        this.#missing--;
        this.#low = 0x80;
        this.#high = 0xbf;
      }
    }
    return true;
  }

  /** Takes the first byte of a sequence. The second has its own bounds: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
  #begin(first: number): boolean {
    if (first < 0xc2 || first > 0xf4) return false;
    this.#missing = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    this.#low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    this.#high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    return true;
  }
}
