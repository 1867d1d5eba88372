/** Joining where somebody proves something: by which methods, and what HELLO says of them. Loaded by `connect.ts`. [WAMP auth-methods] */
import type { Authentication } from "../auth/authentication.ts";
import type { ClientMethod } from "../auth/authmethod.ts";
import { type ClientNegotiation, offer } from "../auth/negotiation.ts";
import type { Dict, Welcome } from "../wamp/message.ts";
import { CANNOT_AUTHENTICATE } from "../wamp/uris.ts";
import { JoinError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { Opening } from "./opening.ts";

/** As they were given, or made of what was given. Throws JoinError. */
export async function methodsOf(
  authentication: Authentication | readonly ClientMethod[],
  realm: string,
): Promise<readonly ClientMethod[]> {
  if (isMethods(authentication)) return authentication;
  const { clientMethods } = await import("../auth/authentication.ts");
  try {
    return clientMethods(authentication);
  } catch (cause) {
    throw cannotAuthenticate(realm, cause);
  }
}

/** As `exchange.join`. */
export async function joinProving(
  exchange: Exchange,
  realm: string,
  hello: Dict,
  methods: readonly ClientMethod[],
): Promise<Welcome> {
  const negotiation = await begin(exchange, realm, methods);
  const details = { ...hello, ...negotiation?.helloDetails };
  return await exchange.join(
    realm,
    details,
    (realm, party, reject) => new Opening(realm, negotiation, party, reject),
  );
}

/** The methods' part of HELLO. Undefined when the connection ends before they know it. */
async function begin(
  exchange: Exchange,
  realm: string,
  methods: readonly ClientMethod[],
): Promise<ClientNegotiation | undefined> {
  try {
    const ended = exchange.ended.then(() => undefined);
    return await Promise.race([offer(methods, exchange.connection), ended]);
  } catch (cause) {
    exchange.abort(CANNOT_AUTHENTICATE, "The client cannot authenticate");
    throw cannotAuthenticate(realm, cause);
  }
}

function cannotAuthenticate(realm: string, cause: unknown): JoinError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new JoinError(realm, CANNOT_AUTHENTICATE, text, { cause });
}

function isMethods(
  authentication: Authentication | readonly ClientMethod[],
): authentication is readonly ClientMethod[] {
  return Array.isArray(authentication);
}
