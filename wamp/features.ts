/**
 * What this router announces in WELCOME. A feature may stand here only when it works and a test in `tests/flow/` carries its
 * tag, which a check enforces. The values are the sections' names: `[WAMP <section>]`.
 */

/** Feature of the broker role -> section of the specification that a flow test must be tagged with. */
export const BROKER_FEATURES = {
  "publisher_identification": "pubsub_publisher_identification",
  "publisher_exclusion": "pubsub_publisher_exclusion",
  "subscriber_blackwhite_listing": "pubsub_subscriber_blackwhite_listing",
  "pattern_based_subscription": "pubsub_pattern_based_subscription",
  "subscription_revocation": "pubsub_subscription_revocation",
  "event_retention": "pubsub_event_retention",
  "event_history": "pubsub_event_history",
  "session_meta_api": "meta_api_sessions",
  "subscription_meta_api": "meta_api_subscriptions",
  "payload_passthru_mode": "payload_passthru_mode",
  "publication_trustlevels": "pubsub_publication_trustlevels",
  "x_publication_trustlevels": "pubsub_publication_trustlevels",
  "sharded_subscription": "pubsub_sharded_subscription",
  "x_sharded_subscription": "pubsub_sharded_subscription",
  "x_acknowledged_event_delivery": "x_acknowledged_event_delivery",
  "x_reflection": "interface-reflection",
} as const;

/** Feature of the dealer role -> section of the specification that a flow test must be tagged with. */
export const DEALER_FEATURES = {
  "caller_identification": "rpc_caller_identification",
  "pattern_based_registration": "rpc_pattern_based_registration",
  "shared_registration": "rpc_shared_registration",
  "progressive_call_results": "rpc_progressive_call_results",
  "progressive_call_invocations": "rpc_progressive_call_invocations",
  "call_canceling": "rpc_call_canceling",
  "call_timeout": "rpc_call_timeout",
  "registration_revocation": "rpc_registration_revocation",
  "session_meta_api": "meta_api_sessions",
  "registration_meta_api": "meta_api_registrations",
  "testament_meta_api": "pubsub_testament",
  "payload_passthru_mode": "payload_passthru_mode",
  "call_reroute": "rpc_call_rerouting",
  "x_call_reroute": "rpc_call_rerouting",
  "call_trustlevels": "rpc_call_trustlevels",
  "x_call_trustlevels": "rpc_call_trustlevels",
  "sharded_registration": "rpc_sharded_registration",
  "x_sharded_registration": "rpc_sharded_registration",
  "x_reflection": "interface-reflection",
} as const;

/** Features that depend on the realm's meta API being switched on. */
export const META_FEATURES: readonly string[] = [
  "session_meta_api",
  "subscription_meta_api",
  "registration_meta_api",
  "testament_meta_api",
  "event_history",
  "x_reflection",
];
