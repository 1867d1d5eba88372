/**
 * Opens listening sockets: picks the runtime's file, looks after files of unix sockets, and says in plain words what went wrong.
 * Called by `node/` and by programs that embed the router; accepted streams go to `sniff.ts`.
 */
import { Buffer } from "node:buffer";
import { lookup } from "node:dns/promises";
import { chmod, lstat, unlink } from "node:fs/promises";
import { isIP } from "node:net";
import process from "node:process";
import type { ByteStream } from "./byte_stream.ts";
import { connect } from "./connect.ts";
import { codeOf, ConnectError, ListenError, textOf } from "./endpoint.ts";
import type { Endpoint, Listener, Runtime, TcpEndpoint, UnixEndpoint } from "./endpoint.ts";
import { canReusePort, nativeRuntime, nodeRuntime, runtimeName } from "./runtime/runtime.ts";

const PROBE_TIMEOUT_MS = 1000;
/** Of a unix socket, on Linux. */
const MAX_PATH_BYTES = 107;

/** False on Bun, which always takes 512: a backlog that was asked for deserves a warning there. */
export const canSetBacklog = runtimeName !== "bun";

/**
 * Listens on `endpoint`. `onStream` gets each accepted stream and must set its four callbacks before it returns.
 * Rejects with a ListenError.
 */
export async function listen(
  endpoint: Endpoint,
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  try {
    const runtime = await runtimeFor(endpoint);
    switch (endpoint.kind) {
      case "unix":
        return withErrors(endpoint, await listenUnix(runtime, endpoint, onStream));
      case "tcp":
        return withErrors(endpoint, await runtime.listen(await resolved(endpoint), onStream));
      case "fd":
        return withErrors(endpoint, await runtime.listen(endpoint, onStream));
    }
  } catch (error) {
    throw listenError(endpoint, error);
  }
}

function runtimeFor(endpoint: Endpoint): Promise<Runtime> {
  if (endpoint.tls !== undefined || endpoint.kind === "fd") return nodeRuntime();
  const isBeyondDeno = endpoint.kind === "unix"
    ? endpoint.backlog !== undefined
    : endpoint.reusePort === true && !canReusePort;
  return runtimeName === "deno" && isBeyondDeno ? nodeRuntime() : nativeRuntime();
}

/** With a literal address: the runtimes differ in how they look up names and in what they say when there is none. */
async function resolved(endpoint: TcpEndpoint): Promise<TcpEndpoint> {
  const { host, version } = endpoint;
  const family = isIP(host);
  if (family > 0) {
    if (version === undefined || version === family) return endpoint;
    throw new ListenError(
      `Cannot listen on ${
        nameOf(endpoint)
      }: the host is an IPv${family} address, expected one of IPv${version}`,
    );
  }
  const { address } = await lookup(host, { family: version ?? 0, order: "ipv4first" });
  return { ...endpoint, host: address };
}

async function listenUnix(
  runtime: Runtime,
  endpoint: UnixEndpoint,
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  const length = Buffer.byteLength(endpoint.path);
  if (length > MAX_PATH_BYTES) {
    // Node cuts it off instead.
    throw new ListenError(
      `Cannot listen on ${
        nameOf(endpoint)
      }: the path has ${length} bytes, expected at most ${MAX_PATH_BYTES}; choose a shorter one`,
    );
  }
  await removeStale(endpoint.path);
  if (endpoint.mode === undefined) return await runtime.listen(endpoint, onStream);
  // Nobody may connect before the mode is set. Binding happens before the call returns.
  const umask = process.umask(0o177);
  let listening: Promise<Listener>;
  try {
    listening = runtime.listen(endpoint, onStream);
  } finally {
    process.umask(umask);
  }
  const listener = await listening;
  try {
    await chmod(endpoint.path, endpoint.mode);
  } catch (error) {
    await listener.close();
    throw error;
  }
  return listener;
}

/** Removes the file of a socket that nobody listens on any more. */
async function removeStale(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = (await lstat(path)).isSocket();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (!isSocket) {
    throw new ListenError(
      `Cannot listen on unix:${path}: a file that is no socket is in the way, expected none; remove it or choose another path`,
    );
  }
  try {
    const probe = await connect({ kind: "unix", path }, { timeoutMs: PROBE_TIMEOUT_MS });
    probe.abort();
  } catch (error) {
    if (error instanceof ConnectError && error.reason === "refused") return await unlink(path);
    if (error instanceof ConnectError && error.reason === "not_found") return;
    throw error;
  }
  throw new ListenError(
    `Cannot listen on unix:${path}: another process listens there, expected none; stop it or choose another path`,
  );
}

function withErrors(endpoint: Endpoint, listener: Listener): Listener {
  return {
    address: listener.address,
    close: () => listener.close(),
    setSecureContext: (options) => {
      try {
        listener.setSecureContext(options);
      } catch (error) {
        throw listenError(endpoint, error);
      }
    },
  };
}

function nameOf(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "unix":
      return `unix:${endpoint.path}`;
    case "fd":
      return `descriptor ${endpoint.fd}`;
    case "tcp":
      return endpoint.host.includes(":")
        ? `[${endpoint.host}]:${endpoint.port}`
        : `${endpoint.host}:${endpoint.port}`;
  }
}

/** What was found, and what to do about it. */
function listenError(endpoint: Endpoint, error: unknown): ListenError {
  if (error instanceof ListenError) return error;
  return new ListenError(`Cannot listen on ${nameOf(endpoint)}: ${causeOf(endpoint, error)}`, {
    cause: error,
  });
}

function causeOf(endpoint: Endpoint, error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case "EADDRINUSE":
      return "the address is in use by another process; stop it (`ss -ltnp` names it) or choose another port";
    case "EADDRNOTAVAIL":
      return "this machine has no such address; use one of its own (`ip addr`), or 0.0.0.0 or :: for all";
    case "EACCES":
    case "EPERM":
      return endpoint.kind === "tcp"
        ? "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities) or a port that the service manager hands over"
        : "permission denied; the directory must be writable for this user";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host name is unknown; check the spelling or use an address";
    case "ENOENT":
      return "the directory does not exist; create it";
    case "ENOTDIR":
      return "a part of the path is no directory";
    case "EBADF":
    case "ENOTSOCK":
      return "the descriptor is no listening socket; check that the service manager passes one";
    case "NotCapable":
      return `permission denied by Deno: ${textOf(error)}`;
  }
  return textOf(error);
}
