import assert from "node:assert/strict";
import { test } from "node:test";
import { PatternIndex } from "../../../router/pattern_index.ts";
import { type PrefixNode, PrefixTrie } from "../../../router/prefix_trie.ts";
import { type WildcardNode, WildcardTrie } from "../../../router/wildcard_trie.ts";
import type { Match } from "../../../wamp/uri.ts";
import { FakeRandom } from "../../kit/fake_random.ts";
import { patternMatches, preferred } from "../../kit/router_model_patterns.ts";

interface Entry {
  readonly match: Match;
  readonly pattern: string;
}

const MATCHES = ["exact", "prefix", "wildcard"] as const;

/** Few components over few letters, so that patterns meet. */
function randomUri(random: FakeRandom, components: number): string {
  return Array.from({ length: 1 + random.index(components) }, () => randomComponent(random)).join(
    ".",
  );
}

function randomComponent(random: FakeRandom): string {
  return Array.from({ length: 1 + random.index(3) }, () => random.pick(["a", "b", "é", "𝄞"])).join(
    "",
  );
}

function randomPattern(random: FakeRandom): Entry {
  const match = random.pick(MATCHES);
  const uri = randomUri(random, 4);
  if (match === "exact") return { match, pattern: uri };
  if (match === "prefix") return { match, pattern: uri.slice(0, random.index(uri.length + 1)) };
  const components = uri.split(".").map((one) => random.oneIn(2) ? "" : one);
  return { match, pattern: components.join(".") };
}

function checkPrefixes<T>(node: PrefixNode<T>, isRoot = true): number {
  const children = node.children === undefined
    ? []
    : Array.isArray(node.children)
    ? node.children
    : [...node.children.values()];
  assert.equal(children.length, node.childCount);
  assert.ok(node.children === undefined || children.length > 0, "no empty list of children");
  if (Array.isArray(node.children)) assert.ok(children.length <= 8);
  else assert.ok(children.length === 0 || children.length > 4);
  if (!isRoot) {
    assert.notEqual(node.label, "");
    assert.ok(node.entry !== undefined || children.length >= 2, "a node without entry branches");
  }
  const codes = children.map((child) => child.label.charCodeAt(0));
  assert.equal(new Set(codes).size, codes.length);
  for (const child of children) assert.equal(node.child(child.label.charCodeAt(0)), child);
  return children.reduce((count, child) => count + checkPrefixes(child, false), 1);
}

function checkWildcards<T>(node: WildcardNode<T>, isRoot = true): number {
  assert.ok(isRoot || !node.isEmpty, "no empty node is left");
  assert.ok(node.only === undefined || node.several === undefined);
  assert.notEqual(node.several?.size, 0);
  const children = [node.any, node.only, ...node.several?.values() ?? []];
  return children.reduce(
    (count, child) => child === undefined ? count : count + checkWildcards(child, false),
    1,
  );
}

test("PatternIndex: finds what a scan of all patterns finds, while patterns come and go", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const index = new PatternIndex<Entry>();
    let entries: Entry[] = [];
    const find = ({ match, pattern }: Entry) =>
      entries.find((one) => one.match === match && one.pattern === pattern);
    for (let step = 0; step < 300; step++) {
      const entry = randomPattern(random);
      const known = find(entry);
      assert.equal(index.get(entry.match, entry.pattern), known);
      if (random.index(10) < (step < 150 ? 7 : 3)) {
        index.set(entry.match, entry.pattern, entry);
        entries = entries.filter((one) => one !== known);
        entries.push(entry);
      } else {
        const removed = known ?? (random.oneIn(2) ? entries[random.index(entries.length)] : entry);
        index.remove(removed?.match ?? "exact", removed?.pattern ?? "");
        entries = entries.filter((one) => one !== removed);
      }
      const uri = randomUri(random, 4);
      const expected = entries.filter((one) => patternMatches(one.match, one.pattern, uri));
      const found: Entry[] = [];
      index.matching(uri, found);
      assert.deepEqual(new Set(found), new Set(expected), `seed ${seed}: ${uri}`);
      assert.equal(found.length, expected.length);
      assert.equal(index.best(uri), preferred(entries, uri), `seed ${seed}: ${uri}`);
      assert.equal(index.exact(uri), find({ match: "exact", pattern: uri }));
    }
  }
});

