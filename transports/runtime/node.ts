/**
 * Sockets of `node:net` and `node:tls`: TLS and inherited descriptors on every runtime, plain connections on Node; `node_stream.ts` has
 * the streams. Traps: without `allowHalfOpen` the peer's end is answered at once; not every runtime closes a failed handshake; on Deno a
 * listener for which no descriptor was left never accepts again, and says nothing.
 */
import * as net from "node:net";
import { setImmediate } from "node:timers";
import * as tls from "node:tls";
import type { Timer } from "../../router/ports.ts";
import { type Address, type ByteStream, plainHost } from "../byte_stream.ts";
import { systemClock } from "../clock.ts";
import type { ClientEndpoint, Endpoint, Listener } from "../endpoint.ts";
import { NodeStream } from "./node_stream.ts";
import { tunnel } from "./node_tunnel.ts";
import { runtimeName } from "./runtime.ts";
import { clientOptions, contextOptions, isImpostor, serverOptions } from "./node_tls.ts";

/** How long such a listener sleeps at most. */
const WAKE_MS = 1000;
/** What `listen` takes where nothing is said. */
const BACKLOG = 511;
/** Of a socket that somebody else has opened: what systemd and the kernel take at most. */
const MOST_BACKLOG = 4096;

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
    if (endpoint.kind !== "unix") {
      socket.setNoDelay(endpoint.kind === "tcp" ? endpoint.noDelay ?? true : true);
    }
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
  const awake = runtimeName === "deno" ? keepAwake(server, endpoint) : undefined;
  return {
    address: typeof address === "string" || address === null
      ? { path: address ?? "" }
      : tcpAddress(address.address, address.port),
    close: () =>
      new Promise((resolve) => {
        awake?.cancel();
        server.close();
        setImmediate(resolve);
      }),
    setSecureContext: (options) => {
      if (!(server instanceof tls.Server)) throw new Error("the listener has no TLS");
      server.setSecureContext(contextOptions(options));
    },
  };
}

/** Has Deno listen anew on the same socket, which is how its listener looks again whether somebody waits; one that is well does not notice.
 * No public way leads there. Tests near the limit of descriptors hold this. */
function keepAwake(server: net.Server, endpoint: Endpoint): Timer {
  const backlog = endpoint.kind === "fd" ? MOST_BACKLOG : endpoint.backlog ?? BACKLOG;
  let timer: Timer;
  const wake = () => {
    const handle: unknown = Reflect.get(server, "_handle");
    const relisten: unknown = typeof handle === "object" && handle !== null
      ? Reflect.get(handle, "listen")
      : undefined;
    if (typeof relisten === "function") relisten.call(handle, backlog);
    timer = systemClock.after(WAKE_MS, wake);
  };
  timer = systemClock.after(WAKE_MS, wake);
  return { cancel: () => timer.cancel() };
}

function listenOptions(endpoint: Endpoint): net.ListenOptions & { fd?: number } {
  if (endpoint.kind === "fd") return { fd: endpoint.fd };
  const backlog = endpoint.backlog === undefined ? {} : { backlog: endpoint.backlog };
  if (endpoint.kind === "unix") return { path: endpoint.path, ...backlog };
  const reusePort = endpoint.reusePort ? { reusePort: true } : {};
  return { host: endpoint.host, port: endpoint.port, ...backlog, ...reusePort };
}

export async function connect(
  endpoint: ClientEndpoint,
  signal: AbortSignal,
): Promise<ByteStream> {
  const through = endpoint.kind === "tcp" && endpoint.proxy !== undefined
    ? await tunnel(endpoint, endpoint.proxy, signal)
    : undefined;
  const where = endpoint.kind === "unix"
    ? { path: endpoint.path }
    : { host: endpoint.host, port: endpoint.port };
  // A variable, as the types of tls.connect do not know allowHalfOpen.
  const tlsOptions = {
    ...(through === undefined ? where : { socket: through }),
    ...clientOptions(endpoint.tls ?? {}, where.host),
    allowHalfOpen: true,
  };
  return await new Promise((resolve, reject) => {
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
      setImmediate(() => {
        stream.start();
        // It was paused at the proxy's answer.
        if (socket === through) socket.resume();
      });
      resolve(stream);
    };
    const aborted = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const socket = endpoint.tls !== undefined
      ? tls.connect(tlsOptions, opened)
      : through ?? net.connect({ ...where, allowHalfOpen: true }, opened);
    socket.on("error", nothing).once("error", reject);
    signal.addEventListener("abort", aborted, { once: true });
    if (socket === through) opened();
  });
}

function nothing(): void {}
