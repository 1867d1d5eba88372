/** WebSocket clients: a protocol to derive from, and the factory that says where to and how. Driven by `connect.ts`. */
import {
  DEFAULT_WEBSOCKET_OPTIONS,
  type WebSocketOptions,
} from "../transports/websocket_options.ts";
import { WebSocketProtocol } from "./websocket_protocol.ts";

/** What is known of a connection before the handshake. */
export interface TransportDetails {
  /** "127.0.0.1:9000". */
  readonly peer: string;
  readonly isSecure: boolean;
}

/** What to ask the server for, where it differs from what the factory says. */
export interface ConnectingRequest {
  /** The Host header. */
  readonly host?: string;
  /** Path and query. */
  readonly resource?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly userAgent?: string;
  readonly origin?: string;
  readonly protocols?: readonly string[];
}

/** The server's answer. */
export interface ConnectionResponse {
  readonly peer: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The subprotocol that the server chose. */
  readonly protocol: string | undefined;
  /** Names of the extensions in use. */
  readonly extensions: readonly string[];
}

/** One connection of a client.
 *
 * @example
 * ```ts
 * import { type ConnectingRequest, WebSocketClientProtocol } from "realmway/protocols";
 *
 * class Chat extends WebSocketClientProtocol {
 *   override onConnecting(): ConnectingRequest {
 *     return { protocols: ["chat"], headers: { "X-Room": "1" } };
 *   }
 *   override onOpen(): void {
 *     this.sendMessage("Hello");
 *   }
 * }
 * console.assert(!new Chat().isOpen);
 * ```
 */
export class WebSocketClientProtocol extends WebSocketProtocol {
  /** Connected, and about to ask for a WebSocket. What it returns replaces what the factory says. May be asynchronous. */
  onConnecting(
    _details: TransportDetails,
  ): ConnectingRequest | void | Promise<ConnectingRequest | void> {}

  /** The server has agreed. Throwing closes the connection. */
  onConnect(_response: ConnectionResponse): void {}
}

/** How a client's connections are made and kept: all options of the router's WebSockets, and what to ask the server for. */
export interface WebSocketClientFactoryOptions extends Partial<WebSocketOptions> {
  /** Subprotocols, in order of preference. Default: none. */
  readonly protocols?: readonly string[];
  readonly origin?: string;
  readonly userAgent?: string;
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Says where to connect, and makes the protocol: `connectWS` asks it.
 *
 * @example
 * ```ts
 * import { WebSocketClientFactory } from "realmway/protocols";
 *
 * const factory = new WebSocketClientFactory("ws://127.0.0.1:9000/chat");
 * factory.setProtocolOptions({ autoPingIntervalMs: 10_000, maxMessageBytes: 65_536 });
 * console.assert(factory.options.autoPingIntervalMs === 10_000);
 * ```
 */
export class WebSocketClientFactory {
  /** "ws://127.0.0.1:9000/path", "wss://…", "unix+ws:/run/some.sock". */
  readonly url: string;
  readonly #protocol: new () => WebSocketClientProtocol;
  #options: WebSocketClientFactoryOptions;

  /** @param protocol its class. */
  constructor(
    url: string,
    protocol: new () => WebSocketClientProtocol = WebSocketClientProtocol,
    options: WebSocketClientFactoryOptions = {},
  ) {
    this.url = url;
    this.#protocol = protocol;
    this.#options = options;
  }

  /** All options, with their defaults: those of the router's transports, without pings. */
  get options(): WebSocketOptions & WebSocketClientFactoryOptions {
    return { ...DEFAULT_WEBSOCKET_OPTIONS, autoPingIntervalMs: 0, ...this.#options };
  }

  /** Changes options for connections to come. */
  setProtocolOptions(options: WebSocketClientFactoryOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Back to the defaults, for connections to come. */
  resetProtocolOptions(): void {
    this.#options = {};
  }

  /** The protocol for a connection. */
  buildProtocol(_peer: string): WebSocketClientProtocol {
    return new this.#protocol();
  }
}
