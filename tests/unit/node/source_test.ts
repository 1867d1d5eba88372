/** JSON with comments, YAML, and where things stand in both. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJson } from "../../../node/config/json.ts";
import { formatPath, readSource } from "../../../node/config/source.ts";

test("JSON: reads what JSON.parse reads", () => {
  const texts = [
    "{}",
    "[]",
    ' { "a" : [ 1, -2.5e3, 0, "x\\u00e9\\n\\"\\\\", true, false, null, {"": {}} ] } ',
    '"text"',
    "-0",
    '{"__proto__": {"a": 1}}',
  ];
  for (const text of texts) {
    const { value, mistakes } = readJson(text);
    assert.deepEqual(mistakes, []);
    assert.deepEqual(value, JSON.parse(text), text);
  }
});

test("JSON: comments and a byte order mark are passed over", () => {
  const text =
    '\uFEFF// one\n{ /* two\n lines */ "a": "// no comment /* at all", "b": /**/ 1 // end\n}\n//';
  assert.deepEqual(readJson(text).value, { a: "// no comment /* at all", b: 1 });
});

test("JSON: a mistake is named with its place", () => {
  const cases: [string, string, number, number][] = [
    ["", "found the end of the file, expected a value", 1, 1],
    ['{"a": 1,}', 'found "}", expected a key in double quotes', 1, 9],
    ["[1,]", 'found "]", expected a value', 1, 4],
    ['{\n  "a": 1\n  "b": 2\n}', 'found "\\"", expected "," or "}"', 3, 3],
    ["{a: 1}", 'found "a", expected a key in double quotes', 1, 2],
    ["{'a': 1}", 'found "\'", expected a key in double quotes', 1, 2],
    ['{"a" 1}', 'found "1", expected ":"', 1, 6],
    ["[1 2]", 'found "2", expected "," or "]"', 1, 4],
    ["nul", 'found "nul", expected a value', 1, 1],
    ["truest", 'found "truest", expected a value', 1, 1],
    ["01", 'found "01", expected a value', 1, 1],
    ["NaN", 'found "NaN", expected a value', 1, 1],
    ["{} x", 'found "x", expected the end of the file', 1, 4],
    ['{"a": 1, "a": 2}', 'found the key "a" twice', 1, 10],
    [
      '"a\nb"',
      "found a string that does not end, or holds a bare control character or an unknown escape",
      1,
      1,
    ],
    [
      '"\\x41"',
      "found a string that does not end, or holds a bare control character or an unknown escape",
      1,
      1,
    ],
    ["/* open", 'found "/", expected a value', 1, 1],
  ];
  for (const [text, expected, line, column] of cases) {
    assert.deepEqual(
      readJson(text).mistakes,
      [{ text: expected, position: { line, column } }],
      text,
    );
  }
});

test("JSON: nesting has a limit", () => {
  assert.equal(readJson("[".repeat(5000)).mistakes[0]?.text, "values are nested too deeply");
});

test("JSON: knows where keys and items stand, or the nearest thing around them", () => {
  const { position } = readJson('{\n  "workers": [\n    5,\n    { "type": "x" }\n  ]\n}');
  assert.deepEqual(position(["workers"]), { line: 2, column: 3 });
  assert.deepEqual(position(["workers", 1]), { line: 4, column: 5 });
  assert.deepEqual(position(["workers", 1, "type"]), { line: 4, column: 7 });
  assert.deepEqual(position(["workers", 1, "missing", "deep"]), { line: 4, column: 5 });
  assert.deepEqual(position([]), { line: 1, column: 1 });
});

test("YAML: reads a document and knows where its keys stand", async () => {
  const { value, position, mistakes } = await readSource(
    "version: 2\nworkers:\n  - type: router\n    id: abc\n",
    "config.yaml",
  );
  assert.deepEqual(mistakes, []);
  assert.deepEqual(value, { version: 2, workers: [{ type: "router", id: "abc" }] });
  assert.deepEqual(position(["workers", 0, "id"]), { line: 4, column: 5 });
  assert.deepEqual(position(["workers", 0, "missing"]), { line: 3, column: 5 });
});

test("YAML: mistakes and doubled keys are named with their place", async () => {
  for (const text of ["a: 1\nb: [", "a: 1\na: 2\n"]) {
    const { mistakes } = await readSource(text, "x.yml");
    assert.equal(mistakes.length > 0, true, text);
    assert.equal(mistakes[0]?.position.line, 2);
  }
});

test("YAML: an alias within what it stands for, and a second document, are named with their place", async () => {
  const cases: [string, string, number, number][] = [
    [
      "workers: &all\n  - { realms: [*all] }\n",
      'found "*all" within what it stands for, expected it elsewhere',
      2,
      16,
    ],
    ["version: 2\n---\nversion: 2\n", "found another document, expected one", 2, 1],
  ];
  for (const [source, text, line, column] of cases) {
    const { mistakes } = await readSource(source, "config.yaml");
    assert.deepEqual(mistakes, [{ text, position: { line, column } }]);
  }
});

test("YAML: aliases cannot make a small file large", async () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let i = 0; i < 8; i++) {
    const [from, to] = ["abcdefghi"[i], "abcdefghi"[i + 1]];
    lines.push(`${to}: &${to} [*${from}, *${from}, *${from}, *${from}, *${from}, *${from}]`);
  }
  const { mistakes } = await readSource(lines.join("\n"), "x.yaml");
  assert.equal(mistakes.length, 1);
});

test("Paths are written as people read them", () => {
  assert.equal(
    formatPath(["workers", 0, "paths", "/", "allow-by-default"]),
    'workers[0].paths["/"].allow-by-default',
  );
  assert.equal(formatPath(["$schema"]), "$schema");
  assert.equal(formatPath([]), "");
});
