/**
 * Prefixes of URIs in a trie of characters that knows only where they part (a Patricia trie). HOT. Part of `pattern_index.ts`.
 * A prefix that no other goes on from is its entry itself, without a node. What lies between two nodes is not compared on the way
 * down: the longest candidate is compared once, and as the others found are its beginnings, that tells about all of them.
 * Invariants: below a node all prefixes agree in its first `depth` characters; a node but the root has two children, or an entry and one.
 *
 * PERF: plain: a node with its label for every prefix, compared at each step: four cache misses a level, 125 bytes a prefix, where
 * this takes 20. See docs/performance.md, "A million subscriptions".
 */

/** Children whose characters are this close stand in a list, others in a Map. */
const MOST_SPAN = 64;

type Child<T> = PrefixNode<T> | T;

/** Exported for the test of the invariants. */
export class PrefixNode<T> {
  readonly depth: number;
  /** Of the prefix that ends here. */
  entry: T | undefined;
  count = 0;
  /** Character of the first place in the list. */
  #base = 0;
  #children: (Child<T> | undefined)[] | Map<number, Child<T>> = [];

  constructor(depth: number, entry: T | undefined) {
    this.depth = depth;
    this.entry = entry;
  }

  child(code: number): Child<T> | undefined {
    const children = this.#children;
    if (!Array.isArray(children)) return children.get(code);
    const at = code - this.#base;
    return at >= 0 && at < children.length ? children[at] : undefined;
  }

