import assert from "node:assert/strict";
import { test } from "node:test";
import { saslprep } from "../../../auth/saslprep.ts";

test("SASLprep: the examples of RFC 4013", () => {
  assert.equal(saslprep("I\u00adX"), "IX");
  assert.equal(saslprep("user"), "user");
  assert.equal(saslprep("USER"), "USER");
  assert.equal(saslprep("\u00aa"), "a");
  assert.equal(saslprep("\u2168"), "IX");
  assert.equal(saslprep("\u0007"), undefined);
  assert.equal(saslprep("\u0627\u0031"), undefined);
});

test("SASLprep: spaces become a space, compatible forms one, invisible ones nothing", () => {
  assert.equal(saslprep("a\u00a0b\u3000c"), "a b c");
  assert.equal(saslprep("e\u0301"), "\u00e9");
  assert.equal(saslprep("\uff21"), "A");
  assert.equal(saslprep("a\u200bb\ufeff"), "ab");
  assert.equal(saslprep(""), "");
  assert.equal(saslprep("\ud83d\udd11 key"), "\ud83d\udd11 key");
});

test("SASLprep: what is prohibited, is", () => {
  const prohibited = [
    "\u007f",
    "\u0085",
    "\u06dd",
    "\u180e",
    "\u2028",
    "\ue000",
    "\ufdd0",
    "\uffff",
  ];
  prohibited.push("\ud800", "\ufffd", "\u2ff0", "\u200e", "\u202e", "\u{e0001}", "\u{f0000}");
  for (const text of prohibited) assert.equal(saslprep(`a${text}`), undefined, text);
});

test("SASLprep: right-to-left text begins and ends with it, and has nothing the other way", () => {
  assert.equal(saslprep("\u05d0\u05d1"), "\u05d0\u05d1");
  assert.equal(saslprep("\u05d0 1 \u05d1"), "\u05d0 1 \u05d1");
  assert.equal(saslprep("\u05d0"), "\u05d0");
  assert.equal(saslprep("\u05d0a\u05d1"), undefined);
  assert.equal(saslprep("1\u05d0"), undefined);
});
