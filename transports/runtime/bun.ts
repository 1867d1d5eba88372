/// <reference types="npm:@types/bun@1.4.4" />
/**
 * ByteStream over Bun's native sockets. HOT.
 * Traps: `write()` takes what the kernel takes, the rest is ours to keep until `drain`, which also comes unasked; its `byteLength` has
 * no default that works; `terminate()` runs the close handler before it returns; `end()` closes both ways, only `shutdown()` half; a reset delivers unread bytes though paused;
 * with `allowHalfOpen` unset Bun answers the peer's end by itself; no backlog can be set; `stop()` removes a unix socket's file.
 */
import { setImmediate } from "node:timers";
import { type Address, type ByteStream, plainHost, type StreamEnd } from "../byte_stream.ts";
import type { Deadline } from "../deadline.ts";
import type { ClientEndpoint, Endpoint, Listener } from "../endpoint.ts";
import { linger } from "./linger.ts";

type Socket = Bun.Socket<BunStream | undefined>;

function nothing(): void {}

class BunStream implements ByteStream {
  readonly tls = undefined;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onClose: (how: StreamEnd) => void = nothing;

  readonly #socket: Socket;
  readonly #endpoint: Endpoint | ClientEndpoint;
  readonly #isServer: boolean;
  /** What the kernel did not take yet, from `#sent` on. */
  #rest: Uint8Array<ArrayBuffer> | undefined = undefined;
  #sent = 0;
  #isPaused = false;
  #isClosing = false;
  #hasPeerEnded = false;
  #end: StreamEnd | undefined = undefined;
  #linger: Deadline | undefined = undefined;
  /** Came although reading was paused. */
  #held: Uint8Array<ArrayBuffer> | undefined = undefined;

  constructor(socket: Socket, endpoint: Endpoint | ClientEndpoint, isServer: boolean) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.#isServer = isServer;
  }

  // Undefined once the socket is gone, whatever the types say.
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
    this.#end = isClean ? "clean" : isTimeout(error) ? "timeout" : "reset";
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
    this.#linger = linger(() => this.#socket.terminate());
    this.#socket.shutdown();
  }
}

function isTimeout(error: Error | undefined): boolean {
  return error !== undefined && "code" in error && error.code === "ETIMEDOUT";
}

/** One object for all sockets of a listener, or for one of a client. */
function handlers(
  endpoint: Endpoint | ClientEndpoint,
  isServer: boolean,
  onStream: (stream: BunStream) => void,
): Bun.SocketHandler<BunStream | undefined, "buffer"> {
  return {
    // The types cannot say it: plain arrays are what all else here deals with, so code stays monomorphic.
    binaryType: "uint8array",
    open(socket) {
      if (endpoint.kind === "tcp") socket.setNoDelay(endpoint.noDelay ?? true);
      const stream = new BunStream(socket, endpoint, isServer);
      socket.data = stream;
      onStream(stream);
    },
    data: (socket, bytes) => socket.data?.received(bytes as Uint8Array<ArrayBuffer>),
    drain: (socket) => socket.data?.drained(),
    end: (socket) => socket.data?.peerEnded(),
    close: (socket, error) => socket.data?.closed(error),
    // Only what a handler threw: faults of the socket come with `close`.
    error(_socket, error) {
      throw error;
    },
  };
}

// deno-lint-ignore require-await
export async function listen(
  endpoint: Endpoint,
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  if (endpoint.kind === "fd") throw new Error("Bun has no native listener on a descriptor");
  const socket = handlers(endpoint, true, onStream);
  const common = { socket, allowHalfOpen: true };
  let listener: Bun.SocketListener<BunStream | undefined>;
  let address: Address;
  if (endpoint.kind === "unix") {
    listener = Bun.listen<BunStream | undefined>({ ...common, unix: endpoint.path });
    address = { path: endpoint.path };
  } else {
    const { host: hostname, port, reusePort } = endpoint;
    const options = { ...common, hostname, port, reusePort: reusePort ?? false };
    const tcp = Bun.listen<BunStream | undefined>(options);
    listener = tcp;
    address = { host: hostname, port: tcp.port };
  }
  return {
    address,
    // deno-lint-ignore require-await
    close: async () => listener.stop(),
    setSecureContext: () => {
      throw new Error("the listener has no TLS");
    },
  };
}

export async function connect(endpoint: ClientEndpoint, signal: AbortSignal): Promise<ByteStream> {
  let opened: BunStream | undefined;
  const socket = handlers(endpoint, false, (stream) => opened = stream);
  const common = { socket, allowHalfOpen: true };
  const connecting = endpoint.kind === "unix"
    ? Bun.connect<BunStream | undefined>({ ...common, unix: endpoint.path })
    : Bun.connect<BunStream | undefined>({
      ...common,
      hostname: endpoint.host,
      port: endpoint.port,
    });
  return await new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    connecting.then((socket) => {
      // Bun cannot stop connecting: what comes too late is dropped.
      if (signal.aborted || opened === undefined) socket.terminate();
      else resolve(opened);
    }, reject);
  });
}
