/** About how many bytes of memory a value takes, and how deep it is nested: for the limits of what the router keeps on behalf of peers. */
import { EMPTY_DICT, type Message } from "./message.ts";
import { Payload } from "./payload.ts";

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

/** What a message takes beyond its fixed part: its arguments, URI, and options or details, in which peers may write as much as they like. */
export function messageWeight(message: Message): number {
  let weight = 0;
  for (const value of Object.values(message)) {
    if (value instanceof Payload) weight += payloadWeight(value);
    else if (typeof value === "string") weight += value.length;
    else if (typeof value === "object" && value !== EMPTY_DICT) weight += weightOf(value);
  }
  return weight;
}

/** False when lists and dictionaries in `value`, itself included, are nested more than `levels` deep. */
export function isNestedWithin(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return true;
  if (levels === 0) return false;
  for (const item of Object.values(value)) if (!isNestedWithin(levels - 1, item)) return false;
  return true;
}
