/**
 * The vocabulary of the configuration's schema. Each field carries its doc line, unit, range and default, beside the rule that
 * it is checked by. A schema's error text is the expectation alone ("a port from 0 to 65535"):
 * `problems.ts` adds what was found.
 */
import { z } from "zod";
import { nearest } from "./nearest.ts";
import { alternatives, expectation, REFUSED } from "./problems.ts";

/** Anything that JSON can say: one schema, as it holds itself. */
export const anyValue = z.json();

const NOTHING = z.never();

/**
 * An object that knows its keys: an unknown one is a problem that names the nearest known and all that are allowed.
 *
 * PERF: `shapeOf` is called when a configuration has such a section, not when the program is loaded. The plain version is
 * `z.strictObject(shape)`; of 2,256 schemas a small configuration then needs 620, see "Start" in docs/performance.md.
 */
export function section<S extends z.core.$ZodLooseShape>(
  doc: string,
  shapeOf: () => S,
): z.ZodObject<z.core.util.Writeable<S>, z.core.$strict>;
export function section(doc: string, shapeOf: () => z.core.$ZodLooseShape): z.ZodObject {
  let made: z.core.$ZodLooseShape | undefined;
  const shape = () => made ??= shapeOf();
  const error = (issue: z.core.$ZodRawIssue): string => {
    if (issue.code !== "unrecognized_keys") return expectation(issue);
    const allowed = Object.entries(shape()).filter(([, one]) => !isRefused(one))
      .map(([key]) => key);
    return issue.keys.map((key) => {
      const guess = nearest(String(key), allowed);
      return alternatives(allowed) + (guess === undefined ? "" : `; did you mean "${guess}"?`);
    }).join("\n");
  };
  const def = {
    type: "object" as const,
    get shape() {
      return shape();
    },
    catchall: NOTHING,
    error,
  };
  return documented(new z.ZodObject(def), { description: doc });
}

/** With words about it: what `meta` does, without a copy of what was just made. */
function documented<T extends z.core.$ZodType>(schema: T, words: z.core.GlobalMeta): T {
  z.globalRegistry.add(schema, words);
  return schema;
}

/**
 * One of several sections, told apart by their `type`.
 * @param types those of the options, in their order.
 * @param refused types of Crossbar.io's that are refused, with the remedy.
 */
export function kinds<
  const T extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(doc: string, options: T, types: readonly string[], refused: Readonly<Record<string, string>>) {
  for (const [i, option] of options.entries()) {
    // Else Zod would make the shapes of all options to learn their types.
    const type = types[i];
    if (type !== undefined) option._zod.propValues = { "type": new Set([type]) };
  }
  return documented(
    z.discriminatedUnion("type", options, {
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
    }),
    {
      description: doc,
      ...(Object.keys(refused).length > 0 && { refusedTypes: refused }),
    },
  );
}

/** A key of Crossbar.io's that is not supported (yet), with the remedy. */
export function refused(remedy: string) {
  return documented(z.never({ error: `${REFUSED}${remedy}` }), { refused: remedy }).optional();
}

function isRefused(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodNever;
}

/** A switch of Crossbar.io's that may only be off, with the remedy. */
export function off(remedy: string) {
  const schema = z.literal(false, { error: `false: true is ${REFUSED}${remedy}` }).optional();
  const description = "Accepted when false, as in Crossbar.io's examples";
  return documented(schema, { description, refused: remedy });
}

/** A list of Crossbar.io's that may only be empty, with the remedy. */
export function none(remedy: string) {
  const schema = z.array(z.never({ error: `${REFUSED}${remedy}` })).optional();
  const description = "Accepted when empty, as in Crossbar.io's examples";
  return documented(schema, { description, refused: remedy });
}

export function text(doc: string) {
  return documented(z.string().min(1, "a string that is not empty"), { description: doc });
}

export function flag(fallback: boolean, doc: string) {
  return documented(z.boolean().default(fallback), { description: doc });
}

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}

export function whole(range: Range, doc: string) {
  const { min, max, unit } = range;
  const error = `a whole number from ${min} to ${max}${unit === undefined ? "" : ` (${unit})`}`;
  const schema = z.int({ error }).check(z.gte(min, error), z.lte(max, error));
  return documented(schema, { description: doc, ...(unit !== undefined && { unit }) });
}

/** Bytes; 0 means no limit. */
export function bytes(range: Omit<Range, "unit">, doc: string) {
  return whole({ ...range, unit: "bytes" }, doc);
}

/** Milliseconds, where Crossbar.io refuses 1 to 999 as a sign that seconds were meant; 0 switches off. */
export function milliseconds(doc: string) {
  const error = "0, or a whole number of milliseconds from 1000 to 86400000";
  const schema = z.int({ error })
    .refine((ms) => ms === 0 || (ms >= 1000 && ms <= 86_400_000), error);
  return documented(schema, { description: doc, unit: "ms" });
}

/** An id of a configured thing, as Crossbar.io defines it. */
export function id(doc: string) {
  const schema = z.string().regex(
    /^[a-z][a-z0-9_]{2,63}$/,
    "3 to 64 lower-case letters, digits and _, a letter first",
  );
  return documented(schema.optional(), { description: doc });
}
