/** About how many bytes of memory a value takes, and how deep it is nested: for the limits of what the router keeps on behalf of peers. */
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

/** False when lists and dictionaries in `value`, itself included, are nested more than `levels` deep. */
export function isNestedWithin(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return true;
  if (levels === 0) return false;
  for (const item of Object.values(value)) if (!isNestedWithin(levels - 1, item)) return false;
  return true;
}
