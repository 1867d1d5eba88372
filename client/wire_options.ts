/** Options of requests on the wire: what a program gave, under the protocol's names. */
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";
import type { Passthru } from "./keyring.ts";
import type { Link } from "./link.ts";

/** Ours to the protocol's. Those that are no business of the router's are left out. */
export type WireNames<O> = Readonly<{ [K in keyof O]?: string }>;

/** Undefined counts as not given. */
export function wireOptions<O extends { readonly passthru?: Passthru }>(
  options: O | undefined,
  names: WireNames<O>,
  link: Link,
): Record<string, unknown> {
  const wire: Record<string, unknown> = {};
  for (const key in names) {
    const name = names[key];
    const value = options?.[key];
    if (name !== undefined && value !== undefined) wire[name] = value;
  }
  if (options?.passthru !== undefined) {
    if (link.addPassthru === undefined) {
      throw new Error("Cannot pass a payload through: found no keyring, expected one of connect");
    }
    link.addPassthru(wire, options.passthru);
  }
  return wire;
}

/** Without a dictionary where there is nothing to say. */
export function orEmpty(wire: Dict): Dict {
  for (const _key in wire) return wire;
  return EMPTY_DICT;
}
