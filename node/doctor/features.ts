/**
 * Every check there is, in the order in which they are run and shown. Trust levels have none: they are a matter of configuration, and nobody
 * can see from outside what they should be.
 */
import type { Feature } from "./feature.ts";
import { acknowledgedEventDelivery } from "./features/acknowledged_event_delivery.ts";
import { callCanceling } from "./features/call_canceling.ts";
import { callReroute } from "./features/call_reroute.ts";
import { callTimeout } from "./features/call_timeout.ts";
import { callerIdentification } from "./features/caller_identification.ts";
import { eventHistory } from "./features/event_history.ts";
import { eventRetention } from "./features/event_retention.ts";
import { patternBasedRegistration } from "./features/pattern_based_registration.ts";
import { patternBasedSubscription } from "./features/pattern_based_subscription.ts";
import { payloadPassthruEvents } from "./features/payload_passthru_events.ts";
import { payloadPassthru } from "./features/payload_passthru.ts";
import { progressiveCallInvocations } from "./features/progressive_call_invocations.ts";
import { progressiveCallResults } from "./features/progressive_call_results.ts";
import { publisherExclusion } from "./features/publisher_exclusion.ts";
import { publisherIdentification } from "./features/publisher_identification.ts";
import { reflection } from "./features/reflection.ts";
import { registrationMetaApi } from "./features/registration_meta_api.ts";
import { registrationRevocation } from "./features/registration_revocation.ts";
import { sessionMetaApi } from "./features/session_meta_api.ts";
import { shardedRegistration } from "./features/sharded_registration.ts";
import { shardedSubscription } from "./features/sharded_subscription.ts";
import { sharedRegistration } from "./features/shared_registration.ts";
import { subscriberBlackwhiteListing } from "./features/subscriber_blackwhite_listing.ts";
import { subscriptionMetaApi } from "./features/subscription_meta_api.ts";
import { subscriptionRevocation } from "./features/subscription_revocation.ts";
import { testamentMetaApi } from "./features/testament_meta_api.ts";

export const FEATURES: readonly Feature[] = [
  callCanceling,
  callReroute,
  callTimeout,
  callerIdentification,
  patternBasedRegistration,
  payloadPassthru,
  progressiveCallInvocations,
  progressiveCallResults,
  reflection,
  registrationMetaApi,
  registrationRevocation,
  sessionMetaApi,
  shardedRegistration,
  sharedRegistration,
  testamentMetaApi,
  acknowledgedEventDelivery,
  eventHistory,
  eventRetention,
  patternBasedSubscription,
  publisherExclusion,
  publisherIdentification,
  shardedSubscription,
  subscriberBlackwhiteListing,
  subscriptionMetaApi,
  subscriptionRevocation,
  payloadPassthruEvents,
  // One thing, which both roles announce.
  { ...sessionMetaApi, role: "broker" },
  { ...reflection, role: "broker" },
];
