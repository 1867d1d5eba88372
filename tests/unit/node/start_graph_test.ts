/** What a start loads before it knows what the configuration has: each file costs a fifth of a millisecond and a dozen KiB. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = new URL("../../../", import.meta.url);
const IMPORT = /^(?:import|export)\s(?!type\s)[^;"()]*?(?:from\s)?"(\.\S+\.ts|[^."]\S*)";$/gm;

/** Files of this repository and packages that `entries` import, directly or not; what is imported by a call of `import` aside. */
function loadedBy(entries: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const url = new URL(file, root);
    for (const [, name = ""] of readFileSync(fileURLToPath(url.href), "utf8").matchAll(IMPORT)) {
      if (name.startsWith(".")) waiting.push(new URL(name, url).href.slice(root.href.length));
      else packages.add(name);
    }
  }
  return { files, packages };
}

const { files, packages } = loadedBy([
  "node/cli/main.ts",
  "node/cli/program.ts",
  "node/cli/output.ts",
  "node/cli/start.ts",
  "node/node.ts",
]);

test("Start: the client library is loaded with the first component, link or session of the node's own", () => {
  assert.deepEqual([...files].filter((file) => file.startsWith("client/")), [
    "client/tape_log.ts",
  ]);
});

test("Start: HTTP, compression, SQLite and YAML are loaded where they are needed", () => {
  const late = ["node:http", "node:zlib", "node:sqlite", "yaml", "jose", "hono"];
  assert.deepEqual(late.filter((name) => packages.has(name)), []);
  assert.ok(packages.has("zod"), "finds what is imported");
});

test("Start: fewer than 330 files are loaded", () => {
  assert.ok(files.has("router/broker.ts"), "finds what is imported");
  assert.ok(
    files.size < 330,
    `found ${files.size}: load by import() what few configurations ask for`,
  );
});
