/**
 * WAMP over WebSocket and RawSocket as protocols and factories: connections that carry WAMP messages, with a session behind each. They are
 * the router's own transports. [WAMP websocket] [WAMP rawsocket]
 */
import type { Dial } from "../client/transport.ts";
import { type ClosedHow, dial, type MessageHandler, type Transport } from "../transports/dial.ts";
import { newStats } from "../transports/host.ts";
import { type RawSocketService, serveRawSocket } from "../transports/rawsocket.ts";
import { serveStream } from "../transports/sniff.ts";
import { serveWebSocket, type WebSocketService } from "../transports/websocket.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
  type RawSocketOptions,
  type WebSocketOptions,
} from "../transports/websocket_options.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { codecs } from "../wamp/codec/codecs.ts";
import type { Message } from "../wamp/message.ts";
import type { ProtocolError } from "../wamp/protocol_error.ts";
import type { ConnectWSOptions } from "./connect.ts";
import { HOST } from "./host.ts";
import { listenAt, listening, type ListeningPort, type ListenWSOptions } from "./listen.ts";

/** Makes what receives a connection's messages: `(transport) => router.attach(transport, gate)` on a server. */
export type MakeSession = (transport: Transport) => MessageHandler;

/** The name of a serializer. */
export type Serializer = Codec["name"];

/** One connection that carries WAMP messages. Override its methods to look at what passes; they pass it on.
 *
 * @example
 * ```ts
 * import { WampProtocol } from "realmway/protocols";
 *
 * class Counting extends WampProtocol {
 *   count = 0;
 *   override receive(message: Parameters<WampProtocol["receive"]>[0]): void {
 *     this.count++;
 *     super.receive(message);
 *   }
 * }
 * console.assert(Counting.prototype instanceof WampProtocol);
 * ```
 */
export class WampProtocol implements MessageHandler {
  readonly transport: Transport;
  readonly session: MessageHandler;
  #isOpen = true;

  constructor(transport: Transport, makeSession: MakeSession) {
    this.transport = transport;
    this.session = makeSession(transport);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A message has come. Its payload is valid until this returns. */
  receive(message: Message): void {
    this.session.receive(message);
  }

  /** What came is no WAMP message. */
  fail(error: ProtocolError): void {
    this.session.fail(error);
  }

  /** The connection has ended. */
  closed(how: ClosedHow): void {
    this.#isOpen = false;
    this.session.closed(how);
  }

  send(message: Message): void {
    this.transport.send(message);
  }

  /** Closes the connection behind what was sent. */
  close(reason = ""): void {
    this.transport.end(reason);
  }
}

/** A server's connection that carries WAMP over WebSocket. Derive from it, and have `buildProtocol` of the factory make it.
 *
 * @example
 * ```ts
 * import { WampWebSocketServerProtocol } from "realmway/protocols";
 *
 * class Watched extends WampWebSocketServerProtocol {
 *   override receive(message: Parameters<WampWebSocketServerProtocol["receive"]>[0]): void {
 *     console.log(message.type);
 *     super.receive(message);
 *   }
 * }
 * console.assert(Watched.prototype instanceof WampWebSocketServerProtocol);
 * ```
 */
export class WampWebSocketServerProtocol extends WampProtocol {}
/** A client's connection that carries WAMP over WebSocket. Derive from it, and have `buildProtocol` of the factory make it.
 *
 * @example
 * ```ts
 * import { WampWebSocketClientProtocol } from "realmway/protocols";
 *
 * class Watched extends WampWebSocketClientProtocol {
 *   override receive(message: Parameters<WampWebSocketClientProtocol["receive"]>[0]): void {
 *     console.log(message.type);
 *     super.receive(message);
 *   }
 * }
 * console.assert(Watched.prototype instanceof WampWebSocketClientProtocol);
 * ```
 */
export class WampWebSocketClientProtocol extends WampProtocol {}
/** A server's connection that carries WAMP over RawSocket. Derive from it, and have `buildProtocol` of the factory make it.
 *
 * @example
 * ```ts
 * import { WampRawSocketServerProtocol } from "realmway/protocols";
 *
 * class Watched extends WampRawSocketServerProtocol {
 *   override receive(message: Parameters<WampRawSocketServerProtocol["receive"]>[0]): void {
 *     console.log(message.type);
 *     super.receive(message);
 *   }
 * }
 * console.assert(Watched.prototype instanceof WampRawSocketServerProtocol);
 * ```
 */
export class WampRawSocketServerProtocol extends WampProtocol {}
/** A client's connection that carries WAMP over RawSocket. Derive from it, and have `buildProtocol` of the factory make it.
 *
 * @example
 * ```ts
 * import { WampRawSocketClientProtocol } from "realmway/protocols";
 *
 * class Watched extends WampRawSocketClientProtocol {
 *   override receive(message: Parameters<WampRawSocketClientProtocol["receive"]>[0]): void {
 *     console.log(message.type);
 *     super.receive(message);
 *   }
 * }
 * console.assert(Watched.prototype instanceof WampRawSocketClientProtocol);
 * ```
 */
export class WampRawSocketClientProtocol extends WampProtocol {}

interface SerializerOptions {
  /** Default: all. RawSocket clients have one, the first. */
  readonly serializers?: readonly Serializer[];
}

function codecsOf({ serializers }: SerializerOptions): readonly Codec[] {
  if (serializers === undefined) return codecs;
  return serializers.flatMap((name) => codecs.filter((codec) => codec.name === name));
}

/** Serves WAMP over WebSocket: `listenWS`, or `listen`.
 *
 * @example A router of the same program behind it, and a session of the library that connects by a factory
 * ```ts
 * import { connect } from "realmway";
 * import { connectWS, listenWS } from "realmway/protocols";
 * import { WampWebSocketClientFactory, WampWebSocketServerFactory } from "realmway/protocols";
 * import type { Router } from "realmway/router";
 *
 * async function serve(router: Router, gate: Parameters<Router["attach"]>[1]): Promise<void> {
 *   const make = new WampWebSocketServerFactory((transport) => router.attach(transport, gate), "ws://127.0.0.1:0");
 *   const listener = await listenWS(make);
 *   const factory = new WampWebSocketClientFactory(undefined, listener.url, { serializers: ["cbor"] });
 *   const session = await connect({ url: listener.url, realm: "realm1", dial: factory.dial });
 *   await session.leave();
 *   await listener.close();
 * }
 * console.assert(typeof serve === "function" && typeof connectWS === "function");
 * ```
 */
export class WampWebSocketServerFactory {
  static readonly protocol = WampWebSocketServerProtocol;
  readonly url: string;
  readonly #makeSession: MakeSession;
  readonly #options: Partial<WebSocketOptions> & SerializerOptions;

