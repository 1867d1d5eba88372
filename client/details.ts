/** Reads members of received options and details. A wrong type is the router's fault, and treated as not given. */
import type { Dict } from "../wamp/message.ts";

export function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function numberIn(dict: Dict, key: string): number | undefined {
  const value = dict[key];
  return typeof value === "number" ? value : undefined;
}

export function textIn(dict: Dict, key: string): string | undefined {
  const value = dict[key];
  return typeof value === "string" ? value : undefined;
}
