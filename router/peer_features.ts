/** What a peer announced in HELLO that broker and dealer must respect. Read once, when the session joins. [WAMP features] */
import type { Hello } from "../wamp/message.ts";

export interface PeerFeatures {
  /** Callee: may be sent INTERRUPT. [WAMP rpc_call_canceling] */
  readonly canBeInterrupted: boolean;
  /** Callee: may be asked for progressive results. One that cannot be interrupted may not: nothing would stop it once its caller has
   * gone. [WAMP rpc_progressive_call_results] */
  readonly canYieldProgress: boolean;
  /** Caller: may send a call in several CALLs. Callee: may be sent it in several INVOCATIONs, if it can be interrupted in between.
   * [WAMP rpc_progressive_call_invocations] */
  readonly makesProgressiveCalls: boolean;
  readonly takesProgressiveCalls: boolean;
  /** Callee: declines calls with `wamp.error.unavailable`, for another callee to take them. [WAMP rpc_call_rerouting] */
  readonly declinesCalls: boolean;
  /** Subscriber: says EVENT_RECEIVED where it is asked to. */
  readonly confirmsEvents: boolean;
  /** May be sent UNSUBSCRIBED and UNREGISTERED that they did not ask for.
   * [WAMP pubsub_subscription_revocation] [WAMP rpc_registration_revocation] */
  readonly acceptsRevocation: { readonly subscriber: boolean; readonly callee: boolean };
  /** May send, and be sent, payloads that only the other peer can read. [WAMP payload_passthru_mode] */
  readonly passesPayload: {
    readonly publisher: boolean;
    readonly caller: boolean;
    readonly callee: boolean;
  };
}

/** Of a session that has not joined. */
export const NO_FEATURES: PeerFeatures = {
  canBeInterrupted: false,
  canYieldProgress: false,
  makesProgressiveCalls: false,
  takesProgressiveCalls: false,
  declinesCalls: false,
  confirmsEvents: false,
  acceptsRevocation: { subscriber: false, callee: false },
  passesPayload: { publisher: false, caller: false, callee: false },
};

export function featuresOf(hello: Hello): PeerFeatures {
  const roles = hello.details["roles"];
  const announces = (role: string, feature: string) =>
    member(member(member(roles, role), "features"), feature) === true;
  // The section on progressive call invocations spells it with two l.
  const canBeInterrupted = announces("callee", "call_canceling") ||
    announces("callee", "call_cancelling");
  return {
    canBeInterrupted,
    canYieldProgress: canBeInterrupted && announces("callee", "progressive_call_results"),
    makesProgressiveCalls: announces("caller", "progressive_call_invocations"),
    takesProgressiveCalls: canBeInterrupted && announces("callee", "progressive_call_invocations"),
    declinesCalls: announces("callee", "call_reroute"),
    confirmsEvents: announces("subscriber", "x_acknowledged_event_delivery"),
    acceptsRevocation: {
      subscriber: announces("subscriber", "subscription_revocation"),
      callee: announces("callee", "registration_revocation"),
    },
    passesPayload: {
      publisher: announces("publisher", "payload_passthru_mode"),
      caller: announces("caller", "payload_passthru_mode"),
      callee: announces("callee", "payload_passthru_mode"),
    },
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
