/**
 * A message or frame that comes in pieces, put together in one buffer. HOT for large messages.
 * What a header says of its length may be a lie: memory follows what has arrived, twice as much at most. Called by
 * `websocket_endpoint.ts` and `rawsocket_reader.ts`.
 */
import { largeBuffers } from "./buffer_pool.ts";

/** Up to this size memory comes at once, as announced: growing would cost more than it could save. */
const TRUSTED_BYTES = 65_536;
const EMPTY = new Uint8Array(0);

export class Assembly {
  /** Only the first `length` bytes are set. */
  bytes: Uint8Array<ArrayBuffer> = EMPTY;
  length = 0;

  /** Appends a piece. @param announced bytes that the whole will have, as far as known. */
  add(piece: Uint8Array, start: number, end: number, announced: number): void {
    const needed = this.length + end - start;
    if (needed > this.bytes.length) this.#grow(needed, announced);
    this.bytes.set(piece.subarray(start, end), this.length);
    this.length = needed;
  }

  /** Lets go of the buffer: whoever took it gives it back to `largeBuffers` when it is done with. */
  reset(): void {
    this.bytes = EMPTY;
    this.length = 0;
  }

  #grow(needed: number, announced: number): void {
    const wanted = announced <= TRUSTED_BYTES
      ? announced
      : Math.min(announced, Math.max(2 ** Math.ceil(Math.log2(needed + 1)), TRUSTED_BYTES));
    const larger = largeBuffers.take(Math.max(needed, wanted));
    larger.set(this.bytes.subarray(0, this.length));
    largeBuffers.give(this.bytes);
    this.bytes = larger;
  }
}