  *children(): Iterable<[code: number, child: Child<T>]> {
    const children = this.#children;
    if (!Array.isArray(children)) return yield* children;
    for (const [at, child] of children.entries()) {
      if (child !== undefined) yield [this.#base + at, child];
    }
  }

  put(code: number, child: Child<T>): void {
    if (this.child(code) === undefined) this.count++;
    const children = this.#children;
    if (!Array.isArray(children)) {
      children.set(code, child);
      return;
    }
    if (children.length === 0) this.#base = code;
    const low = Math.min(this.#base, code);
    const high = Math.max(this.#base + children.length - 1, code);
    if (high - low >= MOST_SPAN) {
      this.#children = new Map(this.children()).set(code, child);
      return;
    }
    if (high - low >= children.length) this.#widen(children, low, high);
    const list = this.#children;
    if (Array.isArray(list)) list[code - low] = child;
  }

  drop(code: number): void {
    if (this.child(code) === undefined) return;
    this.count--;
    const children = this.#children;
    if (!Array.isArray(children)) children.delete(code);
    else children[code - this.#base] = undefined;
    if (this.count === 0) this.#children = [];
  }

  /** A list of the size that is needed: pushing would leave room for a dozen more. */
  #widen(children: readonly (Child<T> | undefined)[], low: number, high: number): void {
    const wider = new Array<Child<T> | undefined>(high - low + 1).fill(undefined);
    for (let i = 0; i < children.length; i++) wider[this.#base - low + i] = children[i];
    this.#base = low;
    this.#children = wider;
  }
}

export class PrefixTrie<T> {
  readonly root: PrefixNode<T> = new PrefixNode<T>(0, undefined);
  size = 0;
  readonly #prefixOf: (entry: T) => string;
  readonly #found: T[] = [];

  /** @param prefixOf the prefix under which an entry stands. */
  constructor(prefixOf: (entry: T) => string) {
    this.#prefixOf = prefixOf;
  }

  get(prefix: string): T | undefined {
    let node: Child<T> | undefined = this.root;
    while (node instanceof PrefixNode) {
      if (node.depth === prefix.length) node = node.entry;
      else {node = node.depth > prefix.length
          ? undefined
          : node.child(prefix.charCodeAt(node.depth));}
    }
    return node !== undefined && this.#prefixOf(node) === prefix ? node : undefined;
  }

  set(prefix: string, entry: T): void {
    const shared = this.#sharedLength(prefix);
    // Down to the place where it parts from the others.
    let parent = this.root;
    let below: Child<T> | undefined = parent;
    while (below instanceof PrefixNode && below.depth <= shared) {
      if (below.depth === prefix.length) {
        if (below.entry === undefined) this.size++;
        below.entry = entry;
        return;
      }
      parent = below;
      below = below.child(prefix.charCodeAt(below.depth));
    }
    const code = prefix.charCodeAt(parent.depth);
    if (below === undefined) parent.put(code, entry);
    else if (!(below instanceof PrefixNode) && this.#prefixOf(below) === prefix) {
      parent.put(code, entry);
      return;
    } else parent.put(code, this.#parted(below, shared, prefix, entry));
    this.size++;
  }

  delete(prefix: string): void {
    let grandparent: PrefixNode<T> | undefined;
    let parent = this.root;
    let node: Child<T> | undefined = parent;
    while (node instanceof PrefixNode && node.depth < prefix.length) {
      grandparent = parent;
      parent = node;
      node = node.child(prefix.charCodeAt(node.depth));
    }
    const entry = node instanceof PrefixNode ? node.entry : node;
    if (entry === undefined || this.#prefixOf(entry) !== prefix) return;
    this.size--;
    if (node instanceof PrefixNode) {
      node.entry = undefined;
      this.#mend(node, parent, prefix);
    } else {
      parent.drop(prefix.charCodeAt(parent.depth));
      if (grandparent !== undefined) this.#mend(parent, grandparent, prefix);
    }
  }

  /** Appends the entries of all prefixes of `uri`, from short to long. */
  matching(uri: string, into: T[]): void {
    const before = into.length;
    let node: Child<T> | undefined = this.root;
    while (node instanceof PrefixNode) {
      if (node.entry !== undefined) into.push(node.entry);
      if (node.depth >= uri.length) node = undefined;
      else node = node.child(uri.charCodeAt(node.depth));
    }
    if (node !== undefined) into.push(node);
    const longest = into.length > before ? into[into.length - 1] : undefined;
    if (longest === undefined) return;
    const prefix = this.#prefixOf(longest);
    if (!uri.startsWith(prefix)) this.#cut(into, before, lengthShared(prefix, uri));
  }

  /** The entry of the longest prefix of `uri`. */
  longest(uri: string): T | undefined {
    const found = this.#found;
    found.length = 0;
    this.matching(uri, found);
    return found.pop();
  }

  /** Takes those off the end of `into[before..]` that are longer than `shared`. */
  #cut(into: T[], before: number, shared: number): void {
    for (let at = into.length - 1; at >= before; at--) {
      const entry = into[at];
      if (entry !== undefined && this.#prefixOf(entry).length <= shared) return;
      into.pop();
    }
  }

  /** How many characters `prefix` shares with the one of the trie that it shares most with. */
  #sharedLength(prefix: string): number {
    let node: Child<T> | undefined = this.root;
    while (node instanceof PrefixNode) {
      const next: Child<T> | undefined = node.depth < prefix.length
        ? node.child(prefix.charCodeAt(node.depth))
        : undefined;
      // All below agree with each other that far: any of them will do.
      node = next ?? node.entry ?? firstChild(node);
    }
    return node === undefined ? 0 : lengthShared(this.#prefixOf(node), prefix);
  }

  /** A node for what parts behind `shared` characters. */
  #parted(below: Child<T>, shared: number, prefix: string, entry: T): PrefixNode<T> {
    const node = new PrefixNode<T>(shared, undefined);
    const known = entryBelow(below);
    const text = known === undefined ? "" : this.#prefixOf(known);
    if (text.length === shared) node.entry = known;
    else node.put(text.charCodeAt(shared), below);
    if (prefix.length === shared) node.entry = entry;
    else node.put(prefix.charCodeAt(shared), entry);
    return node;
  }

  /** Takes `node` out of `parent` when it is no longer needed. */
  #mend(node: PrefixNode<T>, parent: PrefixNode<T>, prefix: string): void {
    if (node === this.root) return;
    const code = prefix.charCodeAt(parent.depth);
    if (node.count === 0 && node.entry !== undefined) parent.put(code, node.entry);
    else if (node.count === 1 && node.entry === undefined) {
      const only = firstChild(node);
      if (only !== undefined) parent.put(code, only);
    }
  }
}

function firstChild<T>(node: PrefixNode<T>): Child<T> | undefined {
  for (const [, child] of node.children()) return child;
  return undefined;
}

/** Some entry at or below a place. */
function entryBelow<T>(place: Child<T>): T | undefined {
  let at: Child<T> | undefined = place;
  while (at instanceof PrefixNode) at = at.entry ?? firstChild(at);
  return at;
}

function lengthShared(one: string, other: string): number {
  const limit = Math.min(one.length, other.length);
  let shared = 0;
  while (shared < limit && one.charCodeAt(shared) === other.charCodeAt(shared)) shared++;
  return shared;
}
