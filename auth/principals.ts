/**
 * Who is known: the port behind which the configuration's principals, dynamic authenticators and user functions stand, and what is
 * read from the records that they answer. A record has Crossbar.io's keys: "role", and where given "realm", "authid", "extra", plus
 * those of the method. Decoys stand in for principals that do not exist, so that the same code takes the same time for them.
 * Called by the authmethods; implemented here for records at hand, and in `node/`. [WAMP dynamic-auth.api]
 */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import * as uris from "../wamp/uris.ts";
import {
  type Admission,
  type Authmethod,
  type AuthRequest,
  type Certificate,
  type Denial,
  DenialError,
  type RouterMethodOptions,
} from "./authmethod.ts";
import { type Bytes, randomBytes, toBase64, toHex, utf8 } from "./bytes.ts";
import { DIGEST_LENGTH, hmacSha256 } from "./crypto.ts";

export interface Principals {
  /** The record of whom the query is about; undefined when nobody is. Throws `DenialError` to deny with a reason of its own; any
   * other error is a failure of ours. */
  find(query: PrincipalQuery): Dict | undefined | Promise<Dict | undefined>;
  /** Records whose looks decoys take on: parameters, never secrets. */
  readonly samples?: readonly Dict[];
}

/** Whom a method looks for, and by what. */
export interface PrincipalQuery {
  readonly authmethod: Authmethod;
  readonly request: AuthRequest;
  readonly authid: string | undefined;
  /** cryptosign: lower-case hexadecimal. */
  readonly publicKey?: string;
  readonly certificate?: Certificate;
  /** ticket: what the peer has sent, for authenticators that judge it themselves. */
  readonly ticket?: string;
  /** jwt: those of a token that is to be trusted. */
  readonly claims?: Dict;
}

/** A record that cannot be used: the operator's or an authenticator's mistake. Its text has no value in it, as that may be secret. */
export class PrincipalError extends Error {
  override readonly name = "PrincipalError";

  constructor(key: string, found: unknown, expected: string) {
    super(`Cannot use "${key}" of a principal: found ${kindOf(found)}, expected ${expected}`);
  }
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a dictionary" : `an unfit ${typeof value}`;
}

/** null counts as not given: Python authenticators write it. */
export function textIn(record: Dict, key: string): string | undefined {
  const value = record[key] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw new PrincipalError(key, value, "a string");
}

/** A secret, or a name: not empty. */
export function requiredTextIn(record: Dict, key: string): string {
  const text = textIn(record, key);
  if (text === undefined || text === "") throw new PrincipalError(key, text, "a string");
  return text;
}

