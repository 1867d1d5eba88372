/**
 * A growing run of bytes that codecs and framings write messages into. HOT.
 * The outbox of a connection owns one and swaps its buffer out at each flush; nothing here is shared.
 */

const ENCODER = new TextEncoder();

/** Shorter copies are a loop: a subarray costs more than it saves (bench/micro: "copy"). */
const LOOP_COPY = 24;

export class ByteWriter {
  /** The buffer; only the first `length` bytes are written. Replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes. Call it before writing to `bytes` directly. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow(this.length + 1);
    this.bytes[this.length++] = value;
  }

  /** Copies `source[start..end)`. */
  range(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    if (count <= LOOP_COPY) {
      const bytes = this.bytes;
      let at = this.length;
      for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
    } else {
      this.bytes.set(source.subarray(start, end), this.length);
    }
    this.length += count;
  }

  /** Writes `text`, which must be ASCII. */
  ascii(text: string): void {
    const count = text.length;
    this.reserve(count);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < count; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Writes `text` as UTF-8 and returns the number of bytes. A lone surrogate becomes U+FFFD. */
  utf8(text: string): number {
    this.reserve(text.length * 3);
    const { written } = ENCODER.encodeInto(text, this.bytes.subarray(this.length));
    this.length += written;
    return written;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2, 64));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
