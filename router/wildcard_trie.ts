/**
 * Wildcard patterns in a trie of URI components; an empty component of a pattern matches any. HOT. Part of `pattern_index.ts`.
 * Look-ups prefer a named component to a wildcard at every level from the left, which is the specification's order of
 * precedence for registrations. [WAMP rpc_pattern_based_registration]
 */

/** Exported for the test of the invariants. */
export class WildcardNode<T> {
  entry: T | undefined = undefined;
  /** Behind the empty component. */
  any: WildcardNode<T> | undefined = undefined;
  /** Behind named components: the only one here, or all of several in a Map, which takes three times the memory of a node. */
  name = "";
  only: WildcardNode<T> | undefined = undefined;
  several: Map<string, WildcardNode<T>> | undefined = undefined;

  get isEmpty(): boolean {
    return this.entry === undefined && this.any === undefined && !this.hasNamed;
  }

  get hasNamed(): boolean {
    return this.only !== undefined || this.several !== undefined;
  }

  /** The node behind a component that is not empty. */
  named(component: string): WildcardNode<T> | undefined {
    return this.several === undefined
      ? (this.name === component ? this.only : undefined)
      : this.several.get(component);
  }

  /** The node behind a component of a pattern. */
  next(component: string): WildcardNode<T> | undefined {
    return component === "" ? this.any : this.named(component);
  }

  add(component: string, node: WildcardNode<T>): void {
    if (component === "") {
      this.any = node;
    } else if (!this.hasNamed) {
      this.name = component;
      this.only = node;
    } else {
      if (this.only !== undefined) this.several = new Map([[this.name, this.only]]);
      this.only = undefined;
      this.several?.set(component, node);
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
    let node: WildcardNode<T> | undefined = this.root;
    for (const component of pattern.split(".")) {
      node = node.next(component);
      if (node === undefined) return undefined;
    }
    return node.entry;
  }

  set(pattern: string, entry: T): void {
    let node = this.root;
    for (const component of pattern.split(".")) {
      let next = node.next(component);
      if (next === undefined) {
        next = new WildcardNode();
        node.add(component, next);
      }
      node = next;
    }
    if (node.entry === undefined) this.size++;
    node.entry = entry;
  }

  delete(pattern: string): void {
    const components = pattern.split(".");
    const path: WildcardNode<T>[] = [this.root];
    for (const component of components) {
      const next = path.at(-1)?.next(component);
      if (next === undefined) return;
      path.push(next);
    }
    const last = path.at(-1);
    if (last === undefined || last.entry === undefined) return;
    last.entry = undefined;
    this.size--;
    for (let i = components.length; i > 0 && path[i]?.isEmpty; i--) {
      const parent = path[i - 1];
      const component = components[i - 1];
      if (parent === undefined || component === undefined) return;
      parent.remove(component);
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

/* PERF: components are cut off one by one while the trie still has a branch for them (plain: split first). Most URIs leave
 * the trie at the first component, and then nothing is allocated. */
function collect<T>(node: WildcardNode<T>, uri: string, at: number, into: T[]): void {
  const dot = uri.indexOf(".", at);
  if (node.hasNamed) {
    const named = node.named(dot < 0 ? uri.slice(at) : uri.slice(at, dot));
    if (named !== undefined) {
      if (dot >= 0) collect(named, uri, dot + 1, into);
      else if (named.entry !== undefined) into.push(named.entry);
    }
  }
  const any = node.any;
  if (any === undefined) return;
  if (dot >= 0) collect(any, uri, dot + 1, into);
  else if (any.entry !== undefined) into.push(any.entry);
}

function find<T>(node: WildcardNode<T>, uri: string, at: number): T | undefined {
  const dot = uri.indexOf(".", at);
  const named = node.hasNamed
    ? node.named(dot < 0 ? uri.slice(at) : uri.slice(at, dot))
    : undefined;
  if (named !== undefined) {
    const found = dot < 0 ? named.entry : find(named, uri, dot + 1);
    if (found !== undefined) return found;
  }
  if (node.any === undefined) return undefined;
  return dot < 0 ? node.any.entry : find(node.any, uri, dot + 1);
}
