/** A publisher does not receive its own event, unless it wants to. [WAMP pubsub_publisher_exclusion] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const publisherExclusion: Feature = {
  role: "broker",
  name: "publisher_exclusion",
  async check({ alice, uri }) {
    await alice.subscribe(uri("topic"));
    await alice.publish(uri("topic"), ["not for me"]);
    await alice.publish(uri("topic"), ["for me"], { "exclude_me": false });
    expect((await alice.take(Type.EVENT)).args[0] === "for me", "the EVENT that was excluded");
  },
};
