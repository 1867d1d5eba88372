/** Values of WAMP as JSON has them, whatever the serializer was. [WAMP binary conversion of JSON strings] */
import { Buffer } from "node:buffer";

/** Binary values are the strings that JSON has for them, large integers are numbers. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return `\0${base64(value)}`;
  if (Array.isArray(value)) return value.map(jsonOf);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonOf(one)]));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