  constructor(
    makeSession: MakeSession,
    url: string,
    options: Partial<WebSocketOptions> & SerializerOptions = {},
  ) {
    this.#makeSession = makeSession;
    this.url = url;
    this.#options = options;
  }

  /** The protocol for a connection. */
  buildProtocol(transport: Transport): WampWebSocketServerProtocol {
    return new WampWebSocketServerProtocol(transport, this.#makeSession);
  }

  async listen(options: ListenWSOptions = {}): Promise<ListeningPort> {
    const settings = { ...DEFAULT_WEBSOCKET_OPTIONS, ...this.#options };
    const service: WebSocketService = {
      host: HOST,
      stats: newStats(),
      options: settings,
      codecs: codecsOf(this.#options),
      attach: (transport) => this.buildProtocol(transport),
    };
    const ms = settings.openHandshakeTimeoutMs;
    const listener = await listenAt(this.url, options, (stream) =>
      serveStream(stream, {
        upgrade: (accepted, request, rest) => {
          serveWebSocket(accepted, { request, first: rest, end: 0 }, service);
          return true;
        },
        timeouts: { firstByteMs: ms, headMs: ms },
        wheel: HOST.deadlines,
      }));
    return listening(this.url, listener);
  }
}

/** Serves WAMP over RawSocket, at "rs://127.0.0.1:8081" or "unix+rs:/run/router.sock".
 *
 * @example
 * ```ts
 * import { WampRawSocketClientFactory, WampRawSocketServerFactory } from "realmway/protocols";
 *
 * const quiet = () => ({ receive() {}, fail() {}, closed() {} });
 * const listener = await new WampRawSocketServerFactory(quiet, "rs://127.0.0.1:0").listen();
 * const factory = new WampRawSocketClientFactory(quiet, listener.url, { serializer: "msgpack" });
 * const protocol = await factory.connect();
 * console.assert(protocol.transport.details.serializer === "msgpack");
 * protocol.close();
 * await listener.close();
 * ```
 */
export class WampRawSocketServerFactory {
  static readonly protocol = WampRawSocketServerProtocol;
  readonly url: string;
  readonly #makeSession: MakeSession;
  readonly #options: Partial<RawSocketOptions> & SerializerOptions;

  constructor(
    makeSession: MakeSession,
    url: string,
    options: Partial<RawSocketOptions> & SerializerOptions = {},
  ) {
    this.#makeSession = makeSession;
    this.url = url;
    this.#options = options;
  }

  /** The protocol for a connection. */
  buildProtocol(transport: Transport): WampRawSocketServerProtocol {
    return new WampRawSocketServerProtocol(transport, this.#makeSession);
  }

  async listen(options: ListenWSOptions = {}): Promise<ListeningPort> {
    const settings = { ...DEFAULT_RAWSOCKET_OPTIONS, ...this.#options };
    const service: RawSocketService = {
      host: HOST,
      stats: newStats(),
      options: settings,
      codecs: codecsOf(this.#options),
      attach: (transport) => this.buildProtocol(transport),
    };
    const ms = settings.openHandshakeTimeoutMs;
    const listener = await listenAt(this.url, options, (stream) =>
      serveStream(stream, {
        rawsocket: (accepted, first) => serveRawSocket(accepted, first, service),
        timeouts: { firstByteMs: ms, headMs: ms },
        wheel: HOST.deadlines,
      }));
    return listening(this.url, listener);
  }
}

const NO_SESSION: MakeSession = () => {
  throw new Error(
    "Cannot connect: found no session for the factory, expected one, or its dial given to connect()",
  );
};

/** Connects WAMP over WebSocket: by `connectWS` and `connect` with a session of its own, or by `dial` for a session of the library:
 * `connect({ url, realm, dial: factory.dial })`.
 *
 * @example
 * ```ts
 * import { connect } from "realmway";
 * import { WampWebSocketClientFactory } from "realmway/protocols";
 *
 * const url = "ws://127.0.0.1:1/ws";
 * const { dial } = new WampWebSocketClientFactory(undefined, url, { headers: { "X-Mine": "1" } });
 * await connect({ url, realm: "realm1", dial }).catch((error) => console.assert(error.name === "ConnectError"));
 * ```
 */
export class WampWebSocketClientFactory {
  static readonly protocol = WampWebSocketClientProtocol;
  readonly url: string;
  readonly #makeSession: MakeSession;
  readonly #options: WampWebSocketClientOptions;

  constructor(
    makeSession: MakeSession | undefined,
    url: string,
    options: WampWebSocketClientOptions = {},
  ) {
    this.#makeSession = makeSession ?? NO_SESSION;
    this.url = url;
    this.#options = options;
  }

  /** The protocol for a connection. */
  buildProtocol(transport: Transport): WampWebSocketClientProtocol {
    return new WampWebSocketClientProtocol(transport, this.#makeSession);
  }

  /** For `connect` of the library: connects as this factory says. */
  get dial(): Dial {
    return ({ signal }, attach) => this.#dial({ signal }, attach);
  }

  async connect(options: ConnectWSOptions = {}): Promise<WampWebSocketClientProtocol> {
    return await connected(this.buildProtocol.bind(this), (attach) => this.#dial(options, attach));
  }

  #dial(options: ConnectWSOptions, attach: MakeSession): Promise<Transport> {
    const { headers, serializers: _serializers, ...websocket } = this.#options;
    const wanted = codecsOf(this.#options);
    return dial({
      url: this.url,
      codecs: wanted,
      host: HOST,
      websocket,
      ...(headers && { headers }),
      ...options,
    }, attach);
  }
}

/** How WAMP over WebSocket is spoken: all options of the router's WebSockets, the serializers, and headers. */
export interface WampWebSocketClientOptions extends Partial<WebSocketOptions>, SerializerOptions {
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Connects WAMP over RawSocket; as `WampWebSocketClientFactory`.
 *
 * @example
 * ```ts
 * import { WampRawSocketClientFactory, WampRawSocketServerFactory } from "realmway/protocols";
 *
 * const quiet = () => ({ receive() {}, fail() {}, closed() {} });
 * const listener = await new WampRawSocketServerFactory(quiet, "rs://127.0.0.1:0").listen();
 * const factory = new WampRawSocketClientFactory(quiet, listener.url, { serializer: "msgpack" });
 * const protocol = await factory.connect();
 * console.assert(protocol.transport.details.serializer === "msgpack");
 * protocol.close();
 * await listener.close();
 * ```
 */
export class WampRawSocketClientFactory {
  static readonly protocol = WampRawSocketClientProtocol;
  readonly url: string;
  readonly #makeSession: MakeSession;
  readonly #options: Partial<RawSocketOptions> & { readonly serializer?: Serializer };

  constructor(
    makeSession: MakeSession | undefined,
    url: string,
    options: Partial<RawSocketOptions> & { readonly serializer?: Serializer } = {},
  ) {
    this.#makeSession = makeSession ?? NO_SESSION;
    this.url = url;
    this.#options = options;
  }

  /** The protocol for a connection. */
  buildProtocol(transport: Transport): WampRawSocketClientProtocol {
    return new WampRawSocketClientProtocol(transport, this.#makeSession);
  }

  /** For `connect` of the library: connects as this factory says. */
  get dial(): Dial {
    return ({ signal }, attach) => this.#dial({ signal }, attach);
  }

  async connect(options: ConnectWSOptions = {}): Promise<WampRawSocketClientProtocol> {
    return await connected(this.buildProtocol.bind(this), (attach) => this.#dial(options, attach));
  }

  #dial(options: ConnectWSOptions, attach: MakeSession): Promise<Transport> {
    const { serializer, ...rawsocket } = this.#options;
    const serializers = serializer === undefined ? {} : { serializers: [serializer] };
    const wanted = codecsOf(serializers);
    return dial({ url: this.url, codecs: wanted, host: HOST, rawsocket, ...options }, attach);
  }
}

async function connected<T extends WampProtocol>(
  build: (transport: Transport) => T,
  open: (attach: MakeSession) => Promise<Transport>,
): Promise<T> {
  let protocol: T | undefined;
  await open((transport) => protocol = build(transport));
  if (protocol === undefined) throw new Error("Cannot connect: found no transport attached");
  return protocol;
}
