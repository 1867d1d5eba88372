/** Types of JSON Schemas. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parametersOf, typeOf } from "../../../../node/codegen/schema_type.ts";

test("Codegen: schemas become the nearest types", () => {
  const cases: [unknown, string][] = [
    [true, "unknown"],
    [false, "never"],
    [{}, "unknown"],
    [{ type: "integer" }, "number"],
    [{ type: ["string", "null"] }, "string | null"],
    [{ enum: ["a", 1, null] }, '"a" | 1 | null'],
    [{ const: 'x"y' }, '"x\\"y"'],
    [{ type: "array", items: { enum: ["a", "b"] } }, '("a" | "b")[]'],
    [{ type: "array" }, "unknown[]"],
    [
      {
        type: "array",
        prefixItems: [{ type: "string" }, { type: "number" }],
        minItems: 1,
        items: { type: "boolean" },
      },
      "[string, number?, ...boolean[]]",
    ],
    [{ anyOf: [{ type: "string" }, { type: "string" }] }, "string"],
    [
      { allOf: [{ type: "string" }, { anyOf: [{ type: "number" }, { type: "null" }] }] },
      "string & (number | null)",
    ],
    [
      { type: "object", properties: { a: { type: "string" }, "b-c": {} }, required: ["a"] },
      '{ a: string; "b-c"?: unknown }',
    ],
    [{ type: "object", additionalProperties: { type: "number" } }, "Record<string, number>"],
    [{ $ref: "#/$defs/a", $defs: { a: { type: "string" } } }, "string"],
    [{ $ref: "https://example.com/schema" }, "unknown"],
  ];
  for (const [schema, type] of cases) assert.equal(typeOf(schema), type, JSON.stringify(schema));
  const circle = { type: "array", items: { $ref: "#" } };
  assert.match(typeOf(circle), /^\(*unknown/);
});

test("Codegen: a list's schema becomes parameters, with names where they are usable", () => {
  const cases: [unknown, string][] = [
    [undefined, "...args: unknown[]"],
    [{ type: "array", minItems: 2 }, "...args: unknown[]"],
    [{ type: "array", maxItems: 0 }, ""],
    [{ type: "array", items: { type: "number" } }, "...args: number[]"],
    [
      {
        prefixItems: [{ title: "article", type: "string" }, { title: "class", type: "number" }],
        minItems: 1,
      },
      "article: string, arg2?: number",
    ],
    [
      { prefixItems: [{ type: "string" }], items: { type: "number" } },
      "arg1: string, ...more: number[]",
    ],
    [{ items: [{ type: "string" }], additionalItems: false }, "arg1: string"],
  ];
  for (const [schema, text] of cases) {
    assert.equal(parametersOf(schema), text, JSON.stringify(schema));
  }
});
