/**
 * ByteStream over a socket of Deno. HOT.
 * Traps: the buffer of a write is not ours until its promise settles, and a write may be partial; a pending read cannot be taken
 * back, so its buffer stays with the connection while it idles; `close()` makes pending operations reject; SO_LINGER cannot be set,
 * so `abort()` sends RST only when bytes are unread.
 */
import { type Address, type ByteStream, plainHost, type StreamEnd } from "../byte_stream.ts";
import type { Deadline } from "../deadline.ts";
import { FLUSH_MS, linger, LINGER_MS } from "./linger.ts";
import { ReadBuffers, type SizeClass } from "./read_buffers.ts";

/** What `DenoStream` needs of a connection. */
export interface DenoConn {
  readonly localAddr: DenoAddress;
  readonly remoteAddr: DenoAddress;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

export interface DenoAddress {
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
}

/** Reads in a row that a smaller buffer would have held, before a connection gets one. */
const CALM_READS = 4;

const buffers = new ReadBuffers();

export class DenoStream implements ByteStream {
  readonly tls = undefined;
  readonly isNative = true;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onClose: (how: StreamEnd) => void = nothing;

  readonly #conn: DenoConn;
  #isReading = false;
  #isWriting = false;
  #isPaused = false;
  #isClosing = false;
  #hasPeerEnded = false;
  #end: StreamEnd | undefined;
  #isSettled = false;
  #wake: (() => void) | undefined;
  #linger: Deadline | undefined;

  constructor(conn: DenoConn) {
    this.#conn = conn;
  }

  get remote(): Address {
    return addressOf(this.#conn.remoteAddr);
  }

  get local(): Address {
    return addressOf(this.#conn.localAddr);
  }

  /** Reads until the end; not to be called before the callbacks are set. Never rejects unless a callback throws. */
  async read(): Promise<void> {
    this.#isReading = true;
    let size: SizeClass = 0;
    let calmReads = 0;
    let count: number | null = 0;
    while (this.#end === undefined) {
      while (this.#isPaused) await this.#resumed();
      const buffer = buffers.take(size);
      try {
        count = await this.#conn.read(buffer);
      } catch (error) {
        buffers.give(buffer);
        this.#destroy(endOf(error));
        break;
      }
      // Pausing may have come while the read was pending.
      while (this.#isPaused) await this.#resumed();
      if (count === null) {
        buffers.give(buffer);
        break;
      }
      if (this.#end === undefined && !this.#isClosing) {
        this.onData(count === buffer.length ? buffer : buffer.subarray(0, count));
      }
      if (count === buffer.length) {
        // There may be more: from 4 KiB on in large pieces.
        size = size === 0 ? 1 : 2;
        calmReads = 0;
      } else if (size === 2) {
        // All was read, and the next read may stay pending for hours.
        size = 1;
      } else if (count > 512) {
        calmReads = 0;
      } else if (++calmReads === CALM_READS) {
        size = 0;
      }
      buffers.give(buffer);
    }
    this.#isReading = false;
    if (count === null && this.#end === undefined) this.#peerEnded();
    this.#settle();
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isClosing || this.#end !== undefined || bytes.length === 0) return true;
    if (this.#isWriting) throw new Error("Cannot write to stream: the last buffer is not drained");
    this.#isWriting = true;
    this.#writeAll(bytes);
    return false;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      let sent = await this.#conn.write(bytes);
      while (sent < bytes.length) sent += await this.#conn.write(bytes.subarray(sent));
    } catch (error) {
      this.#destroy(endOf(error));
    }
    this.#isWriting = false;
    if (this.#end !== undefined) this.#settle();
    else if (this.#isClosing) this.#finish();
    else this.onDrain();
  }

  pause(): void {
    if (!this.#isClosing && this.#end === undefined) this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosing || this.#end !== undefined) return;
    this.#isClosing = true;
    this.resume();
    if (!this.#isWriting) this.#finish();
    else this.#linger = linger(FLUSH_MS, () => this.#destroy("timeout"));
  }

  abort(): void {
    this.#destroy("reset");
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  #peerEnded(): void {
    this.#hasPeerEnded = true;
    if (this.#isClosing) {
      if (!this.#isWriting) this.#destroy("clean");
    } else {
      this.onEnd();
    }
  }

  /** All is written: says so to the peer, and waits for its end. */
  #finish(): void {
    if (this.#hasPeerEnded) return this.#destroy("clean");
    this.#linger?.clear();
    this.#linger = linger(LINGER_MS, () => this.#destroy("timeout"));
    this.#conn.closeWrite().catch((error) => this.#destroy(endOf(error)));
  }

  #destroy(how: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    this.#linger?.clear();
    this.#conn.close();
    this.resume();
    queueMicrotask(() => this.#settle());
  }

  /** onClose comes when no operation holds a buffer any more. */
  #settle(): void {
    if (this.#end === undefined || this.#isReading || this.#isWriting || this.#isSettled) return;
    this.#isSettled = true;
    this.onClose(this.#end);
  }
}

export function addressOf({ hostname, port, path }: DenoAddress): Address {
  if (hostname !== undefined) return { host: plainHost(hostname), port: port ?? 0 };
  // Clients of a unix socket mostly have no path.
  return { path: path ?? "" };
}

function endOf(error: unknown): StreamEnd {
  return error instanceof Error && error.name === "TimedOut" ? "timeout" : "reset";
}

function nothing(): void {}
