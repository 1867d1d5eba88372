/**
 * RawSocket's frames: four bytes of prefix, then a payload. HOT.
 * Finds them straight in the read buffer, several per read; only those that are cut are put together first. Called by
 * `rawsocket.ts`. [WAMP rawsocket]
 */
import { Assembly } from "./assembly.ts";
import { largeBuffers } from "./buffer_pool.ts";

export const Kind = { MESSAGE: 0, PING: 1, PONG: 2 } as const;
export const PREFIX_BYTES = 4;
/** What a prefix can say: exactly 2^24 is said by the X bit. */
const MAX_BYTES = 1 << 24;

export interface RawSocketSink {
  frame(kind: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /** A prefix broke the rules; the reader has stopped. */
  violated(found: string): void;
}

export class RawSocketReader {
  readonly #sink: RawSocketSink;
  readonly #maxBytes: number;
  readonly #cut = new Assembly();
  /** Bytes of the whole cut frame, once its prefix is complete; 0 before. */
  #needed = 0;
  #isStopped = false;

  /** @param maxBytes of a payload. */
  constructor(sink: RawSocketSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Reads `bytes` from `at` on. */
  read(bytes: Uint8Array<ArrayBuffer>, at: number): void {
    const end = bytes.length;
    while (at < end && !this.#isStopped) {
      if (this.#cut.length > 0) {
        at = this.#complete(bytes, at, end);
        continue;
      }
      if (end - at < PREFIX_BYTES) return this.#cut.add(bytes, at, end, PREFIX_BYTES);
      const length = this.#lengthAt(bytes, at);
      if (length < 0) return;
      const frameEnd = at + PREFIX_BYTES + length;
      if (frameEnd > end) {
        this.#needed = PREFIX_BYTES + length;
        return this.#cut.add(bytes, at, end, this.#needed);
      }
      this.#sink.frame((bytes[at] as number) & 7, bytes, at + PREFIX_BYTES, frameEnd);
      at = frameEnd;
    }
  }

  /** The length in the prefix at `at`; -1 when it broke the rules. */
  #lengthAt(bytes: Uint8Array, at: number): number {
    const first = bytes[at] as number;
    const length = ((first & 8) << 21) | ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if ((first & 0xf0) !== 0) return this.#violated("reserved bits, expected none");
    if ((first & 7) > Kind.PONG) return this.#violated(`type ${first & 7}, expected 0 to 2`);
    if (length > MAX_BYTES || length > this.#maxBytes) {
      return this.#violated(`${length} bytes, expected at most ${this.#maxBytes}`);
    }
    return length;
  }

  /** Adds what the cut frame lacks; returns where the next one begins, or `end`. */
  #complete(bytes: Uint8Array<ArrayBuffer>, at: number, end: number): number {
    const cut = this.#cut;
    if (this.#needed === 0) {
      const prefixEnd = Math.min(end, at + PREFIX_BYTES - cut.length);
      cut.add(bytes, at, prefixEnd, PREFIX_BYTES);
      if (cut.length < PREFIX_BYTES) return end;
      const length = this.#lengthAt(cut.bytes, 0);
      if (length < 0) return end;
      this.#needed = PREFIX_BYTES + length;
      at = prefixEnd;
    }
    const pieceEnd = Math.min(end, at + this.#needed - cut.length);
    cut.add(bytes, at, pieceEnd, this.#needed);
    if (cut.length === this.#needed) {
      const frame = cut.bytes;
      const frameEnd = cut.length;
      cut.reset();
      this.#needed = 0;
      this.#sink.frame((frame[0] as number) & 7, frame, PREFIX_BYTES, frameEnd);
      largeBuffers.give(frame);
    }
    return pieceEnd;
  }

  #violated(found: string): number {
    this.#isStopped = true;
    this.#sink.violated(`Cannot accept a RawSocket message: found ${found}`);
    return -1;
  }
}
