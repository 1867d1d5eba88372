/** The transports of a router worker. */
import { z } from "zod";
import { id, kinds, refused, section } from "./fields.ts";
import { rawsocketConnection, testeeConnection, websocketConnection } from "./schema_connection.ts";
import { endpoint } from "./schema_endpoint.ts";
import { webOptions, webPaths } from "./schema_web.ts";

const transportId = id("Id of the transport, unique in its worker (default: transport001, ...)");

const websocket = section("WAMP over WebSocket, on a port of its own", () => ({
  "id": transportId,
  "type": z.literal("websocket"),
  endpoint,
  ...websocketConnection(),
}));

const rawsocket = section("WAMP over RawSocket", () => ({
  "id": transportId,
  "type": z.literal("rawsocket"),
  endpoint,
  ...rawsocketConnection(),
}));

const web = section("HTTP, with WebSocket below a path", () => ({
  "id": transportId,
  "type": z.literal("web"),
  endpoint,
  "paths": webPaths,
  "options": webOptions.prefault({}),
}));

const universal = section("RawSocket, WebSocket and HTTP on one port", () => ({
  "id": transportId,
  "type": z.literal("universal"),
  endpoint,
  "rawsocket": section("WAMP over RawSocket", () => ({
    "id": transportId,
    "type": z.literal("rawsocket").optional(),
    ...rawsocketConnection(),
  })).optional(),
  "websocket": z.record(
    z.string().regex(/^([a-z0-9A-Z_-]+|\/)$/, 'letters, digits, _ and - (no slashes), or "/"'),
    section("WAMP over WebSocket below a path", () => ({
      "id": transportId,
      "type": z.literal("websocket").optional(),
      ...websocketConnection(),
    })),
  ).optional().describe("WebSocket services by path"),
  "web": section("HTTP", () => ({
    "id": transportId,
    "type": z.literal("web").optional(),
    "paths": webPaths,
    "options": webOptions.prefault({}),
  })).optional(),
  "mqtt": refused("MQTT comes with a later version; remove the key"),
}));

const testee = section(
  "WebSocket that answers each message with itself, for protocol test suites",
  () => ({
    "id": transportId,
    "type": z.literal("websocket.testee"),
    endpoint,
    ...testeeConnection(),
  }),
);

export const transport = kinds(
  "How peers reach the router",
  [websocket, rawsocket, web, universal, testee],
  ["websocket", "rawsocket", "web", "universal", "websocket.testee"],
  {
    "mqtt": "MQTT comes with a later version; remove this transport",
    "flashpolicy": "browsers have no Flash any more; remove this transport",
    "stream.testee": "echoing streams come with a later version; remove this transport",
  },
);

export type TransportConfig = z.output<typeof transport>;
