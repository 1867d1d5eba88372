import assert from "node:assert/strict";
import { test } from "node:test";
import { PatternIndex } from "../../../router/pattern_index.ts";
import { PrefixNode, PrefixTrie } from "../../../router/prefix_trie.ts";
import { WildcardNode, WildcardTrie } from "../../../router/wildcard_trie.ts";
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

/** The invariants of the trie; the number of its nodes. */
function checkPrefixes<T>(node: PrefixNode<T>, isRoot = true): number {
  const children = [...node.children()];
  assert.equal(children.length, node.count);
  assert.equal(new Set(children.map(([code]) => code)).size, children.length);
  if (!isRoot) assert.ok(children.length + (node.entry === undefined ? 0 : 1) >= 2);
  let count = 1;
  for (const [code, child] of children) {
    assert.equal(node.child(code), child);
    if (!(child instanceof PrefixNode)) continue;
    assert.ok(child.depth > node.depth);
    count += checkPrefixes(child, false);
  }
  return count;
}

/** The invariants of the trie; the number of its nodes. */
function checkWildcards<T>(node: WildcardNode<T>, isRoot = true): number {
  assert.ok(isRoot || node.any !== undefined || node.hasNamed, "a node for patterns that go on");
  assert.ok(node.only === undefined || node.several === undefined);
  assert.notEqual(node.several?.size, 0);
  let count = 1;
  for (const child of [node.any, node.only, ...node.several?.values() ?? []]) {
    if (child instanceof WildcardNode) count += checkWildcards(child, false);
  }
  return count;
}

function assertEmpty(trie: PrefixTrie<string> | WildcardTrie<string>): void {
  assert.equal(trie.size, 0);
  const { root } = trie;
  assert.equal(root.entry, undefined);
  if (root instanceof PrefixNode) assert.equal(root.count, 0);
  else assert.ok(root.any === undefined && !root.hasNamed);
}

const itself = (pattern: string) => pattern;

test("PatternIndex: finds what a scan of all patterns finds, while patterns come and go", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const index = new PatternIndex<Entry>(({ pattern }) => pattern);
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
  const index = new PatternIndex<Entry>(({ pattern }) => pattern);
  const set = (match: Match, pattern: string) => index.set(match, pattern, { match, pattern });
  for (const pattern of ["a.b", "a", "", "a.", "a.b"]) set("prefix", pattern);
  set("wildcard", ".b");
  set("exact", "a.b");
  const before: Entry = { match: "exact", pattern: "before" };
  const found = [before];
  index.matching("a.b", found);
  assert.deepEqual(found.map(({ match, pattern }) => `${match} ${pattern}`), [
    "exact before",
    "exact a.b",
    "prefix ",
    "prefix a",
    "prefix a.",
    "prefix a.b",
    "wildcard .b",
  ]);
});

test("PrefixTrie: stays compressed while prefixes come and go, and leaves nothing behind", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const trie = new PrefixTrie<string>(itself);
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
      assert.ok(checkPrefixes(trie.root) <= known.size + 1);
    }
    for (const prefix of known) assert.equal(trie.get(prefix), prefix);
    for (const prefix of known) trie.delete(prefix);
    assertEmpty(trie);
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
    assertEmpty(trie);
  }
});

test("PatternIndex: a hundred thousand patterns need few nodes, and are found among each other", () => {
  const prefixes = new PrefixTrie<string>(itself);
  const wildcards = new WildcardTrie<string>();
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    prefixes.set(`com.myapp.${i}.`, `com.myapp.${i}.`);
    wildcards.set(`com..${i}`, `com..${i}`);
  }
  assert.ok(checkPrefixes(prefixes.root) <= count / 5);
  assert.equal(checkWildcards(wildcards.root), 3);
  for (let i = 0; i < count; i += 997) {
    const found: string[] = [];
    prefixes.matching(`com.myapp.${i}.topic`, found);
    wildcards.matching(`com.myapp.${i}`, found);
    assert.deepEqual(found, [`com.myapp.${i}.`, `com..${i}`]);
  }
  for (let i = 0; i < count; i++) {
    prefixes.delete(`com.myapp.${i}.`);
    wildcards.delete(`com..${i}`);
  }
  assertEmpty(prefixes);
  assertEmpty(wildcards);
});

test("PatternIndex: as many children of one node as there are characters are dropped without a scan", () => {
  const trie = new PrefixTrie<string>(itself);
  // A scan of the siblings at each removal would take minutes.
  for (let i = 1; i < 65_536; i++) trie.set(String.fromCharCode(i), String.fromCharCode(i));
  for (let i = 1; i < 65_536; i++) trie.delete(String.fromCharCode(i));
  assertEmpty(trie);
});

test("PatternIndex: patterns and URIs as long as they may be do not exhaust the stack", () => {
  const index = new PatternIndex<string>(itself);
  const dots = ".".repeat(4095);
  const uri = Array.from({ length: 2048 }, () => "a").join(".");
  index.set("wildcard", dots, "dots");
  index.set("wildcard", uri.replaceAll("a", ""), "any");
  for (let i = 1; i <= 4096; i++) index.set("prefix", "a".repeat(i), "a".repeat(i));
  const found: string[] = [];
  index.matching(uri, found);
  assert.deepEqual(found, ["a", "any"]);
  assert.equal(index.best("b" + uri.slice(1)), "any");
  found.length = 0;
  index.matching("a".repeat(4096), found);
  assert.equal(found.length, 4096);
});
