/**
 * The vocabulary of the configuration's schema. Each field carries its doc line, unit, range and default, beside the rule that
 * it is checked by. A schema's error text is the expectation alone ("a port from 0 to 65535"):
 * `problems.ts` adds what was found.
 */
import { z } from "zod";
import { nearest } from "./nearest.ts";
import { alternatives, expectation, REFUSED } from "./problems.ts";

/** An object that knows its keys: an unknown one is a problem that names the nearest known and all that are allowed. */
export function section<S extends z.core.$ZodLooseShape>(doc: string, shape: S) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return expectation(issue);
      const allowed = Object.keys(shape).filter((key) => !isRefused(shape[key]));
      const keys: unknown = issue["keys"];
      return (Array.isArray(keys) ? keys : []).map((key) => {
        const guess = nearest(String(key), allowed);
        return alternatives(allowed) + (guess === undefined ? "" : `; did you mean "${guess}"?`);
      }).join("\n");
    },
  }).describe(doc);
}

/** One of several sections, told apart by their `type`. @param refused types of Crossbar.io's that are refused, with the remedy. */
export function kinds<
  const T extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(doc: string, options: T, types: readonly string[], refused: Readonly<Record<string, string>>) {
  return z.discriminatedUnion("type", options, {
    error: (issue) => {
      if (issue.code !== "invalid_union") return expectation(issue);
      const input: unknown = issue.input;
      const type: unknown = typeof input === "object" && input !== null
        ? Reflect.get(input, "type")
        : undefined;
      if (typeof type === "string" && Object.hasOwn(refused, type)) {
        return `${REFUSED}${refused[type]}`;
      }
      const guess = typeof type === "string" ? nearest(type, types) : undefined;
      return alternatives(types) + (guess === undefined ? "" : `; did you mean "${guess}"?`);
    },
  }).meta({
    description: doc,
    ...(Object.keys(refused).length > 0 && { refusedTypes: refused }),
  });
}

/** A key of Crossbar.io's that is not supported (yet), with the remedy. */
export function refused(remedy: string) {
  return z.never({ error: `${REFUSED}${remedy}` }).meta({ refused: remedy }).optional();
}

function isRefused(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodNever;
}

/** A switch of Crossbar.io's that may only be off, with the remedy. */
export function off(remedy: string) {
  return z.literal(false, { error: `false: true is ${REFUSED}${remedy}` }).optional()
    .meta({ description: "Accepted when false, as in Crossbar.io's examples", refused: remedy });
}

/** A list of Crossbar.io's that may only be empty, with the remedy. */
export function none(remedy: string) {
  return z.array(z.never({ error: `${REFUSED}${remedy}` })).optional()
    .meta({ description: "Accepted when empty, as in Crossbar.io's examples", refused: remedy });
}

export function text(doc: string) {
  return z.string().min(1, "a string that is not empty").describe(doc);
}

export function flag(fallback: boolean, doc: string) {
  return z.boolean().default(fallback).describe(doc);
}

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}

export function whole(range: Range, doc: string) {
  const { min, max, unit } = range;
  const error = `a whole number from ${min} to ${max}${unit === undefined ? "" : ` (${unit})`}`;
  const schema = z.int({ error }).min(min, error).max(max, error);
  return schema.meta({ description: doc, ...(unit !== undefined && { unit }) });
}

/** Bytes; 0 means no limit. */
export function bytes(range: Omit<Range, "unit">, doc: string) {
  return whole({ ...range, unit: "bytes" }, doc);
}

/** Milliseconds, where Crossbar.io refuses 1 to 999 as a sign that seconds were meant; 0 switches off. */
export function milliseconds(doc: string) {
  const error = "0, or a whole number of milliseconds from 1000 to 86400000";
  return z.int({ error }).refine((ms) => ms === 0 || (ms >= 1000 && ms <= 86_400_000), error)
    .meta({ description: doc, unit: "ms" });
}

/** An id of a configured thing, as Crossbar.io defines it. */
export function id(doc: string) {
  return z.string().regex(
    /^[a-z][a-z0-9_]{2,63}$/,
    "3 to 64 lower-case letters, digits and _, a letter first",
  ).optional().describe(doc);
}
