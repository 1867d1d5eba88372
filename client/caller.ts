/**
 * The caller of a session: calls in flight, and what becomes of them: RESULT, progress, ERROR, cancellation, time-out. HOT.
 * A call leaves the table only by its final answer, also when the program no longer waits for it, since the router will answer it.
 * [WAMP rpc] [WAMP rpc_call_canceling] [WAMP rpc_call_timeout] [WAMP rpc_progressive_call_results]
 */
import { type Dict, EMPTY_DICT, type ErrorMessage, type Result, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { CANCELED, TIMEOUT } from "../wamp/uris.ts";
import { readResult, readValues } from "./call_result.ts";
import { ApplicationError, type CloseDetails, SessionClosedError } from "./errors.ts";
import type { Passthru } from "./keyring.ts";
import { addPassthru, type Link } from "./link.ts";
import { readError } from "./requests.ts";
import type { Timer } from "./transport.ts";

/** See `CallOptions.cancelMode`. */
export type CancelMode = "killnowait" | "skip" | "kill";

/** How a call is made. All are optional. */
export interface CallOptions {
  /** Cancels the call: it rejects with the signal's reason, and the router is told if it offers `call_canceling`. */
  readonly signal?: AbortSignal;
  /** What cancelling means. "killnowait", the default: the callee is interrupted. "skip": it goes on in vain. "kill": it is
   * interrupted and its answer awaited; the call may still succeed. */
  readonly cancelMode?: CancelMode;
  /** Milliseconds until the call rejects with `wamp.error.timeout`. Counted by the router, or here if it does not offer that. */
  readonly timeoutMs?: number;
  /** Receives partial results, in order, before the call resolves. */
  readonly onProgress?: (args: readonly unknown[], kwargs: Dict) => void;
  /** Asks the router to tell the callee who calls; it may refuse. */
  readonly discloseMe?: boolean;
  /** Of a procedure with several callees: "partition" asks the one whose shard `resourceKey` belongs to, "all" asks all of them and
   * resolves to the list of their answers. See docs/extensions.md, "Sharding". */
  readonly runMode?: "partition" | "all";
  readonly resourceKey?: string;
  /** Passes the payload through the router as it says, whatever the key ring has for the procedure. Needs `keyring` of `connect`. */
  readonly passthru?: Passthru;
}

/** One call in flight. */
class PendingCall {
  readonly procedure: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly options: CallOptions | undefined;
  onAbort: (() => void) | undefined = undefined;
  timer: Timer | undefined = undefined;
  /** The program no longer waits. */
  isGivenUp = false;

  constructor(
    procedure: string,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    options: CallOptions | undefined,
  ) {
    this.procedure = procedure;
    this.resolve = resolve;
    this.reject = reject;
    this.options = options;
  }

  /** No longer listens to the signal and the clock. */
  release(): void {
    if (this.onAbort !== undefined) {
      this.options?.signal?.removeEventListener("abort", this.onAbort);
    }
    this.timer?.cancel();
  }
}

export class Caller {
  readonly #link: Link;
  readonly #calls = new Map<number, PendingCall>();

  constructor(link: Link) {
    this.#link = link;
  }

  call(
    procedure: string,
    args: readonly unknown[],
    kwargs: Dict,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      options?.signal?.throwIfAborted();
      const link = this.#link;
      const request = link.nextRequest;
      link.ask({
        type: Type.CALL,
        request,
        options: options === undefined ? EMPTY_DICT : this.#wireOptions(options),
        procedure,
        payload: Payload.of(args, kwargs),
      });
      const call = new PendingCall(procedure, resolve, reject, options);
      this.#calls.set(request, call);
      if (options !== undefined) this.#watch(request, call, options);
    });
  }

  result(message: Result): void {
    const call = this.#calls.get(message.request);
    if (call === undefined) return this.#stray("RESULT", message.request);
    if (message.details !== EMPTY_DICT && message.details["progress"] === true) {
      this.#progress(call, message.payload);
      return;
    }
    this.#finish(message.request, call);
    if (call.isGivenUp) return;
    try {
      call.resolve(readResult(message.payload));
    } catch (error) {
      call.reject(error);
    }
  }

  error(message: ErrorMessage): void {
    const call = this.#calls.get(message.request);
    if (call === undefined) return this.#stray("ERROR", message.request);
    this.#finish(message.request, call);
    if (call.isGivenUp) return;
    const signal = call.options?.signal;
    call.reject(
      message.error === CANCELED && signal?.aborted === true ? signal.reason : readError(message),
    );
  }

  /** The session is over: nothing waits for ever. */
  close(details: CloseDetails): void {
    for (const call of this.#calls.values()) {
      call.release();
      call.reject(new SessionClosedError(`call "${call.procedure}"`, details));
    }
    this.#calls.clear();
  }

  #finish(request: number, call: PendingCall): void {
    this.#calls.delete(request);
    if (call.options !== undefined) call.release();
  }

  #progress(call: PendingCall, payload: Payload): void {
    const onProgress = call.options?.onProgress;
    if (onProgress === undefined || call.isGivenUp) return;
    try {
      const { args, kwargs } = readValues(payload);
      onProgress(args, kwargs);
    } catch (error) {
      this.#link.log.error("Progress handler of call {procedure} failed", {
        procedure: call.procedure,
        error,
      });
    }
  }

  #wireOptions(options: CallOptions): Dict {
    const wire: Record<string, unknown> = {};
    const link = this.#link;
    if (options.onProgress !== undefined && link.offers("dealer", "progressive_call_results")) {
      wire["receive_progress"] = true;
    }
    if (options.timeoutMs !== undefined && link.offers("dealer", "call_timeout")) {
      wire["timeout"] = options.timeoutMs;
    }
    if (options.runMode !== undefined) wire["runmode"] = options.runMode;
    if (options.resourceKey !== undefined) wire["rkey"] = options.resourceKey;
    if (options.discloseMe !== undefined) wire["disclose_me"] = options.discloseMe;
    if (options.passthru !== undefined) addPassthru(wire, options.passthru, link);
    return wire;
  }

  #watch(request: number, call: PendingCall, options: CallOptions): void {
    const { signal, timeoutMs } = options;
    if (signal !== undefined) {
      call.onAbort = () => {
        this.#cancel(request, call, options.cancelMode ?? "killnowait", signal.reason);
      };
      signal.addEventListener("abort", call.onAbort, { once: true });
    }
    if (timeoutMs !== undefined && timeoutMs > 0 && !this.#link.offers("dealer", "call_timeout")) {
      call.timer = this.#link.clock.after(timeoutMs, () => {
        const text = `No result within ${timeoutMs} ms`;
        this.#cancel(request, call, "killnowait", new ApplicationError(TIMEOUT, [text]));
      });
    }
  }

  #cancel(request: number, call: PendingCall, mode: CancelMode, reason: unknown): void {
    const canTell = this.#link.offers("dealer", "call_canceling");
    if (canTell) this.#link.tell({ type: Type.CANCEL, request, options: { "mode": mode } });
    // With "kill" the callee has the last word.
    if (canTell && mode === "kill") return;
    call.isGivenUp = true;
    call.release();
    call.reject(reason);
  }

  /** Answers may cross a cancellation on the wire, and routers differ in what they then send: only invented IDs are faults. */
  #stray(what: string, request: number): void {
    if (this.#link.wasRequested(request)) {
      this.#link.log.debug("Ignoring {what} of call {request}, which has ended", () => ({
        what,
        request,
      }));
      return;
    }
    throw new ProtocolError(
      `Cannot accept ${what}: found request ${request}, expected a call that was made`,
    );
  }
}
