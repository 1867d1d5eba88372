/** A router whose gate wants proof, and one principal known to every method: joe, with the role "anyone". */
import { anonymousRouter } from "../../auth/anonymous.ts";
import type { RouterMethod } from "../../auth/authmethod.ts";
import { cryptosignRouter, signChallenge, signingKey } from "../../auth/cryptosign.ts";
import { hashCraSecret, hashScramPassword } from "../../auth/hash.ts";
import { jwkOfSecret, jwkSet } from "../../auth/jwt_keys.ts";
import { jwtRouter } from "../../auth/jwt.ts";
import { staticPrincipals } from "../../auth/principals.ts";
import { scramRouter } from "../../auth/scram.ts";
import { ticketRouter } from "../../auth/ticket.ts";
import { certifiedPrincipals, tlsRouter } from "../../auth/tls.ts";
import { wampcraRouter } from "../../auth/wampcra.ts";
import { authenticated } from "../../router/authenticated.ts";
import type { Gate } from "../../router/join.ts";
import type { Dict } from "../../wamp/message.ts";

export const ROLES = { "caller": {}, "subscriber": {} };
export const SEED = "11".repeat(32);
export const JWT_SECRET = "a secret of more than 32 characters";
export const FINGERPRINT = "AB:".repeat(31) + "AB";
export const TICKET = "a ticket";
export const SECRET = "a secret";

const joe = (record: Dict) => staticPrincipals({ "joe": { "role": "anyone", ...record } });

export async function publicKey(): Promise<string> {
  return (await signingKey(SEED)).publicKey;
}

/** HELLO.Details.authextra of cryptosign, and the answer to its challenge. */
export async function signed(seed: string, challenge: string): Promise<string> {
  const bytes = Uint8Array.from(challenge.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return await signChallenge(await signingKey(seed), bytes);
}

/** Cheap hashes: the tests are not about cracking. */
export const methods = {
  anonymous: (): RouterMethod => anonymousRouter({ role: "anyone", newAuthid: () => "nobody" }),
  ticket: (): RouterMethod => ticketRouter({ principals: joe({ "ticket": TICKET }) }),
  wampcra: (): RouterMethod => wampcraRouter({ principals: joe({ "secret": SECRET }) }),
  salted: async (): Promise<RouterMethod> => {
    const record = { ...await hashCraSecret(SECRET, { iterations: 10 }) };
    return wampcraRouter({ principals: joe(record) });
  },
  cryptosign: async (): Promise<RouterMethod> =>
    cryptosignRouter({
      principals: joe({ "authorized_keys": [await publicKey()] }),
      routerKey: await signingKey("22".repeat(32)),
    }),
  scram: async (): Promise<RouterMethod> => {
    const record = { ...await hashScramPassword(SECRET, { kdf: "pbkdf2", iterations: 4096 }) };
    return scramRouter({ principals: joe(record) });
  },
  tls: (): RouterMethod => {
    const record = { "role": "anyone", "certificate-sha256": FINGERPRINT };
    return tlsRouter({ principals: certifiedPrincipals({ "joe": record }) });
  },
  jwt: (): RouterMethod =>
    jwtRouter({ keys: jwkSet({ "keys": [jwkOfSecret(JWT_SECRET)] }), defaultRole: "anyone" }),
};

/** @param names in the order that decides. */
export async function gate(...names: readonly (keyof typeof methods)[]): Promise<Gate> {
  return authenticated(await Promise.all(names.map((name) => methods[name]())));
}

/** Lets WebCrypto do its work: there is no event to wait for, so it asks again and again. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 5000 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 1));
}
