/**
 * Key pairs of cryptosign, and the files that keep them: those of Crossbar.io and Autobahn|Python, a comment, an empty line, and
 * lines of "tag: value". Private keys are read as well from raw files of 32 bytes, from hexadecimal, and from OpenSSH's files.
 * `realmway keygen` and `realmway keys` are made of this; reading and writing the files is theirs.
 */
import { type Bytes, fromHex, randomBytes, toHex } from "./bytes.ts";
import { DIGEST_LENGTH, ed25519PublicKey } from "./crypto.ts";
import { isSshKey, sshSeed } from "./ssh_key.ts";

/** Each 64 hexadecimal digits, lower-case. */
export interface KeyPair {
  readonly publicKey: string;
  /** The seed of RFC 8032. Secret. */
  readonly privateKey: string;
}

export async function generateKeyPair(): Promise<KeyPair> {
  return await keyPairOf(randomBytes(DIGEST_LENGTH));
}

async function keyPairOf(seed: Bytes): Promise<KeyPair> {
  return { publicKey: toHex(await ed25519PublicKey(seed)), privateKey: toHex(seed) };
}

const PUBLIC = "public-key-ed25519";
const PRIVATE = "private-key-ed25519";

/** The tags that Autobahn|Python and Crossbar.io know beside the keys; they refuse files with others. */
export const KEY_FILE_TAGS = [
  "creator",
  "created-at",
  "user-id",
  "machine-id",
  "node-authid",
  "node-cluster-ip",
] as const;
export type KeyFileTag = typeof KEY_FILE_TAGS[number];

/** @param keys with the private key: a file to keep safe; without: one to pass on.
 * @param about a Crossbar.io node wants "creator", "created-at" and "machine-id". */
export function formatKeyFile(
  keys: Pick<KeyPair, "publicKey"> & Partial<KeyPair>,
  about: Readonly<Partial<Record<KeyFileTag, string>>>,
): string {
  const isPrivate = keys.privateKey !== undefined;
  const lines = KEY_FILE_TAGS.flatMap((tag) => {
    const value = about[tag];
    return value === undefined ? [] : [`${tag}: ${value.replaceAll(/\s+/g, " ").trim()}`];
  });
  lines.push(`${PUBLIC}: ${keys.publicKey}`);
  if (keys.privateKey !== undefined) lines.push(`${PRIVATE}: ${keys.privateKey}`);
  const title = isPrivate ? "Realmway private key - KEEP THIS SAFE!" : "Realmway public key";
  return `${title}\n\n${lines.join("\n")}\n`;
}

export interface KeyFile {
  readonly publicKey: string;
  readonly privateKey: string | undefined;
  /** All lines, by tag in lower case. */
  readonly tags: ReadonlyMap<string, string>;
}

/** Throws when the file is none, has a tag twice, or its keys do not belong together. No text of it has the private key in it. */
export async function parseKeyFile(text: string): Promise<KeyFile> {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === "");
  const tags = new Map<string, string>();
  for (const line of start < 0 ? [] : lines.slice(start)) {
    if (line.trim() === "") continue;
    const colon = line.indexOf(":");
    const tag = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    if (!/^[a-z0-9-]+$/.test(tag)) throw refusal("a line without a tag", "tag: value");
    if (tags.has(tag)) throw refusal(`two lines of ${tag}`, "one");
    tags.set(tag, line.slice(colon + 1).trim());
  }
  const privateKey = keyIn(tags, PRIVATE);
  const publicKey = keyIn(tags, PUBLIC);
  if (privateKey === undefined) {
    if (publicKey === undefined) throw refusal("no key", `${PRIVATE} or ${PUBLIC}`);
    return { publicKey: toHex(publicKey), privateKey: undefined, tags };
  }
  const pair = await keyPairOf(privateKey);
  if (publicKey !== undefined && toHex(publicKey) !== pair.publicKey) {
    throw refusal("a public key that is not the private key's", "a pair");
  }
  return { ...pair, tags };
}

function keyIn(tags: ReadonlyMap<string, string>, tag: string): Bytes | undefined {
  const text = tags.get(tag);
  if (text === undefined) return undefined;
  const key = fromHex(text, DIGEST_LENGTH);
  if (key === undefined) {
    throw refusal(`no key at ${tag}`, `${2 * DIGEST_LENGTH} hexadecimal digits`);
  }
  return key;
}

/** The key pair in the contents of a file of any of the kinds above. Throws as `parseKeyFile` does. */
export async function readPrivateKey(contents: Uint8Array): Promise<KeyPair> {
  if (contents.length === DIGEST_LENGTH) return await keyPairOf(Uint8Array.from(contents));
  const text = new TextDecoder().decode(contents).trim();
  const plain = fromHex(text, DIGEST_LENGTH);
  if (plain !== undefined) return await keyPairOf(plain);
  if (isSshKey(text)) return await keyPairOf(sshSeed(text));
  const { publicKey, privateKey } = await parseKeyFile(text);
  if (privateKey === undefined) throw refusal("a public key", "a private one");
  return { publicKey, privateKey };
}

function refusal(found: string, expected: string): Error {
  return new Error(`Cannot read the key file: found ${found}, expected ${expected}`);
}
