/**
 * Buffers for pending reads on Deno, of three sizes, used again and again. HOT.
 * An idle connection holds 512 bytes, a chatty one 4 KiB; 64 KiB only while bytes stream in.
 */
const SIZES = [512, 4096, 65_536] as const;
/** Small buffers are cut from blocks: an ArrayBuffer of its own costs a connection more than its bytes. */
const BLOCK_BYTES = 65_536;
/** Free large buffers beyond this are left to the collector. */
const KEPT_LARGE = 32;

export type SizeClass = 0 | 1 | 2;

export class ReadBuffers {
  readonly #free: Uint8Array<ArrayBuffer>[][] = [[], [], []];

  take(size: SizeClass): Uint8Array<ArrayBuffer> {
    const buffer = this.#free[size]?.pop();
    return buffer ?? this.#make(size);
  }

  give(buffer: Uint8Array<ArrayBuffer>): void {
    const size = buffer.length === 512 ? 0 : buffer.length === 4096 ? 1 : 2;
    const free = this.#free[size];
    if (free !== undefined && (size < 2 || free.length < KEPT_LARGE)) free.push(buffer);
  }

  #make(size: SizeClass): Uint8Array<ArrayBuffer> {
    const bytes = SIZES[size];
    if (size === 2) return new Uint8Array(bytes);
    const block = new ArrayBuffer(BLOCK_BYTES);
    for (let start = bytes; start < BLOCK_BYTES; start += bytes) {
      this.#free[size]?.push(new Uint8Array(block, start, bytes));
    }
    return new Uint8Array(block, 0, bytes);
  }
}
