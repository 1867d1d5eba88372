/**
 * The syntax of URIs and the meaning of match policies. [WAMP uris] [WAMP pubsub_pattern_based_subscription]
 * Loose: components without whitespace and `#`; strict: lower-case letters, digits and `_`. Components are not empty,
 * but for the wildcards of a pattern, and the end of a prefix.
 */

export type Match = "exact" | "prefix" | "wildcard";
export type UriRule = "loose" | "strict";

/** Longer URIs are refused: every layer above keeps them in memory. Bytes of UTF-16. */
export const MAX_URI_LENGTH = 4096;

/** True when `uri` may name one topic, procedure, error or realm. HOT: one pass, no regular expression. */
export function isUri(uri: string, rule: UriRule): boolean {
  return uri.length > 0 && hasValidComponents(uri, rule, false);
}

/** True when `uri` may be subscribed to or registered with `match`. A prefix may end with "." as well as inside a component.
 *
 * DEVIATION: an empty prefix, which matches everything, is allowed, as Crossbar.io and its clients use it. */
export function isPattern(uri: string, match: Match, rule: UriRule): boolean {
  switch (match) {
    case "exact":
      return isUri(uri, rule);
    case "prefix":
      return uri === "" || isUri(uri.endsWith(".") ? uri.slice(0, -1) : uri, rule);
    case "wildcard":
      return hasValidComponents(uri, rule, true);
  }
}

function hasValidComponents(uri: string, rule: UriRule, allowsEmpty: boolean): boolean {
  const length = uri.length;
  if (length > MAX_URI_LENGTH) return false;
  let isEmpty = !allowsEmpty;
  for (let i = 0; i < length; i++) {
    const code = uri.charCodeAt(i);
    if (code === 0x2e) {
      if (isEmpty) return false;
      isEmpty = !allowsEmpty;
    } else {
      if (rule === "loose" ? isForbidden(code) : !isStrictCode(code)) return false;
      isEmpty = false;
    }
  }
  return !isEmpty;
}

/** True when the first component is `wamp`, which applications must not use. [WAMP uris] */
export function isReserved(uri: string): boolean {
  return uri.startsWith("wamp.") || uri === "wamp";
}

/** True for names that only sessions inside the router's process may register and publish to: the protocol's and, as with Crossbar.io,
 * the node's. */
export function isProtected(uri: string): boolean {
  // Most names differ in their second letter: one look instead of four comparisons for each publication.
  switch (uri.charCodeAt(1)) {
    case 0x61:
      return isReserved(uri);
    case 0x72:
      return uri.startsWith("crossbar.") || uri === "crossbar";
    default:
      return false;
  }
}

function isStrictCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f;
}

/** `#` and whitespace, as `\s` of the specification's Python expression has it. */
function isForbidden(code: number): boolean {
  if (code < 0x80) {
    return code <= 0x20
      ? code === 0x20 || (code >= 0x09 && code <= 0x0d) || code >= 0x1c
      : code === 0x23;
  }
  return code === 0x85 || code === 0xa0 || code === 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000;
}
