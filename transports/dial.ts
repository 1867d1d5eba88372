/**
 * Opens a WAMP transport to a router, for clients on Deno, Bun and Node: connection, handshake, and the framing that follows.
 * URLs: ws:// wss:// (WebSocket), rs:// rss:// (RawSocket), unix+ws:/path and unix+rs:/path. Called by `client/dial.ts`; browsers
 * have their own.
 */
import type { MessageHandler, Transport } from "../router/ports.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { codecs as allCodecs } from "../wamp/codec/codecs.ts";
import { DialError, type DialTarget, parseUrl } from "./dial_url.ts";
import { connect } from "./connect.ts";
import type { Extension } from "./http_head.ts";
import type { ByteStream } from "./byte_stream.ts";
import {
  type ClientEndpoint,
  type ClientTlsOptions,
  ConnectError,
  type ProxyOptions,
} from "./endpoint.ts";
import { newStats, type TransportHost, type TransportStats } from "./host.ts";
import { Outbox } from "./outbox.ts";
import { peerName } from "./peer_name.ts";
import { tlsDetails } from "./tls_details.ts";
import { startRawSocket } from "./rawsocket.ts";
import { handshake, HANDSHAKE_BYTES, maxBytesOf, replyProblem } from "./rawsocket_handshake.ts";
import { serializerOf, type Subprotocol, subprotocolsOf } from "./subprotocol.ts";
import { agreedDeflate, type DeflateAgreement, offerDeflate } from "./websocket_deflate.ts";
import { startWebSocket } from "./websocket_link.ts";
import { newKey, parseAnswer, type UpgradeAsk, upgradeRequest } from "./websocket_request.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
  type RawSocketOptions,
  type WebSocketOptions,
} from "./websocket_options.ts";

export { DialError } from "./dial_url.ts";
export type { ClientEndpoint, ClientTlsOptions, ProxyOptions } from "./endpoint.ts";
export type { RawSocketOptions, WebSocketOptions } from "./websocket_options.ts";
/** For `client/`, which never imports router/. */
export type { Clock, ClosedHow, Log, MessageHandler, Timer, Transport } from "../router/ports.ts";

