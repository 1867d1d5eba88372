import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { exportJWK, exportSPKI, generateKeyPair, importPKCS8, SignJWT } from "jose";
import { utf8 } from "../../../auth/bytes.ts";
import { jwtClient, jwtRouter, type JwtRouterOptions } from "../../../auth/jwt.ts";
import {
  fetchedJwkSet,
  jwkOfPem,
  jwkOfSecret,
  jwkSet,
  type JwtAlgorithm,
} from "../../../auth/jwt_keys.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import type { Dict } from "../../../wamp/message.ts";
import { AUTHENTICATION_FAILED, NO_SUCH_ROLE } from "../../../wamp/uris.ts";
import { admittedAs, assertDenied, denialOf, play } from "./auth_kit.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const SECONDS = NOW / 1000;
const SECRET = "a secret of thirty-two characters";

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
const extractable = { extractable: true };
const pairs: Readonly<Record<"RS256" | "ES256" | "EdDSA", Pair>> = {
  RS256: await generateKeyPair("RS256", extractable),
  ES256: await generateKeyPair("ES256", extractable),
  EdDSA: await generateKeyPair("EdDSA", extractable),
};
const OTHER = await generateKeyPair("ES256", extractable);

async function publicJwk({ publicKey }: Pair, more: Dict = {}): Promise<Dict> {
  return { ...await exportJWK(publicKey), ...more };
}

const SET = {
  "keys": [
    jwkOfSecret(SECRET),
    await publicJwk(pairs.RS256),
    await publicJwk(pairs.ES256),
    await publicJwk(pairs.EdDSA),
  ],
};

/** A good token, but for what is given. */
async function tokenOf(
  claims: Dict,
  algorithm: JwtAlgorithm | "Ed25519" = "ES256",
  more: { readonly key?: Pair["privateKey"] | Uint8Array; readonly kid?: string } = {},
): Promise<string> {
  const name = algorithm === "Ed25519" ? "EdDSA" : algorithm;
  const key = more.key ?? (name === "HS256" ? utf8(SECRET) : pairs[name].privateKey);
  const header = { alg: algorithm, ...(more.kid !== undefined && { kid: more.kid }) };
  const base = { sub: "joe", role: "user", exp: SECONDS + 60, ...claims };
  return await new SignJWT(JSON.parse(JSON.stringify(base))).setProtectedHeader(header).sign(key);
}

const routerOf = (options: Partial<JwtRouterOptions> = {}) =>
  jwtRouter({ keys: jwkSet(SET), now: () => NOW, ...options });

async function playWith(token: string, options: Partial<JwtRouterOptions> = {}) {
  return await play([routerOf(options)], [jwtClient({ token })]);
}

test("JWT: tokens of all algorithms are admitted as whom they claim", async () => {
  for (const algorithm of ["HS256", "RS256", "ES256", "EdDSA", "Ed25519"] as const) {
    const step = await playWith(await tokenOf({}, algorithm));
    assert.deepEqual(admittedAs(step), {
      realm: "realm1",
      authid: "joe",
      authrole: "user",
      authmethod: "jwt",
      authprovider: "static",
    }, algorithm);
  }
});

test("JWT: the example of RFC 7515, appendix A.1, is checked with its key", async () => {
  const token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." +
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const k =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
  const options = {
    keys: jwkSet({ "keys": [{ "kty": "oct", "k": k }] }),
    claims: { authid: "iss" },
    defaultRole: "user",
    issuer: "joe",
  };
  const step = await playWith(token, { ...options, now: () => 1_300_819_379_000 });
  assert.equal(admittedAs(step).authid, "joe");
  assertDenied(await playWith(token, options), "ERR_JWT_EXPIRED (exp)");
});

