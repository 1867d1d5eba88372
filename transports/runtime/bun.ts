/// <reference types="npm:@types/bun@1.4.4" />
/**
 * Native sockets of Bun: listening and connecting; `bun_stream.ts` has the streams.
 * Traps: with `allowHalfOpen` unset Bun answers the peer's end by itself; no backlog can be set; `stop()` removes a unix socket's
 * file; connecting cannot be stopped; exceptions of handlers come to the error handler.
 */
import type { Address, ByteStream } from "../byte_stream.ts";
import type { ClientEndpoint, Endpoint, Listener } from "../endpoint.ts";
import { BunStream } from "./bun_stream.ts";

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

const provided = new Set<string>();

/** Modules that programs loaded later get for these names; a name once given keeps its module. */
export function provideModules(modules: Readonly<Record<string, object>>): void {
  for (const [name, exports] of Object.entries(modules)) {
    if (provided.has(name)) continue;
    provided.add(name);
    Bun.plugin({
      name,
      setup: (build) => {
        build.module(name, () => ({ exports: { ...exports }, loader: "object" }));
      },
    });
  }
}

/** Sends one datagram to a unix socket, by the C library: Bun has none (see `deno.ts` for why by no tool).
 * @param address a `sockaddr_un` */
export async function sendDatagram(
  address: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { dlopen } = await import("bun:ffi");
  const library = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "ptr", "usize", "i32", "ptr", "u32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const { symbols: c } = library;
  const socket = c.socket(AF_UNIX, DATAGRAM_CLOEXEC, 0);
  const sent = c.sendto(socket, bytes, bytes.length, 0, address, address.length);
  c.close(socket);
  library.close();
  return Number(sent) === bytes.length;
}

/** CLOCK_MONOTONIC in microseconds, by the C library (see `deno.ts`). */
export async function monotonicMicros(): Promise<bigint> {
  const { dlopen } = await import("bun:ffi");
  const library = dlopen("libc.so.6", {
    "clock_gettime": { args: ["i32", "ptr"], returns: "i32" },
  });
  const time = new BigInt64Array(2);
  library.symbols.clock_gettime(CLOCK_MONOTONIC, time);
  library.close();
  const [seconds = 0n, nanos = 0n] = time;
  return seconds * 1_000_000n + nanos / 1000n;
}

/** As <time.h> and <sys/socket.h> of Linux have them. */
const CLOCK_MONOTONIC = 1;
const AF_UNIX = 1;
const DATAGRAM_CLOEXEC = 2 | 0o2000000;
