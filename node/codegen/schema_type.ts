/** JSON Schemas as TypeScript's types: as near as the type language comes, `unknown` where it does not. Used by `interface_text.ts`. */
import { isDict } from "../../wamp/options.ts";
import type { Dict } from "../../wamp/message.ts";

/** Schemas that refer to each other deeper than this, or in a circle, end in `unknown`. */
const MAX_DEPTH = 32;
/** So do those of which more have been read: a few that refer to each other twice each would fill the memory. */
const MAX_SCHEMAS = 10_000;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** @param root the schema that `$ref`s begin at. */
export function typeOf(schema: unknown, root: unknown = schema): string {
  return typeWithin(schema, [], { root, count: 0 });
}

/** What has been read of one schema. */
interface Reading {
  readonly root: unknown;
  count: number;
}

/** @param outer the schemas that this one is within. */
function typeWithin(schema: unknown, outer: readonly unknown[], reading: Reading): string {
  if (schema === false) return "never";
  const isTooMuch = outer.length > MAX_DEPTH || ++reading.count > MAX_SCHEMAS;
  if (!isDict(schema) || isTooMuch || outer.includes(schema)) return "unknown";
  const { root } = reading;
  const path = [...outer, schema];
  const inner = (one: unknown) => typeWithin(one, path, reading);
  const { $ref: ref, const: constant, enum: values, anyOf, oneOf, allOf, type } = schema;
  if (typeof ref === "string") return inner(resolved(ref, root));
  if ("const" in schema) return literal(constant);
  if (Array.isArray(values)) return union(values.map(literal));
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return union(choices.map(inner));
  if (Array.isArray(allOf)) return allOf.map(inner).map(inParentheses).join(" & ");
  if (Array.isArray(type)) return union(type.map((one) => plain(one, schema, inner)));
  return plain(type, schema, inner);
}

/** The parameters of a function that a schema of a list describes: `article: string, pieces?: number`. */
export function parametersOf(schema: unknown): string {
  if (!isDict(schema)) return "...args: unknown[]";
  const first = Array.isArray(schema["prefixItems"])
    ? schema["prefixItems"]
    : Array.isArray(schema["items"])
    ? schema["items"]
    : [];
  const { minItems } = schema;
  const required = typeof minItems === "number" ? minItems : first.length;
  const names = new Set<string>();
  const parameters = first.map((one, i) =>
    `${unique(nameOf(one, i, names), names)}${i < required ? "" : "?"}: ${typeOf(one, schema)}`
  );
  const rest = Array.isArray(schema["prefixItems"]) || !Array.isArray(schema["items"])
    ? schema["items"]
    : schema["additionalItems"];
  if (rest === false || schema["maxItems"] === first.length) return parameters.join(", ");
  const others = rest === undefined ? "unknown" : typeOf(rest, schema);
  // Who describes the first arguments and says nothing of others wants none.
  if (rest === undefined && first.length > 0) return parameters.join(", ");
  return [
    ...parameters,
    `...${unique(parameters.length > 0 ? "more" : "args", names)}: ${array(others)}`,
  ].join(", ");
}

/** Names that two parameters have, or that are none, give way to numbers. */
function nameOf(schema: unknown, i: number, others: ReadonlySet<string>): string {
  const title = isDict(schema) ? schema["title"] : undefined;
  const isUsable = typeof title === "string" && /^[a-z_]\w*$/.test(title) && !RESERVED.has(title);
  return isUsable && !others.has(title) ? title : `arg${i + 1}`;
}

function unique(name: string, others: Set<string>): string {
  while (others.has(name)) name += "_";
  others.add(name);
  return name;
}

const RESERVED = new Set(
  ("arguments await break case catch class const continue debugger default delete do else enum eval export " +
    "extends false finally for function if implements import in instanceof interface let new null package " +
    "private protected public return static super switch this throw true try typeof var void while with yield")
    .split(" "),
);

function plain(type: unknown, schema: Dict, inner: (schema: unknown) => string): string {
  switch (type) {
    case "string":
    case "boolean":
    case "number":
    case "null":
      return type;
    case "integer":
      return "number";
    case "array":
      return list(schema, inner);
    case "object":
      return object(schema, inner);
    default:
      if ("properties" in schema) return object(schema, inner);
      return "prefixItems" in schema || "items" in schema ? list(schema, inner) : "unknown";
  }
}

function list({ prefixItems, items, minItems }: Dict, inner: (schema: unknown) => string): string {
  const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  if (first === undefined) return array(items === undefined ? "unknown" : inner(items));
  const required = typeof minItems === "number" ? minItems : first.length;
  const parts = first.map((one, i) => i < required ? inner(one) : `${inParentheses(inner(one))}?`);
  if (isDict(items)) parts.push(`...${array(inner(items))}`);
  return `[${parts.join(", ")}]`;
}

function object(schema: Dict, inner: (schema: unknown) => string): string {
  const { properties, required, additionalProperties } = schema;
  const needed = Array.isArray(required) ? required : [];
  const members = Object.entries(isDict(properties) ? properties : {}).map(([key, one]) =>
    `${IDENTIFIER.test(key) ? key : JSON.stringify(key)}${needed.includes(key) ? "" : "?"}: ${
      inner(one)
    }`
  );
  if (members.length > 0) return `{ ${members.join("; ")} }`;
  return `Record<string, ${
    isDict(additionalProperties) ? inner(additionalProperties) : "unknown"
  }>`;
}

function array(item: string): string {
  return `${inParentheses(item)}[]`;
}

function inParentheses(type: string): string {
  return /^(?:[\w$]+|"[^"\\]*")$/.test(type) ? type : `(${type})`;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(" | ") || "never";
}

function literal(value: unknown): string {
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  return isPlain ? JSON.stringify(value) : "unknown";
}

/** `#/$defs/price`: a pointer within the schema. Undefined for any other. */
function resolved(ref: string, root: unknown): unknown {
  if (!ref.startsWith("#")) return undefined;
  return ref.slice(1).split("/").filter((part) => part !== "").reduce(
    (at: unknown, part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      return isDict(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    },
    root,
  );
}
