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

test("Page: whole numbers are exact at any size, and shown as they were typed", () => {
  const text =
    "[9007199254740991,9007199254740993,-9223372036854775808,18446744073709551615,1e3,1.0]";
  const values = parseList(text);
  assert.deepEqual(values, [2 ** 53 - 1, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 64n - 1n, 1000, 1]);
  assert.equal(showValue(values, 0), text.replace("1e3,1.0", "1000,1"));
  assert.deepEqual(parseObject('{"a":{"b":9007199254740993}}'), { "a": { "b": 2n ** 53n + 1n } });
});

test("Page: names and texts are taken as JSON has them", () => {
  const text = '{"__proto__":{"":"\\u00e9\\n\\""},"b":[[],{},true,false,null]}';
  assert.deepEqual(parseObject(text), JSON.parse(text));
  assert.deepEqual(Object.keys(parseObject(text)), ["__proto__", "b"]);
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
  ['[{"a" 1}]', /unexpected 1 \(column 7\)/],
  ["[1,\n 2,\n x]", /unexpected x \(line 3, column 2\)/],
  ["[1] 2", /unexpected 2 \(column 5\)/],
  ["[01]", /unexpected 1 \(column 3\)/],
  ['["\\n', /a text does not end.*column 2/],
  ["[\u00a01]", /column 2/],
  ["[-]", /unexpected - \(column 2\)/],
  ['{"a":}', /unexpected \} \(column 6\)/],
  ["9007199254740993", /Found a number/],
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
  assert.equal(
    showValue([10n ** 20n, 1e20, -0, 1.5, NaN], 0),
    [
      "[100000000000000000000",
      "100000000000000000000.0",
      "-0",
      "1.5",
      "NaN]",
    ].join(),
  );
  assert.equal(showValue(new Uint8Array([1, 255]), 0), '"<2 bytes: 01 ff>"');
  assert.match(showValue(new Uint8Array(40), 0), /^"<40 bytes: (00 ){32}…>"$/);
  assert.equal(showValue(undefined), "nothing");
});

test("Page: blocks are laid out as JSON.stringify does", () => {
  const value = { "a": [1, [], {}, { "b": ["é\n", null, true] }], "c": "" };
  assert.equal(showValue(value), JSON.stringify(value, null, 2));
  assert.equal(showValue(value, 0), JSON.stringify(value));
});

test("Page: empty parts of arguments are not shown", () => {
  assert.equal(showArguments([], {}), "[]");
  assert.equal(showArguments([1], {}), "[1]");
  assert.equal(showArguments([], { "a": 1 }), '{"a":1}');
  assert.equal(showArguments([1], { "a": 1 }), '[1] {"a":1}');
});
