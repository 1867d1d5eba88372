/**
 * Every public symbol of the library and of its lower layer says what it is, and every class and function shows it by an example, which
 * `deno task ok` runs. Deno documents for all runtimes, so Bun skips this file.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const skip = process.versions["deno"] === undefined ? "Deno documents for all runtimes" : false;
const ROOT = fileURLToPath(new URL("../../../", import.meta.url).href);

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string; readonly tags?: readonly { readonly kind: string }[] };
}
interface Symbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

function symbolsOf(module: string): Symbol[] {
  const options = { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
  const output = execFileSync(process.execPath, ["doc", "--json", module], options);
  const { nodes } = JSON.parse(output);
  return Object.values<{ symbols: Symbol[] }>(nodes).flatMap(({ symbols }) => symbols);
}

for (const module of ["mod.ts", "protocols/mod.ts"]) {
  test(`Documentation: ${module} leaves nothing unsaid`, { skip }, () => {
    const symbols = symbolsOf(module);
    assert.ok(symbols.length > 20);
    const silent = symbols.filter(({ declarations }) =>
      !declarations.some(({ jsDoc }) => jsDoc?.doc)
    );
    assert.deepEqual(silent.map(({ name }) => name), []);
    const shown = symbols.filter(({ declarations }) =>
      declarations.some(({ kind }) => kind === "class" || kind === "function")
    );
    const unshown = shown.filter(({ declarations }) =>
      !declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"))
    );
    assert.deepEqual(unshown.map(({ name }) => name), []);
  });
}
