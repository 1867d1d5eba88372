/**
 * The client's side of the WebSocket opening handshake: its request, and the check of the server's answer.
 * Called by `dial.ts`. [RFC 6455 4.1]
 */
import { type Extension, latin1, listOf, parseExtensions, parseHead } from "./http_head.ts";
import { acceptOf, head } from "./websocket_handshake.ts";

/** A fresh Sec-WebSocket-Key. */
export function newKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}

export interface UpgradeAsk {
  /** "example.com:8080". */
  readonly host: string;
  /** Path and query: "/ws?x=1". */
  readonly target: string;
  readonly key: string;
  readonly protocols: readonly string[];
  readonly extensions: string | undefined;
  /** Further headers: Origin, Cookie, Authorization. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The bytes of the request, as ASCII. */
export function upgradeRequest(ask: UpgradeAsk): string {
  return head(`GET ${ask.target} HTTP/1.1`, {
    "Host": ask.host,
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": ask.key,
    "Sec-WebSocket-Version": "13",
    ...(ask.protocols.length === 0 ? {} : { "Sec-WebSocket-Protocol": ask.protocols.join(", ") }),
    ...(ask.extensions === undefined ? {} : { "Sec-WebSocket-Extensions": ask.extensions }),
    ...ask.headers,
  });
}

export type AnswerParse =
  | {
    readonly kind: "accepted";
    readonly protocol: string | undefined;
    readonly extensions: readonly Extension[];
    readonly headers: Readonly<Record<string, string>>;
    readonly end: number;
  }
  | { readonly kind: "incomplete" }
  | { readonly kind: "refused"; readonly text: string };

/** Reads the answer to `ask` in `bytes[0..length)`, which may still grow. */
export function parseAnswer(bytes: Uint8Array, length: number, ask: UpgradeAsk): AnswerParse {
  const parsed = parseHead(bytes, length);
  if (parsed === "incomplete") return { kind: "incomplete" };
  if (parsed === "too long" || parsed === "malformed") {
    return refused("a malformed answer", "HTTP/1.1 101");
  }
  const { headers, repeated } = parsed;
  const [, status] = /^HTTP\/1\.1 ([0-9]{3})(?: [^\r\n]*)?$/.exec(parsed.startLine) ?? [];
  if (status !== "101") {
    const body = latin1(bytes, parsed.end, Math.min(length, parsed.end + 200)).split("\n")[0] ?? "";
    const found = status === undefined ? `"${parsed.startLine.slice(0, 60)}"` : parsed.startLine;
    return refused(body === "" ? found : `${found} (${body.trim()})`, "HTTP/1.1 101");
  }
  if (!listOf(headers.get("upgrade")?.toLowerCase()).includes("websocket")) {
    return refused(`Upgrade "${headers.get("upgrade") ?? ""}"`, `"websocket"`);
  }
  if (!listOf(headers.get("connection")?.toLowerCase()).includes("upgrade")) {
    return refused(`Connection "${headers.get("connection") ?? ""}"`, `"Upgrade"`);
  }
  if (
    repeated.has("sec-websocket-accept") ||
    headers.get("sec-websocket-accept") !== acceptOf(ask.key)
  ) {
    return refused("a wrong Sec-WebSocket-Accept", "the one for our key");
  }
  const protocol = headers.get("sec-websocket-protocol");
  if (protocol !== undefined && !ask.protocols.includes(protocol)) {
    return refused(`subprotocol "${protocol}"`, `one of ${ask.protocols.join(", ")}`);
  }
  const extensions = parseExtensions(headers.get("sec-websocket-extensions"));
  if (extensions === undefined) return refused("malformed extensions", "tokens with parameters");
  return {
    kind: "accepted",
    protocol,
    extensions,
    headers: Object.fromEntries(headers),
    end: parsed.end,
  };
}

function refused(found: string, expected: string): AnswerParse {
  return { kind: "refused", text: `found ${found}, expected ${expected}` };
}
