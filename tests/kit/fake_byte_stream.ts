/**
 * Byte streams in memory: the double that framings are tested on. One alone, whose peer is the test, or two joined.
 * Stricter than a socket: buffers are overwritten as soon as the contract gives them back, and misuse throws.
 */
import type { Address, ByteStream, StreamEnd, TlsPeer } from "../../transports/byte_stream.ts";

export class FakeByteStream implements ByteStream {
  readonly remote: Address;
  readonly local: Address;
  readonly tls: TlsPeer | undefined = undefined;
  readonly isNative = true;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = () => {};
  onDrain: () => void = () => {};
  onEnd: () => void = () => {};
  onClose: (how: StreamEnd) => void = () => {};

  /** False: each write is held until `drain()`. */
  takesWrites = true;
  isPaused = false;
  /** "closing" once close() was called, "aborted" after abort(). */
  state: "open" | "closing" | "aborted" | "closed" = "open";
  /** How many writes there were. */
  writes = 0;
  #held: Uint8Array<ArrayBuffer> | undefined;
  #written: Uint8Array[] = [];

  constructor(remote: Address = { host: "127.0.0.1", port: 50000 }) {
    this.remote = remote;
    this.local = { host: "127.0.0.1", port: 8080 };
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.state !== "open") return true;
    if (this.#held !== undefined) throw new Error("Cannot write: the last write is not drained");
    this.writes++;
    if (this.takesWrites) {
      this.#written.push(bytes.slice());
      return true;
    }
    this.#held = bytes;
    return false;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    if (this.state === "open") this.state = "closing";
  }

  abort(): void {
    if (this.state !== "closed") this.state = "aborted";
  }

  /** All that was written and not taken yet. */
  take(): Uint8Array<ArrayBuffer> {
    const written = this.#written;
    this.#written = [];
    const all = new Uint8Array(written.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of written) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** The peer takes the held write. */
  drain(): void {
    const held = this.#held;
    if (held === undefined) throw new Error("Cannot drain: no write is held");
    this.#held = undefined;
    this.#written.push(held.slice());
    if (this.state === "open") this.onDrain();
  }

  /** Bytes arrive, at an odd place of a buffer that is overwritten behind them. */
  receive(bytes: Uint8Array | readonly number[]): void {
    if (this.state !== "open") return;
    const buffer = new Uint8Array(bytes.length + 8);
    const place = buffer.subarray(3, 3 + bytes.length);
    place.set(bytes);
    this.onData(place);
    buffer.fill(0xdd);
  }

  /** As `receive`, cut into pieces of `size` bytes. */
  receiveInPieces(bytes: Uint8Array, size: number): void {
    for (let at = 0; at < bytes.length; at += size) this.receive(bytes.subarray(at, at + size));
  }

  /** The peer has finished sending. */
  end(): void {
    if (this.state === "open") this.onEnd();
  }

  /** The stream is gone. */
  closed(how: StreamEnd): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.onClose(how);
  }
}

/** Two streams, each the other's peer; bytes pass in microtasks, in pieces of at most `pieceBytes`. */
export function joinedStreams(pieceBytes = 65_536): [FakeByteStream, FakeByteStream] {
  const one = new FakeByteStream();
  const other = new FakeByteStream();
  forward(one, other, pieceBytes);
  forward(other, one, pieceBytes);
  return [one, other];
}

function forward(from: FakeByteStream, to: FakeByteStream, pieceBytes: number): void {
  const write = from.write.bind(from);
  const close = from.close.bind(from);
  const abort = from.abort.bind(from);
  from.write = (bytes) => {
    const taken = write(bytes);
    queueMicrotask(() => to.receiveInPieces(from.take(), pieceBytes));
    return taken;
  };
  from.close = () => {
    close();
    queueMicrotask(() => {
      to.end();
      if (to.state !== "closing") return;
      from.closed("clean");
      to.closed("clean");
    });
  };
  from.abort = () => {
    abort();
    queueMicrotask(() => {
      from.closed("reset");
      to.closed("reset");
    });
  };
}

/** Lets microtasks and immediates run: what a transport does at the end of the turn. */
export function turnEnd(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
