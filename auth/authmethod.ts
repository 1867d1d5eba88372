/**
 * What all authmethods have in common: the closed list of them, and the two sides of each as interfaces.
 * Router side: `begin` looks at HELLO and admits, denies or challenges; `Challenge.answer` looks at AUTHENTICATE. Client side:
 * `begin` gives the handshake's `authextra`, then answers CHALLENGE and looks at WELCOME. No state outlives a handshake.
 * Called through `negotiation.ts` by `router/` and `client/`; each method is a file. [WAMP auth-methods]
 */
import type { Dict } from "../wamp/message.ts";
import * as uris from "../wamp/uris.ts";
import type { Principals } from "./principals.ts";

/** Every authmethod there is, by the key that configures it. */
export const AUTHMETHODS = [
  "anonymous",
  "ticket",
  "wampcra",
  "cryptosign",
  "scram",
  "tls",
  "jwt",
  "cookie",
] as const;
export type Authmethod = typeof AUTHMETHODS[number];

/** `tls-unique` (RFC 5929), `tls-exporter` (RFC 9266), `tls-server-end-point` (RFC 5929; for scram alone). */
export const CHANNEL_BINDINGS = ["tls-unique", "tls-exporter", "tls-server-end-point"] as const;
/** What both ends of a TLS connection see, by the names of RFC 5929 and RFC 9266. */
export type ChannelBinding = typeof CHANNEL_BINDINGS[number];

/** What one end knows of the connection. */
export interface Connection {
  /** The data of RFC 5929 or RFC 9266: what both ends of a TLS connection see, and nobody between them can make the same. Undefined
   * where there is no TLS, or no way to ask. */
  channelBinding?(type: ChannelBinding): Uint8Array | undefined;
}

/** What the peer of a TLS connection has shown. */
export interface Certificate {
  /** {"CN": "client_0", "O": "Example"} */
  readonly subject: Readonly<Record<string, string>>;
  /** Hexadecimal; colons and case do not matter. */
  readonly sha256: string;
  readonly sha1?: string;
  /** True when it chains to an authority that the listener was told to trust. A subject proves nothing without. */
  readonly isTrusted?: boolean;
}

/** One HELLO, as methods see it. `negotiation.ts` makes it. */
export interface AuthRequest {
  readonly realm: string;
  /** The id that the session will have, should it be admitted: part of what wampcra signs. */
  readonly session: number;
  readonly authid: string | undefined;
  readonly authmethods: readonly string[];
  readonly authextra: Dict;
  readonly connection: Connection & {
    readonly certificate?: Certificate;
    readonly cookie?: string;
  };
  /** What authenticators are told about the connection: plain values, fit for the wire. */
  readonly transport: Dict;
}

/** The identity under which a session joins. */
export interface Admission {
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  readonly authextra: Dict | undefined;
}

/** Becomes an ABORT. The same for an unknown principal as for wrong credentials, unless the operator wants it otherwise. */
export interface Denial {
  /** Reason of the ABORT, a URI. */
  readonly refusal: string;
  /** For the peer's people. */
  readonly text: string;
  /** More for ABORT.Details. */
  readonly details?: Dict;
  /** For the operator's log: what was wrong. Never with a secret in it. */
  readonly why: string;
  /** The method has nothing to go by; another that the client offered may. */
  readonly mayTryNext?: true;
}

/** CHALLENGE, and what its answer leads to. */
export interface Challenge {
  readonly authmethod: string;
  readonly extra: Dict;
  /** Once: a second answer is denied. */
  answer(answer: Answer): Step | Promise<Step>;
}

/** What a client puts into AUTHENTICATE. */
export interface Answer {
  readonly signature: string;
  readonly extra: Dict;
}

export type Step = Challenge | Admission | Denial;

/** The router's side of a method, ready to be used for any number of handshakes. Neither throws nor rejects. */
export interface RouterMethod {
  readonly authmethod: Authmethod;
  /** Its names in HELLO.Details.authmethods, the preferred one first. */
  readonly names: readonly string[];
  begin(request: AuthRequest): Step | Promise<Step>;
}

