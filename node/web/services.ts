/**
 * The services of a web transport as one Hono app: what a plain HTTP request gets. WebSocket upgrades never come here, `transports/` answers them.
 * A path in the configuration is one name: "ws" serves /ws and all below it, "/" whatever is left.
 */
import { Hono } from "hono";
import { resolve } from "node:path";
import type { Log } from "../../router/ports.ts";
import type {
  JsonValueConfig,
  WebOptionsConfig,
  WebPathsConfig,
  WebServiceConfig,
} from "../config/schema_web.ts";
import { notFound, refusedMethod, statusDocument } from "./document.ts";
import { bridge, type BridgeParts, type WebPeer } from "./bridge.ts";
import { findService, type FoundService } from "./find.ts";
import { type NodeFacts, nodeInfo } from "./node_info.ts";
import { serveFile } from "./static.ts";
import { webSocketPage } from "./websocket_page.ts";
import { longPoll, type LongPollParts } from "./longpoll.ts";
import { parseWebPath, type WebPath } from "./web_path.ts";

export interface WebSettings {
  /** Absolute. */
  readonly nodeDirectory: string;
  readonly options: WebOptionsConfig;
  readonly isSecure: boolean;
  readonly facts: NodeFacts;
  readonly log: Log;
  readonly bridge: BridgeParts;
  readonly longPoll: LongPollParts;
  /** Those that there are already. */
  readonly services: WebServices;
  /** Whom a request comes from. @param env what the server gives beside the request. */
  readonly peerOf: (env: unknown, headers: Headers) => WebPeer;
  /** Answers in place of the service for "/", when given. */
  readonly root?: ((request: Request) => Response | Promise<Response>) | undefined;
}

/** By their configurations. Services that stay when others change go on with what they know. */
export type WebServices = WeakMap<WebServiceConfig, Service>;

type Service = (
  request: Request,
  path: WebPath,
  peer: () => WebPeer,
) => Response | Promise<Response>;

/** The app for one transport. */
export function createWeb(paths: WebPathsConfig, settings: WebSettings): Hono {
  const { options, log } = settings;
  const app = new Hono();
  // Made when wanted: paths may come and go.
  const { services } = settings;
  const serviceOf = (config: FoundService["config"]) => {
    const made = services.get(config) ?? service(config, settings);
    services.set(config, made);
    return made;
  };
  if (settings.root !== undefined && paths["/"] !== undefined) {
    services.set(paths["/"], settings.root);
  }
  app.use(async (context, next) => {
    await next();
    context.res.headers.set("x-content-type-options", "nosniff");
    context.res.headers.set("referrer-policy", "no-referrer");
    if (options.hsts && settings.isSecure) {
      context.res.headers.set("strict-transport-security", `max-age=${options.hsts_max_age}`);
    }
    if (options.access_log) {
      const { method, url } = context.req;
      log.info("{method} {url} {status}", { method, url, "status": context.res.status });
    }
  });
  app.all("*", (context) => {
    const request = context.req.raw;
    const path = parseWebPath(request.url);
    if (path === undefined) return statusDocument(400, "Bad Request", "The address is not valid.");
    const found = findService(paths, path);
    const peer = () => settings.peerOf(context.env, request.headers);
    return found === undefined ? notFound() : serviceOf(found.config)(request, found.rest, peer);
  });
  app.onError((error) => {
    log.error("Cannot answer an HTTP request: {error}", { error });
    return statusDocument(500, "Internal Server Error", "The server could not answer.");
  });
  return app;
}

function service(config: FoundService["config"], settings: WebSettings): Service {
  switch (config.type) {
    case "websocket":
      return (request) => webSocketPage(request, config);
    case "nodeinfo":
      return leaf((request) => nodeInfo(request, settings.facts));
    case "redirect":
      return () => new Response(null, { status: 302, headers: { "location": config.url } });
    case "json":
      return leaf(jsonValue(config));
    case "static": {
      const { nodeDirectory } = settings;
      const root = resolve(nodeDirectory, config.directory);
      return (request, path) =>
        serveFile(request, path, { root, nodeDirectory, options: config.options });
    }
    case "longpoll": {
      const answer = longPoll(config, settings.longPoll);
      return (request, path, peer) => answer(request, path, peer());
    }
    case "publisher":
    case "caller":
    case "webhook": {
      const answer = bridge(config, settings.bridge);
      return leaf((request, _path, peer) => answer(request, peer()));
    }
    default:
      return config satisfies never;
  }
}

/** A service with nothing below it. */
function leaf(answer: Service): Service {
  return (request, path, peer) =>
    path.names.length === 0 ? answer(request, path, peer) : notFound();
}

function jsonValue({ value, options }: JsonValueConfig): Service {
  const body = JSON.stringify(value, undefined, options.prettify ? 2 : undefined) + "\n";
  const headers = new Headers({ "content-type": "application/json; charset=utf-8" });
  if (options.discourage_caching) headers.set("cache-control", "no-store, max-age=0");
  if (options.allow_cross_origin) headers.set("access-control-allow-origin", "*");
  return (request) => refusedMethod(request.method) ?? new Response(body, { headers });
}
