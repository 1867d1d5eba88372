/** Crossbar.io's older way to write the pattern of a permission: stars instead of `match`. */
import type { Match } from "../../wamp/uri.ts";

/**
 * The URI and match policy of a permission; undefined when its stars stand nowhere sensible.
 * With a `match` the URI is taken as it is. Without: `"com.example.*"` is the prefix `com.example.`, `"*"` and `""` are every URI,
 * `"com.*.create"` is the wildcard `com..create`.
 */
export function starred(
  uri: string,
  match: string | undefined,
): { uri: string; match: Match } | undefined {
  if (match === "exact" || match === "prefix" || match === "wildcard") {
    return uri.includes("*") ? undefined : { uri, match };
  }
  if (uri === "") return { uri, match: "prefix" };
  if (!uri.includes("*")) return { uri, match: "exact" };
  const prefix = uri.slice(0, -1);
  if (uri.endsWith("*") && !prefix.includes("*")) return { uri: prefix, match: "prefix" };
  const components = uri.split(".").map((component) => component === "*" ? "" : component);
  const hasOthers = components.some((component) => component.includes("*"));
  return hasOthers ? undefined : { uri: components.join("."), match: "wildcard" };
}

interface Pattern {
  readonly uri: string;
  readonly match?: string | undefined;
}

/** Of rules about the same URIs the last counts, as with Crossbar.io; each is told by which it is overruled. */
export function overruled<T extends Pattern>(rules: readonly T[]): Map<T, T> {
  const last = new Map<string, T>();
  const found = new Map<T, T>();
  for (const rule of rules.toReversed()) {
    const pattern = starred(rule.uri, rule.match);
    const key = pattern === undefined ? "" : `${pattern.match} ${pattern.uri}`;
    const later = last.get(key);
    if (later === undefined) last.set(key, rule);
    else found.set(rule, later);
  }
  return found;
}
