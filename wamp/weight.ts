/** About how many bytes of memory a value takes: for the limits of what the router keeps on behalf of peers. */
import { EMPTY_DICT } from "./message.ts";
import type { Payload } from "./payload.ts";

const WORD = 8;

export function weightOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== "object" || value === null || value === EMPTY_DICT) return WORD;
  let weight = WORD;
  for (const [key, item] of Object.entries(value)) weight += key.length + weightOf(item);
  return weight;
}

export function payloadWeight(payload: Payload): number {
  return payload.codec === undefined ? weightOf(payload.decode()) : payload.end - payload.start;
}
