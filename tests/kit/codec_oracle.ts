/**
 * The codecs in their plain form: whole messages to values, one byte after the other, nothing lazy and nothing clever.
 * Encoding is the libraries' (`JSON`, @msgpack/msgpack, cborg). So is reading JSON. MessagePack and CBOR are read here, as the
 * libraries are neither strict (text that is no UTF-8 passes, as do breaks out of place in CBOR) nor complete (tags, keys that
 * are no strings); `libraryDecode` is compared wherever it reads the bytes at all.
 * Values: maps are Maps, integers are bigints, binary is Uint8Array.
 */
import { decode as decodeMsgpack, encode } from "@msgpack/msgpack";
import { decode as decodeCbor, encode as encodeCbor } from "cborg";
import { readCbor, Tagged } from "./codec_oracle_cbor.ts";
import { readMsgpack } from "./codec_oracle_msgpack.ts";

export interface Oracle {
  readonly encode: (value: unknown) => Uint8Array;
  /** Throws when the bytes are not one well-formed value. */
  readonly decode: (bytes: Uint8Array) => unknown;
  /** What the library makes of the bytes; throws when it cannot read them. */
  readonly libraryDecode: (bytes: Uint8Array) => unknown;
}

/** Thrown by an oracle that has no opinion: on keys that are floats or containers. */
export class NoOpinion extends Error {}

/** Containers within each other: the codecs accept 128 below the message's own list. */
const MAX_DEPTH = 129;
const TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const oracles: Readonly<Record<"json" | "msgpack" | "cbor", Oracle>> = {
  json: {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value, toJsonValue)),
    decode: (bytes) => parseJson(TEXT.decode(bytes)),
    libraryDecode: (bytes) => parseJson(TEXT.decode(bytes)),
  },
  msgpack: {
    encode: (value) => encode(forLibrary(value), { useBigInt64: true, ignoreUndefined: true }),
    decode: (bytes) => readMsgpack(bytes),
    libraryDecode: (bytes) => decodeMsgpack(bytes, { useBigInt64: true }),
  },
  cbor: {
    encode: (value) =>
      encodeCbor(forLibrary(value), { mapSorter: () => 0, ignoreUndefinedProperties: true }),
    decode: (bytes) => readCbor(bytes),
    libraryDecode: (bytes) => decodeCbor(bytes),
  },
};

/** Both libraries write some integers as floats: 2^53, and with `useBigInt64` all beyond 32 bits. */
function forLibrary(value: unknown): unknown {
  if (Number.isInteger(value) && Math.abs(value as number) <= 2 ** 53) {
    return Math.abs(value as number) < 2 ** 31 ? value : BigInt(value as number);
  }
  if (Array.isArray(value)) return value.map(forLibrary);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, forLibrary(inner)]));
}

/** Maps to objects, and their keys to strings; bigints that a number holds to numbers. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return exact(value);
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Tagged) return plain(value.content);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, inner]) => [keyText(key), plain(inner)]));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

function keyText(key: unknown): string {
  if (key instanceof Tagged) return keyText(key.content);
  if (typeof key === "string") return key;
  if (key instanceof Uint8Array) return String(toJsonValue("", key));
  if (key === null || key === undefined) return "null";
  if (typeof key === "boolean" || typeof key === "bigint") return String(key);
  throw new NoOpinion(`key ${String(key)}`);
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Math.abs(number) <= 2 ** 53 && BigInt(number) === value ? number : value;
}

function toJsonValue(_key: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  return "\0" + btoa(String.fromCharCode(...value));
}

function parseJson(text: string): unknown {
  checkDepth(text);
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value instanceof Uint8Array ? value : new Map(Object.entries(value));
    }
    if (typeof value === "string") return fromJsonString(value);
    const source = context?.source ?? "";
    if (typeof value !== "number" || !(/^-?\d{16,20}$/).test(source)) return value;
    const integer = BigInt(source);
    return integer < 2n ** 64n && integer >= -(2n ** 63n) ? exact(integer) : value;
  };
  return JSON.parse(text, revive);
}

function fromJsonString(text: string): string | Uint8Array {
  const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
  const base64 = (/^\0((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/).exec(
    text,
  );
  if (base64 === null) return wellFormed;
  return Uint8Array.from(atob(base64[1] ?? ""), (character) => character.charCodeAt(0));
}

function checkDepth(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (depth > MAX_DEPTH) throw new Error("too deep");
  }
}
