/** What a session announces in HELLO: exactly what `caller.ts`, `callee.ts`, `publisher.ts` and `subscriber.ts` implement. */
import type { Dict } from "../wamp/message.ts";

export const roles: Dict = Object.freeze({
  "caller": {
    features: {
      "call_canceling": true,
      "call_timeout": true,
      "caller_identification": true,
      "progressive_call_results": true,
      "sharded_registration": true,
    },
  },
  "callee": {
    features: {
      "call_canceling": true,
      "call_reroute": true,
      "call_trustlevels": true,
      "caller_identification": true,
      "pattern_based_registration": true,
      "progressive_call_results": true,
      "registration_revocation": true,
      "sharded_registration": true,
      "shared_registration": true,
    },
  },
  "publisher": {
    features: {
      "publisher_exclusion": true,
      "publisher_identification": true,
      "sharded_subscription": true,
      "subscriber_blackwhite_listing": true,
    },
  },
  "subscriber": {
    features: {
      "event_retention": true,
      "pattern_based_subscription": true,
      "publication_trustlevels": true,
      "publisher_identification": true,
      "sharded_subscription": true,
      "subscription_revocation": true,
      "x_acknowledged_event_delivery": true,
    },
  },
});