test("PatternIndex: matches come as exact, prefixes from short to long, wildcards", () => {
  const index = new PatternIndex<string>();
  for (const pattern of ["a.b", "a", "", "a.", "a.b"]) index.set("prefix", pattern, `${pattern}*`);
  index.set("wildcard", ".b", "?.b");
  index.set("exact", "a.b", "a.b");
  const found: string[] = ["before"];
  index.matching("a.b", found);
  assert.deepEqual(found, ["before", "a.b", "*", "a*", "a.*", "a.b*", "?.b"]);
});

test("PrefixTrie: stays compressed while prefixes come and go, and leaves nothing behind", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const trie = new PrefixTrie<string>();
    const known = new Set<string>();
    for (let step = 0; step < 400; step++) {
      // Many first characters now and then, so that lists of children become maps and lists again.
      const prefix = random.oneIn(2)
        ? randomUri(random, 3)
        : String.fromCharCode(0x4e00 + random.index(20)) + randomComponent(random);
      if (random.index(10) < (step < 200 ? 7 : 2)) {
        trie.set(prefix, prefix);
        known.add(prefix);
      } else {
        const removed = random.oneIn(5) ? prefix : random.pick([...known, prefix]);
        trie.delete(removed);
        known.delete(removed);
      }
      assert.equal(trie.size, known.size);
      assert.ok(checkPrefixes(trie.root) <= 2 * known.size + 1);
    }
    for (const prefix of known) assert.equal(trie.get(prefix), prefix);
    for (const prefix of known) trie.delete(prefix);
    assert.equal(trie.root.children, undefined);
    assert.equal(trie.size, 0);
  }
});

test("WildcardTrie: leaves no node behind", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const trie = new WildcardTrie<string>();
    const known = new Set<string>();
    for (let step = 0; step < 400; step++) {
      const pattern = randomUri(random, 4).split(".").map((one) => random.oneIn(2) ? "" : one).join(
        ".",
      );
      if (random.index(10) < (step < 200 ? 7 : 2)) {
        trie.set(pattern, pattern);
        known.add(pattern);
      } else {
        const removed = random.oneIn(5) ? pattern : random.pick([...known, pattern]);
        trie.delete(removed);
        known.delete(removed);
      }
      assert.equal(trie.size, known.size);
      checkWildcards(trie.root);
    }
    for (const pattern of known) trie.delete(pattern);
    assert.ok(trie.root.isEmpty);
    assert.equal(trie.size, 0);
  }
});

test("PatternIndex: a hundred thousand patterns cost two nodes each at most, and are found among each other", () => {
  const prefixes = new PrefixTrie<number>();
  const wildcards = new WildcardTrie<number>();
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    prefixes.set(`com.myapp.${i}.`, i);
    wildcards.set(`com..${i}`, i);
  }
  assert.ok(checkPrefixes(prefixes.root) <= 2 * count);
  assert.equal(checkWildcards(wildcards.root), count + 3);
  for (let i = 0; i < count; i += 997) {
    const found: number[] = [];
    prefixes.matching(`com.myapp.${i}.topic`, found);
    wildcards.matching(`com.myapp.${i}`, found);
    assert.deepEqual(found, [i, i]);
  }
  for (let i = 0; i < count; i++) {
    prefixes.delete(`com.myapp.${i}.`);
    wildcards.delete(`com..${i}`);
  }
  assert.equal(checkPrefixes(prefixes.root), 1);
  assert.ok(wildcards.root.isEmpty);
});

test("PatternIndex: as many children of one node as there are characters are dropped without a scan", () => {
  const trie = new PrefixTrie<number>();
  // A scan of the siblings at each removal would take minutes.
  for (let i = 1; i < 65_536; i++) trie.set(String.fromCharCode(i), i);
  for (let i = 1; i < 65_536; i++) trie.delete(String.fromCharCode(i));
  assert.equal(trie.size, 0);
  assert.equal(trie.root.children, undefined);
});

test("PatternIndex: patterns and URIs as long as they may be do not exhaust the stack", () => {
  const index = new PatternIndex<string>();
  const dots = ".".repeat(4095);
  const uri = Array.from({ length: 2048 }, () => "a").join(".");
  index.set("wildcard", dots, "dots");
  index.set("wildcard", uri.replaceAll("a", ""), "any");
  index.set("prefix", "a".repeat(4096), "long");
  for (let i = 1; i < 4096; i++) index.set("prefix", "a".repeat(i), "short");
  const found: string[] = [];
  index.matching(uri, found);
  assert.deepEqual(found, ["short", "any"]);
  assert.equal(index.best("b" + uri.slice(1)), "any");
  found.length = 0;
  index.matching("a".repeat(4096), found);
  assert.equal(found.length, 4096);
});
