/** A subscription that is taken away is told to its subscriber. [WAMP pubsub_subscription_revocation] */
import { Type } from "../../../wamp/message.ts";
import { SUBSCRIPTION_REMOVE_SUBSCRIBER } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const subscriptionRevocation: Feature = {
  role: "broker",
  name: "subscription_revocation",
  async check({ alice, bob, uri }) {
    const subscription = await bob.subscribe(uri("topic"));
    await alice.call(SUBSCRIPTION_REMOVE_SUBSCRIBER, [subscription, bob.id]);
    const { message } = await bob.take(Type.UNSUBSCRIBED);
    expect(message.request === 0, "UNSUBSCRIBED with a request");
    expect(message.details["subscription"] === subscription, "UNSUBSCRIBED without subscription");
  },
};
