/**
 * A call to all callees of a registration, `runmode` "all": one invocation for each, one final RESULT when all have answered.
 * A caller that takes progressive results gets each callee's as they come; the final one then lists what failed.
 * Made by `dealer.ts`, told by `invocation.ts`. See docs/extensions.md, "Sharding". [WAMP rpc_sharded_registration]
 */
import { MAX_DEPTH } from "../wamp/codec/codec.ts";
import { type Dict, EMPTY_DICT, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import * as uris from "../wamp/uris.ts";
import { isNestedWithin } from "../wamp/weight.ts";
import { isPassedThrough } from "./details.ts";
import type { Invocation } from "./invocation.ts";
import type { Timer } from "./ports.ts";
import type { Session } from "./session.ts";

/** Of one answer in the list of answers in the arguments of a RESULT: one that is nested deeper would take all others with it. */
const MOST_LEVELS = MAX_DEPTH - 2;
const TOO_DEEP: Dict = {
  "args": ["Cannot gather the answer: it is nested too deep"],
  "kwargs": EMPTY_DICT,
};

export class Gathering {
  readonly caller: Session;
  readonly request: number;
  readonly wantsProgress: boolean;
  timer: Timer | undefined = undefined;
  /** In order of registration; an answer takes the place of its invocation. */
  readonly #parts: (Invocation | Dict | undefined)[] = [];
  #open = 0;
  #isComplete = false;
  #isClosed = false;

  constructor(caller: Session, request: number, wantsProgress: boolean) {
    this.caller = caller;
    this.request = request;
    this.wantsProgress = wantsProgress;
    (caller.gatherings ??= new Map()).set(request, this);
  }

  add(invocation: Invocation): void {
    this.#parts.push(invocation);
    this.#open++;
  }

  /** A callee that cannot be asked. */
  addFailure(error: string, text: string): void {
    this.#parts.push({ "error": error, "args": [text] });
  }

  /** All callees have been asked. */
  complete(): void {
    this.#isComplete = true;
    this.#answerIfDone();
  }

  /** The caller waits for it. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** Invocations that have no answer yet. */
  get open(): readonly Invocation[] {
    return this.#parts.filter((part): part is Invocation => isInvocation(part));
  }

  result(invocation: Invocation, details: Dict, payload: Payload, isProgress: boolean): void {
    if (this.#isClosed) return;
    const isOpaque = isPassedThrough(details) || details["enc_algo"] !== undefined;
    if (isOpaque && !this.#canPass(details)) {
      const text = "Cannot gather the result: its payload is opaque, or not for this caller";
      if (!isProgress) this.#answered(invocation, failure(uris.FEATURE_NOT_SUPPORTED, [text]));
      return;
    }
    if (this.wantsProgress) {
      this.caller.send({
        type: Type.RESULT,
        request: this.request,
        details: { ...details, "progress": true },
        payload,
      });
    }
    if (!isProgress) this.#answered(invocation, this.wantsProgress ? undefined : resultOf(payload));
  }

  failed(invocation: Invocation, error: string, payload: Payload): void {
    if (this.#isClosed) return;
    const values = valuesOf(payload);
    const { args, kwargs } = isNestedWithin(MOST_LEVELS, values) ? values : TOO_DEEP;
    this.#answered(invocation, failure(error, args, kwargs));
  }

  /** The caller is answered with an error, or gone. The invocations that are left are the caller's to end. */
  close(): void {
    this.#isClosed = true;
    this.timer?.cancel();
    this.caller.gatherings?.delete(this.request);
  }

  #canPass(details: Dict): boolean {
    return this.wantsProgress &&
      (!isPassedThrough(details) || this.caller.features.passesPayload.caller);
  }

  #answered(invocation: Invocation, answer: Dict | undefined): void {
    const at = this.#parts.indexOf(invocation);
    if (at < 0) return;
    this.#parts[at] = answer;
    this.#open--;
    this.#answerIfDone();
  }

  #answerIfDone(): void {
    if (this.#open > 0 || !this.#isComplete) return;
    this.close();
    this.caller.send({
      type: Type.RESULT,
      request: this.request,
      details: EMPTY_DICT,
      payload: Payload.of([this.#parts.filter((part) => part !== undefined)]),
    });
  }
}

function isInvocation(part: Invocation | Dict | undefined): part is Invocation {
  return part !== undefined && "gathering" in part;
}

function failure(error: string, args: unknown, kwargs: unknown = EMPTY_DICT): Dict {
  return { "error": error, "args": args, "kwargs": kwargs };
}

function resultOf(payload: Payload): Dict {
  const values = valuesOf(payload);
  return isNestedWithin(MOST_LEVELS, values)
    ? values
    : failure(uris.INVALID_ARGUMENT, TOO_DEEP["args"]);
}

/** Kept: they are sent when the last callee has answered. */
function valuesOf(payload: Payload): Dict {
  const { args, kwargs } = payload.keep().decode();
  return { "args": args, "kwargs": kwargs };
}
