/** What a session announces in HELLO: exactly what `caller.ts`, `callee.ts`, `publisher.ts` and `subscriber.ts` implement. */
import type { Dict } from "../wamp/message.ts";

export const roles: Dict = Object.freeze({
  "caller": announced(
    "call_canceling",
    "call_timeout",
    "caller_identification",
    "progressive_call_invocations",
    "progressive_call_results",
    "sharded_registration",
  ),
  "callee": announced(
    "call_canceling",
    "call_reroute",
    "call_trustlevels",
    "caller_identification",
    "pattern_based_registration",
    "progressive_call_invocations",
    "progressive_call_results",
    "registration_revocation",
    "sharded_registration",
    "shared_registration",
  ),
  "publisher": announced(
    "publisher_exclusion",
    "publisher_identification",
    "sharded_subscription",
    "subscriber_blackwhite_listing",
  ),
  "subscriber": announced(
    "event_retention",
    "pattern_based_subscription",
    "publication_trustlevels",
    "publisher_identification",
    "sharded_subscription",
    "subscription_revocation",
    "x_acknowledged_event_delivery",
  ),
});

function announced(...names: readonly string[]): Dict {
  return { features: Object.fromEntries(names.map((name) => [name, true])) };
}
