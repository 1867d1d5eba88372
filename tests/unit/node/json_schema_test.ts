/** JSON Schemas of payloads: what is found wrong with one at start, and what is said of a payload that does not fit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "../../../node/config/problems.ts";
import { payloadCheck, schemaProblems } from "../../../node/json_schema.ts";

const ORDER = {
  "type": "object",
  "properties": {
    "args": {
      "type": "array",
      "prefixItems": [{ "$ref": "#/$defs/order" }],
      "items": false,
      "minItems": 1,
    },
    "kwargs": {
      "type": "object",
      "properties": { "urgent": { "type": "boolean" } },
      "additionalProperties": false,
    },
  },
  "$defs": {
    "order": {
      "type": "object",
      "required": ["id"],
      "properties": {
        "id": { "type": "integer", "minimum": 1 },
        "items": { "type": "array", "items": { "type": "string", "pattern": "^[a-z]+$" } },
        "at": { "type": "string", "format": "date-time" },
      },
    },
  },
};

function said(schema: unknown, args: readonly unknown[], kwargs = {}): string | undefined {
  return payloadCheck(schema)({ args, kwargs });
}

test("JSON Schema: a payload that fits passes, and one that does not is told the place", () => {
  assert.deepEqual(schemaProblems(ORDER), []);
  assert.equal(said(ORDER, [{ "id": 1, "items": ["a"], "at": "2026-11-27T12:00:00Z" }]), undefined);
  assert.equal(said(ORDER, [{ "id": 1 }], { "urgent": true }), undefined);
  const wrong: [readonly unknown[], object, RegExp][] = [
    [[], {}, /^\/args: /],
    [["x"], {}, /^\/args\/0: .*"string".*"object"/],
    [[{}], {}, /^\/args\/0: .*id/],
    [[{ "id": 0 }], {}, /^\/args\/0\/id: /],
    [[{ "id": 1.5 }], {}, /^\/args\/0\/id: .*integer/],
    [[{ "id": 1, "items": ["a", "B"] }], {}, /^\/args\/0\/items\/1: /],
    [[{ "id": 1, "at": "yesterday" }], {}, /^\/args\/0\/at: /],
    [[{ "id": 1 }, 2], {}, /^\/args\/1: /],
    [[{ "id": 1 }], { "urgent": 1 }, /^\/kwargs\/urgent: /],
    [[{ "id": 1 }], { "other": 1 }, /^\/kwargs\/other: /],
  ];
  for (const [args, kwargs, expected] of wrong) {
    assert.match(said(ORDER, args, kwargs) ?? "nothing", expected);
  }
});

test("JSON Schema: true takes everything, false nothing", () => {
  assert.equal(said(true, [1, null, { "a": [] }]), undefined);
  assert.match(said(false, []) ?? "", /^\/: /);
});

test("JSON Schema: large integers and binary values are what JSON has for them, and nothing throws", () => {
  const first = (schema: object) => ({ "properties": { "args": { "prefixItems": [schema] } } });
  assert.equal(said(first({ "type": "integer" }), [2n ** 60n]), undefined);
  assert.equal(
    said(first({ "type": "string", "pattern": "^\\u0000" }), [new Uint8Array(3)]),
    undefined,
  );
  assert.match(said(first({ "type": "object" }), [new Uint8Array(3)]) ?? "", /^\/args\/0/);
  assert.notEqual(said(first({ "type": "object" }), [undefined]), undefined);
  let deep: unknown = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  assert.notEqual(said(first({ "type": "object" }), [deep]), undefined);
  const polluted = JSON.parse('{"__proto__": {"id": 1}}');
  assert.match(said(first({ "required": ["id"] }), [polluted]) ?? "", /^\/args\/0: .*id/);
  assert.notEqual(said(first({ "required": ["constructor"] }), [{}]), undefined);
});

test("JSON Schema: what the validator would pass over is found before", () => {
  const wrong: [unknown, string][] = [
    [1, "found 1, expected a JSON Schema: an object, true or false"],
    [
      { "requird": ["a"] },
      'requird: found an unknown keyword, expected a keyword of JSON Schema that is checked, or x-...; did you mean "required"?',
    ],
    [
      { "type": "strng" },
      'type: found "strng", expected one of null, boolean, object, array, number, string, integer, or a list of them',
    ],
    [
      { "properties": { "a": { "minimum": "1" } } },
      'properties.a.minimum: found "1", expected a number',
    ],
    [{ "properties": [] }, "properties: found an empty list, expected an object"],
    [
      { "items": [{ "maxLength": -1 }] },
      "items[0].maxLength: found -1, expected a whole number, 0 or more",
    ],
    [{ "pattern": "(" }, 'pattern: found "(", expected a regular expression'],
    [
      { "patternProperties": { "[": true } },
      'patternProperties["["]: found "[", expected a regular expression',
    ],
    [{ "anyOf": [] }, "anyOf: found an empty list, expected a list of schemas"],
    [{ "enum": "a" }, 'enum: found "a", expected a list'],
    [
      { "$ref": "#/$defs/none" },
      '$ref: found "#/$defs/none", expected a reference to a schema of this document',
    ],
    [
      { "not": { "$ref": "other.json" } },
      'not.$ref: found "other.json", expected a reference to a schema of this document',
    ],
    [
      { "$dynamicRef": "#a" },
      "$dynamicRef: found an unknown keyword, expected a keyword of JSON Schema that is checked, or x-...",
    ],
  ];
  for (const [schema, expected] of wrong) {
    assert.deepEqual(schemaProblems(schema).map(formatProblem), [expected]);
  }
  assert.match(
    schemaProblems({ "format": "datetime" }).map(formatProblem).join(),
    /^format: found "datetime"/,
  );
  assert.match(
    schemaProblems({ "$schema": "https://json-schema.org/draft/3000/schema" }).map(formatProblem)
      .join(),
    /^\$schema: /,
  );
  const fine = [
    true,
    {},
    { "x-mine": { "anything": 1 } },
    { "default": { "$ref": "no reference" }, "enum": [{ "$ref": "none either" }] },
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "definitions": { "a": true },
      "$ref": "#/definitions/a",
    },
    { "properties": { "requird": { "type": ["string", "null"] }, "$ref": { "type": "string" } } },
  ];
  for (const schema of fine) assert.deepEqual(schemaProblems(schema), []);
});

test("JSON Schema: references in a circle are found before, those of a tree are none", () => {
  for (
    const schema of [{ "$ref": "#" }, {
      "properties": { "args": { "allOf": [{ "$ref": "#/properties/args" }] } },
    }]
  ) {
    assert.match(schemaProblems(schema).map(formatProblem).join(), /refers to itself/);
  }
  assert.deepEqual(schemaProblems({ "properties": { "args": { "items": { "$ref": "#" } } } }), []);
});

test("JSON Schema: what peers send does not make a check take long", () => {
  const unique = {
    "properties": { "args": { "uniqueItems": true, "items": { "type": "array" } } },
  };
  assert.deepEqual(schemaProblems(unique), []);
  assert.equal(said(unique, [[1], [2]]), undefined);
  assert.match(said(unique, [[1], [1]]) ?? "", /^\/args: .*uplicate/);
  const many = Array.from({ length: 100_000 }, (_, i) => [i]);
  const start = performance.now();
  assert.match(said(unique, many) ?? "", /^\/args: .*256/);
  assert.ok(performance.now() - start < 5_000);
  assert.match(schemaProblems({ "format": "url" }).map(formatProblem).join(), /^format: /);
});

test("JSON Schema: a check does not change the schema that it was made of", () => {
  const before = structuredClone(ORDER);
  payloadCheck(ORDER);
  assert.deepEqual(ORDER, before);
});
