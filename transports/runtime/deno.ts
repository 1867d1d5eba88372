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
  const accepting = (async () => {
    while (!isClosed) {
      let conn: Deno.TcpConn | Deno.UnixConn;
      try {
        conn = await listener.accept();
        if (noDelay && "setNoDelay" in conn) conn.setNoDelay(true);
      } catch {
        if (!isClosed) await new Promise<void>((done) => systemClock.after(ACCEPT_RETRY_MS, done));
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
