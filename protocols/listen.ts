/** Serves WebSockets for factories of servers. [RFC 6455 4.2] */
import type { ByteStream } from "../transports/byte_stream.ts";
import { parseUrl } from "../transports/dial_url.ts";
import type { Endpoint, Listener, TlsOptions } from "../transports/endpoint.ts";
import { listen } from "../transports/listen.ts";
import { peerName } from "../transports/peer_name.ts";
import { serveStream } from "../transports/sniff.ts";
import { refuseUpgrade } from "../transports/websocket.ts";
import { acceptBare } from "../transports/websocket_bare.ts";
import { type Refusal, refusalOf, type UpgradeRequest } from "../transports/websocket_handshake.ts";
import { HOST } from "./host.ts";
import {
  ConnectionDeny,
  connectionRequest,
  type WebSocketServerFactory,
  type WebSocketServerProtocol,
} from "./server.ts";

/** Where to listen, where the factory's URL does not say. */
export interface ListenWSOptions {
  /** Where to listen, if not where the factory's URL says: unix sockets, inherited descriptors, a backlog, shared ports. */
  readonly endpoint?: Endpoint;
  /** For wss://. */
  readonly tls?: TlsOptions;
}

/** A listening server. */
export interface ListeningPort {
  /** With the real port: "ws://127.0.0.1:43210". */
  readonly url: string;
  readonly address: Listener["address"];
  /** Stops accepting. Connections live on. */
  close(): Promise<void>;
}

/** Listens as the factory says, also one of WAMP over WebSocket. Rejects with an error that names the address, the cause and the remedy.
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
export async function listenWS(
  factory: WebSocketServerFactory | { listen(options?: ListenWSOptions): Promise<ListeningPort> },
  options: ListenWSOptions = {},
): Promise<ListeningPort> {
  if ("listen" in factory) return await factory.listen(options);
  const connections = { count: 0 };
  const listener = await listenAt(factory.url, options, (stream) => {
    const ms = factory.options.openHandshakeTimeoutMs;
    serveStream(stream, {
      upgrade: (accepted, request, rest) => {
        serve(accepted, request, rest, factory, connections);
        return true;
      },
      timeouts: { firstByteMs: ms, headMs: ms },
      wheel: HOST.deadlines,
    });
  });
  return listening(factory.url, listener);
}

/** Listens where `url` says, or `options`. */
export function listenAt(
  url: string,
  options: ListenWSOptions,
  onStream: (stream: ByteStream) => void,
): Promise<Listener> {
  const target = parseUrl(url);
  if (target.isSecure && options.tls === undefined && options.endpoint?.tls === undefined) {
    throw new Error(`Cannot listen at "${url}": found no certificate, expected the option tls`);
  }
  const { endpoint } = target;
  const own: Endpoint = endpoint.kind === "unix"
    ? { kind: "unix", path: endpoint.path }
    : { kind: "tcp", host: endpoint.host, port: endpoint.port };
  return listen(
    { ...(options.endpoint ?? own), ...(options.tls && { tls: options.tls }) },
    onStream,
  );
}

export function listening(url: string, listener: Listener): ListeningPort {
  const { address } = listener;
  const port = "port" in address ? address.port : undefined;
  return {
    url: port === undefined
      ? url
      : url.replace(/^(\w+:\/\/(?:\[[^\]]*\]|[^:/]+))(?::\d+)?/, `$1:${port}`),
    address,
    close: () => listener.close(),
  };
}

function serve(
  stream: ByteStream,
  request: UpgradeRequest,
  rest: Uint8Array<ArrayBuffer>,
  factory: WebSocketServerFactory,
  connections: { count: number },
): void {
  const { options } = factory;
  const refused = refusalOf(request, options);
  if (refused !== undefined) return refuseUpgrade(stream, HOST, refused);
  const { maxConnections = 0 } = options;
  if (maxConnections > 0 && connections.count >= maxConnections) {
    return refuseUpgrade(stream, HOST, {
      status: 503,
      text: "Cannot connect: too many connections",
    });
  }
  const peer = peerName(stream.remote);
  const protocol = factory.buildProtocol(peer);
  connections.count++;
  protocol.closed.then(() => connections.count--);
  // What comes while onConnect decides; a client that sends without waiting for the answer breaks the rules, but is heard.
  const early: Uint8Array<ArrayBuffer>[] = rest.length > 0 ? [new Uint8Array(rest)] : [];
  let isGone = false;
  stream.onData = (bytes) => void early.push(new Uint8Array(bytes));
  stream.onDrain = () => {};
  stream.onEnd = () => isGone = true;
  stream.onClose = () => isGone = true;
  stream.pause();
  decide(protocol, request, peer).then(
    (answer) => {
      stream.resume();
      if (isGone) {
        stream.abort();
        return protocol.failed("The client has gone");
      }
      open(stream, request, factory, protocol, answer, early);
    },
    (error: unknown) => {
      if (!(error instanceof ConnectionDeny)) HOST.onFault(error);
      const refusal: Refusal = error instanceof ConnectionDeny
        ? { status: error.status, text: error.message }
        : { status: 500, text: "Cannot connect: internal error" };
      refuseUpgrade(stream, HOST, refusal);
      stream.resume();
      protocol.failed(refusal.text);
    },
  );
}

interface Answer {
  readonly protocol: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

async function decide(
  protocol: WebSocketServerProtocol,
  request: UpgradeRequest,
  peer: string,
): Promise<Answer> {
  const decision = await protocol.onConnect(connectionRequest(request, peer)) ?? {};
  const { protocol: name, headers = {} } = typeof decision === "string"
    ? { protocol: decision }
    : decision;
  if (name !== undefined && !request.protocols.includes(name)) {
    const found = request.protocols.join(", ");
    throw new Error(`Cannot choose subprotocol "${name}": found ${found}, expected one of them`);
  }
  return { protocol: name, headers };
}

function open(
  stream: ByteStream,
  request: UpgradeRequest,
  factory: WebSocketServerFactory,
  protocol: WebSocketServerProtocol,
  answer: Answer,
  early: readonly Uint8Array<ArrayBuffer>[],
): void {
  const { options } = factory;
  const headers = {
    ...(options.server !== undefined && { "Server": options.server }),
    ...options.headers,
    ...answer.headers,
  };
  try {
    const { endpoint } = protocol.opened((owner) => {
      const whole = { protocol: answer.protocol, headers };
      return acceptBare(stream, { request }, whole, { host: HOST, options }, owner);
    });
    endpoint.start();
    for (const bytes of early) endpoint.read(bytes, 0);
  } catch (error) {
    // The program's onOpen, or headers that cannot be written.
    HOST.onFault(error);
    stream.abort();
    protocol.failed("Internal error");
  }
}
