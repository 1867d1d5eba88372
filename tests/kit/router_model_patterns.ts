/** Matching by the specification's words, with lists and loops: the oracle of the pattern index, and part of the simulator's model. */
import type { Match } from "../../wamp/uri.ts";

export function patternMatches(match: Match, pattern: string, uri: string): boolean {
  switch (match) {
    case "exact":
      return pattern === uri;
    case "prefix":
      return uri.startsWith(pattern);
    case "wildcard": {
      const [wanted, found] = [pattern.split("."), uri.split(".")];
      return wanted.length === found.length &&
        wanted.every((component, i) => component === "" || component === found[i]);
    }
  }
}

/**
 * The one pattern of several that a call goes to. [WAMP rpc_pattern_based_registration]: the exact one; else the longest prefix;
 * else the wildcard with "the longest portion of URI components matched before each wildcard".
 */
export function preferred<P extends { readonly match: Match; readonly pattern: string }>(
  patterns: readonly P[],
  uri: string,
): P | undefined {
  const matching = patterns.filter((one) => patternMatches(one.match, one.pattern, uri));
  const of = (match: Match) => matching.filter((one) => one.match === match);
  return of("exact")[0] ??
    of("prefix").sort((a, b) => b.pattern.length - a.pattern.length)[0] ??
    of("wildcard").sort((a, b) => compare(portions(b.pattern), portions(a.pattern)))[0];
}

/** Lengths, in components, of the portions between the wildcards of a pattern. */
function portions(pattern: string): number[] {
  const lengths = [0];
  for (const component of pattern.split(".")) {
    if (component === "") lengths.push(0);
    else lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + 1;
  }
  return lengths;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
