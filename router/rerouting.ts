/**
 * Calls that their callee may decline with `wamp.error.unavailable`, for the dealer to offer them to the next one. Only callees that
 * announce `call_reroute` have their calls kept for that. Used by `dealer.ts` and `invocation.ts`. [WAMP rpc_call_rerouting]
 */
import type { Call } from "../wamp/message.ts";
import type { Permission } from "./permission.ts";
import type { Session } from "./session.ts";

export interface Rerouting {
  /** With a payload that lives on; undefined when there was nobody else to take it. */
  readonly message: Call | undefined;
  /** That lets the caller call it. */
  readonly rule: Permission;
  /** Callees that were asked, the last one included. */
  readonly asked: readonly Session[];
  /** Milliseconds since 1970 at which the call's time-out ends; 0 for none. */
  readonly deadline: number;
  /** Some result has gone to the caller: nobody else can begin it anew. */
  hasProgressed: boolean;
}

/** @param message of a call that is not in parts. */
export function reroutingOf(
  message: Call,
  rule: Permission,
  asked: readonly Session[],
  canGoOn: boolean,
  deadline: number,
): Rerouting {
  const kept = canGoOn ? { ...message, payload: message.payload.keep() } : undefined;
  return { message: kept, rule, asked, deadline, hasProgressed: false };
}
