/**
 * Large buffers, used again and again: for messages that come in pieces, and for what waits to be sent. HOT for large messages.
 * An allocator of the process, not state of any connection. Module: `assembly.ts` and `outbox.ts` take from it.
 *
 * PERF: plain: a new buffer each time, which costs zeroing it, page faults, and memory until the collector comes: 13 % of the CPU of
 * calls of 1 MiB on Deno, and 130 MiB of resident memory with 4 MiB in flight (bench/load "call of 1,048,576 bytes"; 2026-11-27).
 */
import type { Buffers } from "../wamp/byte_writer.ts";

/** Free buffers beyond this are left to the collector. */
const KEPT_BYTES = 8 * 1024 * 1024;
const SMALLEST = 1024;
const LARGEST = KEPT_BYTES / 2;

export class BufferPool implements Buffers {
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  #kept = 0;

  /** A buffer of at least `bytes`, of one of the sizes that are kept. Its content is of no meaning. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const size = sizeFor(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return new Uint8Array(size);
    this.#kept -= size;
    return buffer;
  }

  /** Nobody uses `buffer` any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const size = buffer.length;
    if (size < SMALLEST || size > LARGEST || size !== sizeFor(size)) return;
    if (this.#kept + size > KEPT_BYTES) this.#forget();
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#kept += size;
  }

  /** Sizes that nobody asks for any more must not keep out those that are used. */
  #forget(): void {
    this.#free.clear();
    this.#kept = 0;
  }
}

/** Four sizes between one power of two and the next. */
function sizeFor(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  if (bytes > LARGEST) return bytes;
  const step = 2 ** (29 - Math.clz32(bytes - 1));
  return Math.ceil(bytes / step) * step;
}

/** The process' own. */
export const largeBuffers: BufferPool = new BufferPool();
