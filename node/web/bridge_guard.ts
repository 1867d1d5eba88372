/**
 * What a request to the HTTP bridge must have before anything is done for it: a method, a body that is not too large, a signature, an address.
 * Signatures are those of Crossbar.io: HMAC-SHA256 over key, timestamp, seq, nonce and body, in base64url. Called by `bridge.ts`.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../router/ports.ts";
import { TrustedProxies } from "../../transports/forwarded.ts";

/** Why a request is refused. */
export class Refusal {
  readonly status: number;
  readonly text: string;

  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }
}

/** Reads a body of at most `limit` bytes; 0 is no limit. */
export async function bodyOf(request: Request, limit: number): Promise<Uint8Array | Refusal> {
  const most = limit === 0 ? Infinity : limit;
  const refusal = new Refusal(413, `The body may have ${limit} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > most) return refusal;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > most) return refusal;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

export interface Signing {
  readonly key: string;
  readonly secret: string;
  /** 0: any time. */
  readonly deltaSeconds: number;
}

/** Signatures that are remembered, so that none counts twice; beyond, the oldest are forgotten. */
const MOST_SIGNATURES = 100_000;

/** Checks signatures, each of which counts once while its time is near. */
export class SignatureCheck {
  readonly #signing: Signing;
  readonly #clock: Clock;
  /** Until when, by signature; the oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(signing: Signing, clock: Clock) {
    this.#signing = signing;
    this.#clock = clock;
  }

  /** @param query of the request's URL. */
  refusalOf(query: URLSearchParams, body: Uint8Array): Refusal | undefined {
    const [key, timestamp, seq, nonce, signature] = PARTS.map((name) => query.get(name));
    const missing = PARTS.find((name) => !query.get(name));
    if (!key || !timestamp || !seq || !nonce || !signature) {
      return new Refusal(400, `Requests must be signed: "${missing}" is missing`);
    }
    if (!/^-?\d+$/.test(seq) || !/^-?\d+$/.test(nonce)) {
      return new Refusal(400, '"seq" and "nonce" must be integers');
    }
    if (key !== this.#signing.key) return new Refusal(401, "The key is unknown");
    const hmac = createHmac("sha256", this.#signing.secret);
    for (const part of [key, timestamp, seq, nonce]) hmac.update(part);
    // Some write the padding, some do not.
    if (!isSame(hmac.update(body).digest("base64url"), signature.replace(/=+$/, ""))) {
      return new Refusal(401, "The signature is wrong");
    }
    return this.#timeRefusal(timestamp, signature);
  }

  #timeRefusal(timestamp: string, signature: string): Refusal | undefined {
    const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(timestamp)
      ? Date.parse(timestamp)
      : NaN;
    if (Number.isNaN(at)) {
      return new Refusal(400, '"timestamp" must be UTC, such as 2011-10-14T16:59:51.123Z');
    }
    const deltaMs = this.#signing.deltaSeconds * 1000;
    if (deltaMs === 0) return undefined;
    const now = this.#clock.now();
    if (Math.abs(now - at) > deltaMs) return new Refusal(400, "The timestamp is too far from now");
    for (const [old, until] of this.#seen) {
      if (until > now && this.#seen.size < MOST_SIGNATURES) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(signature)) return new Refusal(401, "The signature was used before");
    this.#seen.set(signature, at + deltaMs);
    return undefined;
  }
}

const PARTS = ["key", "timestamp", "seq", "nonce", "signature"] as const;

/** GitHub's: HMAC-SHA256, or SHA-1 where it sends no other. */
export function isSignedByGitHub(headers: Headers, body: Uint8Array, secret: string): boolean {
  const [given, algorithm] = headers.has("x-hub-signature-256")
    ? [headers.get("x-hub-signature-256"), "sha256"]
    : [headers.get("x-hub-signature"), "sha1"];
  if (given === null) return false;
  const digest = createHmac(algorithm, secret).update(body).digest("hex");
  return isSame(`${algorithm}=${digest}`, given.toLowerCase());
}

/** Without telling by its time where they differ. */
function isSame(expected: string, given: string): boolean {
  const encoder = new TextEncoder();
  const [a, b] = [encoder.encode(expected), encoder.encode(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** @param networks of `require_ip`. */
export function addressCheck(networks: readonly string[]): (host: string | undefined) => boolean {
  const list = new TrustedProxies(networks);
  // IPv4 peers of a listener for both versions look like this.
  return (host) => host !== undefined && list.has(host.replace(/^::ffff:(?=\d+\.)/i, ""));
}