export interface DialOptions {
  /** "wss://example.com/ws", "rs://localhost:8081", "unix+ws:/run/router.sock". */
  readonly url: string;
  /** Where to connect, if not where the URL says; the URL then gives protocol, Host header and path. */
  readonly endpoint?: ClientEndpoint;
  /** In order of preference; a WebSocket server chooses, RawSocket takes the first. Default: all. */
  readonly codecs?: readonly Codec[];
  /** Announce the batched subprotocols, before their plain ones. Default false. */
  readonly isBatched?: boolean;
  /** Further headers of the WebSocket handshake. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: ClientTlsOptions;
  /** Connects by way of an HTTP proxy, over TCP. */
  readonly proxy?: ProxyOptions;
  /** For connection and handshake together. Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly websocket?: Partial<WebSocketOptions>;
  readonly rawsocket?: Partial<RawSocketOptions>;
  readonly host: TransportHost;
  readonly stats?: TransportStats;
}

/** What a handshake needs; `fail` ends the attempt. */
interface Attempt {
  readonly options: DialOptions;
  readonly target: DialTarget;
  readonly stream: ByteStream;
  readonly outbox: Outbox;
  readonly attach: (transport: Transport) => MessageHandler;
  readonly done: (transport: Transport) => void;
  readonly fail: (found: string) => void;
}

/** Resolves with the transport, once `attach` has been called with it. Rejects with a DialError. */
export async function dial(
  options: DialOptions,
  attach: (transport: Transport) => MessageHandler,
): Promise<Transport> {
  const { url, tls, timeoutMs = 10_000, signal } = options;
  const target = parseUrl(url);
  const endpoint = withProxy(endpointOf(target, options.endpoint, tls), options);
  const started = performance.now();
  let stream: ByteStream;
  try {
    stream = await connect(endpoint, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    if (!(cause instanceof ConnectError)) throw cause;
    throw new DialError(cause.reason, `Cannot dial "${url}": ${cause.message}`, { cause });
  }
  const leftMs = Math.max(1, timeoutMs - (performance.now() - started));
  return await shakeHands(stream, target, options, leftMs, attach);
}

/** With the URL's TLS, or the option's, which says how; a URL without "s" does without. */
function endpointOf(
  target: DialTarget,
  explicit: ClientEndpoint | undefined,
  tls: ClientTlsOptions | undefined,
): ClientEndpoint {
  const endpoint = explicit ?? target.endpoint;
  if (!target.isSecure) return endpoint;
  return { ...endpoint, tls: { ...endpoint.tls, ...tls } };
}

function withProxy(endpoint: ClientEndpoint, { url, proxy }: DialOptions): ClientEndpoint {
  if (proxy === undefined) return endpoint;
  if (endpoint.kind === "tcp") return { ...endpoint, proxy };
  throw new DialError(
    "other",
    `Cannot dial "${url}": found a unix socket, expected TCP for a proxy`,
  );
}

function shakeHands(
  stream: ByteStream,
  target: DialTarget,
  options: DialOptions,
  timeoutMs: number,
  attach: (transport: Transport) => MessageHandler,
): Promise<Transport> {
  const { host, url, signal } = options;
  return new Promise((resolve, reject) => {
    const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
    const settle = () => {
      deadline.clear();
      signal?.removeEventListener("abort", aborted);
    };
    const give = (reason: DialError["reason"], text: string) => {
      settle();
      stream.abort();
      outbox.discard();
      reject(new DialError(reason, `Cannot dial "${url}": ${text}`));
    };
    const aborted = () => give("aborted", "aborted by the caller");
    const late = () => give("timeout", "no answer to the handshake in time");
    const deadline = host.deadlines.deadline(late);
    const openMs = target.framing === "websocket"
      ? options.websocket?.openHandshakeTimeoutMs
      : options.rawsocket?.openHandshakeTimeoutMs;
    deadline.set(openMs === undefined || openMs === 0 ? timeoutMs : Math.min(timeoutMs, openMs));
    signal?.addEventListener("abort", aborted, { once: true });
    stream.onDrain = () => outbox.drained();
    stream.onEnd = () => give("handshake", "the connection ended during the handshake");
    stream.onClose = () => give("handshake", "the connection was closed during the handshake");
    if (signal?.aborted) return aborted();
    const attempt: Attempt = {
      options,
      target,
      stream,
      outbox,
      attach,
      done: (transport) => {
        settle();
        resolve(transport);
      },
      fail: (found) => give("handshake", found),
    };
    try {
      if (target.framing === "websocket") askWebSocket(attempt);
      else askRawSocket(attempt);
    } catch (error) {
      // Headers of the caller's that cannot be written.
      give("other", error instanceof Error ? error.message : String(error));
    }
  });
}

function askWebSocket(attempt: Attempt): void {
  const { options, target, stream, outbox } = attempt;
  const settings = { ...DEFAULT_WEBSOCKET_OPTIONS, ...options.websocket };
  const known = subprotocolsOf(options.codecs ?? allCodecs);
  const wanted = options.isBatched
    ? known.toSorted((a, b) => Number(b.isBatched) - Number(a.isBatched))
    : known.filter(({ isBatched }) => !isBatched);
  const ask: UpgradeAsk = {
    host: target.host,
    target: target.path,
    key: newKey(),
    protocols: wanted.map(({ name }) => name),
    extensions: settings.deflate === undefined ? undefined : offerDeflate(settings.deflate),
    headers: options.headers ?? {},
  };
  const request = upgradeRequest(ask);
  outbox.writer().ascii(request);
  let received = new Uint8Array(0);
  stream.onData = (bytes) => {
    const all = new Uint8Array(received.length + bytes.length);
    all.set(received);
    all.set(bytes, received.length);
    received = all;
    const answer = parseAnswer(all, all.length, ask);
    if (answer.kind === "incomplete") return;
    if (answer.kind === "refused") return attempt.fail(answer.text);
    // Without choice the server speaks what a client without announcement would get.
    const subprotocol = wanted.find(({ name }) => name === (answer.protocol ?? "wamp.2.json"));
    if (subprotocol === undefined) {
      return attempt.fail(`found no subprotocol, expected one of ${ask.protocols.join(", ")}`);
    }
    const deflate = deflateOf(answer.extensions, settings);
    if (typeof deflate === "string") return attempt.fail(deflate);
    beginWebSocket(attempt, settings, subprotocol, deflate, answer, all);
  };
}

function beginWebSocket(
  attempt: Attempt,
  settings: WebSocketOptions,
  subprotocol: Subprotocol,
  deflate: DeflateAgreement | undefined,
  answer: { readonly end: number; readonly headers: Readonly<Record<string, string>> },
  received: Uint8Array<ArrayBuffer>,
): void {
  const { options, target, stream, outbox } = attempt;
  const started = startWebSocket(stream, {
    role: "client",
    host: options.host,
    stats: options.stats ?? newStats(),
    options: settings,
    subprotocol,
    deflate,
    outbox,
    details: {
      kind: "websocket",
      serializer: serializerOf(subprotocol),
      peer: peerName(stream.remote),
      isSecure: target.isSecure,
      http: { path: target.path, headers: answer.headers, protocol: subprotocol.name },
      ...tlsDetails(stream.tls),
    },
    attach: attempt.attach,
  });
  attempt.done(started.transport);
  started.read(received, answer.end);
}

/** What the server's extensions mean, or what is wrong with them. */
function deflateOf(
  extensions: readonly Extension[],
  settings: WebSocketOptions,
): DeflateAgreement | undefined | string {
  const [first, second] = extensions;
  if (first === undefined) return undefined;
  const agreed = settings.deflate === undefined || second !== undefined
    ? undefined
    : agreedDeflate(first, settings.deflate);
  return agreed ?? `found extension ${first.name}, expected what was offered`;
}

function askRawSocket(attempt: Attempt): void {
  const { options, target, stream, outbox } = attempt;
  const settings = { ...DEFAULT_RAWSOCKET_OPTIONS, ...options.rawsocket };
  const [codec] = options.codecs ?? allCodecs;
  if (codec === undefined) return attempt.fail("found no serializer, expected one");
  const request = handshake(codec, settings);
  outbox.writer().range(request, 0, request.length);
  const reply = new Uint8Array(HANDSHAKE_BYTES);
  let received = 0;
  stream.onData = (bytes) => {
    let at = 0;
    while (at < bytes.length && received < HANDSHAKE_BYTES) {
      reply[received++] = bytes[at++] as number;
    }
    if (received < HANDSHAKE_BYTES) return;
    const problem = replyProblem(reply, codec);
    if (problem !== undefined) return attempt.fail(problem);
    const started = startRawSocket(stream, {
      host: options.host,
      stats: options.stats ?? newStats(),
      options: settings,
      codec,
      maxSendBytes: maxBytesOf(reply),
      outbox,
      details: {
        kind: "rawsocket",
        serializer: codec.name,
        peer: peerName(stream.remote),
        isSecure: target.isSecure,
        ...tlsDetails(stream.tls),
      },
      attach: attempt.attach,
    });
    attempt.done(started.transport);
    started.read(bytes, at);
  };
}
