/** What secrets and hashes must be, for those that check configurations: without the cryptography. Used by `jwt_keys.ts`, `scram_keys.ts`, `node/config/`. */

/** Characters of a secret that the issuer of tokens shares. */
export const LEAST_JWT_SECRET = 32;

export const MOST_ITERATIONS = 10_000_000;
/** Argon2 wants 8 KiB at least; 1 GiB is more than a client should be asked for. */
export const MEMORY = { least: 8, most: 1_048_576 } as const;
/** Argon2's cost, KiB times iterations: about 16 s. */
export const MOST_COST = 16_777_216;
