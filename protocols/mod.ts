/**
 * The layer below sessions: WebSocket and RawSocket connections as protocols to derive from and factories that make them, as Autobahn has
 * them, for servers and clients on Deno, Bun and Node.js. They are the router's own transports. See docs/protocols.md.
 *
 * @module
 */
export {
  type ConnectingRequest,
  type ConnectionResponse,
  type TransportDetails,
  WebSocketClientFactory,
  type WebSocketClientFactoryOptions,
  WebSocketClientProtocol,
} from "./client.ts";
export { connectWS, type ConnectWSOptions } from "./connect.ts";
export { type ListeningPort, listenWS, type ListenWSOptions } from "./listen.ts";
export {
  type ConnectionAccepted,
  ConnectionDeny,
  type ConnectionRequest,
  WebSocketServerFactory,
  type WebSocketServerFactoryOptions,
  WebSocketServerProtocol,
} from "./server.ts";
export {
  type MakeSession,
  type Serializer,
  WampProtocol,
  WampRawSocketClientFactory,
  WampRawSocketClientProtocol,
  WampRawSocketServerFactory,
  WampRawSocketServerProtocol,
  WampWebSocketClientFactory,
  type WampWebSocketClientOptions,
  WampWebSocketClientProtocol,
  WampWebSocketServerFactory,
  WampWebSocketServerProtocol,
} from "./wamp.ts";
export {
  type CloseInfo,
  type SendMessageOptions,
  WebSocketProtocol,
} from "./websocket_protocol.ts";
