/**
 * Wildcard patterns in a trie of URI components; an empty component of a pattern matches any. HOT. Part of `pattern_index.ts`.
 * Look-ups prefer a named component to a wildcard at every level from the left, which is the specification's order of
 * precedence for registrations. [WAMP rpc_pattern_based_registration]
 */

/** What stands behind a component: a node, or, where no pattern goes on, the entry itself.
 * PERF: plain: always a node. Most patterns end alone: 100 bytes of each, and a cache miss of each event. */
type Child<T> = WildcardNode<T> | T;

/** Exported for the test of the invariants. */
export class WildcardNode<T> {
  entry: T | undefined = undefined;
  /** Behind the empty component. */
  any: Child<T> | undefined = undefined;
  /** Behind named components: the only one here, or all of several in a Map, which takes three times the memory of a node. */
  name = "";
  only: Child<T> | undefined = undefined;
  several: Map<string, Child<T>> | undefined = undefined;

  get hasNamed(): boolean {
    return this.only !== undefined || this.several !== undefined;
  }

  /** What is behind a component that is not empty. */
  named(component: string): Child<T> | undefined {
    return this.several === undefined
      ? (this.name === component ? this.only : undefined)
      : this.several.get(component);
  }

  /** What is behind a component of a pattern. */
  next(component: string): Child<T> | undefined {
    return component === "" ? this.any : this.named(component);
  }

  put(component: string, child: Child<T>): void {
    if (component === "") {
      this.any = child;
    } else if (this.several !== undefined) {
      this.several.set(component, child);
    } else if (this.only === undefined || this.name === component) {
      this.name = component;
      this.only = child;
    } else {
      this.several = new Map([[this.name, this.only], [component, child]]);
      this.only = undefined;
    }
  }

  remove(component: string): void {
    if (component === "") {
      this.any = undefined;
    } else if (this.several === undefined) {
      this.only = undefined;
    } else {
      this.several.delete(component);
      if (this.several.size === 0) this.several = undefined;
    }
  }
}

export class WildcardTrie<T> {
  readonly root: WildcardNode<T> = new WildcardNode();
  size = 0;

  get(pattern: string): T | undefined {
    let at: Child<T> | undefined = this.root;
    for (const component of pattern.split(".")) {
      if (!(at instanceof WildcardNode)) return undefined;
      at = at.next(component);
    }
    return entryOf(at);
  }

  set(pattern: string, entry: T): void {
    const components = pattern.split(".");
    const last = components.pop() ?? "";
    let node = this.root;
    for (const component of components) {
      const known = node.next(component);
      if (known instanceof WildcardNode) {
        node = known;
        continue;
      }
      const next = new WildcardNode<T>();
      next.entry = known;
      node.put(component, next);
      node = next;
    }
    const known = node.next(last);
    if (entryOf(known) === undefined) this.size++;
    if (known instanceof WildcardNode) known.entry = entry;
    else node.put(last, entry);
  }

  delete(pattern: string): void {
    const components = pattern.split(".");
    const path: WildcardNode<T>[] = [];
    let at: Child<T> | undefined = this.root;
    for (const component of components) {
      if (!(at instanceof WildcardNode)) return;
      path.push(at);
      at = at.next(component);
    }
    if (entryOf(at) === undefined) return;
    this.size--;
    let left: Child<T> | undefined;
    if (at instanceof WildcardNode) {
      at.entry = undefined;
      left = at;
    }
    // Upwards, as far as a node has become empty, or an entry that nothing goes on from.
    for (const node of path.reverse()) {
      const component = components.pop() ?? "";
      if (left === undefined) node.remove(component);
      else node.put(component, left);
      if (node.any !== undefined || node.hasNamed) return;
      left = node.entry;
    }
  }

  /** Appends the entries of all patterns that match `uri`, the preferred first. */
  matching(uri: string, into: T[]): void {
    collect(this.root, uri, 0, into);
  }

  /** The entry of the preferred pattern that matches `uri`. */
  best(uri: string): T | undefined {
    return find(this.root, uri, 0);
  }
}

/** Of the pattern that ends here. */
function entryOf<T>(child: Child<T> | undefined): T | undefined {
  return child instanceof WildcardNode ? child.entry : child;
}

/* PERF: components are cut off one by one while the trie still has a branch for them (plain: split first). Most URIs leave
 * the trie at the first component, and then nothing is allocated. */
function collect<T>(node: WildcardNode<T>, uri: string, at: number, into: T[]): void {
  const dot = uri.indexOf(".", at);
  if (node.hasNamed) {
    follow(node.named(dot < 0 ? uri.slice(at) : uri.slice(at, dot)), uri, dot, into);
  }
  if (node.any !== undefined) follow(node.any, uri, dot, into);
}

/** Goes on behind the component that ends at `dot`, or at the end of `uri`. */
function follow<T>(child: Child<T> | undefined, uri: string, dot: number, into: T[]): void {
  if (dot < 0) {
    const entry = entryOf(child);
    if (entry !== undefined) into.push(entry);
  } else if (child instanceof WildcardNode) collect(child, uri, dot + 1, into);
}

function find<T>(node: WildcardNode<T>, uri: string, at: number): T | undefined {
  const dot = uri.indexOf(".", at);
  const named = node.hasNamed
    ? node.named(dot < 0 ? uri.slice(at) : uri.slice(at, dot))
    : undefined;
  return findBehind(named, uri, dot) ?? findBehind(node.any, uri, dot);
}

function findBehind<T>(child: Child<T> | undefined, uri: string, dot: number): T | undefined {
  if (dot < 0) return entryOf(child);
  return child instanceof WildcardNode ? find(child, uri, dot + 1) : undefined;
}
