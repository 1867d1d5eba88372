/** The primitives of `crypto.ts` in plain JavaScript, for platforms without them. Loaded by it when needed, and by nothing else. */
import * as ed25519 from "@noble/ed25519";
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256 as nobleSha256, sha512 } from "@noble/hashes/sha2.js";
import type { Bytes } from "./bytes.ts";

// Without this, noble would ask WebCrypto, which is what is missing.
ed25519.hashes.sha512 = sha512;

export function sha256(data: Bytes): Bytes {
  return Uint8Array.from(nobleSha256(data));
}

export function hmacSha256(key: Bytes, data: Bytes): Bytes {
  return Uint8Array.from(hmac(nobleSha256, key, data));
}

export async function pbkdf2(
  password: Bytes,
  salt: Bytes,
  iterations: number,
  length: number,
): Promise<Bytes> {
  const options = { c: iterations, dkLen: length };
  return Uint8Array.from(await pbkdf2Async(nobleSha256, password, salt, options));
}

export function ed25519Sign(seed: Bytes, message: Bytes): Bytes {
  return Uint8Array.from(ed25519.sign(message, seed));
}

export function ed25519PublicKey(seed: Bytes): Bytes {
  return Uint8Array.from(ed25519.getPublicKey(seed));
}

/** False as well when the key or the signature is none: noble throws then. */
export function ed25519Verify(publicKey: Bytes, signature: Bytes, message: Bytes): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
