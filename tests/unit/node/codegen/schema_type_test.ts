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

test("Codegen: schemas that refer to themselves many times end soon", () => {
  const tree = { type: "object", properties: { left: { $ref: "#" }, right: { $ref: "#" } } };
  assert.equal(typeOf(tree), "{ left?: unknown; right?: unknown }");
  const laughs: Record<string, unknown> = { d0: { type: "string" } };
  for (let i = 1; i < 30; i++) {
    const $ref = `#/$defs/d${i - 1}`;
    laughs[`d${i}`] = { type: "object", properties: { a: { $ref }, b: { $ref } } };
  }
  const text = typeOf({ $ref: "#/$defs/d29", $defs: laughs });
  assert.ok(text.length < 1_000_000, `${text.length}`);
});

test("Codegen: no two parameters have one name", () => {
  const prefixItems = [{ title: "a" }, { title: "a" }, { title: "arg4" }, {}, { title: "more" }];
  const items = { type: "number" };
  assert.equal(
    parametersOf({ prefixItems, items }),
    "a: unknown, arg2: unknown, arg4: unknown, arg4_: unknown, more: unknown, ...more_: number[]",
  );
});
