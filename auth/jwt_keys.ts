/**
 * The keys that check tokens: a JWK set at hand, or one that is fetched, kept for a while, and fetched anew when a token names a key
 * that it does not have. Which key fits a token is decided here, so that no token can choose how it is checked. Called by `jwt.ts`.
 */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import { LEAST_JWT_SECRET } from "./bounds.ts";
import { toBase64, utf8 } from "./bytes.ts";

/** The algorithms there are. "EdDSA" is Ed25519. */
export const JWT_ALGORITHMS = ["HS256", "RS256", "ES256", "EdDSA"] as const;
export type JwtAlgorithm = typeof JWT_ALGORITHMS[number];

/** Fetched keys are taken for good for so long, and asked for again at most so often. Milliseconds. */
const LIFETIME_MS = 600_000;
const PAUSE_MS = 30_000;
/** As often while there are none: an issuer may start after its routers. */
const RETRY_MS = 5_000;

/** What a token's header says of its key. */
export interface JwtHeader {
  readonly algorithm: JwtAlgorithm;
  readonly keyId: string | undefined;
}

export interface JwtKeys {
  /** The keys that may have signed the token, most often one. Rejects when there are none to be had: a failure of ours. */
  find(header: JwtHeader): Promise<readonly Dict[]>;
}

/** Keys at hand. @param set {"keys": [...]} of RFC 7517. Shared secrets ("oct") check HS256, and nothing else. */
export function jwkSet(set: unknown): JwtKeys {
  const keys = keysOf(set);
  return { find: (header) => Promise.resolve(keys.filter((key) => fits(key, header))) };
}

/** A secret that the issuer shares, as a member of a set. */
export function jwkOfSecret(secret: string): Dict {
  if (secret.length < LEAST_JWT_SECRET) {
    throw new Error(
      `Cannot use the secret of HS256: found ${secret.length} characters, expected ${LEAST_JWT_SECRET} or more`,
    );
  }
  const k = toBase64(utf8(secret)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return { "kty": "oct", "k": k };
}

/** A public key in PEM ("BEGIN PUBLIC KEY", or a certificate), as a member of a set. */
export async function jwkOfPem(pem: string, algorithm: JwtAlgorithm): Promise<Dict> {
  const { exportJWK, importSPKI, importX509 } = await import("jose");
  const load = pem.includes("BEGIN CERTIFICATE") ? importX509 : importSPKI;
  const key = await load(pem, algorithm, { extractable: true });
  return { ...await exportJWK(key), "alg": algorithm };
}

export interface FetchedKeysOptions {
  /** Gets the JWK set from wherever it is. */
  readonly fetch: () => Promise<unknown>;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

/** Keys from elsewhere. A set that was fetched before goes on being used when a later fetch fails. Shared secrets in it are ignored: what
 * anybody can fetch is no secret. */
export function fetchedJwkSet({ fetch, now = Date.now }: FetchedKeysOptions): JwtKeys {
  let keys: readonly Dict[] | undefined;
  let askedAt = -Infinity;
  let fetchedAt = -Infinity;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    askedAt = now();
    try {
      keys = keysOf(await fetch()).filter((key) => key["kty"] !== "oct");
      fetchedAt = askedAt;
    } catch (error) {
      if (keys === undefined) throw error;
    } finally {
      asking = undefined;
    }
  }

  /** One request at a time, and not again too soon. */
  async function refresh(): Promise<void> {
    if (asking === undefined && now() - askedAt < (keys === undefined ? RETRY_MS : PAUSE_MS)) {
      if (keys === undefined) {
        throw new Error("Cannot fetch the JWK set: the last try failed just now");
      }
      return;
    }
    asking ??= ask();
    await asking;
  }

  return {
    async find(header) {
      if (now() - fetchedAt >= LIFETIME_MS) await refresh();
      const fit = () => (keys ?? []).filter((key) => fits(key, header));
      if (fit().length === 0) await refresh();
      return fit();
    },
  };
}

function keysOf(set: unknown): readonly Dict[] {
  const keys = isDict(set) ? set["keys"] : undefined;
  if (Array.isArray(keys) && keys.every(isDict)) return keys;
  throw new Error(`Cannot use the JWK set: found something else, expected {"keys": [...]}`);
}

const KINDS: Readonly<Record<JwtAlgorithm, { readonly kty: string; readonly crv?: string }>> = {
  HS256: { kty: "oct" },
  RS256: { kty: "RSA" },
  ES256: { kty: "EC", crv: "P-256" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
};

function fits(key: Dict, { algorithm, keyId }: JwtHeader): boolean {
  const { kty, crv } = KINDS[algorithm];
  const names: readonly unknown[] = algorithm === "EdDSA" ? ["EdDSA", "Ed25519"] : [algorithm];
  return key["kty"] === kty &&
    (crv === undefined || key["crv"] === crv) &&
    (key["alg"] === undefined || names.includes(key["alg"])) &&
    (key["use"] === undefined || key["use"] === "sig") &&
    (keyId === undefined || key["kid"] === undefined || key["kid"] === keyId);
}
