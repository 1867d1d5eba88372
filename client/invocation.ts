/** One call as its handler sees it: who calls what, partial results, interruption. `callee.ts` makes it. HOT. */
import { type Dict, EMPTY_DICT, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import type { CallPart } from "./caller.ts";
import { numberIn, textIn } from "./details.ts";
import type { Link } from "./link.ts";
import { Queue } from "./queue.ts";

/** What a handler may know of a call besides its arguments, and do about it. */
export interface CallDetails {
  /** The procedure called; not the pattern that was registered. */
  readonly procedure: string;
  /** Session ID of the caller, if disclosed. */
  readonly caller: number | undefined;
  readonly callerAuthid: string | undefined;
  readonly callerAuthrole: string | undefined;
  readonly trustlevel: number | undefined;
  /** Aborted when the caller cancels the call, the dealer gives it up, or the session ends. Its reason is what to throw. */
  readonly signal: AbortSignal;
  /** True when the caller wants partial results. */
  readonly wantsProgress: boolean;
  /** What follows of a call that comes in parts; nothing of others. Throws in the loop when the call is given up.
   * Parts wait to be taken; with more than 1,024 of them the call fails. */
  readonly more: AsyncIterable<CallPart>;
  /** Sends a partial result. Does nothing when the caller wants none, or no longer waits. */
  progress(args?: readonly unknown[], kwargs?: Dict): void;
  /** INVOCATION.Details as received. */
  readonly wire: Dict;
}

/** Of one call, that wait. */
const MOST_PARTS = 1_024;

const PROGRESS: Dict = Object.freeze({ "progress": true });

export class Invocation implements CallDetails {
  /** The dealer's ID of the invocation. */
  readonly request: number;
  readonly wire: Dict;
  readonly #registered: string;
  readonly #link: Link;
  /* PERF: made when asked for: most handlers never look at it, and an AbortController costs more than the rest of a call. */
  #controller: AbortController | undefined = undefined;
  #interruption: Error | undefined = undefined;
  /** The answer is given. */
  isEnded = false;
  #more: Queue<CallPart> | undefined = undefined;
  /** The last part has not come yet. */
  isPartial: boolean;

  constructor(request: number, registered: string, wire: Dict, link: Link) {
    this.request = request;
    this.wire = wire;
    this.#registered = registered;
    this.#link = link;
    this.isPartial = wire !== EMPTY_DICT && wire["progress"] === true;
  }

  get procedure(): string {
    return textIn(this.wire, "procedure") ?? this.#registered;
  }

  get caller(): number | undefined {
    return numberIn(this.wire, "caller");
  }

  get callerAuthid(): string | undefined {
    return textIn(this.wire, "caller_authid");
  }

  get callerAuthrole(): string | undefined {
    return textIn(this.wire, "caller_authrole");
  }

  get trustlevel(): number | undefined {
    return numberIn(this.wire, "trustlevel");
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#interruption !== undefined) this.#controller.abort(this.#interruption);
    }
    return this.#controller.signal;
  }

  get wantsProgress(): boolean {
    return this.wire["receive_progress"] === true;
  }

  get more(): AsyncIterable<CallPart> {
    return this.#parts().iterator((part) => part);
  }

  /** Takes another part, unless too many wait. */
  take(part: CallPart, isLast: boolean): boolean {
    if (this.#parts().size >= MOST_PARTS) return false;
    this.#parts().put(part);
    if (isLast) {
      this.isPartial = false;
      this.#parts().end();
    }
    return true;
  }

  progress(args: readonly unknown[] = [], kwargs?: Dict): void {
    if (!this.wantsProgress || this.isEnded || this.#interruption !== undefined) return;
    this.#link.tell({
      type: Type.YIELD,
      request: this.request,
      options: PROGRESS,
      payload: Payload.of(args, kwargs),
    });
  }

  /** INTERRUPT came, or the session has ended. */
  interrupt(reason: Error): void {
    this.#interruption = reason;
    this.#controller?.abort(reason);
    if (this.isPartial) this.#parts().fail(reason);
  }

  #parts(): Queue<CallPart> {
    if (this.#more === undefined) {
      this.#more = new Queue(() => {});
      if (!this.isPartial) this.#more.end();
    }
    return this.#more;
  }

  /** Why the call was given up, if it was. */
  get interruption(): Error | undefined {
    return this.#interruption;
  }

  /** The answer is given. */
  end(): void {
    this.isEnded = true;
  }
}
