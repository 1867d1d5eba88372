/** JSON Web Tokens: who signs them, and what their claims become. Beyond Crossbar.io. Part of `schema_auth.ts`. */
import { z } from "zod";
import { anyValue, kinds, section, text, whole } from "./fields.ts";
import { AUTHENTICATORS, dynamicShape, functionShape } from "./schema_authenticator.ts";
import { secretText, who } from "./schema_principal.ts";

const ALGORITHMS = ["HS256", "RS256", "ES256", "EdDSA"] as const;

const names = (doc: string) =>
  z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], "a string, or a list of them")
    .optional().describe(doc);

const claims = section(
  'Where the identity stands in a token: the name of a claim, or a path with dots: "realm_access.roles"',
  () => ({
    "authid": text("Claim of the authid (default: sub)").optional(),
    "authrole": text(
      'Claim of the role: a string, or a list of which the first counts that "roles" has (default: role)',
    ).optional(),
    "realm": text("Claim of the realm (default: none, the realm that the peer asks for)")
      .optional(),
    "authextra": z.array(z.string().min(1)).optional()
      .describe("Claims that go into authextra, under their own names"),
  }),
);

export const publicKey = section("The issuer's key in PEM, a public key or a certificate", () => ({
  "file": text("The file, in the node directory"),
  "algorithm": z.enum(["RS256", "ES256", "EdDSA"]).describe("What it signs with"),
}));

const jwkSet = z.object({
  "keys": z.array(z.record(z.string(), anyValue)).min(1).describe("The keys, as JWK"),
}).describe("A JWK set, in place");

/** Which tokens count, and for what. */
const tokens = () => ({
  "jwks": z.union(
    [z.string().min(1), jwkSet],
    'a URL, a file, or {"keys": [...]}',
  ).optional().describe(
    "The issuer's keys as a JWK set: a URL (https, or http of loopback), a file in the node directory, or the set itself",
  ),
  "public_key": publicKey.optional(),
  "secret": secretText("The secret that the issuer shares, for HS256: 32 characters or more")
    .optional(),
  "algorithms": z.array(z.enum(ALGORITHMS)).min(1).optional()
    .describe("Algorithms that count (default: all that the keys can do)"),
  "audience": names("A token must be for one of these (aud)"),
  "issuer": names("A token must be from one of these (iss)"),
  "clock_tolerance": whole({ min: 0, max: 600, unit: "s" }, "How far clocks may differ").default(5),
  "max_age": whole(
    { min: 1, max: 31_536_000, unit: "s" },
    "How old a token may be, by iat (default: until exp, which it must have)",
  ).optional(),
  "claims": claims.optional(),
  "roles": z.record(z.string(), z.string().min(1)).optional().describe(
    "Roles of the realm by those of tokens; others do not count (default: they are taken as they are)",
  ),
  "default-role": text("Role of those whose token has none").optional(),
});

export const jwt = kinds(
  "A JSON Web Token, sent as the answer of a challenge: use it over TLS",
  [
    section("What tokens claim decides", () => ({
      "type": z.literal("static"),
      ...tokens(),
      "principals": z.record(z.string().min(1), section("A principal", () => ({ ...who() })))
        .optional()
        .describe("Those who are known, by authid; a token alone does not do then"),
    })),
    section(
      "A procedure is asked, too, and told the claims",
      () => ({ ...dynamicShape(), ...tokens() }),
    ),
    section("A function of a user module is asked, too, and told the claims", () => ({
      ...functionShape(),
      ...tokens(),
    })),
  ],
  AUTHENTICATORS,
  {},
).refine(
  (config) =>
    [config.jwks, config.public_key, config.secret].filter((one) => one !== undefined).length === 1,
  'one of "jwks", "public_key" and "secret"',
).refine(
  ({ jwks }) => typeof jwks !== "string" || !/^https?:/.test(jwks) || URL.canParse(jwks),
  { path: ["jwks"], error: "a URL with a host" },
).refine(
  ({ jwks }) => typeof jwks !== "string" || !/^http:/.test(jwks) || isLoopback(jwks),
  "keys by https: whoever can change them lets in whom he likes",
);

function isLoopback(url: string): boolean {
  try {
    return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
  } catch {
    return false;
  }
}

export type JwtConfig = z.output<typeof jwt>;
