/** Prefixes and wildcards get events, with the topic. [WAMP pubsub_pattern_based_subscription] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const patternBasedSubscription: Feature = {
  role: "broker",
  name: "pattern_based_subscription",
  async check({ alice, bob, carol, uri }) {
    const topic = `${uri("topic")}.x.end`;
    await bob.subscribe(uri("topic"), { "match": "prefix" });
    await carol.subscribe(`${uri("topic")}..end`, { "match": "wildcard" });
    await alice.publish(topic, []);
    for (const peer of [bob, carol]) {
      const { message } = await peer.take(Type.EVENT);
      expect(message.details["topic"] === topic, "EVENT without topic");
    }
  },
};
