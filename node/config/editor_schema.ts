/**
 * The configuration's schema as JSON Schema, for editors and for `reference.ts`. Beside the standard's keywords it has `errorMessage` (what is
 * allowed, in `check`'s own words, which editors show), `unit`, `refused` (what to do instead of a key) and `refusedTypes`.
 */
import { z } from "zod";
import { expectation } from "./problems.ts";
import { nodeSchema } from "./schema.ts";

/** As much of JSON Schema as Zod writes, and our own keywords. */
export interface EditorSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, EditorSchema>>;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, EditorSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: EditorSchema | boolean;
  readonly items?: EditorSchema;
  readonly minItems?: number;
  readonly oneOf?: readonly EditorSchema[];
  readonly anyOf?: readonly EditorSchema[];
  readonly allOf?: readonly EditorSchema[];
  readonly not?: EditorSchema;
  readonly errorMessage?: string;
  readonly unit?: string;
  readonly refused?: string;
  readonly refusedTypes?: Readonly<Record<string, string>>;
}

/** Everything that stands in a configuration file, each section in its place; only what holds itself is a `$ref`. */
export function editorSchema(): EditorSchema {
  const schema = z.toJSONSchema(nodeSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const { refused } = jsonSchema;
      if (typeof refused === "string") jsonSchema["errorMessage"] = `not supported: ${refused}`;
      else if (SPEAKING.includes(zodSchema._zod.def.type)) {
        const expected = expectationOf(zodSchema);
        if (expected !== undefined) jsonSchema["errorMessage"] = `expected ${expected}`;
      }
    },
  });
  // What is left without what JSON has not.
  return JSON.parse(JSON.stringify(schema));
}

/** The same for editors: what stands in several places only once, and with what every value may be besides (`variables.ts`, `include.ts`). */
export function compactSchema(): EditorSchema {
  const counts = new Map<string, number>();
  const schema = editorSchema();
  count(schema, counts);
  const defs: Record<string, unknown> = {};
  const names = new Map<string, string>();
  const { $defs, ...root } = shared(schema, (text) => {
    if ((counts.get(text) ?? 0) < 2 || text.length < LEAST_SHARED) return undefined;
    let name = names.get(text);
    if (name === undefined) {
      name = `section${names.size + 1}`;
      names.set(text, name);
    }
    return name;
  }, defs);
  const all = { ...$defs, ...defs, "variable": VARIABLE, "include": INCLUDE };
  return JSON.parse(JSON.stringify({ ...root, "$defs": all }));
}

const VARIABLE = {
  "type": "string",
  "pattern": "\\$[A-Za-z_{]",
  "description": "A variable of the environment: $NAME or ${NAME}",
};

const INCLUDE = {
  "type": "object",
  "properties": {
    "$include": { "type": "string", "description": "File that has what stands here" },
  },
  "required": ["$include"],
};

/** Where a variable or an included file may stand, too. */
function alternativeTo(schema: object): string | undefined {
  if ("properties" in schema || "oneOf" in schema || "items" in schema) return "include";
  if ("const" in schema) return undefined;
  const isText = "type" in schema && schema.type === "string";
  if (isText) return "enum" in schema || "pattern" in schema ? "variable" : undefined;
  return "type" in schema && PLAIN.includes(schema.type) ? "variable" : undefined;
}

const PLAIN: readonly unknown[] = ["integer", "number", "boolean"];

/** A smaller section is not worth a name. */
const LEAST_SHARED = 200;

function count(value: unknown, counts: Map<string, number>): void {
  if (typeof value !== "object" || value === null) return;
  const text = JSON.stringify(value);
  counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const one of Object.values(value)) count(one, counts);
}

/** A copy in which what `nameOf` names stands in `defs`. */
function shared<T>(
  value: T,
  nameOf: (text: string) => string | undefined,
  defs: Record<string, unknown>,
): T {
  const copy = (one: unknown): unknown => {
    if (typeof one !== "object" || one === null) return one;
    if (Array.isArray(one)) return one.map(copy);
    const isSection = "properties" in one || "oneOf" in one;
    const name = isSection ? nameOf(JSON.stringify(one)) : undefined;
    const inner = () =>
      Object.fromEntries(
        Object.entries(one).map(([key, child]) => [
          key,
          key === "properties"
            ? propertiesOf(child)
            : key === "items"
            ? either(child)
            : copy(child),
        ]),
      );
    if (name === undefined) return inner();
    if (!Object.hasOwn(defs, name)) {
      // Taken first: what stands below may not take it again.
      defs[name] = {};
      defs[name] = inner();
    }
    return { "$ref": `#/$defs/${name}` };
  };
  const either = (one: object): unknown => {
    const other = alternativeTo(one);
    if (other === undefined) return copy(one);
    const about = ["description", "default"].filter((key) => Object.hasOwn(one, key));
    return {
      ...Object.fromEntries(about.map((key) => [key, Reflect.get(one, key)])),
      "anyOf": [copy(one), { "$ref": `#/$defs/${other}` }],
    };
  };
  const propertiesOf = (properties: Record<string, object>) =>
    Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, either(one)]));
  return JSON.parse(JSON.stringify(copy(value)));
}

/** Kinds of schemas whose own words say more than JSON Schema's keywords do. */
const SPEAKING: readonly string[] = ["string", "number", "int", "union"];

/** What `check` would say of a value that cannot be right. */
function expectationOf(schema: z.core.$ZodType): string | undefined {
  // Strings are wrong by their pattern rather than by their type.
  const wrong = schema._zod.def.type === "string" ? "\0" : Symbol("no value of a configuration");
  const { error } = z.safeParse(schema, wrong, { error: expectation });
  return error?.issues[0]?.message;
}
