import assert from "node:assert/strict";
import { test } from "node:test";
import { isPattern, isReserved, isUri, MAX_URI_LENGTH } from "../../../wamp/uri.ts";
import { FakeRandom } from "../../kit/fake_random.ts";

/** Whitespace as Python's `\s` has it, in which the specification writes its expressions. */
const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const LOOSE = new RegExp(`^([^${SPACE}.#]+\\.)*([^${SPACE}.#]+)$`);
const LOOSE_OR_EMPTY = new RegExp(`^(([^${SPACE}.#]+\\.)|\\.)*([^${SPACE}.#]+)?$`);
const STRICT = /^([0-9a-z_]+\.)*([0-9a-z_]+)$/;
const STRICT_OR_EMPTY = /^(([0-9a-z_]+\.)|\.)*([0-9a-z_]+)?$/;

const CHARACTERS = [..."abz019_AZ-.#.. \t\n\u00a0é𝄞$*/\u0000\u001c\u200b\u3000"];

test("URI: loose and strict URIs are those of the specification's expressions", () => {
  const random = new FakeRandom(1);
  for (let i = 0; i < 50_000; i++) {
    const uri = Array.from({ length: random.index(7) }, () => random.pick(CHARACTERS)).join("");
    const text = JSON.stringify(uri);
    assert.equal(isUri(uri, "loose"), LOOSE.test(uri), text);
    assert.equal(isUri(uri, "strict"), STRICT.test(uri), text);
    assert.equal(isPattern(uri, "exact", "loose"), LOOSE.test(uri), text);
    assert.equal(isPattern(uri, "wildcard", "loose"), LOOSE_OR_EMPTY.test(uri), text);
    assert.equal(isPattern(uri, "wildcard", "strict"), STRICT_OR_EMPTY.test(uri), text);
    const stem = uri.endsWith(".") ? uri.slice(0, -1) : uri;
    assert.equal(isPattern(uri, "prefix", "loose"), uri === "" || LOOSE.test(stem), text);
    assert.equal(isPattern(uri, "prefix", "strict"), uri === "" || STRICT.test(stem), text);
  }
});

test("URI: every UTF-16 code is allowed or not as in the specification's expressions", () => {
  for (let code = 0; code < 0x10000; code++) {
    const uri = `a${String.fromCharCode(code)}b`;
    const isAllowed = code === 0x2e || LOOSE.test(uri);
    assert.equal(isUri(uri, "loose"), isAllowed, code.toString(16));
    assert.equal(isUri(uri, "strict"), code === 0x2e || STRICT.test(uri), code.toString(16));
  }
});

test("URI: a URI or pattern may have up to 4096 characters", () => {
  for (const rule of ["loose", "strict"] as const) {
    assert.ok(isUri("a".repeat(MAX_URI_LENGTH), rule));
    assert.ok(!isUri("a".repeat(MAX_URI_LENGTH + 1), rule));
    for (const match of ["exact", "prefix", "wildcard"] as const) {
      assert.ok(!isPattern("a".repeat(MAX_URI_LENGTH + 1), match, rule));
    }
    assert.ok(!isPattern(".".repeat(MAX_URI_LENGTH + 1), "wildcard", rule));
  }
});

test("URI: the protocol's own begin with the component wamp", () => {
  for (const uri of ["wamp", "wamp.", "wamp.x", "wamp.error.x"]) assert.ok(isReserved(uri));
  for (const uri of ["", "w", "wampx", "wam", "com.wamp", "wampx.wamp", "WAMP"]) {
    assert.ok(!isReserved(uri));
  }
});
