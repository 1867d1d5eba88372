/** Publishers choose who receives an event. [WAMP pubsub_subscriber_blackwhite_listing] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const subscriberBlackwhiteListing: Feature = {
  role: "broker",
  name: "subscriber_blackwhite_listing",
  async check({ alice, bob, carol, uri }) {
    for (const peer of [bob, carol]) await peer.subscribe(uri("topic"));
    await alice.publish(uri("topic"), ["carol"], { "exclude": [bob.id] });
    await alice.publish(uri("topic"), ["bob"], { "eligible": [bob.id] });
    await alice.publish(uri("topic"), ["both"]);
    for (const [peer, name] of [[bob, "bob"], [carol, "carol"]] as const) {
      const seen = [(await peer.take(Type.EVENT)).args[0], (await peer.take(Type.EVENT)).args[0]];
      expect(seen[0] === name && seen[1] === "both", `EVENTs ${seen.join(", ")} for ${name}`);
    }
  },
};
