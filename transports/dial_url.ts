/** Router URLs: which protocol, where, and what the handshake says. Called by `dial.ts`. */
import type { ClientEndpoint, ConnectError } from "./endpoint.ts";

/** No transport could be opened; the text names the URL and the cause. */
export class DialError extends Error {
  override readonly name = "DialError";
  /** What a reconnecting client may decide by; "url" and "handshake" will not get better by trying again soon. */
  readonly reason: ConnectError["reason"] | "handshake" | "url";

  constructor(reason: DialError["reason"], text: string, options?: ErrorOptions) {
    super(text, options);
    this.reason = reason;
  }
}

export interface DialTarget {
  readonly framing: "websocket" | "rawsocket";
  readonly isSecure: boolean;
  readonly endpoint: ClientEndpoint;
  /** For the Host header: with the port unless it is the scheme's own. */
  readonly host: string;
  /** Path and query: "/ws?x=1". */
  readonly path: string;
}

const SCHEMES = {
  "ws:": { framing: "websocket", isSecure: false, port: 80 },
  "wss:": { framing: "websocket", isSecure: true, port: 443 },
  "rs:": { framing: "rawsocket", isSecure: false, port: 8080 },
  "rss:": { framing: "rawsocket", isSecure: true, port: 8443 },
  "unix+ws:": { framing: "websocket", isSecure: false, port: 0 },
  "unix+wss:": { framing: "websocket", isSecure: true, port: 0 },
  "unix+rs:": { framing: "rawsocket", isSecure: false, port: 0 },
  "unix+rss:": { framing: "rawsocket", isSecure: true, port: 0 },
} as const;

function isScheme(text: string): text is keyof typeof SCHEMES {
  return Object.hasOwn(SCHEMES, text);
}

/** Throws a DialError. */
export function parseUrl(text: string): DialTarget {
  const [protocol = ""] = /^[a-z+]+:/i.exec(text.trim()) ?? [];
  const scheme = protocol.toLowerCase();
  if (!isScheme(scheme)) {
    throw wrong(text, `scheme "${protocol}"`, Object.keys(SCHEMES).join(" "));
  }
  const { framing, isSecure, port } = SCHEMES[scheme];
  if (scheme.startsWith("unix+")) {
    const path = text.trim().slice(protocol.length).replace(/^\/\/(?=\/)/, "");
    if (!/^\.{0,2}\/./.test(path)) throw wrong(text, `path "${path}"`, "the path of a socket");
    return { framing, isSecure, endpoint: { kind: "unix", path }, host: "localhost", path: "/" };
  }
  let url: URL;
  try {
    // URL knows no ports and hosts of schemes that are not the web's.
    url = new URL(text.trim().replace(/^rs/i, "ws"));
  } catch (cause) {
    throw wrong(text, "a malformed URL", `${scheme}//host:port/path`, cause);
  }
  if (url.username !== "" || url.password !== "") throw wrong(text, "a user name", "none");
  if (url.hash !== "") throw wrong(text, `fragment "${url.hash}"`, "none");
  // The web's own ports are left out by URL although they stand there.
  const isWritten = /^[^/]*\/\/[^/?#]*:([0-9]+)/.exec(text.trim());
  const number = isWritten === null ? port : Number(isWritten[1]);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    framing,
    isSecure,
    endpoint: { kind: "tcp", host, port: number },
    host: number === port ? url.hostname : `${url.hostname}:${number}`,
    path: `${url.pathname}${url.search}`,
  };
}

function wrong(text: string, found: string, expected: string, cause?: unknown): DialError {
  return new DialError(
    "url",
    `Cannot dial "${text}": found ${found}, expected ${expected}`,
    cause === undefined ? undefined : { cause },
  );
}
