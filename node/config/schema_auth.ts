/**
 * Who may join over a transport: the authmethods and their principals, under Crossbar.io's keys. What the records mean is `auth/`'s
 * business. Methods are tried in the order in which the file has them: see `auth_order.ts`.
 */
import { z } from "zod";
import { MEMORY, MOST_COST, MOST_ITERATIONS } from "../../auth/bounds.ts";
import { kinds, refused, section, text, whole } from "./fields.ts";
import {
  AUTHENTICATORS,
  byFunction,
  defaultRole as role,
  dynamic,
  unknownPrincipals as unknown,
} from "./schema_authenticator.ts";
import { jwt } from "./schema_jwt.ts";
import { secretText, who } from "./schema_principal.ts";
import { realmName } from "./schema_names.ts";

/** Keys of principals that no problem, log line or page may show. */
export const SECRET_KEYS = [
  "ticket",
  "secret",
  "derived-secret",
  "stored-key",
  "server-key",
] as const;

function method<const S extends z.core.$ZodLooseShape>(doc: string, shape: () => S) {
  const known = section("Principals of the configuration", () => ({
    "type": z.literal("static"),
    "unknown-principals": unknown,
    ...shape(),
  }));
  return kinds(doc, [known, dynamic, byFunction], AUTHENTICATORS, {});
}

const principals = <T extends z.core.$ZodType>(principal: T) =>
  z.record(z.string().min(1, "an authid that is not empty"), principal)
    .describe("Principals by authid");

const anonymous = kinds(
  "How sessions without credentials join",
  [
    section("A fixed role", () => ({
      "type": z.literal("static"),
      "role": text("Role of such sessions").default("anonymous"),
      "realm": realmName.describe("Realm they join, whichever they ask for").optional(),
      "authid": text("One authid for all (default: a new one each)").optional(),
    })),
    dynamic,
    byFunction,
  ],
  AUTHENTICATORS,
  {},
);

const ticket = method("A shared secret that is sent as it is: use it over TLS", () => ({
  "principals": principals(
    section("A principal", () => ({ "ticket": secretText("Its ticket"), ...who() })),
  ),
  "default-role": role.optional(),
}));

const craPrincipal = section("A principal", () => ({
  "secret": secretText("Its secret, plain; with a salt, the key is derived by the router")
    .optional(),
  "derived-secret": secretText('The key that secret and salt make, by "realmway hash"').optional(),
  "salt": text("Makes the client derive its key by PBKDF2").optional(),
  "iterations": whole({ min: 1, max: 5_000_000 }, "Of PBKDF2 (default: 1000)").optional(),
  "keylen": whole({ min: 1, max: 1024, unit: "bytes" }, "Of the key (default: 32)").optional(),
  ...who(),
})).refine(
  (record) => (record.secret === undefined) !== (record["derived-secret"] === undefined),
  'either "secret" or "derived-secret"',
).refine(
  (record) => record["derived-secret"] === undefined || record.salt !== undefined,
  'the "salt" of "derived-secret" beside it',
);

const wampcra = method("Challenge and response with a shared secret", () => ({
  "users": principals(craPrincipal).optional(),
  "principals": principals(craPrincipal).optional(),
  "default-role": role.optional(),
}));

const KEY = "64 hexadecimal digits, an Ed25519 public key";

const ADDRESS = "an Ethereum address, 0x and 40 hexadecimal digits";
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, ADDRESS);

const trustroot = section("Whose certificates let peers in", () => ({
  "certificate": address.describe(`Issuer of the root certificate: ${ADDRESS}`),
  "role": text("Role of all who come with a chain up to it"),
  "realm_address": address.optional().describe("Address of the realm that certificates must name"),
  "verifying_contract": address.optional().describe("Contract that they must name"),
  "chain_id": whole({ min: 1, max: Number.MAX_SAFE_INTEGER }, "Blockchain that they must name")
    .optional(),
}));

const TRUSTROOTS = 'write the issuer of certificates in "trustroots"';

