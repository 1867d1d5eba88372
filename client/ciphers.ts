/**
 * Encrypts and decrypts with keys of a key ring. Loaded by `sealing.ts` for sessions that have one. A sealed payload is the nonce, random
 * for each, and behind it what the algorithm makes. AES is WebCrypto's; XSalsa20-Poly1305, which that lacks, is noble's.
 * Box keys are X25519 by WebCrypto and HSalsa20, as NaCl has it.
 */
import type { HeldKey } from "./keyring.ts";

/** One direction of one key. Both reject when the bytes or the key are not right. */
export interface Cipher {
  seal(plain: Uint8Array): Promise<Uint8Array>;
  open(sealed: Uint8Array): Promise<Uint8Array>;
}

interface Ciphers {
  originating?: Promise<Cipher>;
  responding?: Promise<Cipher>;
}

/** They are costly to make, and live as long as their keys. */
const known = new WeakMap<HeldKey, Ciphers>();

/** @param isOriginating true for who calls or publishes; matters for box keys only. */
export function cipherOf(key: HeldKey, isOriginating: boolean): Promise<Cipher> {
  let ciphers = known.get(key);
  if (ciphers === undefined) known.set(key, ciphers = {});
  return isOriginating
    ? ciphers.originating ??= make(key, true)
    : ciphers.responding ??= make(key, false);
}

async function make(key: HeldKey, isOriginating: boolean): Promise<Cipher> {
  switch (key.cipher) {
    case "aes256gcm":
      return await aes(key.secret ?? new Uint8Array(0));
    case "xsalsa20poly1305":
      return await salsa(key.secret ?? new Uint8Array(0));
    case "cryptobox": {
      const { originator, responder } = key;
      const [mine, theirs] = isOriginating ? [originator, responder] : [responder, originator];
      const pub = theirs.pub ?? (theirs.priv && await publicOf(theirs.priv));
      if (mine.priv === undefined || pub === undefined) {
        const who = isOriginating ? "calls and publishes" : "is called and subscribes";
        throw new Error(`Cannot use a cryptobox key: found no keys for who ${who}`);
      }
      return await salsa(await boxSecret(mine.priv, pub));
    }
  }
}

const AES_NONCE = 12;

async function aes(secret: Uint8Array): Promise<Cipher> {
  const uses: KeyUsage[] = ["encrypt", "decrypt"];
  const key = await crypto.subtle.importKey("raw", new Uint8Array(secret), "AES-GCM", false, uses);
  return {
    async seal(plain) {
      const iv = crypto.getRandomValues(new Uint8Array(AES_NONCE));
      const algorithm = { name: "AES-GCM", iv };
      const sealed = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(plain));
      return joined(iv, new Uint8Array(sealed));
    },
    async open(sealed) {
      const algorithm = { name: "AES-GCM", iv: new Uint8Array(sealed.subarray(0, AES_NONCE)) };
      const rest = new Uint8Array(sealed.subarray(AES_NONCE));
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, rest));
    },
  };
}

const SALSA_NONCE = 24;

async function salsa(secret: Uint8Array): Promise<Cipher> {
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  return {
    seal(plain) {
      const nonce = crypto.getRandomValues(new Uint8Array(SALSA_NONCE));
      return Promise.resolve(joined(nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)));
    },
    // deno-lint-ignore require-await -- what it throws is to be a rejection
    async open(sealed) {
      const nonce = sealed.subarray(0, SALSA_NONCE);
      return xsalsa20poly1305(secret, nonce).decrypt(sealed.subarray(SALSA_NONCE));
    },
  };
}

/** What NaCl's box makes of a private and a public key. */
async function boxSecret(priv: Uint8Array, pub: Uint8Array): Promise<Uint8Array> {
  const [mine, theirs] = await Promise.all([
    importPrivate(priv),
    crypto.subtle.importKey("raw", new Uint8Array(pub), "X25519", false, []),
  ]);
  const algorithm = { name: "X25519", public: theirs };
  const shared = new Uint8Array(await crypto.subtle.deriveBits(algorithm, mine, 256));
  const { hsalsa } = await import("@noble/ciphers/salsa.js");
  const out = new Uint32Array(8);
  hsalsa(wordsOf(SIGMA), wordsOf(shared), new Uint32Array(4), out);
  return bytesOfWords(out);
}

const SIGMA = new TextEncoder().encode("expand 32-byte k");

function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function bytesOfWords(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word, true));
  return bytes;
}

/** The head of PKCS #8 around an X25519 key. [RFC 8410] */
const PKCS8 = Uint8Array.of(
  ...[
    0x30,
    0x2e,
    0x02,
    0x01,
    0x00,
    0x30,
    0x05,
    0x06,
    0x03,
    0x2b,
    0x65,
    0x6e,
    0x04,
    0x22,
    0x04,
    0x20,
  ],
);

function importPrivate(priv: Uint8Array, isExtractable = false): Promise<CryptoKey> {
  const bytes = new Uint8Array(joined(PKCS8, priv));
  return crypto.subtle.importKey("pkcs8", bytes, "X25519", isExtractable, ["deriveBits"]);
}

/** The public key that belongs to a private one. */
async function publicOf(priv: Uint8Array): Promise<Uint8Array> {
  const { x = "" } = await crypto.subtle.exportKey("jwk", await importPrivate(priv, true));
  const binary = atob(x.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
