/**
 * Whether a pattern stays within the rule that allows it. A registration by pattern takes the calls of all that it matches, so the rule for
 * its text alone says too little: it must cover all of them, and no rule that is more specific may refuse some. Used by `permission.ts`
 * when a pattern is registered. [WAMP rpc_pattern_based_registration]
 */
import type { Match } from "../wamp/uri.ts";
import { matches } from "./pattern_index.ts";

export interface Pattern {
  readonly match: Match;
  readonly uri: string;
}

/** It matches its own text and nothing else. */
export function matchesOne({ match, uri }: Pattern): boolean {
  return match === "exact" || (match === "wildcard" && !uri.split(".").includes(""));
}

/** All URIs that `pattern` matches, `rule` matches too. */
export function covers(rule: Pattern, pattern: Pattern): boolean {
  switch (rule.match) {
    case "exact":
      return pattern.match === "exact" && pattern.uri === rule.uri;
    case "prefix":
      return fixedPart(pattern).startsWith(rule.uri);
    case "wildcard":
      return pattern.match !== "prefix" && matches("wildcard", rule.uri, pattern.uri);
  }
}

/** Some URI may match both. Errs on the side of yes. */
export function mayOverlap(rule: Pattern, pattern: Pattern): boolean {
  if (rule.match === "exact") return matches(pattern.match, pattern.uri, rule.uri);
  if (pattern.match === "exact") return matches(rule.match, rule.uri, pattern.uri);
  if (rule.match === "wildcard" && pattern.match === "wildcard") {
    const [one, other] = [rule.uri.split("."), pattern.uri.split(".")];
    return one.length === other.length &&
      one.every((name, i) => name === "" || other[i] === "" || name === other[i]);
  }
  const [one, other] = [fixedPart(rule), fixedPart(pattern)];
  return one.startsWith(other) || other.startsWith(one);
}

/** Of two rules that match a URI, `one` decides about it. */
export function comesFirst(one: Pattern, other: Pattern): boolean {
  const [rank, otherRank] = [RANKS[one.match], RANKS[other.match]];
  if (rank !== otherRank) return rank < otherRank;
  if (one.match !== "wildcard") return one.uri.length > other.uri.length;
  const [names, otherNames] = [one.uri.split("."), other.uri.split(".")];
  const at = names.findIndex((name, i) => name !== otherNames[i]);
  return at >= 0 && names[at] !== "";
}

const RANKS: Readonly<Record<Match, number>> = { exact: 0, prefix: 1, wildcard: 2 };

/** What all that matches begins with. */
export function fixedPart({ match, uri }: Pattern): string {
  if (match !== "wildcard") return uri;
  const components = uri.split(".");
  const first = components.indexOf("");
  return first < 0 ? uri : components.slice(0, first).map((one) => `${one}.`).join("");
}
