/** JSON Schemas as TypeScript's types: as near as the type language comes, `unknown` where it does not. Used by `interface_text.ts`. */
import { isDict } from "../../wamp/options.ts";
import type { Dict } from "../../wamp/message.ts";

/** Schemas that refer to each other deeper than this, or in a circle, end in `unknown`. */
const MAX_DEPTH = 32;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** @param root the schema that `$ref`s begin at. */
export function typeOf(schema: unknown, root: unknown = schema, depth = 0): string {
  if (schema === false) return "never";
  if (!isDict(schema) || depth > MAX_DEPTH) return "unknown";
  const inner = (one: unknown) => typeOf(one, root, depth + 1);
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
  const parameters = first.map((one, i) =>
    `${nameOf(one, i)}${i < required ? "" : "?"}: ${typeOf(one, schema)}`
  );
  const rest = Array.isArray(schema["prefixItems"]) || !Array.isArray(schema["items"])
    ? schema["items"]
    : schema["additionalItems"];
  if (rest === false || schema["maxItems"] === first.length) return parameters.join(", ");
  const others = rest === undefined ? "unknown" : typeOf(rest, schema);
  // Who describes the first arguments and says nothing of others wants none.
  if (rest === undefined && first.length > 0) return parameters.join(", ");
  return [...parameters, `...${parameters.length > 0 ? "more" : "args"}: ${array(others)}`]
    .join(", ");
}

/** Names that two parameters have, or that are none, give way to numbers. */
function nameOf(schema: unknown, i: number): string {
  const title = isDict(schema) ? schema["title"] : undefined;
  const isUsable = typeof title === "string" && /^[a-z_]\w*$/.test(title) && !RESERVED.has(title);
  return isUsable ? title : `arg${i + 1}`;
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
