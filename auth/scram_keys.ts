/**
 * The arithmetic of SCRAM: keys from a password, the message that both sides authenticate, proofs. Used by `scram.ts` and `hash.ts`.
 * There are two dialects. "wamp" is the specification's. "autobahn" is what Autobahn|Python and Crossbar.io speak: the Argon2 hash
 * counts as unpadded Base64 text, nothing is escaped or normalized, and the channel binding flags are left out. [WAMP wamp-scram]
 */
import type { Dict } from "../wamp/message.ts";
import { MEMORY, MOST_COST, MOST_ITERATIONS } from "./bounds.ts";
import { type Bytes, concat, fromBase64, fromHex, isEqual, toBase64, utf8, xor } from "./bytes.ts";
import { argon2id, DIGEST_LENGTH, hmacSha256, pbkdf2, sha256 } from "./crypto.ts";
import { countIn, PrincipalError, requiredTextIn } from "./principals.ts";
import { saslprep } from "./saslprep.ts";

export type Dialect = "wamp" | "autobahn";

/** How a password is hashed, and with which salt. */
export interface Hashing {
  readonly kdf: "argon2id13" | "pbkdf2";
  readonly iterations: number;
  /** KiB; of argon2id13 alone. */
  readonly memory: number | undefined;
  readonly salt: Bytes;
}

/** What others write for "argon2id13". In a principal's record it says that the keys are of the dialect "autobahn". */
export const AUTOBAHN_ARGON2 = "argon2id-13";

/** Less would be a router that wants an easy hash to crack. [RFC 7677, section 4] */
const LEAST_ITERATIONS = 4096;
const LEAST_COST = 1024;
const LEAST_SALT = 8;

/** Reads "kdf", "iterations" and "memory", of a record or a CHALLENGE. Throws `PrincipalError`. */
export function hashingIn(dict: Dict, salt: Bytes | undefined): Hashing {
  const name = requiredTextIn(dict, "kdf");
  const kdf = name === AUTOBAHN_ARGON2 ? "argon2id13" : name;
  if (kdf !== "argon2id13" && kdf !== "pbkdf2") {
    throw new PrincipalError("kdf", name, `"argon2id13" or "pbkdf2"`);
  }
  const iterations = countIn(dict, "iterations", 1, MOST_ITERATIONS);
  if (iterations === undefined) throw new PrincipalError("iterations", iterations, "an integer");
  if (salt === undefined || salt.length < LEAST_SALT) {
    throw new PrincipalError("salt", undefined, `at least ${LEAST_SALT} bytes`);
  }
  if (kdf === "pbkdf2") return { kdf, iterations, memory: undefined, salt };
  const memory = countIn(dict, "memory", MEMORY.least, MEMORY.most);
  if (memory === undefined || memory * iterations > MOST_COST) {
    throw new PrincipalError("memory", memory, `KiB, times iterations at most ${MOST_COST}`);
  }
  return { kdf, iterations, memory, salt };
}

/** What the router keeps of a password. */
export interface StoredKeys {
  readonly hashing: Hashing;
  readonly storedKey: Bytes;
  readonly serverKey: Bytes;
}

/** Reads a record. Throws `PrincipalError`. */
export function storedKeys(record: Dict): StoredKeys {
  return {
    hashing: hashingIn(record, bytesIn(record, "salt")),
    storedKey: bytesIn(record, "stored-key", DIGEST_LENGTH),
    serverKey: bytesIn(record, "server-key", DIGEST_LENGTH),
  };
}

/** In hexadecimal or Base64. Throws `PrincipalError`. */
export function bytesIn(record: Dict, key: string, length?: number): Bytes {
  const text = requiredTextIn(record, key);
  const bytes = fromHex(text) ?? fromBase64(text);
  if (bytes !== undefined && (length ?? bytes.length) === bytes.length) return bytes;
  throw new PrincipalError(key, text, `${length ?? "some"} bytes in hexadecimal or Base64`);
}

/** True when the hash is suspiciously easy to make. */
export function isCheap({ kdf, iterations, memory = 0 }: Hashing): boolean {
  return kdf === "pbkdf2" ? iterations < LEAST_ITERATIONS : memory * iterations < LEAST_COST;
}

/** The slow step: SaltedPassword. */
export async function saltPassword(
  password: string,
  { kdf, iterations, memory = 0, salt }: Hashing,
  dialect: Dialect,
): Promise<Bytes> {
  const prepared = dialect === "wamp" ? saslprep(password) : password;
  if (prepared === undefined || prepared === "") {
    throw new Error(
      "Cannot hash the password: it is empty or has characters that SASLprep forbids",
    );
  }
  if (kdf === "pbkdf2") return await pbkdf2(utf8(prepared), salt, iterations);
  const hash = await argon2id(utf8(prepared), salt, iterations, memory);
  return dialect === "wamp" ? hash : utf8(toBase64(hash).replaceAll("=", ""));
}

export interface ScramKeys {
  readonly clientKey: Bytes;
  readonly storedKey: Bytes;
  readonly serverKey: Bytes;
}

export async function scramKeys(saltedPassword: Bytes): Promise<ScramKeys> {
  const clientKey = await hmacSha256(saltedPassword, utf8("Client Key"));
  return {
    clientKey,
    storedKey: await sha256(clientKey),
    serverKey: await hmacSha256(saltedPassword, utf8("Server Key")),
  };
}

/** What was said in HELLO, CHALLENGE and AUTHENTICATE. */
export interface Exchange {
  readonly authid: string;
  /** HELLO.Details.authextra.nonce */
  readonly clientNonce: string;
  /** CHALLENGE.Extra.nonce */
  readonly nonce: string;
  readonly salt: Bytes;
  readonly iterations: number;
  readonly channel: { readonly type: string; readonly data: Uint8Array } | undefined;
}

export function authMessage(exchange: Exchange, dialect: Dialect): Bytes {
  const { authid, clientNonce, nonce, salt, iterations, channel } = exchange;
  const isWamp = dialect === "wamp";
  const name = isWamp ? escape(authid) : saslprep(authid) ?? authid;
  const flags = utf8(`${channel === undefined ? "n" : `p=${channel.type}`},,`);
  const binding = isWamp ? toBase64(concat(flags, channel?.data ?? new Uint8Array())) : "";
  return utf8([
    `n=${name},r=${clientNonce}`,
    `r=${nonce},s=${toBase64(salt)},i=${iterations}`,
    `c=${binding},r=${nonce}`,
  ].join(","));
}

/** "," to "=2C" and "=" to "=3D", both at once, so that nothing is escaped twice. */
function escape(authid: string): string {
  return authid.replaceAll(/[,=]/g, (character) => character === "," ? "=2C" : "=3D");
}

export async function clientProof(
  { clientKey, storedKey }: ScramKeys,
  message: Bytes,
): Promise<Bytes> {
  return xor(clientKey, await hmacSha256(storedKey, message));
}

/** True when `proof` was made with the client key that belongs to `storedKey`. */
export async function isProof(proof: Bytes, storedKey: Bytes, message: Bytes): Promise<boolean> {
  const clientKey = xor(proof, await hmacSha256(storedKey, message));
  return isEqual(await sha256(clientKey), storedKey);
}

/** What the router proves itself with. */
export async function serverSignature(serverKey: Bytes, message: Bytes): Promise<Bytes> {
  return await hmacSha256(serverKey, message);
}

/** A nonce: canonical Base64 of at least 8 bytes, and not endless. */
export function isNonce(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 256) return false;
  return (fromBase64(value)?.length ?? 0) >= 8;
}