/** What the router's side of every method that knows principals is told. */
export interface RouterMethodOptions {
  readonly principals: Principals;
  /** WELCOME.Details.authprovider: where `principals` come from. Default "static". */
  readonly authprovider?: string;
  /** The role of principals that have none of their own. */
  readonly defaultRole?: string;
  /** Tell peers that an authid is unknown, instead of letting them guess. Default false. */
  readonly revealsUnknown?: boolean;
}

/** The client's side of a method, ready to be used for any number of handshakes. */
export interface ClientMethod {
  /** Its names for HELLO.Details.authmethods, the one that most routers know first. */
  readonly names: readonly string[];
  readonly authid: string | undefined;
  readonly authrole: string | undefined;
  begin(connection: Connection): ClientHandshake | Promise<ClientHandshake>;
}

/** One handshake. What it refuses, it refuses by throwing a `HandshakeError`. */
export interface ClientHandshake {
  /** For HELLO.Details. */
  readonly authextra: Dict;
  /** @param authmethod as CHALLENGE has it. */
  answer(authmethod: string, extra: Dict): Answer | Promise<Answer>;
  /** Looks at WELCOME.Details: the router may have to prove itself too. */
  welcomed?(details: Dict): void | Promise<void>;
}

/** Options that every client side of a method takes. */
export interface ClientMethodOptions {
  readonly authid?: string;
  /** The role to ask for. Few routers heed it. */
  readonly authrole?: string;
  /** More for HELLO.Details.authextra, for the router's authenticators. */
  readonly authextra?: Dict;
}

/** A client cannot or will not go on with a handshake. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
}

/** Thrown by a `Principals` port that wants the peer to see its own reason; anything else it throws is a failure of ours. */
export class DenialError extends Error {
  override readonly name = "DenialError";
  readonly uri: string;

  constructor(uri: string, text: string) {
    super(text);
    this.uri = uri;
  }
}

/** The answer to wrong credentials and to unknown principals alike. */
export function denied(authmethod: string, why: string, details?: Dict): Denial {
  const text = `Cannot authenticate by "${authmethod}": found wrong credentials`;
  return { refusal: uris.AUTHENTICATION_DENIED, text, why, ...(details && { details }) };
}

/** The answer to a HELLO that the method cannot work with, whoever sent it. @param problem "found ..., expected ..." */
export function unusable(authmethod: string, problem: string): Denial {
  const text = `Cannot authenticate by "${authmethod}": ${problem}`;
  return { refusal: uris.AUTHENTICATION_DENIED, text, why: problem, mayTryNext: true };
}

/** Makes a method safe: faults become `authentication_failed`, and a challenge is answered once. */
export function guarded(
  authmethod: Authmethod,
  names: readonly string[],
  begin: (request: AuthRequest) => Step | Promise<Step>,
): RouterMethod {
  return { authmethod, names, begin: (request) => shielded(authmethod, () => begin(request)) };
}

/** @param secret what the peer has sent, which no log should see: an authenticator's fault may quote it. */
function shielded(
  authmethod: string,
  run: () => Step | Promise<Step>,
  secret = "",
): Step | Promise<Step> {
  try {
    const step = run();
    if (!(step instanceof Promise)) return answeredOnce(step);
    return step.then(answeredOnce).catch((error: unknown) => failed(authmethod, error, secret));
  } catch (error) {
    return failed(authmethod, error, secret);
  }
}

function answeredOnce(step: Step): Step {
  if (!("answer" in step)) return step;
  const { authmethod, extra } = step;
  let isAnswered = false;
  return {
    authmethod,
    extra,
    answer(answer) {
      if (isAnswered) return denied(authmethod, "a second answer to one challenge");
      isAnswered = true;
      return shielded(authmethod, () => step.answer(answer), answer.signature);
    },
  };
}

/** What is shorter is no secret, and would tear holes into texts. */
const LEAST_SECRET = 4;

function failed(authmethod: string, error: unknown, secret: string): Denial {
  if (error instanceof DenialError) {
    return { refusal: error.uri, text: error.message, why: `its authenticator said ${error.uri}` };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    refusal: uris.AUTHENTICATION_FAILED,
    text: `Cannot authenticate by "${authmethod}": the router ran into a fault of its own`,
    why: secret.length < LEAST_SECRET ? message : message.replaceAll(secret, "***"),
  };
}
