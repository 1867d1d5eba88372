/** WebSocket servers: a protocol to derive from, and the factory that makes one for each connection. Driven by `listen.ts`. */
import type { UpgradeRequest } from "../transports/websocket_handshake.ts";
import {
  DEFAULT_WEBSOCKET_OPTIONS,
  type WebSocketOptions,
} from "../transports/websocket_options.ts";
import { WebSocketProtocol } from "./websocket_protocol.ts";

/** A client's request to open a WebSocket. */
export interface ConnectionRequest {
  /** "127.0.0.1:40000". */
  readonly peer: string;
  /** As it came, not percent-decoded: "/ws". */
  readonly path: string;
  /** Behind the question mark; "" when there is none. */
  readonly query: string;
  /** The Host header. */
  readonly host: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly origin: string | undefined;
  readonly version: number;
  /** Subprotocols, in the client's order of preference. */
  readonly protocols: readonly string[];
}

/** What to answer a client that is let in. */
export interface ConnectionAccepted {
  /** One of the subprotocols that the client announced. Default: none. */
  readonly protocol?: string;
  /** Further headers, such as Set-Cookie. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by `onConnect`: the client is answered with an HTTP status.
 *
 * @example
 * ```ts
 * import { ConnectionDeny, type ConnectionRequest, WebSocketServerProtocol } from "realmway/protocols";
 *
 * class Private extends WebSocketServerProtocol {
 *   override onConnect(request: ConnectionRequest): void {
 *     if (request.path !== "/private") throw new ConnectionDeny(404, "Nothing here");
 *   }
 * }
 * console.assert(new Private().isOpen === false);
 * ```
 */
export class ConnectionDeny extends Error {
  override readonly name = "ConnectionDeny";
  readonly status: number;

  /** @param status 400 to 599. */
  constructor(status: number, reason = "") {
    super(reason);
    this.status = status;
  }
}

/** One connection of a server.
 *
 * @example
 * ```ts
 * import { type ConnectionRequest, WebSocketServerProtocol } from "realmway/protocols";
 *
 * class Chat extends WebSocketServerProtocol {
 *   override onConnect({ protocols }: ConnectionRequest): string | void {
 *     if (protocols.includes("chat")) return "chat";
 *   }
 *   override onMessage(payload: Uint8Array, isBinary: boolean): void {
 *     this.sendMessage(payload, { isBinary });
 *   }
 * }
 * console.assert(!new Chat().isOpen);
 * ```
 */
export class WebSocketServerProtocol extends WebSocketProtocol {
  /** A client asks to connect. What it returns is the answer: the name of a subprotocol, or that and headers; nothing: no subprotocol.
   * May be asynchronous. Throwing a `ConnectionDeny` refuses the client; any other error does with status 500. */
  onConnect(
    _request: ConnectionRequest,
  ): string | ConnectionAccepted | void | Promise<string | ConnectionAccepted | void> {}
}

/** How a server's connections are accepted and kept: all options of the router's WebSockets, and what is a server's own. */
export interface WebSocketServerFactoryOptions extends Partial<WebSocketOptions> {
  /** Connections at a time; more are refused with status 503. Default 0: any number. */
  readonly maxConnections?: number;
  /** For the Server header. Default: none. */
  readonly server?: string;
  /** Further headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes the protocol of each connection: `listenWS` asks it. To be derived from, or given the class of protocols.
 *
 * @example
 * ```ts
 * import { connectWS, listenWS, WebSocketClientFactory, WebSocketClientProtocol } from "realmway/protocols";
 * import { WebSocketServerFactory, WebSocketServerProtocol } from "realmway/protocols";
 *
 * class Echo extends WebSocketServerProtocol {
 *   override onMessage(payload: Uint8Array, isBinary: boolean): void {
 *     this.sendMessage(payload, { isBinary });
 *   }
 * }
 * class Client extends WebSocketClientProtocol {
 *   override onOpen(): void {
 *     this.sendMessage("Hello");
 *   }
 *   override onMessage(payload: Uint8Array): void {
 *     console.assert(new TextDecoder().decode(payload) === "Hello");
 *     this.sendClose();
 *   }
 * }
 *
 * const listener = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0", Echo));
 * const client = await connectWS(new WebSocketClientFactory(listener.url, Client));
 * console.assert((await client.closed).wasClean);
 * await listener.close();
 * ```
 */
export class WebSocketServerFactory {
  /** Where `listenWS` listens, if it is told nothing else: "ws://127.0.0.1:9000". */
  readonly url: string;
  readonly #protocol: new () => WebSocketServerProtocol;
  #options: WebSocketServerFactoryOptions;

  /** @param protocol its class. */
  constructor(
    url: string,
    protocol: new () => WebSocketServerProtocol = WebSocketServerProtocol,
    options: WebSocketServerFactoryOptions = {},
  ) {
    this.url = url;
    this.#protocol = protocol;
    this.#options = options;
  }

  /** All options, with their defaults: those of the router's transports, without pings. */
  get options(): WebSocketOptions & WebSocketServerFactoryOptions {
    return {
      ...DEFAULT_WEBSOCKET_OPTIONS,
      requiresSubprotocol: false,
      autoPingIntervalMs: 0,
      ...this.#options,
    };
  }

  /** Changes options for connections to come. */
  setProtocolOptions(options: WebSocketServerFactoryOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Back to the defaults, for connections to come. */
  resetProtocolOptions(): void {
    this.#options = {};
  }

  /** The protocol for a connection. */
  buildProtocol(_peer: string): WebSocketServerProtocol {
    return new this.#protocol();
  }
}

/** For `listen.ts`. */
export function connectionRequest(request: UpgradeRequest, peer: string): ConnectionRequest {
  const { path, query, host, headers, origin, version, protocols } = request;
  return { peer, path, query, host, headers, origin, version, protocols };
}
