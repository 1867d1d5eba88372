/** docs/migration.md says of each key of Crossbar.io's whether it works here; what it says is what the schema does, row by row. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type EditorSchema, editorSchema } from "../../../node/config/editor_schema.ts";
import { expectation, type Problem, problemsOf, REFUSED } from "../../../node/config/problems.ts";
import { alternativesOf, resolved, sectionsOf } from "../../../node/config/reference.ts";
import { exampleOf, sampleFor } from "../../../node/config/reference_example.ts";
import { nodeSchema } from "../../../node/config/schema.ts";
import * as uris from "../../../wamp/uris.ts";

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const page = await readFile(join(ROOT, "docs", "migration.md"), "utf8");
const root = editorSchema();

interface Row {
  readonly path: string;
  /** Of a key that has several. */
  readonly value: string | undefined;
  readonly verdict: string;
  readonly note: string;
}

const rows: Row[] = [
  ...page.matchAll(
    /^\| `([^`]+)`(?:: `([^`]+)`)? *\| (works|differently|refused) *\| *(.*?) *\|$/gm,
  ),
].map(([, path = "", value, verdict = "", note = ""]) => ({ path, value, verdict, note }))
  .filter(({ path }) => !path.startsWith("kill_") && !path.startsWith("get_"));

const stepsOf = (path: string) =>
  path.replaceAll("[]", ".[]").split(".").filter((step) => step !== "");
const placeOf = (path: string) =>
  stepsOf(path).map((step) => step === "[]" ? 0 : step === "<name>" ? "name1" : step);

/** A value that has something at `steps`, as `leaf` makes it of the schema there; undefined when nothing suits. */
function holding(
  given: EditorSchema,
  steps: readonly string[],
  leaf: (schema: EditorSchema, holder: EditorSchema) => unknown,
  holder: EditorSchema = given,
): unknown {
  const schema = resolved(given, root);
  const [step, ...rest] = steps;
  if (step === undefined) return leaf(schema, holder);
  for (const one of alternativesOf(schema)) {
    const found = holding(one, steps, leaf);
    if (found !== undefined) return found;
  }
  const { items, additionalProperties: values, properties } = schema;
  const child = step === "[]"
    ? items
    : step === "<name>"
    ? typeof values === "object" ? values : undefined
    : properties?.[step];
  const value = child && holding(child, rest, leaf, schema);
  if (value === undefined) return undefined;
  if (step === "[]") return [value];
  if (step === "<name>") return { "name1": value };
  const example = exampleOf(schema, root);
  return { ...(typeof example === "object" ? example : {}), [step]: value };
}

/** What the schema says of the very place. */
function problemsAt(config: unknown, path: string): Problem[] {
  const result = nodeSchema.safeParse(config, { error: expectation, jitless: true });
  const place = JSON.stringify(placeOf(path)).slice(0, -1);
  return (result.success ? [] : problemsOf(result.error.issues, config))
    .filter((problem) => JSON.stringify(problem.path).startsWith(place));
}

const has = (schema: EditorSchema, value: string | undefined) =>
  value === undefined || schema.const === value || schema.enum?.includes(value) === true;
const name = (path: string) => stepsOf(path).at(-1) ?? "";

test("Migration page: the table is read in full", () => {
  assert.ok(rows.length > 300, String(rows.length));
  const verdicts = Map.groupBy(rows, ({ verdict }) => verdict);
  assert.ok((verdicts.get("refused")?.length ?? 0) > 60);
  assert.ok((verdicts.get("differently")?.length ?? 0) > 15);
});

for (const { path, value, verdict, note } of rows) {
  const key = value === undefined ? path : `${path}: ${value}`;
  if (verdict === "refused") {
    test(`Migration page: ${key} is refused, with the remedy of the page`, () => {
      const config = holding(root, stepsOf(path), (schema, holder) => {
        if (value !== undefined) return value;
        if (schema.refused === undefined && resolved(holder, root).refused === undefined) return;
        // What Crossbar.io would allow, and what is not empty or off.
        return schema.type === "array" ? [{}] : true;
      });
      const problems = problemsAt(config, value === undefined ? path : path.replace(/\.type$/, ""));
      const texts = problems.map(({ text }) => text).filter((text) => text.includes(REFUSED));
      assert.ok(texts.some((text) => text.endsWith(`${REFUSED}${note}`)), texts.join("\n"));
    });
  } else {
    test(`Migration page: ${key} works`, () => {
      const config = holding(root, stepsOf(path), (schema) => {
        if (schema.not !== undefined || schema.refused !== undefined) return undefined;
        if (!has(schema, value)) return undefined;
        return value ?? sampleFor(schema, root, name(path));
      });
      assert.notEqual(config, undefined, "the schema has no such key");
      assert.deepEqual(problemsAt(config, path), []);
      if (verdict === "differently") assert.notEqual(note, "");
    });
  }
}

test("Migration page: whatever the schema refuses has its row", () => {
  const told = rows.filter(({ verdict }) => verdict === "refused").map(({ note }) => note);
  const refused = sectionsOf(root).flatMap(({ schema }) =>
    Object.values(schema.properties ?? {}).flatMap((given) => {
      const key = resolved(given, root);
      const items = key.items && resolved(key.items, root);
      const types = [key, ...(items ? [items] : [])].flatMap(({ refusedTypes = {} }) =>
        Object.values(refusedTypes)
      );
      return [...(key.refused === undefined ? [] : [key.refused]), ...types];
    })
  );
  assert.deepEqual([...new Set(refused)].filter((remedy) => !told.includes(remedy)), []);
});

test("Migration page: the meta procedures that it names are there", () => {
  const named = [...page.matchAll(/`(wamp\.(?:session|registration|subscription)\.\w+)`/g)];
  assert.ok(named.length > 3);
  const known: unknown[] = Object.values(uris);
  assert.deepEqual(named.map(([, uri]) => uri).filter((uri) => !known.includes(uri)), []);
});
