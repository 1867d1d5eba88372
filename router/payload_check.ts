/**
 * What payloads of a procedure or topic must look like. The checks are handed in, made of JSON Schemas by `node/`; this file says when
 * they are used and what comes of it. Under Crossbar.io's names for the kinds of payloads. Called by broker, dealer and invocations.
 */
import type { Dict } from "../wamp/message.ts";
import type { Payload, PayloadValues } from "../wamp/payload.ts";

/** What is wrong with the payload, and where; undefined: nothing. Must not throw. */
export type PayloadCheck = (payload: PayloadValues) => string | undefined;

/** call_progress: later parts of a progressive call; without it, they are checked as the first part is. */
export const PAYLOADS = [
  "call",
  "call_progress",
  "call_result",
  "call_result_progress",
  "call_error",
  "event",
] as const;

export type PayloadChecks = Readonly<Partial<Record<typeof PAYLOADS[number], PayloadCheck>>>;

/** Why a payload is refused; undefined: it is not. @param options of its message, or details. */
export function payloadProblem(
  check: PayloadCheck | undefined,
  payload: Payload,
  options: Dict,
): string | undefined {
  if (check === undefined) return undefined;
  if (isSealed(options["ppt_scheme"]) || isSealed(options["enc_algo"])) {
    return "Cannot accept the payload: only its receiver can read it, expected one that can be checked";
  }
  const problem = check(payload.decode());
  return problem === undefined ? undefined : `Cannot accept the payload: ${problem}`;
}

/** A payload that is not the arguments themselves cannot be checked, and must not pass for that. */
function isSealed(option: unknown): boolean {
  return typeof option === "string" && option !== "";
}