test("JWT: what is no token, forged, expired or not yet valid is denied", async () => {
  const good = await tokenOf({});
  const [head = "", body = "", signature = ""] = good.split(".");
  const forged = btoa(JSON.stringify({ sub: "admin", role: "user", exp: SECONDS + 60 }));
  const none = btoa(JSON.stringify({ alg: "none" })).replaceAll("=", "");
  const cases: readonly (readonly [string, string])[] = [
    ["", "no token"],
    ["a.b.c", "no token"],
    ["é", "no token"],
    ["x".repeat(100_000), "a token that is too long"],
    [`${head}.${forged.replaceAll("=", "")}.${signature}`, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    [`${head}.${body}.`, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    [`${none}.${body}.`, "a token of another algorithm"],
    [
      await tokenOf({}, "ES256", { key: OTHER.privateKey }),
      "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    ],
    [await tokenOf({ exp: SECONDS - 6 }), "ERR_JWT_EXPIRED (exp)"],
    [await tokenOf({ nbf: SECONDS + 6 }), "ERR_JWT_CLAIM_VALIDATION_FAILED (nbf)"],
    [await tokenOf({ exp: undefined }), "ERR_JWT_CLAIM_VALIDATION_FAILED (exp)"],
    [await tokenOf({ sub: undefined }), "a token without authid"],
    [await tokenOf({ sub: "" }), "a token without authid"],
  ];
  for (const [token, why] of cases) assertDenied(await playWith(token), why);
  admittedAs(await playWith(await tokenOf({ exp: SECONDS - 4, nbf: SECONDS + 4 })));
});

test("JWT: no token is checked by a secret that is a public key, nor by an algorithm not wanted", async () => {
  const pem = await exportSPKI(pairs.RS256.publicKey);
  const confused = await tokenOf({}, "HS256", { key: utf8(pem) });
  const keys = jwkSet({ "keys": [await jwkOfPem(pem, "RS256")] });
  assertDenied(await playWith(confused, { keys }), "a token of an unknown key");
  admittedAs(await playWith(await tokenOf({}, "RS256"), { keys }));
  const options = { algorithms: ["EdDSA"] as const };
  assertDenied(await playWith(await tokenOf({}), options), "a token of another algorithm");
  admittedAs(await playWith(await tokenOf({}, "Ed25519"), options));
});

test("JWT: audience, issuer and age are what the configuration demands", async () => {
  const options = { audience: ["wamp", "router"], issuer: "https://id.example.com/" };
  const iss = options.issuer;
  admittedAs(await playWith(await tokenOf({ iss, aud: "wamp" }), options));
  admittedAs(await playWith(await tokenOf({ iss, aud: ["x", "router"] }), options));
  const wrong: readonly (readonly [Dict, string])[] = [
    [{ iss, aud: "other" }, "aud"],
    [{ iss }, "aud"],
    [{ iss: "https://evil.example.com/", aud: "wamp" }, "iss"],
    [{ aud: "wamp" }, "iss"],
  ];
  for (const [claims, claim] of wrong) {
    const why = `ERR_JWT_CLAIM_VALIDATION_FAILED (${claim})`;
    assertDenied(await playWith(await tokenOf(claims), options), why);
  }
  const young = { maxAge: 60 };
  admittedAs(await playWith(await tokenOf({ iat: SECONDS - 59, exp: undefined }), young));
  assertDenied(
    await playWith(await tokenOf({ iat: SECONDS - 66 }), young),
    "ERR_JWT_EXPIRED (iat)",
  );
  assertDenied(await playWith(await tokenOf({}), young));
});

test("JWT: claims become authid, authrole, realm and authextra, nested ones too", async () => {
  const claims = {
    "preferred_username": "joe@example.com",
    "realm_access": { roles: ["offline", "wamp-admin", "wamp-user"] },
    "https://example.com/realm": "realm2",
    email: "joe@example.com",
    age: 7,
  };
  const step = await playWith(await tokenOf(claims), {
    claims: {
      authid: "preferred_username",
      authrole: "realm_access.roles",
      realm: "https://example.com/realm",
      authextra: ["email", "age", "missing"],
    },
    roles: { "wamp-user": "user", "wamp-admin": "admin" },
  });
  assert.deepEqual(step, {
    realm: "realm2",
    authid: "joe@example.com",
    authrole: "admin",
    authmethod: "jwt",
    authprovider: "static",
    authextra: { "email": "joe@example.com", "age": 7 },
  });
});

test("JWT: roles that are not mapped do not count", async () => {
  const roles = { "user": "guest" };
  assert.equal(admittedAs(await playWith(await tokenOf({}), { roles })).authrole, "guest");
  for (const role of ["trusted", "toString", ["admin"], 7, null]) {
    const token = await tokenOf({ role });
    assert.equal(denialOf(await playWith(token, { roles })).refusal, NO_SUCH_ROLE);
    const step = await playWith(token, { roles, defaultRole: "none" });
    assert.equal(admittedAs(step).authrole, "none");
  }
});

test("JWT: principals may have to know the authid, and assign before the token", async () => {
  const principals = staticPrincipals({ "joe": { "role": "operator" } });
  const step = await playWith(await tokenOf({}), { principals });
  assert.equal(admittedAs(step).authrole, "operator");
  const foreign = await playWith(await tokenOf({ sub: "jim" }), { principals });
  assertDenied(foreign, "no such principal");
});

test("JWT: a token may name its key; where it does not, all that fit are tried", async () => {
  const two = await generateKeyPair("ES256", extractable);
  const keys = jwkSet({
    "keys": [
      await publicJwk(OTHER, { "kid": "other" }),
      await publicJwk(two, { "kid": "two", "use": "enc" }),
      await publicJwk(pairs.ES256, { "kid": "one", "alg": "ES256", "use": "sig" }),
    ],
  });
  admittedAs(await playWith(await tokenOf({}, "ES256", { kid: "one" }), { keys }));
  admittedAs(await playWith(await tokenOf({}), { keys }));
  const unknown = await tokenOf({}, "ES256", { kid: "three" });
  assertDenied(await playWith(unknown, { keys }), "a token of an unknown key");
  const misnamed = await tokenOf({}, "ES256", { kid: "other" });
  assertDenied(await playWith(misnamed, { keys }), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  const unfit = await tokenOf({}, "ES256", { kid: "two", key: two.privateKey });
  assertDenied(await playWith(unfit, { keys }), "a token of an unknown key");
});

test("JWT: fetched keys are kept, and asked for again when a token names another", async () => {
  let now = 0;
  let count = 0;
  const current = { "keys": [await publicJwk(OTHER, { "kid": "old" })] };
  const fetch = () => {
    count++;
    return Promise.resolve(structuredClone(current));
  };
  const keys = fetchedJwkSet({ fetch, now: () => now });
  const old = await tokenOf({}, "ES256", { kid: "old", key: OTHER.privateKey });
  const rotated = await tokenOf({}, "ES256", { kid: "new" });
  await Promise.all([playWith(old, { keys }), playWith(old, { keys })]);
  admittedAs(await playWith(old, { keys }));
  assert.equal(count, 1);

  current.keys = [await publicJwk(pairs.ES256, { "kid": "new" })];
  assertDenied(await playWith(rotated, { keys }), "a token of an unknown key");
  assert.equal(count, 1, "asked again too soon");
  now += 30_000;
  admittedAs(await playWith(rotated, { keys }));
  assert.equal(count, 2);
  now += 600_000;
  admittedAs(await playWith(rotated, { keys }));
  assert.equal(count, 3);
});

test("JWT: keys that cannot be fetched are our failure; those at hand go on being used", async () => {
  let now = 0;
  let count = 0;
  let answer: unknown = new Error("refused");
  const fetch = () => {
    count++;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const keys = fetchedJwkSet({ fetch, now: () => now });
  const token = await tokenOf({});
  const failure = async () => denialOf(await playWith(token, { keys })).refusal;
  assert.equal(await failure(), AUTHENTICATION_FAILED);
  assert.equal(await failure(), AUTHENTICATION_FAILED);
  assert.equal(count, 1, "asked again too soon");
  // Nobody can join meanwhile: it is asked for again sooner than a set that is there.
  for (const unfit of [null, [], { "keys": {} }, { "keys": [1] }]) {
    now += 5_000;
    answer = unfit;
    assert.equal(await failure(), AUTHENTICATION_FAILED);
  }
  now += 5_000;
  answer = SET;
  admittedAs(await playWith(token, { keys }));
  now += 700_000;
  answer = new Error("refused");
  admittedAs(await playWith(token, { keys }));
  assert.equal(count, 7);
});

test("JWT: secrets that anybody can fetch are none", async () => {
  const keys = fetchedJwkSet({ fetch: () => Promise.resolve(SET), now: () => 0 });
  assertDenied(await playWith(await tokenOf({}, "HS256"), { keys }), "a token of an unknown key");
  assert.throws(() => jwkOfSecret("too short"), /found 9 characters, expected 32/);
});

test("JWT: public keys in PEM are keys", async () => {
  for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
    const pem = await exportSPKI(pairs[algorithm].publicKey);
    const keys = jwkSet({ "keys": [await jwkOfPem(pem, algorithm)] });
    admittedAs(await playWith(await tokenOf({}, algorithm), { keys }));
  }
  await assert.rejects(jwkOfPem("no PEM", "ES256"));
});

test("JWT: a certificate in PEM is its public key", async () => {
  const read = (name: string) =>
    readFile(fileURLToPath(new URL(`../../kit/tls/${name}`, import.meta.url).href), "utf8");
  const key = await importPKCS8(await read("client.key"), "ES256");
  const keys = jwkSet({ "keys": [await jwkOfPem(await read("client.crt"), "ES256")] });
  admittedAs(await playWith(await tokenOf({}, "ES256", { key }), { keys }));
  assertDenied(await playWith(await tokenOf({}), { keys }));
});

test("JWT: nothing of a token is told or logged, and a client may bring a new one each time", async () => {
  const forged = await tokenOf({ sub: "s3cret", aud: "s3cret" }, "ES256", {
    key: OTHER.privateKey,
  });
  const expired = await tokenOf({ sub: "s3cret", iss: "s3cret", exp: 1 });
  for (const token of [forged, expired]) {
    const denial = JSON.stringify(denialOf(await playWith(token, { issuer: "x" })));
    assert(!denial.includes("s3cret") && !denial.includes(token.slice(0, 20)));
  }
  const tokens = [forged, await tokenOf({})];
  const client = jwtClient({ token: () => Promise.resolve(tokens.shift() ?? "") });
  assertDenied(await play([routerOf()], [client]));
  admittedAs(await play([routerOf()], [client]));
});
