/**
 * The caller of a session: calls in flight, and what becomes of them: RESULT, progress, ERROR, cancellation, time-out. HOT.
 * A call leaves the table only by its final answer, also when the program no longer waits for it, since the router will answer it.
 * [WAMP rpc] [WAMP rpc_call_canceling] [WAMP rpc_call_timeout] [WAMP rpc_progressive_call_results]
 */
import { type Dict, EMPTY_DICT, type ErrorMessage, type Result, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { CANCELED } from "../wamp/uris.ts";
import { readResult, readValues } from "./call_result.ts";
import { type CloseDetails, SessionClosedError } from "./errors.ts";
import type { Passthru } from "./keyring.ts";
import type { Link } from "./link.ts";
import { attendCall } from "./parts.ts";
import { readError } from "./requests.ts";
import { type WireNames, wireOptions } from "./wire_options.ts";

/** See `CallOptions.cancelMode`. */
export type CancelMode = "killnowait" | "skip" | "kill";

/** Arguments of a call that comes in parts: those that follow the first, from a generator at the caller and in `details.more` at the callee.
 *
 * @example
 * ```ts
 * import type { CallPart, Session } from "realmway";
 *
 * async function upload(session: Session, file: AsyncIterable<Uint8Array>): Promise<number> {
 *   async function* more(): AsyncGenerator<CallPart, CallPart> {
 *     for await (const bytes of file) yield { args: [bytes] };
 *     return { kwargs: { checksum: "…" } }; // the last part; may be left out
 *   }
 *   return await session.call<number>("com.example.upload", ["name"], {}, { more: more() });
 * }
 *
 * async function receive(session: Session): Promise<void> {
 *   await session.register("com.example.upload", async (_first, _kwargs, { more }) => {
 *     let bytes = 0;
 *     for await (const { args: [chunk] = [] } of more) {
 *       if (chunk instanceof Uint8Array) bytes += chunk.length;
 *     }
 *     return bytes;
 *   });
 * }
 * console.assert(upload.length + receive.length === 3);
 * ```
 */
export interface CallPart {
  readonly args?: readonly unknown[];
  readonly kwargs?: Dict;
}

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
  /** The call's arguments go on: each of these reaches the callee as a part of its own, the last being what the generator returns, if
   * anything. What it throws cancels the call. Needs a router and a callee that offer `progressive_call_invocations`. */
  readonly more?: AsyncIterable<CallPart, CallPart | void>;
  /** Asks the router to tell the callee who calls; it may refuse. */
  readonly discloseMe?: boolean;
  /** Of a procedure with several callees: "partition" asks the one whose shard `resourceKey` belongs to, "all" asks all of them and
   * resolves to the list of their answers. See docs/extensions.md, "Sharding". */
  readonly runMode?: "partition" | "all";
  readonly resourceKey?: string;
  /** Passes the payload through the router as it says, whatever the key ring has for the procedure. Needs `keyring` of `connect`. */
  readonly passthru?: Passthru;
}

/** CALL.Options */
const WIRE_NAMES: WireNames<CallOptions> = {
  runMode: "runmode",
  resourceKey: "rkey",
  discloseMe: "disclose_me",
};

/** One call in flight. */
export class PendingCall {
  readonly request: number;
  readonly procedure: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly options: CallOptions | undefined;
  /** Lets go of all that was kept for it. */
  release: (() => void) | undefined = undefined;
  /** The program no longer waits. */
  isGivenUp = false;
  /** The final answer is there. */
  isOver = false;

  constructor(
    request: number,
    procedure: string,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    options: CallOptions | undefined,
  ) {
    this.request = request;
    this.procedure = procedure;
    this.resolve = resolve;
    this.reject = reject;
    this.options = options;
  }

  /** The answer will be of no interest. */
  giveUp(reason: unknown): void {
    this.isGivenUp = true;
    this.release?.();
    this.reject(reason);
  }

  /** `act` is called when the final answer is there, or the program no longer waits. */
  onEnd(act: () => void): void {
    const others = this.release;
    this.release = () => {
      others?.();
      act();
    };
  }

  end(): void {
    this.isOver = true;
    this.release?.();
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
      const call = new PendingCall(request, procedure, resolve, reject, options);
      this.#calls.set(request, call);
      if ((options?.signal ?? options?.timeoutMs ?? options?.more) !== undefined) {
        attendCall(call, options ?? {}, link);
      }
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
      message.error === CANCELED && signal?.aborted === true
        ? signal.reason
        : readError(message, this.#link.errors),
    );
  }

  /** The session is over: nothing waits for ever. */
  close(details: CloseDetails): void {
    for (const call of this.#calls.values()) {
      call.end();
      call.reject(new SessionClosedError(`call "${call.procedure}"`, details));
    }
    this.#calls.clear();
  }

  #finish(request: number, call: PendingCall): void {
    this.#calls.delete(request);
    call.end();
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
    const link = this.#link;
    const wire = wireOptions(options, WIRE_NAMES, link);
    if (options.onProgress !== undefined && link.offers("dealer", "progressive_call_results")) {
      wire["receive_progress"] = true;
    }
    if (options.more !== undefined) {
      if (!link.offers("dealer", "progressive_call_invocations")) {
        throw new Error("Cannot call in parts: found a router that cannot");
      }
      wire["progress"] = true;
    }
    if (options.timeoutMs !== undefined && link.offers("dealer", "call_timeout")) {
      wire["timeout"] = options.timeoutMs;
    }
    return wire;
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
