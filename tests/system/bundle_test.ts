/** What a browser loads for a session, as Bun bundles it: gzipped, without what is loaded when it is used. Bun builds, so Deno skips this. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const MOD = fileURLToPath(new URL("../../mod.ts", import.meta.url).href);
const run = promisify(execFile);
const skip = process.versions["bun"] === undefined ? "Bun builds bundles" : false;

/** Names and gzipped bytes of the files that are loaded at once. */
async function loadedAtOnce(program: string): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "realmway-bundle-"));
  try {
    const entry = join(folder, "program.ts");
    writeFileSync(entry, program.replace("realmway", MOD));
    const out = join(folder, "out");
    const options = [
      "--target=browser",
      "--minify",
      "--splitting",
      // Code of Bun's own that fetches files ahead, with the names of all that are loaded later
      "--no-module-preload",
      `--outdir=${out}`,
    ];
    await run(process.execPath, ["build", entry, ...options]);
    const sizes = new Map<string, number>();
    const take = (file: string): void => {
      if (sizes.has(file)) return;
      const bytes = readFileSync(join(out, file));
      sizes.set(file, gzipSync(bytes, { level: 9 }).length);
      for (const [, other = ""] of bytes.toString().matchAll(/(?:from|import)"\.\/([^"]+)"/g)) {
        take(other);
      }
    };
    take("program.js");
    return sizes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Not to grow unnoticed. */
const BUNDLES = [
  {
    name: "a plain session",
    program: 'import { connect } from "realmway"; globalThis.made = connect;',
    kib: 9,
  },
  {
    name: "a Component",
    program: 'import { Component } from "realmway"; globalThis.made = Component;',
    kib: 14,
  },
];

for (const { name, program, kib } of BUNDLES) {
  test(`Library in a browser: ${name} is at most ${kib} KiB gzipped`, { skip }, async () => {
    const sizes = await loadedAtOnce(program);
    const sum = [...sizes.values()].reduce((a, b) => a + b, 0);
    assert.ok(sum <= kib * 1024, `${sum} bytes: ${JSON.stringify(Object.fromEntries(sizes))}`);
  });
}
