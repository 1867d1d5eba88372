/**
 * JSON Schemas of payloads. The validator interprets them, so no code is made at run time; what it would pass over or stumble at later is
 * found here at start: keywords that it does not know, values that they cannot have, references that lead nowhere.
 */
import {
  dereference,
  format as formats,
  type OutputUnit,
  type Schema,
  type SchemaDraft,
  Validator,
} from "@cfworker/json-schema";
import type { PayloadCheck } from "../router/payload_check.ts";
import { isDict } from "../wamp/options.ts";
import type { PayloadValues } from "../wamp/payload.ts";
import { nearest } from "./config/nearest.ts";
import type { Problem } from "./config/problems.ts";
import type { Path } from "./config/source.ts";
import { jsonOf } from "./json_value.ts";

const DRAFTS: Readonly<Record<string, SchemaDraft>> = {
  "http://json-schema.org/draft-04/schema": "4",
  "http://json-schema.org/draft-07/schema": "7",
  "https://json-schema.org/draft/2019-09/schema": "2019-09",
  "https://json-schema.org/draft/2020-12/schema": "2020-12",
};
const DEFAULT_DRAFT = "2020-12";

/** Each problem with its path in the schema; none: it can be used. */
export function schemaProblems(schema: unknown): Problem[] {
  const problems = problemsIn(schema, []);
  if (problems.length > 0 || !isDict(schema)) return problems;
  const references = referenceProblems(schema);
  return references.length > 0 ? references : circleProblems(schema);
}

/** References that lead back to where they stand, for the same value, would end in no check at all. */
function circleProblems(schema: unknown): Problem[] {
  const draft = draftOf(schema) ?? DEFAULT_DRAFT;
  const validator = new Validator(structuredClone(schema) as Schema | boolean, draft);
  try {
    validator.validate({ "args": [], "kwargs": {} });
    return [];
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const text = "found a schema that refers to itself for the same value, expected an end of it";
    return [{ path: [], text }];
  }
}

/** @param schema one without problems, of an object with `args`, a list, and `kwargs`, an object. */
export function payloadCheck(schema: unknown): PayloadCheck {
  const draft = draftOf(schema) ?? DEFAULT_DRAFT;
  // It writes into what it is given.
  const validator = new Validator(bounded(structuredClone(schema)) as Schema | boolean, draft);
  return (payload) => {
    try {
      const { valid, errors } = validator.validate(instanceOf(payload));
      if (valid) return undefined;
      const worst = errors.reduce((best, one) => weight(one) > weight(best) ? one : best);
      return `${worst.instanceLocation.slice(1) || "/"}: ${worst.error.slice(0, 300)}`;
    } catch (cause) {
      // A value that no schema can describe.
      return cause instanceof Error ? cause.message.slice(0, 300) : "it cannot be checked";
    }
  };
}

/** Keywords that only say that something else was wrong at the same place. */
const IN_PLACE: readonly string[] = [
  "$ref",
  "$recursiveRef",
  "allOf",
  "anyOf",
  "oneOf",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "false",
];

/** The deepest place says most; those around it only repeat that something below is wrong. */
function weight({ instanceLocation, keyword }: OutputUnit): number {
  return instanceLocation.split("/").length * 2 + (IN_PLACE.includes(keyword) ? 0 : 1);
}

/** As JSON has it, whatever the serializer was. */
function instanceOf({ args, kwargs }: PayloadValues): unknown {
  return { "args": jsonOf(args), "kwargs": jsonOf(kwargs) };
}

/** Items that a list may have which is checked for repetitions: each is compared with each. */
const MOST_UNIQUE = 256;

/** The schema with `uniqueItems` for lists that are not too long, where others are refused. */
function bounded(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bounded);
  if (typeof schema !== "object" || schema === null) return schema;
  const { uniqueItems, allOf, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([key, one]) => [key, VALUES.includes(key) ? one : bounded(one)]),
  );
  const others = allOf === undefined ? {} : { allOf };
  if (uniqueItems !== true) {
    return { ...rest, ...others, ...(uniqueItems !== undefined && { uniqueItems }) };
  }
  const limit = { "maxItems": MOST_UNIQUE };
  const check = { "if": limit, "then": { "uniqueItems": true }, "else": limit };
  return { ...rest, "allOf": [...(Array.isArray(allOf) ? allOf : []), check] };
}

