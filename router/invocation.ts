/**
 * Calls in flight: from INVOCATION to the one final RESULT or ERROR that each caller gets. HOT.
 * Every call stands in its caller's `calls` and its callee's `invocations` until it is answered. One that the caller no longer waits
 * for stays with a callee that goes on working on it, as it counts for its concurrency, until that answers.
 * Called by `dealer.ts` and `realm.ts`. [WAMP rpc_call_canceling] [WAMP rpc_call_timeout] [WAMP rpc_progressive_call_results]
 */
import { optionProblem } from "../wamp/options.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import * as uris from "../wamp/uris.ts";
import {
  type Cancel,
  type Dict,
  EMPTY_DICT,
  type ErrorMessage,
  Type,
  type Yield,
} from "../wamp/message.ts";
import { isUri } from "../wamp/uri.ts";
import { refuseWaiting, removeWaiting } from "./call_queue.ts";
import { carriedOver, isPassedThrough } from "./details.ts";
import { Gathering } from "./gathering.ts";
import { InFlight } from "./in_flight.ts";
import { type PayloadChecks, payloadProblem } from "./payload_check.ts";
import type { Clock, Timer } from "./ports.ts";
import type { Callee } from "./registration.ts";
import type { Rerouting } from "./rerouting.ts";
import type { Session } from "./session.ts";

const CANCELED = "Call canceled by the caller";

function timedOut(timeoutMs: number): string {
  return `Call timed out after ${timeoutMs} ms`;
}

export class Invocation {
  /** The dealer's request id towards the callee. */
  readonly id: number;
  /** Undefined once the caller has its answer, or has gone. */
  caller: Session | undefined;
  readonly callRequest: number;
  callee: Callee;
  readonly wantsProgress: boolean;
  /** 0 for none. */
  readonly timeoutMs: number;
  /** What results must look like. */
  validate: PayloadChecks | undefined = undefined;
  /** Set when the callee may decline it. */
  rerouting: Rerouting | undefined = undefined;
  /** Set when it is one of several that a call to all callees made; it has no caller then. */
  gathering: Gathering | undefined = undefined;
  /** INTERRUPT was sent: a callee is interrupted once. */
  isInterrupted = false;
  timer: Timer | undefined = undefined;

  constructor(
    id: number,
    caller: Session | undefined,
    callRequest: number,
    callee: Callee,
    wantsProgress: boolean,
    timeoutMs: number,
  ) {
    this.id = id;
    this.caller = caller;
    this.callRequest = callRequest;
    this.callee = callee;
    this.wantsProgress = wantsProgress;
    this.timeoutMs = timeoutMs;
  }
}

export class Invocations {
  readonly #clock: Clock;
  /** Told when a callee that has a limit may take another call. */
  readonly #onFree: (callee: Callee) => void;
  /** Told when a callee has declined a call, which it no longer has; true: somebody else has taken it. */
  readonly #onDeclined: (caller: Session, rerouting: Rerouting) => boolean;

  constructor(
    clock: Clock,
    onFree: (callee: Callee) => void,
    onDeclined: (caller: Session, rerouting: Rerouting) => boolean,
  ) {
    this.#clock = clock;
    this.#onFree = onFree;
    this.#onDeclined = onDeclined;
  }

  /** Enters a call into the tables of its caller and callee. @param timeoutMs 0 for none. */
  begin(
    caller: Session,
    callRequest: number,
    callee: Callee,
    wantsProgress: boolean,
    timeoutMs: number,
  ): Invocation {
    const session = callee.session;
    const invocation = new Invocation(
      ++session.lastInvocation,
      caller,
      callRequest,
      callee,
      wantsProgress,
      timeoutMs,
    );
    (session.invocations ??= new InFlight()).set(invocation.id, invocation);
    (caller.calls ??= new InFlight()).set(callRequest, invocation);
    caller.tally?.note(invocation);
    callee.inFlight++;
    session.heldBy?.heed(session);
    if (timeoutMs > 0) this.#startTimer(invocation);
    return invocation;
  }

