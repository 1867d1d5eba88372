/** What procedures return and calls resolve to, between WAMP's lists and dictionaries and single values. */
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";
import { Payload, type PayloadValues } from "../wamp/payload.ts";

/** The same in every copy of this library, as a component may bring its own. */
const IS_CALL_RESULT: unique symbol = Symbol.for("realmway.CallResult");

/** Several results, or results with names. A handler returns one to send them; a call resolves to one when it receives anything but
 * at most one positional result.
 *
 * @example
 * ```ts
 * import { CallResult } from "realmway";
 *
 * const result = new CallResult(["Oslo", "Bergen"], { total: 2 });
 * console.assert(result.args.length === 2 && result.kwargs["total"] === 2);
 * ```
 */
export class CallResult {
  readonly [IS_CALL_RESULT] = true;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;

  constructor(args: readonly unknown[] = [], kwargs: Dict = EMPTY_DICT) {
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** The arguments in `payload`. Throws for a payload that another party's program has encrypted (`enc_algo`): it has none. */
export function readValues(payload: Payload): PayloadValues {
  const values = payload.decode();
  if (values.opaque !== undefined) {
    throw new Error(
      "Cannot read a payload: found one encrypted value (payload transparency), expected arguments",
    );
  }
  return values;
}

/** What a call resolves to: nothing, the one positional result, or a CallResult. */
export function readResult(payload: Payload): unknown {
  if (payload.count === 0) return undefined;
  const { args, kwargs } = readValues(payload);
  if (payload.count === 1 || isEmpty(kwargs)) {
    if (args.length === 1) return args[0];
    if (args.length === 0) return undefined;
  }
  return new CallResult(args, kwargs);
}

/** The payload for what a handler returned. */
export function writeResult(value: unknown): Payload {
  if (value === undefined) return Payload.EMPTY;
  return isCallResult(value) ? Payload.of(value.args, value.kwargs) : Payload.of([value]);
}

function isCallResult(value: unknown): value is CallResult {
  return typeof value === "object" && value !== null && IS_CALL_RESULT in value;
}

function isEmpty(dict: Dict): boolean {
  for (const _key in dict) return false;
  return true;
}
