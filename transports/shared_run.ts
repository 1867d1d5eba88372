/**
 * Frames that many peers are sent one behind the other, put together once for all of them. HOT. Held by outboxes; made by their pool.
 * A run is a chain: the frames before, and one more. Peers that are sent the same frames hold the same run, as each run remembers
 * what it went on with last.
 *
 * PERF: plain: each outbox copies the frames into its own buffer. Here 1,000 subscribers of 16 events in a turn share one buffer
 * (bench/load "event to 1,000 subscribers": see docs/performance.md, "Fan-out").
 */
import type { ByteWriter } from "../wamp/byte_writer.ts";

/** Longer runs are not put together: they would be kept until the next fan-out. */
const MOST_BYTES = 65_536;
const MOST_FRAMES = 256;

export class SharedRun {
  /** Bytes of all frames. */
  readonly length: number;
  /** Outboxes that have held it. */
  uses = 0;
  readonly #before: SharedRun | undefined;
  readonly #frame: Uint8Array<ArrayBuffer>;
  readonly #count: number;
  #next: SharedRun | undefined = undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined = undefined;

  constructor(frame: Uint8Array<ArrayBuffer>, before?: SharedRun) {
    this.length = frame.length + (before?.length ?? 0);
    this.#count = 1 + (before === undefined ? 0 : before.#count);
    this.#frame = frame;
    this.#before = before;
  }

  /** True when it is this frame and no other. */
  isOnly(frame: Uint8Array): boolean {
    return this.#frame === frame && this.#before === undefined;
  }

  /** False for what would keep too much memory until the next fan-out. */
  get isWorthKeeping(): boolean {
    return this.length <= MOST_BYTES;
  }

  /** This run and one more frame; undefined when nobody would share it. */
  with(frame: Uint8Array<ArrayBuffer>): SharedRun | undefined {
    const next = this.#next;
    if (next !== undefined && next.#frame === frame) return next;
    if (this.uses < 2 || this.#count === MOST_FRAMES) return undefined;
    if (this.length + frame.length > MOST_BYTES) return undefined;
    return this.#next = new SharedRun(frame, this);
  }

  /** All of it in one piece that nobody writes to; undefined when it is better copied, as nobody shares it. */
  bytes(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#before === undefined) return this.#frame;
    if (this.#bytes !== undefined || this.uses < 2) return this.#bytes;
    const bytes = new Uint8Array(this.length);
    let end = this.length - this.#frame.length;
    bytes.set(this.#frame, end);
    let run: SharedRun | undefined = this.#before;
    for (; run !== undefined; run = run.#before) {
      end -= run.#frame.length;
      bytes.set(run.#frame, end);
    }
    return this.#bytes = bytes;
  }

  /** Appends all of it. */
  copyTo(writer: ByteWriter): void {
    this.#before?.copyTo(writer);
    writer.range(this.#frame, 0, this.#frame.length);
  }
}