  /** A call to all callees. @param timeoutMs 0 for none. */
  gather(caller: Session, request: number, wantsProgress: boolean, timeoutMs: number): Gathering {
    const gathering = new Gathering(caller, request, wantsProgress);
    if (timeoutMs > 0) {
      gathering.timer = this.#clock.after(timeoutMs, () => {
        this.#endGathering(gathering, uris.TIMEOUT);
        caller.sendError(Type.CALL, request, uris.TIMEOUT, timedOut(timeoutMs));
      });
    }
    return gathering;
  }

  /** One callee's part of a call to all. */
  beginPart(gathering: Gathering, callee: Callee, wantsProgress: boolean): Invocation {
    const session = callee.session;
    const id = ++session.lastInvocation;
    const invocation = new Invocation(id, undefined, 0, callee, wantsProgress, 0);
    invocation.gathering = gathering;
    gathering.caller.tally?.note(invocation);
    (session.invocations ??= new InFlight()).set(id, invocation);
    callee.inFlight++;
    session.heldBy?.heed(session);
    gathering.add(invocation);
    return invocation;
  }

  /** Its session serves the procedure anew: what that still does of it counts for the new limit. */
  adopt(callee: Callee): void {
    const { session, registration: { match, procedure } } = callee;
    for (const invocation of session.invocations?.values() ?? []) {
      const { registration } = invocation.callee;
      if (registration.match !== match || registration.procedure !== procedure) continue;
      invocation.callee.inFlight--;
      invocation.callee = callee;
      callee.inFlight++;
    }
  }

  yield(session: Session, message: Yield): void {
    const invocation = session.invocations?.get(message.request);
    if (invocation === undefined) return expectLate(session, message.request, "YIELD");
    const options = message.options;
    if (invocation.validate !== undefined && this.#isUnfit(invocation, session, message)) return;
    let details: Dict = EMPTY_DICT;
    if (options !== EMPTY_DICT) {
      const problem = optionProblem(message);
      if (problem !== undefined) throw new ProtocolError(problem);
      if (isPassedThrough(options) && !this.#isPassable(invocation)) {
        return this.refuse(
          session,
          message,
          uris.FEATURE_NOT_SUPPORTED,
          "Cannot pass on the result: the caller did not announce payload_passthru_mode",
        );
      }
      details = carriedOver(options);
      if (options["progress"] === true) {
        return this.#progress(invocation, details, message.payload);
      }
    }
    this.#finish(invocation);
    const { gathering } = invocation;
    if (gathering !== undefined) {
      return gathering.result(invocation, details, message.payload, false);
    }
    const caller = invocation.caller;
    if (caller === undefined) return;
    this.#answered(invocation, caller);
    caller.send({
      type: Type.RESULT,
      request: invocation.callRequest,
      details,
      payload: message.payload,
    });
  }

  /** ERROR of a callee, which answers an INVOCATION or an INTERRUPT. */
  error(session: Session, message: ErrorMessage): void {
    if (message.requestType !== Type.INVOCATION) {
      throw new ProtocolError(
        `Cannot accept ERROR of request type ${message.requestType}: expected INVOCATION`,
      );
    }
    const problem = optionProblem(message) ?? errorProblem(message.error);
    if (problem !== undefined) throw new ProtocolError(problem);
    const invocation = session.invocations?.get(message.request);
    if (invocation === undefined) return expectLate(session, message.request, "ERROR");
    // Who declines a call says nothing to its caller, unless that has asked for its end.
    const declines = invocation.rerouting !== undefined && !invocation.isInterrupted &&
      message.error === uris.UNAVAILABLE;
    if (
      !declines && invocation.validate !== undefined &&
      this.#isUnfit(invocation, session, message)
    ) return;
    this.#finish(invocation);
    invocation.gathering?.failed(invocation, message.error, message.payload);
    const { caller, rerouting } = invocation;
    if (caller === undefined) return;
    this.#answered(invocation, caller);
    if (rerouting !== undefined && declines) {
      if (this.#onDeclined(caller, rerouting)) return;
      return caller.sendError(
        Type.CALL,
        invocation.callRequest,
        uris.NO_AVAILABLE_CALLEE,
        "Cannot complete the call: the callees that were free have declined it",
      );
    }
    caller.send({
      type: Type.ERROR,
      requestType: Type.CALL,
      request: invocation.callRequest,
      details: carriedOver(message.details),
      error: message.error,
      payload: message.payload,
    });
  }

  /** What a callee answered is not passed on: its caller gets this ERROR instead. */
  refuse(callee: Session, message: Yield | ErrorMessage, error: string, text: string): void {
    const invocation = callee.invocations?.get(message.request);
    if (invocation === undefined) return expectLate(callee, message.request, "an answer");
    if (message.type === Type.YIELD && message.options["progress"] === true) {
      return this.giveUp(invocation, error, text);
    }
    this.#finish(invocation);
    this.#abandon(invocation, error, text);
  }

  /** The call cannot go on: its caller is told, its callee interrupted. */
  giveUp(invocation: Invocation, error: string, text: string): void {
    this.#abandon(invocation, error, text);
    this.#release(invocation, error);
  }

  /** Cancels a call in flight. Unknown or finished calls are ignored, since RESULT may cross CANCEL on the wire. */
  cancel(session: Session, message: Cancel): void {
    const problem = optionProblem(message);
    if (problem !== undefined) throw new ProtocolError(problem);
    const waiting = session.waitingCalls?.get(message.request);
    if (waiting !== undefined) return refuseWaiting(waiting, uris.CANCELED, CANCELED);
    const gathering = session.gatherings?.get(message.request);
    if (gathering !== undefined) return this.#cancelGathering(gathering, message.options);
    const invocation = session.calls?.get(message.request);
    if (invocation === undefined) return;
    switch (modeOf(message.options, invocation.callee.session)) {
      case "skip":
        return this.#abandon(invocation, uris.CANCELED, CANCELED);
      case "kill":
        return interrupt(invocation, "kill", uris.CANCELED);
      case "killnowait":
        this.#abandon(invocation, uris.CANCELED, CANCELED);
        this.#release(invocation, uris.CANCELED);
    }
  }

  /** The session is gone: who called it gets an answer, whom it called is interrupted. */
  leave(session: Session): void {
    for (const waiting of [...session.waitingCalls?.values() ?? []]) removeWaiting(waiting);
    const served = session.invocations;
    session.invocations = undefined;
    if (served !== undefined) {
      for (const invocation of served.values()) {
        this.#abandon(
          invocation,
          uris.CANCELED,
          "Call canceled: the callee left before it answered",
        );
      }
    }
    for (const gathering of [...session.gatherings?.values() ?? []]) {
      this.#endGathering(gathering, uris.CANCELED);
    }
    const made = session.calls;
    session.calls = undefined;
    session.progressiveCalls = undefined;
    if (made === undefined) return;
    for (const invocation of made.values()) {
      invocation.caller = undefined;
      invocation.timer?.cancel();
      this.#release(invocation, uris.CANCELED);
    }
  }

  #progress(invocation: Invocation, details: Dict, payload: Payload): void {
    const { caller, timer, rerouting, gathering } = invocation;
    if (gathering !== undefined) return gathering.result(invocation, details, payload, true);
    // A caller that did not ask for progress gets the final result only.
    if (caller === undefined || !invocation.wantsProgress) return;
    if (rerouting !== undefined) rerouting.hasProgressed = true;
    if (timer !== undefined) {
      // With progress, the limit is the time between results. [WAMP rpc_progressive_call_results: timeouts]
      timer.cancel();
      this.#startTimer(invocation);
    }
    caller.send({
      type: Type.RESULT,
      request: invocation.callRequest,
      details: { ...details, "progress": true },
      payload,
    });
  }

  /** True: the answer does not look as it must, and was refused. */
  #isUnfit(invocation: Invocation, callee: Session, message: Yield | ErrorMessage): boolean {
    const { validate } = invocation;
    const isYield = message.type === Type.YIELD;
    const options = isYield ? message.options : message.details;
    const check = !isYield
      ? validate?.call_error
      : options["progress"] === true
      ? validate?.call_result_progress
      : validate?.call_result;
    const problem = payloadProblem(check, message.payload, options);
    if (problem === undefined) return false;
    const what = isYield ? "result" : "error";
    const text = `The callee's ${what} does not look as it must: ${problem}`;
    this.refuse(callee, message, uris.INVALID_ARGUMENT, text);
    return true;
  }

  /** A payload that only the other peer can read: whether its caller, if it still waits, can.
   *
   * DEVIATION: the specification has the callee told that the caller cannot read it, but no ERROR answers a YIELD: the caller is told. */
  #isPassable({ callee: { session }, caller }: Invocation): boolean {
    if (!session.features.passesPayload.callee) {
      throw new ProtocolError(
        "Cannot accept YIELD with ppt_scheme: the callee did not announce payload_passthru_mode",
      );
    }
    return caller === undefined || caller.features.passesPayload.caller;
  }

  #startTimer(invocation: Invocation): void {
    const { timeoutMs } = invocation;
    invocation.timer = this.#clock.after(timeoutMs, () => {
      this.#abandon(invocation, uris.TIMEOUT, timedOut(timeoutMs));
      this.#release(invocation, uris.TIMEOUT);
    });
  }

  /** Nobody waits for the callee any more: it is interrupted, and need not answer. One that cannot be interrupted goes on. */
  #release(invocation: Invocation, reason: string): void {
    if (invocation.isInterrupted || !invocation.callee.session.features.canBeInterrupted) return;
    interrupt(invocation, "killnowait", reason);
    this.#finish(invocation);
  }

  #cancelGathering(gathering: Gathering, options: Dict): void {
    const { open, caller, request } = gathering;
    if (options["mode"] === "kill") {
      for (const part of open) {
        if (part.callee.session.features.canBeInterrupted) {
          interrupt(part, "kill", uris.CANCELED);
        } else this.#abandon(part, uris.CANCELED, CANCELED);
      }
      return;
    }
    if (options["mode"] === "skip") gathering.close();
    else this.#endGathering(gathering, uris.CANCELED);
    caller.sendError(Type.CALL, request, uris.CANCELED, CANCELED);
  }

  #endGathering(gathering: Gathering, reason: string): void {
    const { open } = gathering;
    gathering.close();
    for (const part of open) this.#release(part, reason);
  }

  /** Answers the caller with ERROR now, whatever the callee does later. */
  #abandon(invocation: Invocation, error: string, text: string): void {
    invocation.gathering?.failed(invocation, error, Payload.of([text]));
    const caller = invocation.caller;
    if (caller === undefined) return;
    this.#answered(invocation, caller);
    caller.sendError(Type.CALL, invocation.callRequest, error, text);
  }

  /** The callee is done with it. */
  #finish(invocation: Invocation): void {
    const callee = invocation.callee;
    callee.session.invocations?.delete(invocation.id);
    callee.inFlight--;
    if (callee.concurrency > 0) this.#onFree(callee);
  }

  /** The caller is done with it. */
  #answered(invocation: Invocation, caller: Session): void {
    caller.calls?.delete(invocation.callRequest);
    invocation.caller = undefined;
    invocation.timer?.cancel();
  }
}

