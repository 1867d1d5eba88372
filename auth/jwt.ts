/**
 * The peer shows a JSON Web Token of somebody whom the router trusts: on the wire as `ticket`, under the name "jwt". What the token
 * claims becomes realm, authid, authrole and authextra. Checked by `jose`, which is loaded when the first token arrives.
 */
import type { JWTVerifyOptions } from "jose";
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import type {
  AuthRequest,
  ClientMethod,
  ClientMethodOptions,
  RouterMethod,
  Step,
} from "./authmethod.ts";
import { denied, guarded } from "./authmethod.ts";
import { JWT_ALGORITHMS, type JwtAlgorithm, type JwtKeys } from "./jwt_keys.ts";
import { admitted, find, type Principals, unknown } from "./principals.ts";
import { bearerClient } from "./ticket.ts";

const METHOD = "jwt";

/** Longer is no token. UTF-16 units. */
const MOST_TOKEN = 16_384;
/** Keys that are tried where the token does not say which one it is. */
const MOST_KEYS = 8;

/** Where in a token the identity stands: the name of a claim, or a path with dots into nested ones: "realm_access.roles". */
export interface JwtClaims {
  /** Default "sub". */
  readonly authid?: string;
  /** A string, or a list of which the first counts that `roles` has. Default "role". */
  readonly authrole?: string;
  /** Default: the realm that the peer asks for. */
  readonly realm?: string;
  /** Claims that go into WELCOME.Details.authextra, under their own names. Default: none. */
  readonly authextra?: readonly string[];
}

export interface JwtRouterOptions {
  readonly keys: JwtKeys;
  /** Default: all of `JWT_ALGORITHMS` that the keys can do. */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** "aud" must have one of these. Default: not looked at. */
  readonly audience?: string | readonly string[];
  /** "iss" must be one of these. Default: not looked at. */
  readonly issuer?: string | readonly string[];
  /** How far clocks may differ. Seconds; default 5. */
  readonly clockTolerance?: number;
  /** How old a token may be, by "iat". Seconds; default: as "exp" has it, which must be there. */
  readonly maxAge?: number;
  readonly claims?: JwtClaims;
  /** Roles that the token's stand for; others do not count. Default: the token's are taken as they are. */
  readonly roles?: Readonly<Record<string, string>>;
  /** The role where the token has none. */
  readonly defaultRole?: string;
  /** Asked for the token's authid: must know it, and may assign what records assign, before the token. */
  readonly principals?: Principals;
  /** Tell peers that `principals` do not know the authid. Default false. */
  readonly revealsUnknown?: boolean;
  /** Default "static". */
  readonly authprovider?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export function jwtRouter(options: JwtRouterOptions): RouterMethod {
  async function check(request: AuthRequest, token: string): Promise<Step> {
    const claims = await verify(token, options);
    if (typeof claims === "string") return denied(METHOD, claims);
    const record = recordOf(claims, options);
    if (record["authid"] === undefined) return denied(METHOD, "a token without authid");
    const rest = { ...options, authmethod: METHOD };
    if (options.principals === undefined) return admitted(record, request, rest);
    const authid = String(record["authid"]);
    const query = { authmethod: METHOD, request, authid, claims } as const;
    const known = await find({ principals: options.principals }, query);
    if (known === undefined) {
      return options.revealsUnknown === true ? unknown(query) : denied(METHOD, "no such principal");
    }
    return admitted({ ...record, ...known }, request, rest);
  }

  return guarded(METHOD, [METHOD], (request) => ({
    authmethod: METHOD,
    extra: EMPTY_DICT,
    answer: ({ signature }) => check(request, signature.trim()),
  }));
}

/** The claims of a token that is to be trusted, or what is wrong with it. Rejects when there is no way to tell. */
async function verify(token: string, options: JwtRouterOptions): Promise<Dict | string> {
  const { errors, importJWK, jwtVerify } = await import("jose");
  const header = await headerOf(token, options.algorithms ?? JWT_ALGORITHMS);
  if (typeof header === "string") return header;
  const keys = await options.keys.find(header);
  let problem = "a token of an unknown key";
  for (const key of keys.slice(0, MOST_KEYS)) {
    try {
      const imported = await importJWK(key, header.name);
      const { payload } = await jwtVerify(token, imported, demands(header.name, options));
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      problem = reasonOf(error);
      // With another key the claims would be the same.
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) return problem;
    }
  }
  return problem;
}

interface Header {
  /** As the token has it: "Ed25519" is another name of "EdDSA". */
  readonly name: string;
  readonly algorithm: JwtAlgorithm;
  readonly keyId: string | undefined;
}

async function headerOf(
  token: string,
  algorithms: readonly JwtAlgorithm[],
): Promise<Header | string> {
  const { decodeProtectedHeader } = await import("jose");
  if (token.length > MOST_TOKEN) return "a token that is too long";
  try {
    const { alg: name = "", kid: keyId } = decodeProtectedHeader(token);
    const wanted = name === "Ed25519" ? "EdDSA" : name;
    const algorithm = algorithms.find((known) => known === wanted);
    return algorithm === undefined ? "a token of another algorithm" : { name, algorithm, keyId };
  } catch {
    return "no token";
  }
}

function demands(algorithm: string, options: JwtRouterOptions): JWTVerifyOptions {
  const { audience, issuer, maxAge, clockTolerance = 5, now = Date.now } = options;
  return {
    algorithms: [algorithm],
    clockTolerance,
    currentDate: new Date(now()),
    requiredClaims: maxAge === undefined ? ["exp"] : [],
    ...(audience !== undefined && { audience: [audience].flat() }),
    ...(issuer !== undefined && { issuer: [issuer].flat() }),
    ...(maxAge !== undefined && { maxTokenAge: maxAge }),
  };
}

/** Which claim it was, but not what it said. */
function reasonOf(error: Error & { readonly code: string }): string {
  const claim = "claim" in error && typeof error.claim === "string" ? ` (${error.claim})` : "";
  return `${error.code}${claim}`;
}

function recordOf(claims: Dict, options: JwtRouterOptions): Dict {
  const { authid = "sub", authrole = "role", realm, authextra = [] } = options.claims ?? {};
  const role = roleOf(claimAt(claims, authrole), options);
  const name = claimAt(claims, authid);
  const extra = authextra.flatMap((key) => {
    const value = claimAt(claims, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const place = realm === undefined ? undefined : claimAt(claims, realm);
  return {
    ...(typeof name === "string" && name !== "" && { "authid": name }),
    ...(role !== undefined && { "role": role }),
    ...(typeof place === "string" && { "realm": place }),
    ...(extra.length > 0 && { "extra": Object.fromEntries(extra) }),
  };
}

function roleOf(claim: unknown, { roles }: JwtRouterOptions): string | undefined {
  const claimed = [claim].flat().filter((role) => typeof role === "string");
  if (roles === undefined) return claimed[0];
  const first = claimed.find((role) => Object.hasOwn(roles, role));
  return first === undefined ? undefined : roles[first];
}

/** Names may have dots themselves ("https://example.com/role"): the name comes before the path. */
function claimAt(claims: Dict, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const key of name.split(".")) {
    value = isDict(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

/** `authentication: { jwt: { token } }`: a JSON Web Token of somebody whom the router trusts. */
export interface JwtClientOptions extends ClientMethodOptions {
  /** Goes over the wire as it is: use TLS. A function is asked anew in each handshake. */
  readonly token: string | (() => string | Promise<string>);
}

export function jwtClient(options: JwtClientOptions): ClientMethod {
  return bearerClient(METHOD, options.token, options);
}
