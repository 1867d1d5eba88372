/** Where a `Component` connects to: URLs and objects as Autobahn has them, made into what `connect` takes. Used by `component.ts`. */
import type { ConnectOptions } from "./connect.ts";
import { Retry, type RetryOptions } from "./retry.ts";
import type {
  ClientTlsOptions,
  ProxyOptions,
  RawSocketOptions,
  SerializerName,
  WebSocketOptions,
} from "./transport.ts";

/** A host and port, or a unix socket. */
export type ComponentEndpoint =
  | {
    readonly type: "tcp";
    readonly host: string;
    readonly port: number;
    /** True: TLS as the system does it. Default: as the URL says. */
    readonly tls?: boolean | ClientTlsOptions;
    /** Seconds. */
    readonly timeout?: number;
  }
  | { readonly type: "unix"; readonly path: string; readonly timeout?: number };

/** One way to the router. */
export interface ComponentTransport extends RetryOptions {
  /** Default: as the URL says, else "websocket". */
  readonly type?: "websocket" | "rawsocket";
  /** Default "ws://127.0.0.1:8080/ws", or that of the endpoint. */
  readonly url?: string;
  /** Where to connect. Default: where the URL says. */
  readonly endpoint?: ComponentEndpoint;
  /** TLS of the connection, where the URL asks for it. Default: the system's authorities; not in browsers. */
  readonly tls?: ClientTlsOptions;
  /** In order of preference. RawSocket offers the first alone. Default: CBOR and JSON; JSON in browsers. */
  readonly serializers?: readonly SerializerName[];
  /** The same for one. */
  readonly serializer?: SerializerName;
  /** More headers of the WebSocket handshake; not in browsers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** An HTTP proxy by way of which to connect, over TCP; not in browsers. */
  readonly proxy?: ProxyOptions;
  /** Options of the WebSocket or the RawSocket protocol; not in browsers. */
  readonly options?: Partial<WebSocketOptions> | Partial<RawSocketOptions>;
}

const KEYS: Readonly<Record<keyof ComponentTransport, true>> = {
  type: true,
  url: true,
  endpoint: true,
  tls: true,
  serializers: true,
  serializer: true,
  headers: true,
  proxy: true,
  options: true,
  maxRetries: true,
  maxRetryDelayMs: true,
  initialRetryDelayMs: true,
  retryDelayGrowth: true,
  retryDelayJitter: true,
};

const ENDPOINT_KEYS: Readonly<Record<string, readonly string[]>> = {
  "tcp": ["type", "host", "port", "tls", "timeout"],
  "unix": ["type", "path", "timeout"],
};

/** Where `realmway init` and `task dev` listen. */
export const DEFAULT_TRANSPORTS = "ws://127.0.0.1:8080/ws";

/** One transport of a component, with the state of its attempts. */
export interface Route {
  readonly retry: Retry;
  readonly connect: Pick<ConnectOptions, "url" | "serializers" | "native" | "timeoutMs">;
}

/** A URL, an object, or a list of them. */
export type ComponentTransports =
  | string
  | ComponentTransport
  | readonly (string | ComponentTransport)[];

/** Throws a TypeError that names what is wrong. @param random from 0 to 1. */
export function routesOf(transports: ComponentTransports, random: () => number): readonly Route[] {
  const list = isList(transports) ? transports : [transports];
  if (list.length === 0) throw wrong("transports", "an empty list", "one or more");
  return list.map((one, i) => {
    const place = isList(transports) ? `transports[${i}]` : "transports";
    const transport = typeof one === "string" ? { url: one } : one;
    const connect = connectOf(transport, place);
    return { retry: new Retry(transport, random, place), connect };
  });
}

function isList(
  transports: ComponentTransports,
): transports is readonly (string | ComponentTransport)[] {
  return Array.isArray(transports);
}