function interrupt(invocation: Invocation, mode: "kill" | "killnowait", reason: string): void {
  const session = invocation.callee.session;
  if (invocation.isInterrupted) return;
  invocation.isInterrupted = true;
  session.send({
    type: Type.INTERRUPT,
    request: invocation.id,
    options: { "mode": mode, "reason": reason },
  });
}

/** A callee without call canceling cannot be interrupted: the call is skipped. [WAMP rpc_call_canceling] */
function modeOf(options: Dict, callee: Session): "skip" | "kill" | "killnowait" {
  const mode = options["mode"];
  if (!callee.features.canBeInterrupted || mode === "skip") return "skip";
  return mode === "kill" ? "kill" : "killnowait";
}

/** What a caller's client could not accept must not end the caller's session: it ends the callee's. */
function errorProblem(error: string): string | undefined {
  return isUri(error, "loose")
    ? undefined
    : `Cannot accept ERROR.Error ${JSON.stringify(error.slice(0, 100))}: it is no valid URI`;
}

/** An answer to an invocation that is over is ignored; one to an invocation that never was breaks the protocol. */
function expectLate(session: Session, request: number, what: string): void {
  if (request <= session.lastInvocation) return;
  throw new ProtocolError(
    `Cannot accept ${what} of request ${request}: there was no such invocation`,
  );
}
