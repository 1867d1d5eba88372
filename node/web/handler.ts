/** The web services as a handler of `node:http`, which `transports/http_seam.ts` feeds with connections. */
import { getRequestListener } from "@hono/node-server";
import type { TrustedProxies } from "../../transports/forwarded.ts";
import { peerName } from "../../transports/peer_name.ts";
import { HttpDuplex } from "../../transports/http_duplex.ts";
import type { HttpServices } from "../services.ts";
import type { HttpHandler } from "../listener.ts";
import { webOptions } from "../config/schema_web.ts";
import type { WebPeer } from "./bridge.ts";
import { createWeb, type WebSettings } from "./services.ts";

export function httpHandler(
  { paths, options = webOptions.parse({}, { jitless: true }) }: HttpServices,
  settings: Omit<WebSettings, "options" | "peerOf">,
  proxies: TrustedProxies | undefined,
): HttpHandler {
  const peerOf = (env: unknown, headers: Headers) =>
    peerBehind(env, headers, proxies, settings.isSecure);
  const app = createWeb(paths, { ...settings, options, peerOf });
  return getRequestListener(app.fetch, {
    // The global Request and Response stay the runtime's own.
    overrideGlobalObjects: false,
    // For HTTP/1.0, which knows no Host header: health checks speak it.
    hostname: "localhost",
  });
}

/** Of a request, perhaps behind proxies that are trusted. */
function peerBehind(
  env: unknown,
  headers: Headers,
  proxies: TrustedProxies | undefined,
  isSecure: boolean,
): WebPeer {
  const incoming: unknown = typeof env === "object" && env !== null
    ? Reflect.get(env, "incoming")
    : undefined;
  const socket: unknown = typeof incoming === "object" && incoming !== null
    ? Reflect.get(incoming, "socket")
    : undefined;
  if (!(socket instanceof HttpDuplex)) return { host: undefined, name: "unknown", isSecure };
  const { remote, behind } = socket.stream;
  const near = behind ?? remote;
  const far = proxies?.peerBehind(near, Object.fromEntries(headers));
  const peer = far ?? near;
  const isHttps = headers.get("x-forwarded-proto")?.split(",", 1)[0]?.trim() === "https";
  return {
    host: "host" in peer ? peer.host : undefined,
    name: peerName(peer),
    isSecure: isSecure || (far !== undefined && isHttps),
  };
}
