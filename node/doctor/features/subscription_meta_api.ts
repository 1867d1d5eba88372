/** Subscriptions can be looked up, and their subscribers counted. [WAMP meta_api_subscriptions] */
import { SUBSCRIPTION_COUNT_SUBSCRIBERS, SUBSCRIPTION_LOOKUP } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const subscriptionMetaApi: Feature = {
  role: "broker",
  name: "subscription_meta_api",
  async check({ alice, bob, uri }) {
    const id = await bob.subscribe(uri("topic"));
    expect(await alice.call(SUBSCRIPTION_LOOKUP, [uri("topic")]) === id, "another ID");
    expect(await alice.call(SUBSCRIPTION_COUNT_SUBSCRIBERS, [id]) === 1, "a wrong count");
  },
};
