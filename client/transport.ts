/** The seam to the layer below, as types: client/ runs in browsers, so it never imports router/ nor, but when asked for, transports/. */
import type {
  ClientEndpoint,
  ClientTlsOptions,
  MessageHandler,
  ProxyOptions,
  RawSocketOptions,
  Transport,
  WebSocketOptions,
} from "../transports/dial.ts";

export type {
  ClientEndpoint,
  ClientTlsOptions,
  Clock,
  ClosedHow,
  Log,
  MessageHandler,
  ProxyOptions,
  RawSocketOptions,
  Timer,
  Transport,
  WebSocketOptions,
} from "../transports/dial.ts";

/** How values are written on the wire. */
export type SerializerName = "json" | "msgpack" | "cbor";

/** How to connect where browsers leave no choice. */
export interface NativeOptions {
  /** Where to connect, if not where the URL says. */
  readonly endpoint?: ClientEndpoint;
  /** TLS of the connection, where the URL asks for it. Default: the system's authorities. */
  readonly tls?: ClientTlsOptions;
  /** An HTTP proxy by way of which to connect. */
  readonly proxy?: ProxyOptions;
  /** More headers of the WebSocket handshake. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly websocket?: Partial<WebSocketOptions>;
  readonly rawsocket?: Partial<RawSocketOptions>;
}

/** What a `Dial` is asked for. */
export interface DialOptions {
  readonly url: string;
  /** In order of preference; at least one. */
  readonly serializers: readonly SerializerName[];
  readonly native?: NativeOptions;
  /** Gives up the attempt: the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

/** Opens a connection. Calls `attach` when the framing is agreed and before any message is received, then resolves. */
export type Dial = (
  options: DialOptions,
  attach: (transport: Transport) => MessageHandler,
) => Promise<Transport>;
