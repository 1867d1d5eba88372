/** One call as its handler sees it: who calls what, partial results, interruption. `callee.ts` makes it. HOT. */
import { type Dict, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { numberIn, textIn } from "./details.ts";
import type { Link } from "./link.ts";

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
  /** Sends a partial result. Does nothing when the caller wants none, or no longer waits. */
  progress(args?: readonly unknown[], kwargs?: Dict): void;
  /** INVOCATION.Details as received. */
  readonly wire: Dict;
}

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
  #isEnded = false;

  constructor(request: number, registered: string, wire: Dict, link: Link) {
    this.request = request;
    this.wire = wire;
    this.#registered = registered;
    this.#link = link;
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

  progress(args: readonly unknown[] = [], kwargs?: Dict): void {
    if (!this.wantsProgress || this.#isEnded || this.#interruption !== undefined) return;
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
  }

  /** Why the call was given up, if it was. */
  get interruption(): Error | undefined {
    return this.#interruption;
  }

  /** The answer is given. */
  end(): void {
    this.#isEnded = true;
  }
}
