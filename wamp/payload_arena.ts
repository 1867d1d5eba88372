/**
 * Memory for payloads that are kept in great numbers and forgotten in about the order in which they came: they lie one behind the other
 * in chunks. A chunk is freed with the last payload in it. HOT. Used by `payload.ts` on behalf of the event history.
 *
 * PERF: plain version: an array for each payload (`keep()`). The collector of Deno has to track and free every one of those: recording an
 * event of 128 bytes in memory took 960 to 2,100 ns with them and 410 to 450 ns with chunks; on Bun no difference beyond the noise.
 * bench/micro/router_bench.ts, "history in memory"; Deno 2.9.6, Bun 1.4.5, machine shared, 2026-11-27.
 */

const CHUNK_BYTES = 32_768;
/** Larger ones get memory of their own. */
const MOST_SHARED = 4096;

export class PayloadArena {
  /** Where the last payload was put. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  start = 0;
  #chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #used = 0;

  /** Copies `source[start..end)`; `bytes` and `start` tell where to. */
  put(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size > MOST_SHARED) {
      this.bytes = new Uint8Array(source.subarray(start, end));
      this.start = 0;
      return;
    }
    if (this.#used + size > this.#chunk.length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES);
      this.#used = 0;
    }
    this.bytes = this.#chunk;
    this.start = this.#used;
    this.#chunk.set(source.subarray(start, end), this.#used);
    this.#used += size;
  }
}
