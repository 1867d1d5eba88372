/**
 * ByteStream over a socket of `node:net` or `node:tls`.
 * Traps: `write()` tells of the high-water mark, not whether the buffer is free again (`writableLength` does); its callback comes
 * later even then; a Buffer's `slice()` does not copy, so none is handed on; errors need a listener from the first turn on;
 * `resetAndDestroy()` waits for what is being written, throws on unix sockets and TLS, and after `end()` may never close: all on Node.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Address, ByteStream, StreamEnd, TlsPeer } from "../byte_stream.ts";
import type { Deadline } from "../deadline.ts";
import { FLUSH_MS, linger, LINGER_MS } from "./linger.ts";
import { setReading, tlsPeer } from "./node_tls.ts";

export class NodeStream implements ByteStream {
  readonly remote: Address;
  readonly local: Address;
  readonly tls: TlsPeer | undefined;
  readonly isNative = false;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onClose: (how: StreamEnd) => void = nothing;

  readonly #socket: Socket;
  readonly #written: (error?: Error | null) => void;
  /** Callbacks to come of writes that were done at once. */
  #doneWrites = 0;
  #isWriting = false;
  #isPaused = false;
  #isClosing = false;
  #hasPeerEnded = false;
  #isClosed = false;
  #how: StreamEnd | undefined;
  #linger: Deadline | undefined;

  constructor(socket: Socket, remote: Address, local: Address) {
    this.#socket = socket;
    this.remote = remote;
    this.local = local;
    this.tls = socket instanceof TLSSocket ? tlsPeer(socket) : undefined;
    this.#written = (error) => {
      // After a fault only "close" counts.
      if (error === undefined || error === null) this.#drained();
    };
    socket.on("error", (error: Error) => this.#how ??= endOf(error));
    socket.on("close", () => this.#closed());
  }

  /** Lets bytes in; not to be called before the callbacks are set. */
  start(): void {
    this.#socket.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
      if (this.#isClosing) return;
      this.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    });
    this.#socket.on("end", () => {
      if (this.#hasPeerEnded || this.#socket.destroyed) return;
      this.#hasPeerEnded = true;
      if (!this.#isClosing) this.onEnd();
    });
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isClosing || this.#socket.destroyed || bytes.length === 0) return true;
    if (this.#isWriting) throw new Error("Cannot write to stream: the last buffer is not drained");
    this.#socket.write(bytes, this.#written);
    if (this.#socket.writableLength === 0) {
      this.#doneWrites++;
      return true;
    }
    this.#isWriting = true;
    return false;
  }

  pause(): void {
    if (this.#isPaused || this.#isClosing || this.#socket.destroyed) return;
    this.#isPaused = true;
    this.#socket.pause();
    if (this.#socket instanceof TLSSocket) setReading(this.#socket, false);
  }

  resume(): void {
    if (!this.#isPaused || this.#socket.destroyed) return;
    this.#isPaused = false;
    if (this.#socket instanceof TLSSocket) setReading(this.#socket, true);
    this.#socket.resume();
  }

  close(): void {
    if (this.#isClosing || this.#socket.destroyed) return;
    this.#isClosing = true;
    this.resume();
    this.#linger = linger(FLUSH_MS, () => this.#timedOut());
    this.#socket.end(() => {
      this.#linger?.clear();
      if (!this.#isClosed) this.#linger = linger(LINGER_MS, () => this.#timedOut());
    });
  }

  abort(): void {
    if (this.#socket.destroyed) return;
    const isIdle = !this.#isClosing && this.#socket.writableLength === 0;
    this.#isClosing = true;
    this.#how = "reset";
    const isTcp = this.tls === undefined && "port" in this.remote;
    if (isTcp && isIdle) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #timedOut(): void {
    this.#how = "timeout";
    this.#socket.destroy();
  }

  #drained(): void {
    if (this.#doneWrites > 0) {
      this.#doneWrites--;
      return;
    }
    this.#isWriting = false;
    if (!this.#isClosing && !this.#socket.destroyed) this.onDrain();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#linger?.clear();
    this.onClose(this.#how ?? (this.#isClosing || this.#hasPeerEnded ? "clean" : "reset"));
  }
}

function endOf(error: Error): StreamEnd {
  return "code" in error && error.code === "ETIMEDOUT" ? "timeout" : "reset";
}

function nothing(): void {}
