import assert from "node:assert/strict";
import { test } from "node:test";
import {
  InputError,
  parseList,
  parseObject,
  parseUri,
} from "../../../../node/web/page/json_text.ts";
import { showArguments, showValue } from "../../../../node/web/page/show_value.ts";

test("Page: nothing typed means no arguments", () => {
  assert.deepEqual(parseList("  \n"), []);
  assert.deepEqual(parseObject(""), {});
});

test("Page: lists and objects are taken as they are", () => {
  assert.deepEqual(parseList(' [1, "a", {"b": null}] '), [1, "a", { "b": null }]);
  assert.deepEqual(parseObject('{"a": [1.5e3]}'), { "a": [1500] });
});

const faults: readonly (readonly [text: string, expected: RegExp])[] = [
  ["2", /Found a number, expected a list: \[2\]/],
  ['"a"', /Found a text, expected a list: \["a"\]/],
  ['{"a": 1}', /Found an object, expected a list/],
  ["null", /Found null/],
  ["true", /Found true/],
  ["[1, 2", /missing at the end/],
  ["[1, 2,]", /unexpected \] \(column 7\)/],
  ["[1 2]", /unexpected 2 \(column 4\)/],
  ["['a']", /double quotes \(column 2\)/],
  ['["a]', /a text does not end.*column 2/],
  ['[{"a" 1}]', /column 3/],
  ["[1,\n 2,\n x]", /unexpected x \(line 3, column 2\)/],
  ["[1] 2", /unexpected 2 \(column 5\)/],
  ["[01]", /unexpected 1 \(column 3\)/],
];
for (const [text, expected] of faults) {
  test(`Page: ${JSON.stringify(text)} is refused with its fault and place`, () => {
    assert.throws(() => parseList(text), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, expected);
      return true;
    });
  });
}

test("Page: a list is no object", () => {
  assert.throws(() => parseObject("[]"), /Found a list, expected an object: \{"name": \[\]\}/);
});

test("Page: URIs are trimmed and not empty", () => {
  assert.equal(parseUri(" com.example "), "com.example");
  assert.throws(() => parseUri(" "), InputError);
  assert.throws(() => parseUri("com example"), InputError);
});

test("Page: values that JSON does not know can be told apart", () => {
  assert.equal(showValue(10n ** 20n, 0), '"100000000000000000000"');
  assert.equal(showValue(new Uint8Array([1, 255]), 0), '"<2 bytes: 01 ff>"');
  assert.match(showValue(new Uint8Array(40), 0), /^"<40 bytes: (00 ){32}…>"$/);
  assert.equal(showValue(undefined), "nothing");
});

test("Page: empty parts of arguments are not shown", () => {
  assert.equal(showArguments([], {}), "[]");
  assert.equal(showArguments([1], {}), "[1]");
  assert.equal(showArguments([], { "a": 1 }), '{"a":1}');
  assert.equal(showArguments([1], { "a": 1 }), '[1] {"a":1}');
});
