/** Where the node connects to as a client, under Crossbar.io's keys: transports of router links. */
import { z } from "zod";
import { kinds, refused, section, text, whole } from "./fields.ts";

const file = (doc: string) => text(`${doc}: a PEM file, relative to the node directory`);

const tls = section("TLS of the connection", () => ({
  "hostname": text("Name that the router's certificate must carry (default: the host)").optional(),
  "ca_certificates": z.array(file("Certificate of an authority")).min(1).optional()
    .describe("Authorities instead of the system's"),
  "certificate": file("Our certificate, where the router asks for one").optional(),
  "key": file("Its private key").optional(),
})).refine(
  ({ certificate, key }) => (certificate === undefined) === (key === undefined),
  '"certificate" and "key" together',
);

const PORT = 'a port from 1 to 65535, or "$VARIABLE" of the environment';

/** As text where Crossbar.io's configurations have it so; what a variable holds is text, too. */
const port = z.union([
  z.int(PORT).min(1, PORT).max(65535, PORT),
  z.string().refine((text) => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65535, PORT),
], PORT);

const connectingEndpoint = kinds(
  "Where the router listens",
  [
    section("A TCP port", () => ({
      "type": z.literal("tcp"),
      "host": text("Name or address"),
      "port": port.describe('Port. "$PORT" takes it from the environment variable PORT'),
      "version": z.union([z.literal(4), z.literal(6)], "4 or 6").optional()
        .describe("Version of IP (default: what the name says)"),
      "timeout": whole({ min: 1, max: 600, unit: "s" }, "How long connecting may take").default(10),
      "tls": tls.optional(),
    })),
    section("A unix domain socket", () => ({
      "type": z.literal("unix"),
      "path": text("Path of the socket, relative to the node directory"),
      "timeout": whole({ min: 1, max: 600, unit: "s" }, "How long connecting may take").default(10),
    })),
  ],
  ["tcp", "unix"],
  {
    "twisted": 'endpoints of Twisted are Python; write a "tcp" or "unix" endpoint',
    "tor": 'point a "tcp" endpoint to Tor\'s own proxy',
  },
);

const SERIALIZERS = ["json", "msgpack", "cbor"] as const;

const OPTIONS = "the connection has the library's own options; remove the key";
const ONE = "a link has one transport, which needs no id; remove the key";

export const connectingTransport = kinds(
  "How the router is reached",
  [
    section("WAMP over WebSocket", () => ({
      "type": z.literal("websocket"),
      "url": z.string().regex(/^wss?:\/\/.+/, 'a URL that begins with "ws://" or "wss://"')
        .describe("What the handshake asks for, and where to connect without an endpoint"),
      "endpoint": connectingEndpoint.optional(),
      "serializers": z.array(z.enum(SERIALIZERS)).min(1).default(["cbor", "msgpack", "json"])
        .describe("Serializers to offer, the preferred one first"),
      "id": refused(ONE),
      "options": refused(OPTIONS),
    })),
    section("WAMP over RawSocket", () => ({
      "type": z.literal("rawsocket"),
      "endpoint": connectingEndpoint,
      "url": refused("the endpoint says where the router is; remove the key"),
      "serializer": z.enum(SERIALIZERS).default("cbor").describe("Serializer to speak"),
      "id": refused(ONE),
      "options": refused(OPTIONS),
    })),
  ],
  ["websocket", "rawsocket"],
  {},
);

export type ConnectingTransportConfig = z.output<typeof connectingTransport>;
export type ConnectingEndpointConfig = z.output<typeof connectingEndpoint>;
