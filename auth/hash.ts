/**
 * What a configuration keeps instead of passwords: the principals' entries for wampcra and scram, under Crossbar.io's keys.
 * `realmway hash` prints them.
 */
import { type Bytes, randomBytes, toBase64, toHex } from "./bytes.ts";
import { AUTOBAHN_ARGON2, hashingIn, saltPassword, scramKeys } from "./scram_keys.ts";
import { deriveCraSecret } from "./wampcra.ts";

/** As OWASP recommends for PBKDF2 with SHA-256. */
const PBKDF2_ITERATIONS = 600_000;
/** As OWASP recommends for Argon2id: 40 ms on a server, a few times that on a phone. */
const ARGON2 = { iterations: 2, memory: 19_456 } as const;
const SALT_LENGTH = 16;

/** For "principals" of wampcra. */
export interface CraEntry {
  readonly "derived-secret": string;
  readonly "salt": string;
  readonly "iterations": number;
  readonly "keylen": number;
}

export interface CraHashOptions {
  /** Default: 16 random bytes in Base64. */
  readonly salt?: string;
  /** Default 600,000: clients need about 0.3 s. */
  readonly iterations?: number;
  /** Bytes. Default 32. */
  readonly keylen?: number;
}

export async function hashCraSecret(
  secret: string,
  options: CraHashOptions = {},
): Promise<CraEntry> {
  const { salt = toBase64(randomBytes(SALT_LENGTH)), iterations = PBKDF2_ITERATIONS, keylen = 32 } =
    options;
  if (secret === "") throw new Error("Cannot hash the secret: found none, expected one");
  const derived = await deriveCraSecret(secret, { salt, iterations, keylen });
  return { "derived-secret": derived, "salt": salt, "iterations": iterations, "keylen": keylen };
}

/** For "principals" of scram. */
export interface ScramEntry {
  readonly "kdf": ScramKdf;
  readonly "salt": string;
  readonly "iterations": number;
  /** KiB; of Argon2 alone. */
  readonly "memory"?: number;
  readonly "stored-key": string;
  readonly "server-key": string;
}

/** "argon2id-13" makes keys for Autobahn|Python and Crossbar.io, which hash differently from the specification. */
export type ScramKdf = "argon2id13" | "argon2id-13" | "pbkdf2";

export interface ScramHashOptions {
  /** Default "argon2id13". */
  readonly kdf?: ScramKdf;
  /** At least 8 bytes. Default: 16 random ones. */
  readonly salt?: Bytes;
  /** Default 2 for Argon2, 600,000 for PBKDF2. */
  readonly iterations?: number;
  /** KiB. Default 19,456. */
  readonly memory?: number | undefined;
}

export async function hashScramPassword(
  password: string,
  options: ScramHashOptions = {},
): Promise<ScramEntry> {
  const { kdf = "argon2id13", salt = randomBytes(SALT_LENGTH) } = options;
  const isPbkdf2 = kdf === "pbkdf2";
  const iterations = options.iterations ?? (isPbkdf2 ? PBKDF2_ITERATIONS : ARGON2.iterations);
  const memory = isPbkdf2 ? undefined : options.memory ?? ARGON2.memory;
  const hashing = hashingIn({ "kdf": kdf, "iterations": iterations, "memory": memory }, salt);
  const dialect = kdf === AUTOBAHN_ARGON2 ? "autobahn" : "wamp";
  const keys = await scramKeys(await saltPassword(password, hashing, dialect));
  return {
    "kdf": kdf,
    "salt": toHex(salt),
    "iterations": iterations,
    ...(memory !== undefined && { "memory": memory }),
    "stored-key": toHex(keys.storedKey),
    "server-key": toHex(keys.serverKey),
  };
}
