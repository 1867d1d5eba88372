/**
 * The server's side of the WebSocket opening handshake, from bytes to bytes, without node:http: that saves 5-8 KiB a connection.
 * A request that is not plainly an upgrade is left to HTTP; one that wants to be and breaks a rule is refused here, so that
 * it reaches no laxer parser. Called by `sniff.ts` (parse) and `websocket.ts` (answer). [RFC 6455 4.2] [RFC 9112]
 */
import { createHash } from "node:crypto";
import {
  type Extension,
  headersOf,
  isToken,
  listOf,
  parseExtensions,
  parseHead,
} from "./http_head.ts";
import type { WebSocketOptions } from "./websocket_options.ts";

export interface UpgradeRequest {
  /** As it came, not percent-decoded: "/ws". */
  readonly path: string;
  /** Behind the question mark; "" when there is none. */
  readonly query: string;
  /** Lower-case names; read from `head` when asked for. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole head: what is kept of it takes less room than an object of headers. */
  readonly head: string;
  readonly host: string;
  /** Subprotocols, in the client's order of preference. */
  readonly protocols: readonly string[];
  readonly extensions: readonly Extension[];
  readonly key: string;
  readonly version: number;
  readonly origin: string | undefined;
}

export type UpgradeParse =
  | { readonly kind: "upgrade"; readonly request: UpgradeRequest; readonly end: number }
  | { readonly kind: "incomplete" }
  | { readonly kind: "http" }
  | { readonly kind: "bad"; readonly status: number; readonly text: string };

/** Versions that this code can speak; `versions` of the options says which are wanted. */
const KNOWN_VERSIONS = [13, 8];
const GET = [0x47, 0x45, 0x54, 0x20];
/** 16 bytes in canonical Base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const HOST = /^[\w.~!$&'()*+,;=%[\]:-]+$/;
const TARGET = /^(?:https?:\/\/[^/?#\s]+)?(\/[^?#\s]*|(?=\?|$))(?:\?([^#\s]*))?$/i;
const ONCE = [
  "host",
  "origin",
  "content-length",
  "transfer-encoding",
  "authorization",
  "sec-websocket-key",
  "sec-websocket-version",
];

/** Reads the request in `bytes[0..length)`, which may still grow. */
export function parseUpgrade(bytes: Uint8Array, length: number): UpgradeParse {
  for (let i = 0; i < GET.length && i < length; i++) {
    if (bytes[i] !== GET[i]) return { kind: "http" };
  }
  const head = parseHead(bytes, length);
  if (head === "incomplete") return { kind: "incomplete" };
  if (head === "too long" || head === "malformed") return { kind: "http" };
  const { headers, repeated } = head;
  const wantsUpgrade = lowerList(headers.get("upgrade")).includes("websocket") &&
    lowerList(headers.get("connection")).includes("upgrade");
  const [, target] = /^GET ([\x21-\x7e]+) HTTP\/1\.1$/.exec(head.startLine) ?? [];
  if (!wantsUpgrade || target === undefined) return { kind: "http" };

  const [, path, query = ""] = TARGET.exec(target) ?? [];
  if (path === undefined) return bad(`request target "${target}"`, "a path");
  for (const name of ONCE) {
    if (repeated.has(name)) return bad(`more than one ${name} header`, "one");
  }
  const host = headers.get("host") ?? "";
  if (!HOST.test(host)) return bad(`Host header "${host}"`, "host and port");
  if (headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0") {
    return bad("a request body", "none");
  }
  const versionText = headers.get("sec-websocket-version");
  const version = KNOWN_VERSIONS.find((known) => versionText === `${known}`);
  if (version === undefined) return wrongVersion(versionText);
  const key = headers.get("sec-websocket-key") ?? "";
  if (!KEY.test(key)) return bad(`Sec-WebSocket-Key "${key}"`, "16 bytes in Base64");
  const protocols = listOf(headers.get("sec-websocket-protocol"));
  if (!protocols.every(isToken) || new Set(protocols).size !== protocols.length) {
    return bad("a malformed Sec-WebSocket-Protocol header", "different tokens");
  }
  const extensions = parseExtensions(headers.get("sec-websocket-extensions"));
  if (extensions === undefined) {
    return bad("a malformed Sec-WebSocket-Extensions header", "tokens with parameters");
  }
  const origin = headers.get(version === 8 ? "sec-websocket-origin" : "origin");
  const request: UpgradeRequest = {
    path: path === "" ? "/" : path,
    query,
    get headers() {
      return headersOf(this.head);
    },
    head: head.text,
    host,
    protocols,
    extensions,
    key,
    version,
    origin,
  };
  return { kind: "upgrade", request, end: head.end };
}

