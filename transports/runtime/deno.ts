/**
 * Native sockets of Deno: listening and connecting; `deno_stream.ts` has the streams.
 * Traps: `accept()` rejects when descriptors run out, and works again later; `reusePort` ends the process, uncatchably, without
 * --unstable-net; TCP_NODELAY is off at first; the backlog of a unix socket cannot be set.
 */
import { setImmediate } from "node:timers";
import type { ByteStream } from "../byte_stream.ts";
import { systemClock } from "../clock.ts";
import type { ClientEndpoint, Endpoint, Listener } from "../endpoint.ts";
import { addressOf, DenoStream } from "./deno_stream.ts";

const ACCEPT_RETRY_MS = 100;
/** Failures in a row after which something else than peers must be wrong. */
const MOST_FAILURES = 10_000;

// deno-lint-ignore require-await
export async function listen(
  endpoint: Endpoint,
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  if (endpoint.kind === "fd") throw new Error("Deno has no native listener on a descriptor");
  const listener = endpoint.kind === "unix"
    ? Deno.listen({ transport: "unix", path: endpoint.path })
    : Deno.listen({
      hostname: endpoint.host,
      port: endpoint.port,
      ...(endpoint.backlog === undefined ? {} : { tcpBacklog: endpoint.backlog }),
      ...(endpoint.reusePort ? { reusePort: true } : {}),
    });
  const noDelay = endpoint.kind === "tcp" && (endpoint.noDelay ?? true);
  let isClosed = false;
  let failures = 0;
  const accepting = (async () => {
    while (!isClosed) {
      let conn: Deno.TcpConn | Deno.UnixConn;
      try {
        conn = await listener.accept();
        failures = 0;
      } catch (error) {
        // A peer that was gone before it was accepted must cost the next one nothing.
        const isShort = isShortage(error) || ++failures > MOST_FAILURES;
        if (isShort && !isClosed) {
          await new Promise<void>((done) => systemClock.after(ACCEPT_RETRY_MS, done));
        }
        continue;
      }
      try {
        if (noDelay && "setNoDelay" in conn) conn.setNoDelay(true);
      } catch {
        conn.close();
        continue;
      }
      const stream = new DenoStream(conn);
      onStream(stream);
      stream.read();
    }
  })();
  return {
    address: addressOf(listener.addr),
    close: () => {
      if (!isClosed) listener.close();
      isClosed = true;
      return accepting;
    },
    setSecureContext: () => {
      throw new Error("the listener has no TLS");
    },
  };
}

/** Descriptors or memory have run out; waiting may help. */
function isShortage(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"].includes(String(error.code));
}

export async function connect(endpoint: ClientEndpoint, signal: AbortSignal): Promise<ByteStream> {
  const conn = endpoint.kind === "unix"
    ? await Deno.connect({ transport: "unix", path: endpoint.path })
    : await Deno.connect({ hostname: endpoint.host, port: endpoint.port, signal });
  if (endpoint.kind === "tcp" && "setNoDelay" in conn) conn.setNoDelay(endpoint.noDelay ?? true);
  const stream = new DenoStream(conn);
  // The caller sets the callbacks in this turn.
  setImmediate(() => stream.read());
  return stream;
}

/** Writes to a standard stream without stopping the process while nobody reads it. Rejects when the reader has gone. */
export async function writeOutput(name: "stdout" | "stderr", bytes: Uint8Array): Promise<void> {
  const stream = Deno[name];
  for (let sent = 0; sent < bytes.length;) sent += await stream.write(bytes.subarray(sent));
}

/** Sends one datagram to a unix socket, which only the C library can: `Deno.listenDatagram` needs --unstable-net, a flag that a node's users
 * would have to give; the tool systemd-notify is not everywhere, and another process than ours, which the service manager may not hear. Throws
 * when the C library or the socket is not there. @param address a `sockaddr_un` */
export function sendDatagram(
  address: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): boolean {
  const library = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { symbols: c } = library;
  const socket = c.socket(AF_UNIX, DATAGRAM_CLOEXEC, 0);
  const sent = c.sendto(socket, bytes, BigInt(bytes.length), 0, address, address.length);
  c.close(socket);
  library.close();
  return Number(sent) === bytes.length;
}

/** CLOCK_MONOTONIC in microseconds, by the C library: the runtimes' own clocks begin with the process. Throws when it is not there. */
export function monotonicMicros(): bigint {
  const library = Deno.dlopen("libc.so.6", {
    "clock_gettime": { parameters: ["i32", "buffer"], result: "i32" },
  });
  const time = new BigInt64Array(2);
  library.symbols.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer));
  library.close();
  const [seconds = 0n, nanos = 0n] = time;
  return seconds * 1_000_000n + nanos / 1000n;
}

/** As <time.h> and <sys/socket.h> of Linux have them. */
const CLOCK_MONOTONIC = 1;
const AF_UNIX = 1;
const DATAGRAM_CLOEXEC = 2 | 0o2000000;