export function countIn(
  record: Dict,
  key: string,
  least: number,
  most: number,
): number | undefined {
  const value = record[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new PrincipalError(key, value, `an integer from ${least} to ${most}`);
}

export function textsIn(record: Dict, key: string): readonly string[] | undefined {
  const value = record[key] ?? undefined;
  if (value === undefined) return undefined;
  const texts = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  if (!Array.isArray(value) || texts.length < value.length) {
    throw new PrincipalError(key, value, "a list of strings");
  }
  return texts;
}

/** What a method adds to its options when it admits somebody. */
export interface Admitting extends Omit<RouterMethodOptions, "principals"> {
  /** As it is known to the client. */
  readonly authmethod: string;
  /** Used where neither the record nor the peer has said one. */
  readonly authid?: string;
  /** What the method itself tells the client in WELCOME. */
  readonly authextra?: Dict;
}

/** What the record makes of a peer that has proved to be its principal. */
export function admitted(
  record: Dict,
  request: AuthRequest,
  options: Admitting,
): Admission | Denial {
  const { authextra } = options;
  const name = textIn(record, "authid") ?? request.authid ?? options.authid;
  const authrole = textIn(record, "role") ?? options.defaultRole;
  const extra = record["extra"] ?? undefined;
  if (extra !== undefined && !isDict(extra)) {
    throw new PrincipalError("extra", extra, "a dictionary");
  }
  if (name === undefined || name === "") throw new PrincipalError("authid", name, "a string");
  if (authrole === undefined || authrole === "") {
    const text = `Cannot admit "${name}": the principal has no role`;
    return { refusal: uris.NO_SUCH_ROLE, text, why: "its record has no role" };
  }
  return {
    realm: textIn(record, "realm") ?? request.realm,
    authid: name,
    authrole,
    authmethod: options.authmethod,
    authprovider: options.authprovider ?? "static",
    authextra: extra === undefined && authextra === undefined
      ? undefined
      : { ...extra, ...authextra },
  };
}

/** The record that a method goes on with. `isKnown` false: a decoy, whose proof is checked in vain. */
export interface Found {
  readonly record: Dict;
  readonly isKnown: boolean;
}

/** Looks for a principal; a decoy is made in any case, so that both ways take the same time. */
export async function findOrDecoy(
  options: RouterMethodOptions,
  query: PrincipalQuery,
  decoys: Decoys,
): Promise<Found | Denial> {
  const decoy = await decoys.of(query.authid ?? query.publicKey ?? "");
  const record = await find(options, query);
  await decoys.look(record ?? decoy, record !== undefined);
  if (record !== undefined) return { record, isKnown: true };
  if (options.revealsUnknown === true) return unknown(query);
  return { record: decoy, isKnown: false };
}

/** Asks the port. An authenticator's own "no such principal" is as unknown as any. */
export async function find(
  options: RouterMethodOptions,
  query: PrincipalQuery,
): Promise<Dict | undefined> {
  try {
    const found = await options.principals.find(query);
    return found;
  } catch (error) {
    if (error instanceof DenialError && error.uri === uris.NO_SUCH_PRINCIPAL) return undefined;
    throw error;
  }
}

/** For operators who want peers to know. */
export function unknown({ authmethod, authid }: PrincipalQuery): Denial {
  const whom = authid === undefined ? "of its key or certificate" : JSON.stringify(authid);
  return {
    refusal: uris.NO_SUCH_PRINCIPAL,
    text: `Cannot authenticate by "${authmethod}": found no principal ${whom}`,
    why: "no such principal",
  };
}

/** Makes up records for principals that do not exist: always the same one for the same authid, and like those that do. */
export interface Decoys {
  of(authid: string): Promise<Dict>;
  /** Sees a record, so that decoys take on the looks of those that authenticators know, where there are no samples. */
  look(record: Dict, isKnown: boolean): Promise<void>;
}

export interface DecoyOptions {
  /** Keeps decoys the same over restarts and processes; without, they last as long as the object. Secret. */
  readonly key: Bytes | undefined;
  readonly samples: readonly Dict[] | undefined;
  /** True for principals of this method. Samples that it throws for are none. */
  readonly isFit: (sample: Dict) => boolean;
  /** What a principal looks like where no sample is fit. */
  readonly otherwise: Dict;
  /** Changes what is secret or must differ in a sample. `bytes` gives 32 for each label, the authid's own. */
  readonly disguise: (sample: Dict, bytes: (label: string) => Promise<Bytes>) => Promise<Dict>;
}

/** What of a record is seen from outside, in which decoys differ from one another. */
const LOOKS = [
  "role",
  "kdf",
  "iterations",
  "memory",
  "keylen",
  "salt",
  "secret",
  "derived-secret",
  "stored-key",
  "server-key",
] as const;
const NO_BYTES = new Uint8Array(DIGEST_LENGTH);
/** Kinds of records that are remembered. */
const MOST_LOOKS = 16;

export function decoys(options: DecoyOptions): Decoys {
  const secret = options.key ?? randomBytes(DIGEST_LENGTH);
  const seen = new Map<string, Dict>();
  const samples = (options.samples ?? []).filter((sample) => {
    try {
      return options.isFit(sample) && textIn(sample, "role") !== "" &&
        textIn(sample, "realm") !== "";
    } catch {
      // Nobody else must suffer from a record that cannot be used.
      return false;
    }
  });

  /** The same one, as long as what is seen later does not suit the authid better. */
  async function seenLike(bytes: (label: string) => Promise<Bytes>): Promise<Dict | undefined> {
    let best = "";
    let found: Dict | undefined;
    for (const [name, record] of seen) {
      const rank = toHex(await bytes(`look ${name}`));
      if (rank > best) [best, found] = [rank, record];
    }
    return found;
  }

  return {
    async look(record, isKnown) {
      if (options.samples !== undefined) return;
      const shown = LOOKS.filter((key) => (record[key] ?? undefined) !== undefined);
      const plain = Object.fromEntries(shown.map((key) => [key, record[key]]));
      try {
        // With the same secrets in all, they differ in what is no secret.
        const like = await options.disguise(plain, () => Promise.resolve(NO_BYTES));
        if (!isKnown || seen.size >= MOST_LOOKS || !options.isFit(like)) return;
        seen.set(JSON.stringify(like), like);
      } catch {
        // A record that cannot be used is like no other.
      }
    },
    async of(authid) {
      const bytes = (label: string) => hmacSha256(secret, utf8(`${label}\0${authid}`));
      const [high = 0, low = 0] = await bytes("sample");
      const sample = samples[(high * 256 + low) % samples.length] ?? await seenLike(bytes) ??
        options.otherwise;
      const { "authid": _authid, "extra": _extra, ...rest } = sample;
      return await options.disguise(rest, bytes);
    },
  };
}

/** A salt that looks like `like`: as long, and of the same alphabet. */
export function saltLike(like: string, bytes: Bytes): string {
  const source = /^[0-9a-f]*$/.test(like)
    ? toHex(bytes)
    : toBase64(bytes).replaceAll(/[+/=]/g, "x");
  return source.repeat(Math.ceil(like.length / source.length)).slice(0, like.length);
}

/** Principals at hand, by authid. A peer that gives no authid is found by its public key, if that belongs to one principal alone. */
export function staticPrincipals(records: Readonly<Record<string, Dict>>): Principals {
  const byAuthid = new Map(
    Object.entries(records).map(([authid, record]) => [authid, { "authid": authid, ...record }]),
  );
  const byKey = new Map<string, Dict | undefined>();
  for (const record of byAuthid.values()) {
    for (const key of textsIn(record, "authorized_keys") ?? []) {
      const name = key.toLowerCase();
      byKey.set(name, byKey.has(name) ? undefined : record);
    }
  }
  return {
    samples: [...byAuthid.values()],
    find: ({ authid, publicKey }) =>
      authid === undefined ? byKey.get(publicKey ?? "") : byAuthid.get(authid),
  };
}
