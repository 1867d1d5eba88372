/** Opens connections for clients: picks the runtime's file, bounds the wait, and says in plain words what went wrong. Called by `dial.ts`. */
import { systemClock } from "./clock.ts";
import type { ByteStream } from "./byte_stream.ts";
import {
  type ClientEndpoint,
  codeOf,
  ConnectError,
  type ProxyOptions,
  textOf,
} from "./endpoint.ts";
import { nativeRuntime, nodeRuntime } from "./runtime/runtime.ts";

export interface ConnectOptions {
  /** For all of it: look-up, connection, TLS handshake. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Connects to `endpoint`. The caller sets the stream's four callbacks in the turn that the promise resolves in. Rejects with a ConnectError. */
export async function connect(
  endpoint: ClientEndpoint,
  options: ConnectOptions,
): Promise<ByteStream> {
  const { timeoutMs, signal } = options;
  // Not the caller's own signal: it may fire later, when the stream lives on.
  const attempt = new AbortController();
  const abort = () => attempt.abort(new ConnectError("aborted", "aborted by the caller"));
  const timer = systemClock.after(
    timeoutMs,
    () => attempt.abort(new ConnectError("timeout", `no answer within ${timeoutMs} ms`)),
  );
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const isPlain = endpoint.tls === undefined && proxyOf(endpoint) === undefined;
    const runtime = await (isPlain ? nativeRuntime() : nodeRuntime());
    attempt.signal.throwIfAborted();
    return await runtime.connect(endpoint, attempt.signal);
  } catch (error) {
    throw connectError(endpoint, attempt.signal.aborted ? attempt.signal.reason : error);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", abort);
  }
}

function nameOf(endpoint: ClientEndpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  const { proxy } = endpoint;
  return `${host}:${endpoint.port}${proxy === undefined ? "" : ` by ${proxy.host}:${proxy.port}`}`;
}

function proxyOf(endpoint: ClientEndpoint): ProxyOptions | undefined {
  return endpoint.kind === "tcp" ? endpoint.proxy : undefined;
}

function connectError(endpoint: ClientEndpoint, error: unknown): ConnectError {
  const prefix = `Cannot connect to ${nameOf(endpoint)}`;
  if (error instanceof ConnectError) {
    return new ConnectError(error.reason, `${prefix}: ${error.message}`);
  }
  const [reason, text] = causeOf(endpoint, error);
  return new ConnectError(reason, `${prefix}: ${text}`, { cause: error });
}

function causeOf(endpoint: ClientEndpoint, error: unknown): [ConnectError["reason"], string] {
  const code = codeOf(error);
  switch (code) {
    case "ECONNREFUSED":
      return ["refused", "nobody listens there"];
    case "ENOENT":
      return ["not_found", "there is no such socket"];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["not_found", "the host name is unknown"];
    case "ETIMEDOUT":
      return ["timeout", "no answer"];
    case "ENOTSOCK":
      return ["refused", "the file is no socket"];
  }
  if (/lookup address|getaddrinfo/i.test(textOf(error))) {
    return ["not_found", "the host name is unknown"];
  }
  if (endpoint.tls !== undefined) return ["tls", `TLS failed: ${textOf(error)}`];
  return ["other", textOf(error)];
}
