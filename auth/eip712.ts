/**
 * The certificates of cryptosign as EIP-712 hashes and Ethereum signs them: who has signed one. Keccak and secp256k1 are noble's, loaded
 * when the first certificate arrives. The types are the specification's, whatever a certificate says of its own types, so that what was
 * signed is what is read. Called by `certificates.ts`. [WAMP trustrootcerts]
 */
import type { Dict } from "../wamp/message.ts";
import { type Bytes, concat, fromHex, toHex, utf8 } from "./bytes.ts";

type Kind = "uint256" | "uint64" | "address" | "bytes32" | "string";

const TYPES = {
  EIP712AuthorityCertificate: [
    ["chainId", "uint256"],
    ["verifyingContract", "address"],
    ["validFrom", "uint256"],
    ["issuer", "address"],
    ["subject", "address"],
    ["realm", "address"],
    ["capabilities", "uint64"],
    ["meta", "string"],
  ],
  EIP712DelegateCertificate: [
    ["chainId", "uint256"],
    ["verifyingContract", "address"],
    ["validFrom", "uint256"],
    ["delegate", "address"],
    ["csPubKey", "bytes32"],
    ["bootedAt", "uint64"],
    ["meta", "string"],
  ],
} as const satisfies Record<string, readonly (readonly [string, Kind])[]>;

export interface Certificate {
  readonly type: keyof typeof TYPES;
  readonly message: Dict;
}

type Keccak = (bytes: Bytes) => Bytes;

async function loadKeccak(): Promise<Keccak> {
  const { keccak_256: hash } = await import("@noble/hashes/sha3.js");
  return (bytes) => Uint8Array.from(hash(bytes));
}

/** What an issuer signs; undefined when the certificate is none. */
export async function certificateDigest(certificate: Certificate): Promise<Bytes | undefined> {
  return digestOf(certificate, await loadKeccak());
}

/** The address whose key has signed, with its checksum; undefined when certificate or signature is none.
 *
 * @param signature 65 bytes in hexadecimal: r, s, and 27 or 28. */
export async function signerOf(
  certificate: Certificate,
  signature: unknown,
): Promise<string | undefined> {
  const keccak = await loadKeccak();
  const digest = digestOf(certificate, keccak);
  const bytes = fromHex(typeof signature === "string" ? signature.replace(/^0x/, "") : "", 65);
  const recovery = (bytes?.[64] ?? 0) - 27;
  if (digest === undefined || bytes === undefined || (recovery !== 0 && recovery !== 1)) {
    return undefined;
  }
  const { Point, recoverPublicKey } = await import("@noble/secp256k1");
  try {
    const marked = concat(Uint8Array.of(recovery), bytes.slice(0, 64));
    const publicKey = recoverPublicKey(marked, digest, { prehash: false });
    const point = Uint8Array.from(Point.fromBytes(publicKey).toBytes(false));
    return withChecksum(toHex(keccak(point.slice(1)).slice(12)), keccak);
  } catch {
    // noble throws on numbers that are no signature.
    return undefined;
  }
}

function digestOf({ type, message }: Certificate, keccak: Keccak): Bytes | undefined {
  const fields: readonly (readonly [string, Kind])[] = TYPES[type];
  const words: Bytes[] = [];
  for (const [name, kind] of fields) {
    const word = wordOf(message, name, kind, keccak);
    if (word === undefined) return undefined;
    words.push(word);
  }
  const signature = `${type}(${fields.map(([name, kind]) => `${kind} ${name}`).join(",")})`;
  const struct = keccak(concat(keccak(utf8(signature)), ...words));
  const domain = keccak(concat(
    keccak(utf8("EIP712Domain(string name,string version)")),
    keccak(utf8("WMP")),
    keccak(utf8("1")),
  ));
  return keccak(concat(Uint8Array.of(0x19, 0x01), domain, struct));
}

/** A value as the 32 bytes that EIP-712 makes of it. */
function wordOf(message: Dict, name: string, kind: Kind, keccak: Keccak): Bytes | undefined {
  switch (kind) {
    case "uint256":
    case "uint64":
      return fromHex(uintIn(message, name)?.toString(16).padStart(64, "0"), 32);
    case "address":
      return fromHex(addressIn(message, name)?.slice(2).padStart(64, "0"), 32);
    case "bytes32":
      return fromHex(String(message[name]).replace(/^0x/, ""), 32);
    case "string": {
      const text = message[name];
      return typeof text === "string" ? keccak(utf8(text)) : undefined;
    }
  }
}

/** Undefined for numbers that have lost digits on their way, as JSON's beyond 2^53 do. */
export function uintIn(message: Dict, name: string): bigint | undefined {
  const value = message[name];
  if (typeof value === "bigint") return value >= 0n ? value : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? BigInt(value)
    : undefined;
}

/** "0x" and 40 hexadecimal digits, in either case. */
export function addressIn(message: Dict, name: string): string | undefined {
  const value = message[name];
  return typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value) ? value : undefined;
}

/** EIP-55: the case of its letters is an address's checksum. */
function withChecksum(address: string, keccak: Keccak): string {
  const digits = toHex(keccak(utf8(address)));
  const marked = Array.from(
    address,
    (digit, i) => Number.parseInt(digits.charAt(i), 16) >= 8 ? digit.toUpperCase() : digit,
  );
  return `0x${marked.join("")}`;
}
