/**
 * Calls whose arguments come in several CALLs of one request id: what later ones need to know of the first, whose options hold for all.
 * A call stands in its caller's `progressiveCalls` until the CALL without `progress` comes, even when it is over or was refused long
 * before: the caller may not have known yet, so what it still sends is dropped. [WAMP rpc_progressive_call_invocations]
 * Called by `realm.ts` and `dealer.ts`.
 */
import { type Call, type Dict, EMPTY_DICT, Type } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import * as uris from "../wamp/uris.ts";
import type { Invocation, Invocations } from "./invocation.ts";
import { payloadProblem } from "./payload_check.ts";
import type { Refusal } from "./refusal.ts";
import type { Session } from "./session.ts";

/** Calls remembered per caller that are over, but whose last CALL never came: the grace period of the specification, as a count. */
const MOST_OVER = 1024;

export class ProgressiveCall {
  readonly procedure: string;
  /** The payload is one binary value instead of arguments, in every CALL or in none. */
  readonly isOpaque: boolean;
  /** Undefined while the call was not passed on: for good, when it was refused. */
  invocation: Invocation | undefined = undefined;
  registration = 0;
  /** INVOCATION.Details of the first CALL, without `progress`. */
  details: Dict = EMPTY_DICT;

  constructor(call: Call) {
    this.procedure = call.procedure;
    this.isOpaque = isOpaque(call);
  }
}

/** The first CALL of several. */
export function openProgressiveCall(caller: Session, message: Call): ProgressiveCall {
  if (!caller.features.makesProgressiveCalls) {
    throw new ProtocolError(
      "Cannot accept CALL with progress: the caller did not announce progressive_call_invocations",
    );
  }
  const calls = caller.progressiveCalls ??= new Map();
  if (calls.size >= MOST_OVER) forgetOne(calls);
  const call = new ProgressiveCall(message);
  calls.set(message.request, call);
  return call;
}

/** True of a CALL that belongs to an earlier one. */
export function isContinued(caller: Session, message: Call): boolean {
  return message.request <= caller.lastRequest &&
    caller.progressiveCalls?.has(message.request) === true;
}

/** A CALL whose request id was used before: passed on if it continues a call, dropped if that is over.
 * False: there was no progressive call of that id, or its last CALL has come. */
export function continueProgressiveCall(
  caller: Session,
  message: Call,
  invocations: Invocations,
): boolean {
  const call = caller.progressiveCalls?.get(message.request);
  if (call === undefined) return false;
  if (call.procedure !== message.procedure || call.isOpaque !== isOpaque(message)) {
    throw new ProtocolError(
      `Cannot continue call ${message.request} of "${call.procedure}": found another procedure or kind of payload`,
    );
  }
  const progress = message.options["progress"] ?? false;
  if (typeof progress !== "boolean") {
    throw new ProtocolError("Cannot accept CALL.Options.progress: expected true or false");
  }
  if (!progress) caller.progressiveCalls?.delete(message.request);
  const { invocation } = call;
  if (invocation === undefined || isOver(call) || invocation.isInterrupted) return true;
  const { validate } = invocation;
  const check = validate?.call_progress ?? validate?.call;
  const problem = payloadProblem(check, message.payload, message.options);
  if (problem !== undefined) {
    invocations.giveUp(invocation, uris.INVALID_ARGUMENT, problem);
    return true;
  }
  invocation.callee.session.send({
    type: Type.INVOCATION,
    request: invocation.id,
    registration: call.registration,
    details: progress ? { ...call.details, "progress": true } : call.details,
    payload: message.payload,
  });
  return true;
}

/** A CALL that continues another one is refused: the whole call ends. */
export function refuseContinued(
  caller: Session,
  message: Call,
  invocations: Invocations,
  { error, text }: Refusal,
): void {
  const call = caller.progressiveCalls?.get(message.request);
  if (message.options["progress"] !== true) caller.progressiveCalls?.delete(message.request);
  if (call?.invocation !== undefined) invocations.giveUp(call.invocation, error, text);
}

/** The caller has its answer. */
function isOver(call: ProgressiveCall): boolean {
  return call.invocation?.caller === undefined;
}

function forgetOne(calls: Map<number, ProgressiveCall>): void {
  for (const [request, call] of calls) {
    if (isOver(call)) {
      calls.delete(request);
      return;
    }
  }
}

function isOpaque(call: Call): boolean {
  return call.options["enc_algo"] !== undefined;
}
