/** Handlers whose arguments are checked by schemas of any library that speaks Standard Schema (https://standardschema.dev): Zod, Valibot, ArkType. */
import type { Dict } from "../wamp/message.ts";
import { INVALID_ARGUMENT } from "../wamp/uris.ts";
import { ApplicationError } from "./errors.ts";

/** What such a library's schemas have in common. */
export interface StandardSchema<T> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Outcome<T> | Promise<Outcome<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

type Outcome<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Schemas of a handler; what has none is not checked. */
export interface Schemas<Args extends readonly unknown[], Kwargs extends object, Result> {
  /** Of the list of positional arguments. */
  readonly args?: StandardSchema<Args>;
  readonly kwargs?: StandardSchema<Kwargs>;
  /** Of what a procedure returns. */
  readonly result?: StandardSchema<Result>;
}

/** Checks what `handler` is called with. A call with wrong arguments is answered with `wamp.error.invalid_argument`, which names the place;
 * a wrong result is the callee's own fault, and becomes `wamp.error.runtime_error`. An event with wrong arguments is logged.
 *
 * @example
 * ```ts
 * import { checked, Component } from "realmway";
 * import { z } from "zod";
 *
 * const component = new Component();
 * const args = z.tuple([z.number(), z.number()]);
 * component.register("com.example.add2", checked({ args }, ([a, b]) => a + b));
 * ```
 */
export function checked<
  Details,
  Args extends readonly unknown[] = readonly unknown[],
  Kwargs extends object = Dict,
  Result = unknown,
>(
  schemas: Schemas<Args, Kwargs, Result>,
  handler: (args: Args, kwargs: Kwargs, details: Details) => Result | Promise<Result>,
): (args: Args, kwargs: Kwargs, details: Details) => Promise<Result> {
  return async (args, kwargs, details) => {
    const [all, named] = [
      await argument(schemas.args, args, "args"),
      await argument(schemas.kwargs, kwargs, "kwargs"),
    ];
    const result = await handler(all, named, details);
    if (schemas.result === undefined) return result;
    const outcome = await schemas.result["~standard"].validate(result);
    if (outcome.issues === undefined) return outcome.value;
    throw new Error(`The callee returned a wrong result: ${issuesText(outcome.issues, "result")}`);
  };
}

async function argument<T>(
  schema: StandardSchema<T> | undefined,
  value: T,
  place: string,
): Promise<T> {
  if (schema === undefined) return value;
  const outcome = await schema["~standard"].validate(value);
  if (outcome.issues === undefined) return outcome.value;
  throw new ApplicationError(INVALID_ARGUMENT, [issuesText(outcome.issues, place)]);
}

/** "args[1]: expected a number" */
export function issuesText(issues: readonly Issue[], place: string): string {
  return issues.map(({ path = [], message }) => {
    const keys = path.map((part) => typeof part === "object" ? part.key : part);
    const at = keys.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`);
    return `${place}${at.join("")}: ${message}`;
  }).join("; ");
}
