/** Events can be asked for; that the topic has no history is an answer, too, as histories are configured. [WAMP pubsub_event_history] */
import { HISTORY_UNAVAILABLE, SUBSCRIPTION_GET_EVENTS } from "../../../wamp/uris.ts";
import { Finding } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const eventHistory: Feature = {
  role: "broker",
  name: "event_history",
  async check({ alice, bob, uri }) {
    const subscription = await bob.subscribe(uri("topic"));
    try {
      await alice.call(SUBSCRIPTION_GET_EVENTS, [subscription], { "limit": 1 });
    } catch (error) {
      if (!(error instanceof Finding && error.message.includes(HISTORY_UNAVAILABLE))) throw error;
    }
  },
};
