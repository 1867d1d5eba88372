/** From `jwt` of the configuration to the method of `auth/`: where the keys come from. Called by `auth.ts`. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  fetchedJwkSet,
  jwkOfPem,
  jwkOfSecret,
  jwkSet,
  JWT_ALGORITHMS,
  type JwtKeys,
} from "../auth/jwt_keys.ts";
import { type JwtClaims, jwtRouter } from "../auth/jwt.ts";
import type { RouterMethod, RouterMethodOptions } from "../auth/authmethod.ts";
import { staticPrincipals } from "../auth/principals.ts";
import type { Clock } from "../router/ports.ts";
import { isDict } from "../wamp/options.ts";
import { type JwtConfig, publicKey } from "./config/schema_jwt.ts";
import { StartError } from "./start_error.ts";

/** A fetch of keys takes this long at most. */
const FETCH_MS = 5_000;
/** A set of keys is not larger. */
const MOST_BYTES = 1_048_576;

export interface JwtSettings {
  readonly directory: string;
  readonly clock: Clock;
  /** What the configuration says of a secret. */
  readonly secret: string | undefined;
  /** Who is asked beside the token, where the configuration has an authenticator. */
  readonly asked?: RouterMethodOptions | undefined;
}

export async function jwtMethod(config: JwtConfig, settings: JwtSettings): Promise<RouterMethod> {
  const { audience, issuer, algorithms, claims, roles, max_age: maxAge } = config;
  const { clock, asked } = settings;
  const principals = config.type === "static" ? config.principals : undefined;
  return jwtRouter({
    keys: await keysOf(config, settings),
    clockTolerance: config.clock_tolerance,
    now: () => clock.now(),
    ...(audience !== undefined && { audience }),
    ...(issuer !== undefined && { issuer }),
    ...(algorithms !== undefined && { algorithms }),
    ...(claims !== undefined && { claims: claimsOf(claims) }),
    ...(roles !== undefined && { roles }),
    ...(maxAge !== undefined && { maxAge }),
    ...(config["default-role"] !== undefined && { defaultRole: config["default-role"] }),
    ...(principals !== undefined && { principals: staticPrincipals(principals) }),
    ...asked,
  });
}

async function keysOf(config: JwtConfig, { directory, secret }: JwtSettings): Promise<JwtKeys> {
  const { jwks, public_key: pem } = config;
  try {
    if (secret !== undefined) return jwkSet({ "keys": [jwkOfSecret(secret)] });
    if (pem !== undefined) {
      const text = await readFile(resolve(directory, pem.file), "utf8");
      return jwkSet({ "keys": [await jwkOfPem(text, pem.algorithm)] });
    }
    if (typeof jwks !== "string") return jwkSet(jwks);
    if (/^https?:/.test(jwks)) return fetchedJwkSet({ fetch: () => fetched(jwks) });
    return jwkSet(JSON.parse(await readFile(resolve(directory, jwks), "utf8")));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot authenticate by jwt: ${why}`, { cause });
  }
}

/** Why no token can be checked with what `jwks` or `public_key` say; undefined when one can, and where others tell what is wrong.
 * @param source as the configuration has it, unchecked. */
export async function keyProblem(source: unknown, directory: string): Promise<string | undefined> {
  if (typeof source === "string" && /^https?:/.test(source)) return undefined;
  const pem = publicKey.safeParse(source).data;
  const name = pem?.file ?? (typeof source === "string" ? source : undefined);
  let text = "";
  try {
    if (name !== undefined) text = await readFile(resolve(directory, name), "utf8");
  } catch {
    return undefined;
  }
  const where = name === undefined ? "" : ` in ${resolve(directory, name)}`;
  try {
    if (pem !== undefined) {
      await jwkOfPem(text, pem.algorithm);
      return undefined;
    }
    if (name === undefined && !isDict(source)) return undefined;
    const keys = jwkSet(name === undefined ? source : JSON.parse(text));
    for (const algorithm of JWT_ALGORITHMS) {
      if ((await keys.find({ algorithm, keyId: undefined })).length > 0) return undefined;
    }
    return `found no key${where} that checks tokens, expected one for ${JWT_ALGORITHMS.join(", ")}`;
  } catch {
    const expected = pem === undefined
      ? 'a JWK set: {"keys": [...]}'
      : `a public key or a certificate in PEM, for ${pem.algorithm}`;
    return `found something else${where}, expected ${expected}`;
  }
}

async function fetched(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(FETCH_MS),
      headers: { "accept": "application/jwk-set+json, application/json" },
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`found status ${response.status}, expected 200`);
    }
    const text = await response.text();
    if (text.length > MOST_BYTES) throw new Error("it is too large");
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const { origin, pathname } = new URL(url);
    throw new Error(`Cannot get the JWK set of ${origin}${pathname}: ${why}`, { cause });
  }
}

function claimsOf(
  { authid, authrole, realm, authextra }: NonNullable<JwtConfig["claims"]>,
): JwtClaims {
  return {
    ...(authid !== undefined && { authid }),
    ...(authrole !== undefined && { authrole }),
    ...(realm !== undefined && { realm }),
    ...(authextra !== undefined && { authextra }),
  };
}
