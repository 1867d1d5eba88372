/**
 * ByteStream over a socket of Bun. HOT.
 * Traps: `write()` takes what the kernel takes, the rest is ours to keep until `drain`, which also comes unasked; its `byteLength` has
 * no default that works; `terminate()` runs the close handler before it returns; `end()` closes both ways, only `shutdown()` half; a
 * reset delivers unread bytes though paused; addresses are undefined once the socket is gone.
 */
import { setImmediate } from "node:timers";
import { type Address, type ByteStream, plainHost, type StreamEnd } from "../byte_stream.ts";
import type { Deadline } from "../deadline.ts";
import type { ClientEndpoint, Endpoint } from "../endpoint.ts";
import { FLUSH_MS, linger, LINGER_MS } from "./linger.ts";

/** What `BunStream` needs of a socket. */
export interface BunSocket {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  write(bytes: Uint8Array, offset?: number, length?: number): number;
  pause(): void;
  resume(): void;
  shutdown(): void;
  end(): void;
  terminate(): void;
}

export class BunStream implements ByteStream {
  readonly tls = undefined;
  readonly isNative = true;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onClose: (how: StreamEnd) => void = nothing;

  readonly #socket: BunSocket;
  readonly #endpoint: Endpoint | ClientEndpoint;
  readonly #isServer: boolean;
  /** What the kernel did not take yet, from `#sent` on. */
  #rest: Uint8Array<ArrayBuffer> | undefined = undefined;
  #sent = 0;
  #isPaused = false;
  #isClosing = false;
  #hasPeerEnded = false;
  #hasTimedOut = false;
  #end: StreamEnd | undefined = undefined;
  #linger: Deadline | undefined = undefined;
  /** Came although reading was paused. */
  #held: Uint8Array<ArrayBuffer> | undefined = undefined;

  constructor(socket: BunSocket, endpoint: Endpoint | ClientEndpoint, isServer: boolean) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.#isServer = isServer;
  }

  get remote(): Address {
    if (this.#endpoint.kind === "unix") return { path: this.#isServer ? "" : this.#endpoint.path };
    return {
      host: plainHost(this.#socket.remoteAddress ?? ""),
      port: this.#socket.remotePort ?? 0,
    };
  }

  get local(): Address {
    if (this.#endpoint.kind === "unix") return { path: this.#isServer ? this.#endpoint.path : "" };
    return { host: plainHost(this.#socket.localAddress ?? ""), port: this.#socket.localPort ?? 0 };
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isClosing || this.#end !== undefined || bytes.length === 0) return true;
    if (this.#rest !== undefined) {
      throw new Error("Cannot write to stream: the last buffer is not drained");
    }
    const count = this.#socket.write(bytes);
    // Negative: the socket is gone, and its close handler will tell.
    if (count < 0 || count === bytes.length) return true;
    this.#rest = bytes;
    this.#sent = count;
    return false;
  }

  pause(): void {
    if (this.#isPaused || this.#isClosing || this.#end !== undefined) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused || this.#end !== undefined) return;
    this.#isPaused = false;
    this.#socket.resume();
    if (this.#held !== undefined) setImmediate(() => this.#release());
  }

  close(): void {
    if (this.#isClosing || this.#end !== undefined) return;
    this.resume();
    this.#isClosing = true;
    if (this.#rest === undefined) this.#finish();
    else this.#linger = linger(FLUSH_MS, () => this.#timedOut());
  }

  abort(): void {
    if (this.#end !== undefined) return;
    this.#end = "reset";
    this.#linger?.clear();
    this.#rest = undefined;
    this.#socket.terminate();
    queueMicrotask(() => this.onClose("reset"));
  }

  /** For the handlers, as all that follow. */
  received(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosing || this.#end !== undefined) return;
    if (this.#isPaused || this.#held !== undefined) this.#hold(bytes);
    else this.onData(bytes);
  }

  drained(): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    const count = this.#socket.write(rest, this.#sent, rest.length - this.#sent);
    if (count < 0) return;
    this.#sent += count;
    if (this.#sent < rest.length) return;
    this.#rest = undefined;
    if (this.#isClosing) this.#finish();
    else this.onDrain();
  }

  peerEnded(): void {
    if (this.#end !== undefined) return;
    this.#hasPeerEnded = true;
    if (!this.#isClosing) this.onEnd();
    else if (this.#rest === undefined) this.#socket.end();
  }

  closed(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#linger?.clear();
    const isClean = error === undefined && this.#isClosing && this.#rest === undefined;
    this.#end = this.#hasTimedOut || isTimeout(error) ? "timeout" : isClean ? "clean" : "reset";
    this.onClose(this.#end);
  }

  #hold(bytes: Uint8Array<ArrayBuffer>): void {
    const before = this.#held ?? new Uint8Array(0);
    this.#held = new Uint8Array(before.length + bytes.length);
    this.#held.set(before);
    this.#held.set(bytes, before.length);
  }

  #release(): void {
    const held = this.#held;
    if (held === undefined || this.#isPaused || this.#isClosing || this.#end !== undefined) return;
    this.#held = undefined;
    this.onData(held);
  }

  /** All is written: says so to the peer, and waits for its end. */
  #finish(): void {
    if (this.#hasPeerEnded) {
      this.#socket.end();
      return;
    }
    this.#linger?.clear();
    this.#linger = linger(LINGER_MS, () => this.#timedOut());
    this.#socket.shutdown();
  }

  #timedOut(): void {
    this.#hasTimedOut = true;
    this.#socket.terminate();
  }
}

function isTimeout(error: Error | undefined): boolean {
  return error !== undefined && "code" in error && error.code === "ETIMEDOUT";
}

function nothing(): void {}