function draftOf(schema: unknown): SchemaDraft | undefined {
  const uri = isDict(schema) ? schema["$schema"] : undefined;
  return typeof uri === "string" ? DRAFTS[uri.replace(/#$/, "")] : undefined;
}

// What a schema may say.

type Kind = (value: unknown, path: Path) => Problem[];

function expecting(expected: string, accepts: (value: unknown) => boolean): Kind {
  return (value, path) =>
    accepts(value) ? [] : [{ path, text: `found ${brief(value)}, expected ${expected}` }];
}

const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const isNumber = (value: unknown) => typeof value === "number";

const anything: Kind = () => [];
const text = expecting("a string", isText);
const texts = expecting("a list of strings", isTexts);
const flag = expecting("true or false", (value) => typeof value === "boolean");
const count = expecting(
  "a whole number, 0 or more",
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
const number = expecting("a number", isNumber);
const limit = expecting(
  "a number, or true or false",
  (value) => isNumber(value) || typeof value === "boolean",
);
const positive = expecting(
  "a number greater than 0",
  (value) => isNumber(value) && Number(value) > 0,
);
const list = expecting("a list", Array.isArray);
const pattern = expecting("a regular expression", (value) => isText(value) && isPattern(value));
const TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"];
const type = expecting(
  `one of ${TYPES.join(", ")}, or a list of them`,
  (value) =>
    Array.isArray(value)
      ? value.length > 0 && value.every((one) => TYPES.includes(one))
      : isText(value) && TYPES.includes(value),
);
const draft = expecting(
  `one of ${Object.keys(DRAFTS).join(", ")}`,
  (value) => draftOf({ "$schema": value }) !== undefined,
);
/** Not "url": its expression takes exponential time. */
const FORMATS = Object.keys(formats).filter((name) => name !== "url");
const format = expecting(
  `one of ${FORMATS.join(", ")}`,
  (value) => isText(value) && FORMATS.includes(value),
);
const schema: Kind = problemsIn;
const schemas: Kind = (value, path) =>
  Array.isArray(value) && value.length > 0
    ? value.flatMap((one, i) => problemsIn(one, [...path, i]))
    : [{ path, text: `found ${brief(value)}, expected a list of schemas` }];
const schemaOrList: Kind = (value, path) =>
  Array.isArray(value)
    ? value.flatMap((one, i) => problemsIn(one, [...path, i]))
    : schema(value, path);
const named = (kind: Kind): Kind => (value, path) =>
  isDict(value)
    ? Object.entries(value).flatMap(([key, one]) => kind(one, [...path, key]))
    : [{ path, text: `found ${brief(value)}, expected an object` }];
const byPattern: Kind = (value, path) => [
  ...named(schema)(value, path),
  ...(isDict(value) ? Object.keys(value) : []).flatMap((key) => pattern(key, [...path, key])),
];
const dependency: Kind = (value, path) =>
  Array.isArray(value) ? texts(value, path) : schema(value, path);

const KEYWORDS: Readonly<Record<string, Kind>> = {
  "$schema": draft,
  "$id": text,
  "id": text,
  "$anchor": text,
  "$ref": text,
  "$recursiveRef": text,
  "$recursiveAnchor": flag,
  "$comment": anything,
  "$defs": named(schema),
  "definitions": named(schema),
  "title": anything,
  "description": anything,
  "default": anything,
  "examples": anything,
  "deprecated": anything,
  "readOnly": anything,
  "writeOnly": anything,
  "type": type,
  "const": anything,
  "enum": list,
  "not": schema,
  "anyOf": schemas,
  "allOf": schemas,
  "oneOf": schemas,
  "if": schema,
  "then": schema,
  "else": schema,
  "format": format,
  "contentEncoding": text,
  "contentMediaType": text,
  "properties": named(schema),
  "patternProperties": byPattern,
  "additionalProperties": schema,
  "unevaluatedProperties": schema,
  "required": texts,
  "minProperties": count,
  "maxProperties": count,
  "propertyNames": schema,
  "dependentRequired": named(texts),
  "dependentSchemas": named(schema),
  "dependencies": named(dependency),
  "prefixItems": schemas,
  "items": schemaOrList,
  "additionalItems": schema,
  "unevaluatedItems": schema,
  "contains": schema,
  "minContains": count,
  "maxContains": count,
  "minItems": count,
  "maxItems": count,
  "uniqueItems": flag,
  "minimum": number,
  "maximum": number,
  "exclusiveMinimum": limit,
  "exclusiveMaximum": limit,
  "multipleOf": positive,
  "minLength": count,
  "maxLength": count,
  "pattern": pattern,
};

function problemsIn(value: unknown, path: Path): Problem[] {
  if (typeof value === "boolean") return [];
  if (!isDict(value)) {
    return [{
      path,
      text: `found ${brief(value)}, expected a JSON Schema: an object, true or false`,
    }];
  }
  return Object.entries(value).flatMap(([key, one]) => {
    const kind = Object.hasOwn(KEYWORDS, key) ? KEYWORDS[key] : undefined;
    if (kind !== undefined) return kind(one, [...path, key]);
    if (key.startsWith("x-")) return [];
    const guess = nearest(key, Object.keys(KEYWORDS));
    const hint = guess === undefined ? "" : `; did you mean "${guess}"?`;
    const expected = `expected a keyword of JSON Schema that is checked, or x-...${hint}`;
    return [{ path: [...path, key], text: `found an unknown keyword, ${expected}` }];
  });
}

/** References that lead to no schema of the document. */
function referenceProblems(root: Schema): Problem[] {
  const copy: Schema = structuredClone(root);
  let known: Record<string, Schema | boolean>;
  try {
    known = dereference(copy);
  } catch (cause) {
    return [{ path: [], text: cause instanceof Error ? cause.message : String(cause) }];
  }
  const problems: Problem[] = [];
  const look = (value: unknown, path: Path) => {
    if (typeof value !== "object" || value === null) return;
    const reference: unknown = Reflect.get(value, "$ref");
    if (typeof reference === "string") {
      const absolute: unknown = Reflect.get(value, "__absolute_ref__");
      if (!Object.hasOwn(known, typeof absolute === "string" ? absolute : reference)) {
        const text = `found "${reference}", expected a reference to a schema of this document`;
        problems.push({ path: [...path, "$ref"], text });
      }
    }
    for (const [key, one] of Object.entries(value)) {
      if (!VALUES.includes(key)) look(one, [...path, key]);
    }
  };
  look(copy, []);
  return problems;
}

/** Keywords whose values are no schemas, whatever they look like. */
const VALUES: readonly string[] = ["const", "enum", "default", "examples"];

function isPattern(source: string): boolean {
  try {
    new RegExp(source, "u");
    return true;
  } catch {
    return false;
  }
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(value)?.slice(0, 60) ?? "nothing";
}