/** An answer other than 101; the connection ends with it. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why `options` refuse `request`, or undefined. */
export function refusalOf(request: UpgradeRequest, options: WebSocketOptions): Refusal | undefined {
  if (!options.versions.includes(request.version)) {
    return {
      status: 426,
      text: `Cannot upgrade: found WebSocket version ${request.version}, expected ${
        options.versions.join(" or ")
      }`,
      headers: { "Sec-WebSocket-Version": options.versions.join(", ") },
    };
  }
  if (options.externalPort !== undefined) {
    const port = portOf(request.host);
    if (port !== undefined && port !== options.externalPort) {
      return {
        status: 400,
        text:
          `Cannot upgrade: found port ${port} in the Host header, expected ${options.externalPort}`,
      };
    }
  }
  if (request.origin !== undefined && !isAllowedOrigin(request.origin, options)) {
    return { status: 403, text: `Cannot upgrade: origin "${request.origin}" is not allowed` };
  }
  return undefined;
}

/** True when a page of `origin` may connect. Scheme, host and port are compared with the patterns, the port always given. */
export function isAllowedOrigin(
  origin: string,
  options: Pick<WebSocketOptions, "allowedOrigins" | "allowsNullOrigin">,
): boolean {
  // Pages of local files are "null" to one browser and "file://" to another.
  if (origin === "null" || origin.startsWith("file:")) return options.allowsNullOrigin;
  const normal = withPort(origin.toLowerCase());
  return options.allowedOrigins.some((pattern) =>
    pattern === "*" || matches(normal, withPort(pattern.toLowerCase()))
  );
}

/** 101 Switching Protocols. `headers` are further ones, such as Set-Cookie. */
export function upgradeAnswer(
  request: UpgradeRequest,
  protocol: string | undefined,
  extensions: string | undefined,
  headers: Readonly<Record<string, string>>,
): string {
  return head("101 Switching Protocols", {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": acceptOf(request.key),
    ...(protocol === undefined ? {} : { "Sec-WebSocket-Protocol": protocol }),
    ...(extensions === undefined ? {} : { "Sec-WebSocket-Extensions": extensions }),
    ...headers,
  });
}

/** A whole response that ends the connection. */
export function refusalAnswer(refusal: Refusal, headers: Readonly<Record<string, string>>): string {
  const body = `${refusal.text}\n`.replace(/[^\n\x20-\x7e]/g, "?");
  const reason = REASONS[refusal.status] ?? "Refused";
  return head(`${refusal.status} ${reason}`, {
    "Connection": "close",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": `${body.length}`,
    ...refusal.headers,
    ...headers,
  }) + body;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Sec-WebSocket-Accept for a key. [RFC 6455 4.2.2] */
export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** A head whose values cannot break out of their line. */
export function head(startLine: string, headers: Readonly<Record<string, string>>): string {
  let text = `${startLine.startsWith("GET ") ? "" : "HTTP/1.1 "}${startLine}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!isToken(name) || /[^\t\x20-\x7e]/.test(value)) {
      throw new TypeError(
        `Cannot write HTTP header "${name}": found ${JSON.stringify(value)}, expected ASCII text`,
      );
    }
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

function bad(found: string, expected: string): UpgradeParse {
  const text = `Cannot upgrade to WebSocket: found ${found}, expected ${expected}`;
  return { kind: "bad", status: 400, text };
}

function wrongVersion(found: string | undefined): UpgradeParse {
  const text = `Cannot upgrade to WebSocket: found version ${found ?? "none"}, expected 13`;
  return { kind: "bad", status: 426, text };
}

function lowerList(value: string | undefined): string[] {
  return listOf(value?.toLowerCase());
}

function portOf(host: string): number | undefined {
  const [, port] = /:([0-9]{1,5})$/.exec(host) ?? [];
  return port === undefined ? undefined : Number(port);
}

function withPort(origin: string): string {
  // A pattern that ends in "*" means any port too.
  if (/:[0-9]+$|\*$/.test(origin)) return origin;
  if (origin.startsWith("https:")) return `${origin}:443`;
  return origin.startsWith("http:") ? `${origin}:80` : origin;
}

/** Whether `text` fits `pattern`, whose `*` stands for any characters. Not a RegExp: a pattern must not be able to backtrack. */
function matches(text: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (!text.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return text === first;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
