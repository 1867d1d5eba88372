/**
 * Prefixes of URIs in a compressed trie of characters. HOT. Part of `pattern_index.ts`.
 * Invariants: no two children of a node begin with the same character; a node without entry has at least two children,
 * the root aside; labels are never empty, the root's aside.
 */

/** More children than this are found by a Map instead of a scan. */
const SCAN_LIMIT = 8;

/** Exported for the test of the invariants. */
export class PrefixNode<T> {
  label: string;
  entry: T | undefined;
  /** Few children are a list, many a Map by their first character; none are undefined. */
  children: PrefixNode<T>[] | Map<number, PrefixNode<T>> | undefined;

  constructor(
    label: string,
    entry: T | undefined,
    children: PrefixNode<T>["children"] = undefined,
  ) {
    this.label = label;
    this.entry = entry;
    this.children = children;
  }

  get childCount(): number {
    const children = this.children;
    if (children === undefined) return 0;
    return Array.isArray(children) ? children.length : children.size;
  }

  child(code: number): PrefixNode<T> | undefined {
    const children = this.children;
    if (children === undefined) return undefined;
    if (!Array.isArray(children)) return children.get(code);
    for (let i = 0; i < children.length; i++) {
      const child = children[i];
      if (child !== undefined && child.label.charCodeAt(0) === code) return child;
    }
    return undefined;
  }

  add(child: PrefixNode<T>): void {
    const children = this.children ??= [];
    if (!Array.isArray(children)) children.set(child.label.charCodeAt(0), child);
    else if (children.push(child) > SCAN_LIMIT) {
      this.children = new Map(children.map((one) => [one.label.charCodeAt(0), one]));
    }
  }

  drop(child: PrefixNode<T>): void {
    const children = this.children;
    if (children === undefined) return;
    if (Array.isArray(children)) {
      children.splice(children.indexOf(child), 1);
    } else {
      children.delete(child.label.charCodeAt(0));
      // Well below the limit, so that one child coming and going does not rebuild each time.
      if (children.size <= SCAN_LIMIT / 2) this.children = [...children.values()];
    }
    if (this.childCount === 0) this.children = undefined;
  }

  /** A node without an entry of its own and with one child becomes that child: keeps the trie compressed. */
  compress(): void {
    const children = this.children;
    if (this.entry !== undefined || !Array.isArray(children) || children.length !== 1) return;
    const only = children[0];
    if (only === undefined) return;
    this.label += only.label;
    this.entry = only.entry;
    this.children = only.children;
  }
}

export class PrefixTrie<T> {
  readonly root: PrefixNode<T> = new PrefixNode<T>("", undefined);
  size = 0;

  get(prefix: string): T | undefined {
    let node: PrefixNode<T> | undefined = this.root;
    let at = 0;
    while (at < prefix.length) {
      node = node.child(prefix.charCodeAt(at));
      if (node === undefined || !prefix.startsWith(node.label, at)) return undefined;
      at += node.label.length;
    }
    return node.entry;
  }

  set(prefix: string, entry: T): void {
    let node = this.root;
    let at = 0;
    while (at < prefix.length) {
      const child = node.child(prefix.charCodeAt(at));
      if (child === undefined) {
        node.add(new PrefixNode(prefix.slice(at), entry));
        this.size++;
        return;
      }
      const shared = sharedLength(child.label, prefix, at);
      if (shared < child.label.length) split(child, shared);
      node = child;
      at += shared;
    }
    if (node.entry === undefined) this.size++;
    node.entry = entry;
  }

  delete(prefix: string): void {
    let parent: PrefixNode<T> | undefined;
    let node = this.root;
    let at = 0;
    while (at < prefix.length) {
      const child = node.child(prefix.charCodeAt(at));
      if (child === undefined || !prefix.startsWith(child.label, at)) return;
      parent = node;
      node = child;
      at += child.label.length;
    }
    if (node.entry === undefined) return;
    node.entry = undefined;
    this.size--;
    if (parent === undefined) return;
    if (node.children !== undefined) return node.compress();
    parent.drop(node);
    if (parent !== this.root) parent.compress();
  }

  /** Appends the entries of all prefixes of `uri`, from short to long. */
  matching(uri: string, into: T[]): void {
    let node: PrefixNode<T> | undefined = this.root;
    let at = 0;
    for (;;) {
      if (node.entry !== undefined) into.push(node.entry);
      if (at >= uri.length) return;
      node = node.child(uri.charCodeAt(at));
      if (node === undefined || !uri.startsWith(node.label, at)) return;
      at += node.label.length;
    }
  }

  /** The entry of the longest prefix of `uri`. */
  longest(uri: string): T | undefined {
    let node: PrefixNode<T> | undefined = this.root;
    let found: T | undefined;
    let at = 0;
    for (;;) {
      if (node.entry !== undefined) found = node.entry;
      if (at >= uri.length) return found;
      node = node.child(uri.charCodeAt(at));
      if (node === undefined || !uri.startsWith(node.label, at)) return found;
      at += node.label.length;
    }
  }
}

function sharedLength(label: string, prefix: string, at: number): number {
  const limit = Math.min(label.length, prefix.length - at);
  let shared = 1;
  while (shared < limit && label.charCodeAt(shared) === prefix.charCodeAt(at + shared)) shared++;
  return shared;
}

/** Cuts the node's label at `length`: what is behind becomes its only child. */
function split<T>(node: PrefixNode<T>, length: number): void {
  const rest = new PrefixNode<T>(node.label.slice(length), node.entry, node.children);
  node.label = node.label.slice(0, length);
  node.entry = undefined;
  node.children = [rest];
}
