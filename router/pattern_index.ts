/**
 * Finds what is subscribed or registered for a URI: exact matches, prefixes and wildcards. HOT. Shared by broker and dealer.
 * Exact: a Map. Prefixes: a compressed trie of characters, as a prefix may end inside a component. Wildcards: a trie of
 * components. The cost of a look-up follows the URI's length, not the number of patterns (for wildcards up to 2^components).
 * DEVIATION: in one example of the specification "a1.b2.c3" is no prefix of "a1.b2.c33.d4.e5", against its own text, its other
 * examples ("myobject1-mysubobject1") and all other routers: here it is.
 * [WAMP pubsub_pattern_based_subscription] [WAMP rpc_pattern_based_registration]
 */
import type { Match } from "../wamp/uri.ts";
import { PrefixTrie } from "./prefix_trie.ts";
import { WildcardTrie } from "./wildcard_trie.ts";

export class PatternIndex<T> {
  readonly #exact: Map<string, T> = new Map();
  readonly #prefixes: PrefixTrie<T>;
  readonly #wildcards: WildcardTrie<T> = new WildcardTrie();

  /** @param patternOf the pattern under which an entry stands. */
  constructor(patternOf: (entry: T) => string) {
    this.#prefixes = new PrefixTrie(patternOf);
  }

  /** The entry under exactly this pattern and policy. */
  get(match: Match, pattern: string): T | undefined {
    return this.#table(match).get(pattern);
  }

  set(match: Match, pattern: string, entry: T): void {
    this.#table(match).set(pattern, entry);
  }

  remove(match: Match, pattern: string): void {
    this.#table(match).delete(pattern);
  }

  /** The entry for the URI itself, patterns aside. */
  exact(uri: string): T | undefined {
    return this.#exact.get(uri);
  }

  /** Appends every entry that matches: exact, then prefixes from short to long, then wildcards. */
  matching(uri: string, into: T[]): void {
    const exact = this.#exact.get(uri);
    if (exact !== undefined) into.push(exact);
    if (this.#prefixes.size > 0) this.#prefixes.matching(uri, into);
    if (this.#wildcards.size > 0) this.#wildcards.matching(uri, into);
  }

  /** The one entry that the specification prefers: exact, then the longest prefix, then the wildcard whose components
   * agree for longest from the left. */
  best(uri: string): T | undefined {
    return this.#exact.get(uri) ?? this.bestPattern(uri);
  }

  /** As `best`, without the exact match. */
  bestPattern(uri: string): T | undefined {
    return (this.#prefixes.size > 0 ? this.#prefixes.longest(uri) : undefined) ??
      (this.#wildcards.size > 0 ? this.#wildcards.best(uri) : undefined);
  }

  #table(match: Match): Map<string, T> | PrefixTrie<T> | WildcardTrie<T> {
    switch (match) {
      case "exact":
        return this.#exact;
      case "prefix":
        return this.#prefixes;
      case "wildcard":
        return this.#wildcards;
    }
  }
}

/** True when a single pattern matches: where there is nothing to index. */
export function matches(match: Match, pattern: string, uri: string): boolean {
  switch (match) {
    case "exact":
      return pattern === uri;
    case "prefix":
      return uri.startsWith(pattern);
    case "wildcard": {
      const found = uri.split(".");
      const wanted = pattern.split(".");
      return wanted.length === found.length &&
        wanted.every((component, i) => component === "" || component === found[i]);
    }
  }
}
