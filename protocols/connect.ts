/** Opens WebSockets for factories of clients. [RFC 6455 4.1] */
import { connect } from "../transports/connect.ts";
import type { ByteStream } from "../transports/byte_stream.ts";
import type { ClientEndpoint, ClientTlsOptions } from "../transports/endpoint.ts";
import { DialError, type DialTarget, parseUrl } from "../transports/dial_url.ts";
import { Outbox } from "../transports/outbox.ts";
import { peerName } from "../transports/peer_name.ts";
import { startBare } from "../transports/websocket_bare.ts";
import { agreedDeflate, offerDeflate } from "../transports/websocket_deflate.ts";
import {
  newKey,
  parseAnswer,
  type UpgradeAsk,
  upgradeRequest,
} from "../transports/websocket_request.ts";
import type {
  ConnectingRequest,
  WebSocketClientFactory,
  WebSocketClientProtocol,
} from "./client.ts";
import { HOST } from "./host.ts";

/** How to connect, where the factory does not say. */
export interface ConnectWSOptions {
  /** Where to connect, if not where the factory's URL says. */
  readonly endpoint?: ClientEndpoint;
  readonly tls?: ClientTlsOptions;
  /** For the connection. The handshake has `openHandshakeTimeoutMs` of the factory's options. Default 10,000. */
  readonly timeoutMs?: number;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

/** Connects as the factory says, also one of WAMP over WebSocket. Resolves to its protocol once that is open; rejects when no WebSocket comes about, after `onClose`.
 *
 * @example
 * ```ts
 * import { connectWS, listenWS, WebSocketClientFactory, WebSocketServerFactory } from "realmway/protocols";
 *
 * const listener = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0"));
 * const client = await connectWS(new WebSocketClientFactory(listener.url));
 * client.sendClose(1000, "That was all");
 * console.assert((await client.closed).wasClean);
 * await listener.close();
 * ```
 */
export async function connectWS(
  factory: WebSocketClientFactory,
  options?: ConnectWSOptions,
): Promise<WebSocketClientProtocol>;
export async function connectWS<T>(
  factory: { connect(options?: ConnectWSOptions): Promise<T> },
  options?: ConnectWSOptions,
): Promise<T>;
export async function connectWS(
  factory: WebSocketClientFactory | { connect(options?: ConnectWSOptions): Promise<unknown> },
  options: ConnectWSOptions = {},
): Promise<unknown> {
  if ("connect" in factory) return await factory.connect(options);
  const { tls, timeoutMs = 10_000, signal } = options;
  const target = parseUrl(factory.url);
  if (target.framing !== "websocket") {
    throw new DialError(
      "url",
      `Cannot connect to "${factory.url}": found RawSocket, expected ws:// or wss://`,
    );
  }
  const endpoint = options.endpoint ?? target.endpoint;
  const secured = target.isSecure ? { ...endpoint, tls: { ...endpoint.tls, ...tls } } : endpoint;
  const stream = await connect(secured, { timeoutMs, ...(signal && { signal }) });
  // Until there is a handshake to read the answer of.
  const early: Uint8Array<ArrayBuffer>[] = [];
  let hasEnded = false;
  stream.onData = (bytes) => void early.push(new Uint8Array(bytes));
  stream.onDrain = () => {};
  stream.onEnd = () => hasEnded = true;
  stream.onClose = () => hasEnded = true;
  const protocol = factory.buildProtocol(peerName(stream.remote));
  try {
    const peer = peerName(stream.remote);
    const wishes = await protocol.onConnecting({ peer, isSecure: target.isSecure }) ?? {};
    const ask = askOf(factory, target, wishes);
    await shakeHands(stream, ask, factory, protocol, early, hasEnded, signal);
    return protocol;
  } catch (error) {
    stream.abort();
    const text = error instanceof Error ? error.message : String(error);
    protocol.failed(text);
    throw new DialError("handshake", `Cannot connect to "${factory.url}": ${text}`, {
      cause: error,
    });
  }
}

function askOf(
  { options }: WebSocketClientFactory,
  target: DialTarget,
  wishes: ConnectingRequest,
): UpgradeAsk {
  const origin = wishes.origin ?? options.origin;
  const userAgent = wishes.userAgent ?? options.userAgent;
  return {
    host: wishes.host ?? target.host,
    target: wishes.resource ?? target.path,
    key: newKey(),
    protocols: wishes.protocols ?? options.protocols ?? [],
    extensions: options.deflate === undefined ? undefined : offerDeflate(options.deflate),
    headers: {
      ...(origin !== undefined && { "Origin": origin }),
      ...(userAgent !== undefined && { "User-Agent": userAgent }),
      ...options.headers,
      ...wishes.headers,
    },
  };
}

function shakeHands(
  stream: ByteStream,
  ask: UpgradeAsk,
  factory: WebSocketClientFactory,
  protocol: WebSocketClientProtocol,
  early: readonly Uint8Array<ArrayBuffer>[],
  hasEnded: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { options } = factory;
  return new Promise((resolve, reject) => {
    const outbox = new Outbox(stream, HOST.turnOf(stream), HOST.writers);
    const give = (text: string) => {
      deadline.clear();
      outbox.discard();
      reject(new Error(text));
    };
    const deadline = HOST.deadlines.deadline(() => give("found no answer in time"));
    if (options.openHandshakeTimeoutMs > 0) deadline.set(options.openHandshakeTimeoutMs);
    signal?.addEventListener("abort", () => give("aborted by the caller"), { once: true });
    stream.onDrain = () => outbox.drained();
    stream.onEnd = () => give("found the connection ended during the handshake");
    stream.onClose = () => give("found the connection closed during the handshake");
    if (hasEnded) return give("found the connection ended before the handshake");
    outbox.writer().ascii(upgradeRequest(ask));
    let received = new Uint8Array(0);
    stream.onData = (bytes) => {
      const all = new Uint8Array(received.length + bytes.length);
      all.set(received);
      all.set(bytes, received.length);
      received = all;
      const answer = parseAnswer(all, all.length, ask);
      if (answer.kind === "incomplete") return;
      if (answer.kind === "refused") return give(answer.text);
      const [extension, second] = answer.extensions;
      const deflate = extension === undefined || options.deflate === undefined
        ? undefined
        : agreedDeflate(extension, options.deflate);
      if ((extension !== undefined && deflate === undefined) || second !== undefined) {
        return give(`found extension ${(second ?? extension)?.name}, expected what was offered`);
      }
      deadline.clear();
      const { protocol: name, headers, extensions } = answer;
      try {
        protocol.onConnect({
          peer: peerName(stream.remote),
          headers,
          protocol: name,
          extensions: extensions.map((one) => one.name),
        });
      } catch (error) {
        return give(error instanceof Error ? error.message : String(error));
      }
      const { endpoint } = protocol.opened((owner) => {
        return startBare(stream, { role: "client", host: HOST, options, deflate, outbox }, owner);
      });
      endpoint.start();
      resolve();
      endpoint.read(all, answer.end);
    };
    for (const bytes of early) stream.onData(bytes);
  });
}
