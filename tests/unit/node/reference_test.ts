/** The reference page and the JSON Schema for editors: both of the one schema, and neither leaves anything unsaid. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Schema, Validator } from "@cfworker/json-schema";
import {
  compactSchema,
  type EditorSchema,
  editorSchema,
} from "../../../node/config/editor_schema.ts";
import { referencePage, resolved, sectionsOf } from "../../../node/config/reference.ts";
import { exampleOf } from "../../../node/config/reference_example.ts";

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const root = editorSchema();
const sections = sectionsOf(root);

/** The problems of `value` by a section's schema. */
function problemsOf(schema: EditorSchema, value: unknown): string[] {
  const whole = { ...schema, "$defs": root.$defs };
  const { errors } = new Validator(JSON.parse(JSON.stringify(whole)) as Schema, "2020-12")
    .validate(value);
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

test("Reference page: docs/configuration.md is what the schema says; deno task docs writes it anew", async () => {
  const page = await readFile(join(ROOT, "docs", "configuration.md"), "utf8");
  assert.equal(page.trimEnd(), referencePage(root).trimEnd());
});

test("Reference page: each section and each key has its sentence", () => {
  assert.ok(sections.length > 70);
  const silent = sections.flatMap(({ path, schema }) => [
    ...(schema.description ? [] : [path]),
    ...Object.entries(schema.properties ?? {}).filter(([, given]) => {
      const key = resolved(given, root);
      const items = key.items && resolved(key.items, root);
      return !key.description && !items?.description && !key.refused && key.const === undefined;
    }).map(([name]) => `${path}.${name}`),
  ]);
  assert.deepEqual(silent, []);
});

for (const { path, schema } of sections) {
  const type = schema.properties?.["type"]?.const;
  test(`Reference page: the example of ${path || "the file"} ${type ?? ""} is allowed`, () => {
    assert.deepEqual(problemsOf(schema, exampleOf(schema, root)), []);
  });
}

test("Editor schema: the short form allows and refuses what the long one does", async () => {
  const compact = compactSchema();
  assert.ok(JSON.stringify(compact).length < JSON.stringify(root).length / 2);
  const validator = new Validator(JSON.parse(JSON.stringify(compact)) as Schema, "2020-12");
  const folder = join(ROOT, "tests", "unit", "node", "fixtures");
  for (const name of ["default.json", "every_option.json", "universal.json", "services.json"]) {
    const value = JSON.parse(await readFile(join(folder, name), "utf8"));
    assert.deepEqual(validator.validate(value).errors, [], name);
    assert.deepEqual(problemsOf(root, value), [], name);
  }
  const varying = {
    "version": 2,
    "workers": [{
      "type": "router",
      "realms": [{ "$include": "realms.json" }],
      "transports": [{
        "type": "websocket",
        "endpoint": { "type": "tcp", "port": 0, "shared": "$SHARED", "backlog": "${BACKLOG}" },
      }],
    }],
  };
  assert.deepEqual(validator.validate(varying).errors, []);
  const wrong = { "version": 2, "workers": [{ "type": "router", "realm": [] }] };
  assert.equal(validator.validate(wrong).valid, false);
  assert.notDeepEqual(problemsOf(root, wrong), []);
});

test("Editor schema: a refused key says what to do instead", () => {
  const options = sections.find(({ path }) => path === "workers[].transports[].endpoint");
  const refused = options?.schema.properties?.["user_timeout"];
  assert.match(refused?.errorMessage ?? "", /^not supported: no runtime can set/);
  assert.deepEqual(refused?.not, {});
});
