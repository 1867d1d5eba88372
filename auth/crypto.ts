/**
 * The cryptography that the authmethods are made of: WebCrypto, and noble where a platform lacks it: Ed25519 in older browsers,
 * everything on pages that did not come over HTTPS. noble and Argon2 are loaded when first needed, so that others do not pay.
 * Nothing here knows WAMP.
 */
import { type Bytes, concat, fromHex, isEqual, randomBytes, toHex, utf8 } from "./bytes.ts";

/** Length of SHA-256 digests, HMAC-SHA-256 codes, Ed25519 keys and of a derived key unless something else is said. */
export const DIGEST_LENGTH = 32;
export const SIGNATURE_LENGTH = 64;

/** Undefined on pages without a secure context, whatever the types say. */
function webCrypto(): SubtleCrypto | undefined {
  return crypto.subtle;
}

async function noble(): Promise<typeof import("./crypto_noble.ts")> {
  return await import("./crypto_noble.ts");
}

export async function sha256(data: Bytes): Promise<Bytes> {
  const subtle = webCrypto();
  if (subtle === undefined) return (await noble()).sha256(data);
  return new Uint8Array(await subtle.digest("SHA-256", data));
}

/** @param key not empty. */
export async function hmacSha256(key: Bytes, data: Bytes): Promise<Bytes> {
  const subtle = webCrypto();
  if (subtle === undefined) return (await noble()).hmacSha256(key, data);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", imported, data));
}

/** PBKDF2 with HMAC-SHA-256. @param length of the key in bytes. */
export async function pbkdf2(
  password: Bytes,
  salt: Bytes,
  iterations: number,
  length: number = DIGEST_LENGTH,
): Promise<Bytes> {
  const subtle = webCrypto();
  if (subtle === undefined) return (await noble()).pbkdf2(password, salt, iterations, length);
  const imported = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await subtle.deriveBits(algorithm, imported, length * 8));
}

/** Argon2id, version 1.3, one lane, 32 bytes. @param memory in KiB. @param salt at least 8 bytes. */
export async function argon2id(
  password: Bytes,
  salt: Bytes,
  iterations: number,
  memory: number,
): Promise<Bytes> {
  const wasm = await import("hash-wasm");
  const hash = await wasm.argon2id({
    password,
    salt,
    iterations,
    memorySize: memory,
    parallelism: 1,
    hashLength: DIGEST_LENGTH,
    outputType: "binary",
  });
  return new Uint8Array(hash);
}

/** Compares secrets in a time that tells neither where they differ nor how long they are. */
export async function isSameSecret(a: string, b: string): Promise<boolean> {
  const key = randomBytes(DIGEST_LENGTH);
  const [left, right] = await Promise.all([hmacSha256(key, utf8(a)), hmacSha256(key, utf8(b))]);
  return isEqual(left, right);
}

/** What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410). WebCrypto takes private keys no other way. */
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420") ?? new Uint8Array();

/** @param seed 32 bytes: what WAMP calls the private key. */
export async function ed25519Sign(seed: Bytes, message: Bytes): Promise<Bytes> {
  const subtle = webCrypto();
  const key = subtle && await importEd25519(subtle, "pkcs8", concat(PKCS8_PREFIX, seed), "sign");
  if (subtle === undefined || key === undefined) {
    return await (await noble()).ed25519Sign(seed, message);
  }
  return new Uint8Array(await subtle.sign("Ed25519", key, message));
}

export async function ed25519PublicKey(seed: Bytes): Promise<Bytes> {
  const subtle = webCrypto();
  const key = subtle && await importEd25519(subtle, "pkcs8", concat(PKCS8_PREFIX, seed), "sign");
  if (subtle === undefined || key === undefined) return (await noble()).ed25519PublicKey(seed);
  const { x = "" } = await subtle.exportKey("jwk", key);
  const text = x.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** False as well when the key or the signature is none. */
export async function ed25519Verify(
  publicKey: Bytes,
  signature: Bytes,
  message: Bytes,
): Promise<boolean> {
  if (publicKey.length !== DIGEST_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
  if (hasSmallOrder(publicKey)) return false;
  const subtle = webCrypto();
  let key: CryptoKey | undefined;
  try {
    key = subtle && await importEd25519(subtle, "raw", publicKey, "verify");
  } catch (error) {
    if (error instanceof DOMException && error.name === "DataError") return false;
    throw error;
  }
  if (subtle === undefined || key === undefined) {
    return await (await noble()).ed25519Verify(publicKey, signature, message);
  }
  return await subtle.verify("Ed25519", key, signature, message);
}

/** Undefined where WebCrypto has no Ed25519. */
async function importEd25519(
  subtle: SubtleCrypto,
  format: "raw" | "pkcs8",
  bytes: Bytes,
  usage: "sign" | "verify",
): Promise<CryptoKey | undefined> {
  try {
    return await subtle.importKey(format, bytes, "Ed25519", format === "pkcs8", [usage]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return undefined;
    throw error;
  }
}

/** The points of small order on edwards25519, the sign bit cleared: for such keys a signature can be made that fits any message. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function hasSmallOrder(publicKey: Bytes): boolean {
  const key = publicKey.slice();
  key[DIGEST_LENGTH - 1] = (key[DIGEST_LENGTH - 1] ?? 0) & 0x7f;
  return SMALL_ORDER.has(toHex(key));
}