const cryptosign = method("Challenge and response with Ed25519 keys", () => ({
  "principals": principals(section("A principal", () => ({
    "authorized_keys": z.array(z.string().regex(/^[0-9a-fA-F]{64}$/, KEY)).min(1)
      .describe(`Its public keys, each ${KEY}; "realmway keygen" makes one`),
    "certificate": refused(TRUSTROOTS),
    "trustroot": refused(TRUSTROOTS),
    ...who(),
  }))).default({}),
  "default-role": role.optional(),
  "trustroots": z.record(realmName, trustroot).optional()
    .describe("Standalone trustroots, by realm: who is not listed may show certificates"),
}));

const HASH = "32 bytes in hexadecimal or Base64";
const hash = (doc: string) =>
  z.string().regex(/^([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})$/, HASH)
    .describe(`${doc}: ${HASH}, or "$VARIABLE" of the environment`);

const scramPrincipal = section('A principal: what "realmway hash" prints', () => ({
  "kdf": z.enum(["argon2id13", "argon2id-13", "pbkdf2"]).describe(
    "How its keys were made; argon2id-13 is how Autobahn|Python and Crossbar.io hash",
  ),
  "salt": z.string().regex(
    /^([0-9a-fA-F]{2}){8,}$|^[A-Za-z0-9+/]{11,}={0,2}$/,
    "at least 8 bytes in hexadecimal or Base64",
  ).describe("The salt, in hexadecimal or Base64"),
  "iterations": whole({ min: 1, max: MOST_ITERATIONS }, "How often it is hashed"),
  "memory": whole({ min: MEMORY.least, max: MEMORY.most, unit: "KiB" }, "Memory of Argon2")
    .optional(),
  "stored-key": hash("Stored key"),
  "server-key": hash("Server key"),
  ...who(),
})).refine(
  (record) => record.kdf === "pbkdf2" || record.memory !== undefined,
  'the "memory" of Argon2',
).refine(
  ({ kdf, memory = 0, iterations }) => kdf === "pbkdf2" || memory * iterations <= MOST_COST,
  `"memory" times "iterations" of at most ${MOST_COST}`,
);

const scram = method(
  "Challenge and response with keys that do not let anybody in who steals them",
  () => ({
    "principals": principals(scramPrincipal),
    "default-role": role.optional(),
  }),
);

const fingerprint = (bytes: number) =>
  z.string().regex(
    new RegExp(`^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){${bytes - 1}}$`),
    `${bytes} bytes in hexadecimal, with or without colons`,
  ).optional();

const tlsPrincipal = section("A principal; all that is given must match its certificate", () => ({
  "certificate-sha256": fingerprint(32).describe("SHA-256 fingerprint"),
  "certificate-sha1": fingerprint(20).describe("SHA-1 fingerprint"),
  "certificate-subject": z.record(z.string(), z.string()).optional()
    .describe('Attributes of the subject: {"CN": "client_0"}'),
  ...who(),
})).refine(
  (record) =>
    record["certificate-sha256"] !== undefined || record["certificate-sha1"] !== undefined ||
    Object.keys(record["certificate-subject"] ?? {}).length > 0,
  'one of "certificate-sha256", "certificate-sha1", "certificate-subject"',
);

const tls = method(
  'By client certificate; the endpoint needs "tls" with "ca_certificates"',
  () => ({
    "principals": principals(tlsPrincipal),
    "default-role": role.optional(),
  }),
);

const LATER = "comes with a later version; remove the key";

export const auth = section(
  "Who may join; without it everyone may, with the role anonymous. Of several methods that a client offers, the first here is taken",
  () => ({
    "anonymous": anonymous.optional(),
    "ticket": ticket.optional(),
    "wampcra": wampcra.optional(),
    "cryptosign": cryptosign.optional(),
    "scram": scram.optional(),
    "tls": tls.optional(),
    "jwt": jwt.optional(),
    "cookie": section('By the cookie of an earlier session; the service needs "cookie"', () => ({
      "type": z.literal("static").optional(),
    })).optional(),
    "anonymous-proxy": refused(`authentication for proxies ${LATER}`),
    "cryptosign-proxy": refused(`authentication for proxies ${LATER}`),
  }),
).refine((methods) => Object.keys(methods).length > 0, "at least one method");

export type AuthConfig = z.output<typeof auth>;
