/** Text in pieces into lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lines } from "../../../node/worker/lines.ts";

function linesOf(...pieces: string[]): string[] {
  const found: string[] = [];
  const lines = new Lines((line) => found.push(line));
  for (const piece of pieces) lines.add(piece);
  lines.end();
  return found;
}

test("Lines: pieces come together, empty lines and carriage returns are left out", () => {
  assert.deepEqual(linesOf("he", "llo\nwor", "ld\r\n\n\nrest"), ["hello", "world", "rest"]);
});

test("Lines: a line without end is cut, and nothing of it is lost", () => {
  const text = "x".repeat(100_000);
  const found = linesOf(text, text, "\nnext");
  assert.deepEqual(found.map(({ length }) => length), [65_536, 65_536, 65_536, 3392, 4]);
});
