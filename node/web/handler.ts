/** The web services as a handler of `node:http`, which `transports/http_seam.ts` feeds with connections. */
import { getRequestListener } from "@hono/node-server";
import type { HttpServices } from "../services.ts";
import type { HttpHandler } from "../listener.ts";
import { webOptions } from "../config/schema_web.ts";
import { createWeb, type WebSettings } from "./services.ts";

export function httpHandler(
  { paths, options = webOptions.parse({}) }: HttpServices,
  settings: Omit<WebSettings, "options">,
): HttpHandler {
  const app = createWeb(paths, { ...settings, options });
  return getRequestListener(app.fetch, {
    // The global Request and Response stay the runtime's own.
    overrideGlobalObjects: false,
    // For HTTP/1.0, which knows no Host header: health checks speak it.
    hostname: "localhost",
  });
}
