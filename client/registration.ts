/** What a registering program holds: the Registration. `callee.ts` makes it; `invocation.ts` has what its handler gets. */
import type { Dict } from "../wamp/message.ts";
import type { Match } from "../wamp/uri.ts";
import type { Callee } from "./callee.ts";
import type { CallDetails } from "./invocation.ts";

/** Answers calls: with what it returns or resolves to (a CallResult for several or named results), or with the error it throws.
 * An ApplicationError reaches the caller as it is; of any other the caller gets the message only, as `wamp.error.runtime_error`. */
export type CallHandler<
  Args extends readonly unknown[] = readonly unknown[],
  Kwargs extends object = Dict,
> = (args: Args, kwargs: Kwargs, details: CallDetails) => unknown;

/** How a procedure is registered. All are optional. */
export interface RegisterOptions {
  /** "prefix": all procedures that begin so. "wildcard": empty components match anything. Default "exact". */
  readonly match?: Match;
  /** Lets several sessions register the procedure, and says which of them gets a call. Default "single": one session only. */
  readonly invoke?: "single" | "first" | "last" | "roundrobin" | "random";
  /** At most so many calls at a time; the dealer says what becomes of others. */
  readonly concurrency?: number;
  /** Takes the procedure away from who has registered it, if the router allows. */
  readonly forceReregister?: boolean;
  /** Asks the dealer to tell who calls; it may refuse. */
  readonly discloseCaller?: boolean;
  /** The shard that this session is, for calls with a `resourceKey`. See docs/extensions.md, "Sharding". */
  readonly nodeKey?: string;
}

/** One registered procedure.
 *
 * @example
 * ```ts
 * import type { Session } from "realmway";
 *
 * async function serveOnce(session: Session): Promise<void> {
 *   const registration = await session.register("com.example.once", async () => {
 *     await registration.unregister();
 *     return "done";
 *   });
 *   console.assert(registration.isActive && registration.procedure === "com.example.once");
 * }
 * console.assert(typeof serveOnce === "function");
 * ```
 */
export class Registration {
  readonly id: number;
  /** The procedure or pattern registered. */
  readonly procedure: string;
  readonly handler: CallHandler;
  readonly #callee: Callee;

  /** Made by `session.register`. */
  constructor(id: number, procedure: string, handler: CallHandler, callee: Callee) {
    this.id = id;
    this.procedure = procedure;
    this.handler = handler;
    this.#callee = callee;
  }

  /** False after `unregister`, when the dealer revoked it, and when the session is closed. */
  get isActive(): boolean {
    return this.#callee.has(this);
  }

  /** Calls that the dealer had sent before it heard of this are still answered. */
  unregister(): Promise<void> {
    return this.#callee.unregister(this);
  }
}