function connectOf(transport: ComponentTransport, place: string): Route["connect"] {
  checkKeys(transport, place, Object.keys(KEYS));
  const { endpoint, tls, headers, options, proxy, serializer } = transport;
  const url = urlOf(transport, place);
  const isRaw = /^(unix\+)?rss?:/.test(url);
  if (isRaw && headers !== undefined) {
    throw wrong(`${place}.headers`, "headers", "none: RawSocket has none");
  }
  if (proxy !== undefined && (endpoint?.type === "unix" || url.startsWith("unix"))) {
    throw wrong(`${place}.proxy`, "a proxy", "none: this is a unix socket");
  }
  if (serializer !== undefined && transport.serializers !== undefined) {
    throw wrong(place, '"serializer" and "serializers"', "one of them");
  }
  const isBrowser = !("process" in globalThis);
  const chosen = serializer === undefined ? transport.serializers : [serializer];
  const at = endpoint && endpointOf(endpoint, url, `${place}.endpoint`);
  const native = {
    ...(at && { endpoint: at }),
    ...(tls && { tls }),
    ...(headers && { headers }),
    ...(proxy && { proxy }),
    ...(options && { [isRaw ? "rawsocket" : "websocket"]: options }),
  };
  return {
    url,
    serializers: chosen ?? (isBrowser ? ["json"] : ["cbor", "json"]),
    ...(endpoint?.timeout !== undefined && { timeoutMs: endpoint.timeout * 1000 }),
    ...(Object.keys(native).length > 0 && { native }),
  };
}

function urlOf({ type, url, endpoint }: ComponentTransport, place: string): string {
  if (url === undefined) {
    if (endpoint === undefined) {
      if (type !== "rawsocket") return DEFAULT_TRANSPORTS;
      throw wrong(place, "neither", '"url" or "endpoint"');
    }
    const isSecure = endpoint.type === "tcp" && isTls(endpoint.tls);
    const scheme = `${type === "rawsocket" ? "rs" : "ws"}${isSecure ? "s" : ""}`;
    const host = endpoint.type === "tcp" ? `${endpoint.host}:${endpoint.port}` : "localhost";
    return `${scheme}://${host}/${type === "rawsocket" ? "" : "ws"}`;
  }
  const isRaw = /^(unix\+)?rss?:/.test(url);
  if (type === "rawsocket" && !isRaw) {
    // As Autobahn writes it: the URL of the host, whose scheme does not matter.
    return url.replace(/^(?:ws|tcp)(s?):/, "rs$1:");
  }
  if (type === "websocket" && isRaw) {
    throw wrong(`${place}.url`, `"${url}"`, 'one that begins with "ws:" or "wss:"');
  }
  return url;
}

function endpointOf(endpoint: ComponentEndpoint, url: string, place: string) {
  const known = ENDPOINT_KEYS[endpoint.type];
  if (known === undefined) throw wrong(`${place}.type`, `"${endpoint.type}"`, '"tcp" or "unix"');
  checkKeys(endpoint, place, known);
  if (endpoint.type === "unix") return { kind: "unix", path: endpoint.path } as const;
  const { host, port, tls } = endpoint;
  const isSecure = /^(wss|rss):/.test(url);
  if (tls !== undefined && isTls(tls) !== isSecure) {
    const expected = isSecure ? "TLS, as the URL says" : 'a URL that begins with "wss:" or "rss:"';
    throw wrong(`${place}.tls`, isTls(tls) ? "TLS" : "none", expected);
  }
  return { kind: "tcp", host, port, ...(typeof tls === "object" && { tls }) } as const;
}

function isTls(tls: boolean | ClientTlsOptions | undefined): boolean {
  return tls !== undefined && tls !== false;
}

function checkKeys(value: object, place: string, known: readonly string[]): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw wrong(place, `"${unknown}"`, known.map((key) => `"${key}"`).join(", "));
}

function wrong(place: string, found: string, expected: string): TypeError {
  return new TypeError(`Cannot use ${place}: found ${found}, expected ${expected}`);
}
