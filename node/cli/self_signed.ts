/**
 * A certificate for this machine, as `realmway init --template tls` needs one to begin with: an authority made for the purpose, whose key is
 * thrown away, and a server's certificate that it has issued. WebCrypto signs; X.509 is written here, as neither runtime does. [RFC 5280]
 */
import { isIP } from "node:net";

export interface Certified {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
  /** What clients are to trust. */
  readonly authority: string;
}

const DAY_MS = 86_400_000;
/** As long as browsers take it. */
const LIFE_MS = 397 * DAY_MS;
const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const TRUE = Uint8Array.of(0x01, 0x01, 0xff);

// DER of the object identifiers that are needed.
const ECDSA_WITH_SHA256 = "06082a8648ce3d040302";
const COMMON_NAME = "0603550403";
const BASIC_CONSTRAINTS = "0603551d13";
const KEY_USAGE = "0603551d0f";
const EXTENDED_KEY_USAGE = "0603551d25";
const SERVER_AUTH = "06082b06010505070301";
const ALTERNATIVE_NAMES = "0603551d11";

/** @param names host names and IP addresses, the first of which names it. @param now milliseconds since 1970. */
export async function certified(names: readonly string[], now: number): Promise<Certified> {
  const usages = ["sign", "verify"] as const;
  const issuer = await crypto.subtle.generateKey(P256, true, [...usages]);
  const subject = await crypto.subtle.generateKey(P256, true, [...usages]);
  const issuerName = nameOf("Realmway's authority for one certificate");
  const common = { signer: issuer.privateKey, issuerName, now };
  const authority = await certificate({
    ...common,
    subjectName: issuerName,
    key: issuer.publicKey,
    // May issue certificates, and nothing else.
    extensions: [
      extension(BASIC_CONSTRAINTS, der(SEQUENCE, TRUE), true),
      extension(KEY_USAGE, Uint8Array.of(BIT_STRING, 2, 2, 0x04), true),
    ],
  });
  const own = await certificate({
    ...common,
    subjectName: nameOf(names[0] ?? "localhost"),
    key: subject.publicKey,
    extensions: [
      extension(BASIC_CONSTRAINTS, der(SEQUENCE), true),
      extension(KEY_USAGE, Uint8Array.of(BIT_STRING, 2, 7, 0x80), true),
      extension(EXTENDED_KEY_USAGE, der(SEQUENCE, fromHex(SERVER_AUTH))),
      extension(ALTERNATIVE_NAMES, der(SEQUENCE, ...names.map(alternativeName))),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", subject.privateKey));
  return {
    key: pem("PRIVATE KEY", key),
    certificate: pem("CERTIFICATE", own),
    authority: pem("CERTIFICATE", authority),
  };
}

interface Parts {
  readonly signer: CryptoKey;
  readonly issuerName: Bytes;
  readonly subjectName: Bytes;
  readonly key: CryptoKey;
  readonly extensions: readonly Bytes[];
  readonly now: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

async function certificate(parts: Parts): Promise<Bytes> {
  const algorithm = der(SEQUENCE, fromHex(ECDSA_WITH_SHA256));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  // Positive, and of full length.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const key = new Uint8Array(await crypto.subtle.exportKey("spki", parts.key));
  const body = der(
    SEQUENCE,
    der(0xa0, Uint8Array.of(INTEGER, 1, 2)),
    der(INTEGER, serial),
    algorithm,
    parts.issuerName,
    // A day ago: clocks differ.
    der(SEQUENCE, time(parts.now - DAY_MS), time(parts.now + LIFE_MS)),
    parts.subjectName,
    key,
    der(0xa3, der(SEQUENCE, ...parts.extensions)),
  );
  const how = { name: "ECDSA", hash: "SHA-256" };
  const raw = new Uint8Array(await crypto.subtle.sign(how, parts.signer, body));
  const signature = der(SEQUENCE, unsigned(raw.slice(0, 32)), unsigned(raw.slice(32)));
  return der(SEQUENCE, body, algorithm, der(BIT_STRING, Uint8Array.of(0), signature));
}

function extension(id: string, value: Bytes, isCritical = false): Bytes {
  return der(SEQUENCE, fromHex(id), isCritical ? TRUE : der0(), der(OCTET_STRING, value));
}

function alternativeName(name: string): Bytes {
  const version = isIP(name);
  if (version === 0) return der(0x82, new TextEncoder().encode(name));
  if (version === 4) return der(0x87, Uint8Array.from(name.split(".").map(Number)));
  // The address of this machine alone is needed.
  if (name !== "::1") throw new Error(`Cannot certify ${name}: expected IPv4 or ::1`);
  return der(0x87, Uint8Array.of(...new Uint8Array(15), 1));
}

function nameOf(common: string): Bytes {
  const text = der(UTF8_STRING, new TextEncoder().encode(common));
  return der(SEQUENCE, der(SET, der(SEQUENCE, fromHex(COMMON_NAME), text)));
}

/** Certificates say years before 2050 with two digits. [RFC 5280 4.1.2.5] */
function time(ms: number): Bytes {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  const isShort = new Date(ms).getUTCFullYear() < 2050;
  const text = new TextEncoder().encode(isShort ? digits.slice(2) : digits);
  return der(isShort ? 0x17 : GENERALIZED_TIME, text);
}

/** A whole number that is not negative, as short as DER wants it. */
function unsigned(bytes: Bytes): Bytes {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.slice(first < 0 ? bytes.length - 1 : first);
  const isNegative = (digits[0] ?? 0) >= 0x80;
  return isNegative ? der(INTEGER, Uint8Array.of(0), digits) : der(INTEGER, digits);
}

function der(tag: number, ...contents: readonly Bytes[]): Bytes {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  const whole = new Uint8Array(1 + size.length + length);
  whole.set([tag, ...size]);
  let at = 1 + size.length;
  for (const part of contents) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function der0(): Bytes {
  return new Uint8Array(0);
}

function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function pem(title: string, bytes: Bytes): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${title}-----\n${lines.join("\n")}\n-----END ${title}-----\n`;
}
