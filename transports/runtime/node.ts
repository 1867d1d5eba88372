/**
 * ByteStream over `node:net` and `node:tls`: TLS and inherited descriptors on every runtime, plain connections on Node.
 * Traps: `write()` tells of the high-water mark, not whether the buffer is free again (`writableLength` does); its callback comes
 * later even then; a Buffer's `slice()` does not copy, so none is handed on; errors need a listener from the first turn on;
 * without `allowHalfOpen` the peer's end is answered at once.
 */
import * as net from "node:net";
import { setImmediate } from "node:timers";
import * as tls from "node:tls";
import {
  type Address,
  type ByteStream,
  plainHost,
  type StreamEnd,
  type TlsPeer,
} from "../byte_stream.ts";
import type { Deadline } from "../deadline.ts";
import type { ClientEndpoint, Endpoint, Listener } from "../endpoint.ts";
import { linger } from "./linger.ts";
import {
  clientOptions,
  contextOptions,
  isImpostor,
  serverOptions,
  setReading,
  tlsPeer,
} from "./node_tls.ts";

function nothing(): void {}

class NodeStream implements ByteStream {
  readonly remote: Address;
  readonly local: Address;
  readonly tls: TlsPeer | undefined;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onClose: (how: StreamEnd) => void = nothing;

  readonly #socket: net.Socket;
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

  constructor(socket: net.Socket, remote: Address, local: Address) {
    this.#socket = socket;
    this.remote = remote;
    this.local = local;
    this.tls = socket instanceof tls.TLSSocket ? tlsPeer(socket) : undefined;
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
    if (this.#socket instanceof tls.TLSSocket) setReading(this.#socket, false);
  }

  resume(): void {
    if (!this.#isPaused || this.#socket.destroyed) return;
    this.#isPaused = false;
    if (this.#socket instanceof tls.TLSSocket) setReading(this.#socket, true);
    this.#socket.resume();
  }

  close(): void {
    if (this.#isClosing || this.#socket.destroyed) return;
    this.#isClosing = true;
    this.resume();
    this.#socket.end(() => {
      if (this.#hasPeerEnded || this.#isClosed) return;
      this.#linger = linger(() => {
        this.#how = "timeout";
        this.#socket.destroy();
      });
    });
  }

  abort(): void {
    if (this.#socket.destroyed) return;
    this.#isClosing = true;
    this.#how = "reset";
    this.#socket.resetAndDestroy();
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

function tcpAddress(host: string | undefined, port: number | undefined): Address {
  return { host: plainHost(host ?? ""), port: port ?? 0 };
}

export async function listen(
  endpoint: Endpoint,
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  const accept = (socket: net.Socket) => {
    // The peer may be gone already; without a listener that would end the process.
    socket.on("error", nothing);
    if (socket instanceof tls.TLSSocket && isImpostor(socket)) return void socket.destroy();
    if (endpoint.kind === "tcp") socket.setNoDelay(endpoint.noDelay ?? true);
    const stream = typeof address === "string"
      ? new NodeStream(socket, { path: "" }, { path: address })
      : new NodeStream(
        socket,
        tcpAddress(socket.remoteAddress, socket.remotePort),
        tcpAddress(socket.localAddress, socket.localPort),
      );
    onStream(stream);
    stream.start();
  };
  const server = endpoint.tls === undefined
    ? net.createServer({ allowHalfOpen: true }, accept)
    : tls.createServer(serverOptions(endpoint.tls), accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listenOptions(endpoint), () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Faults of single connections, before they are streams: nobody to tell. Not every runtime closes them.
  server.on("error", nothing);
  server.on("tlsClientError", (_error: Error, socket: net.Socket) => socket.destroy());
  const address = server.address();
  return {
    address: typeof address === "string" || address === null
      ? { path: address ?? "" }
      : tcpAddress(address.address, address.port),
    close: () =>
      new Promise((resolve) => {
        server.close();
        setImmediate(resolve);
      }),
    setSecureContext: (options) => {
      if (!(server instanceof tls.Server)) throw new Error("the listener has no TLS");
      server.setSecureContext(contextOptions(options));
    },
  };
}

function listenOptions(endpoint: Endpoint): net.ListenOptions & { fd?: number } {
  if (endpoint.kind === "fd") return { fd: endpoint.fd };
  const backlog = endpoint.backlog === undefined ? {} : { backlog: endpoint.backlog };
  if (endpoint.kind === "unix") return { path: endpoint.path, ...backlog };
  const reusePort = endpoint.reusePort ? { reusePort: true } : {};
  return { host: endpoint.host, port: endpoint.port, ...backlog, ...reusePort };
}

export function connect(endpoint: ClientEndpoint, signal: AbortSignal): Promise<ByteStream> {
  const where = endpoint.kind === "unix"
    ? { path: endpoint.path }
    : { host: endpoint.host, port: endpoint.port };
  // A variable, as the types of tls.connect do not know allowHalfOpen.
  const tlsOptions = {
    ...where,
    ...clientOptions(endpoint.tls ?? {}, where.host),
    allowHalfOpen: true,
  };
  return new Promise((resolve, reject) => {
    const opened = () => {
      signal.removeEventListener("abort", aborted);
      socket.off("error", reject);
      if (endpoint.kind === "tcp") socket.setNoDelay(endpoint.noDelay ?? true);
      const stream = endpoint.kind === "unix"
        ? new NodeStream(socket, { path: endpoint.path }, { path: "" })
        : new NodeStream(
          socket,
          tcpAddress(socket.remoteAddress, socket.remotePort),
          tcpAddress(socket.localAddress, socket.localPort),
        );
      // The caller sets the callbacks in this turn.
      setImmediate(() => stream.start());
      resolve(stream);
    };
    const aborted = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const socket = endpoint.tls === undefined
      ? net.connect({ ...where, allowHalfOpen: true }, opened)
      : tls.connect(tlsOptions, opened);
    socket.on("error", nothing).once("error", reject);
    signal.addEventListener("abort", aborted, { once: true });
  });
}
