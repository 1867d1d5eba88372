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

interface Pattern {
  readonly match: Match;
  readonly pattern: string;
}

/**
 * The one pattern of several that a call goes to. [WAMP rpc_pattern_based_registration]: the exact one; else the longest prefix;
 * else the wildcard with "the longest portion of URI components matched before each wildcard".
 */
export function preferred<P extends Pattern>(patterns: readonly P[], uri: string): P | undefined {
  const matching = patterns.filter((one) => patternMatches(one.match, one.pattern, uri));
  const of = (match: Match) => matching.filter((one) => one.match === match);
  return of("exact")[0] ?? of("prefix").sort(longer)[0] ?? of("wildcard").sort(moreSpecific)[0];
}

/** Patterns that match the same URI, in the order in which this router takes them: exact, prefixes from short to long, wildcards
 * from the most specific one. */
export function inOrder<P extends Pattern>(patterns: readonly P[]): P[] {
  const of = (match: Match) => patterns.filter((one) => one.match === match);
  return [
    ...of("exact"),
    ...of("prefix").sort(longer).reverse(),
    ...of("wildcard").sort(moreSpecific),
  ];
}

function longer(a: Pattern, b: Pattern): number {
  return b.pattern.length - a.pattern.length;
}

function moreSpecific(a: Pattern, b: Pattern): number {
  return compare(portions(b.pattern), portions(a.pattern));
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
