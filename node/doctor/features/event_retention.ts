/** The last event is kept for later subscribers that ask for it. [WAMP pubsub_event_retention] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const eventRetention: Feature = {
  role: "broker",
  name: "event_retention",
  async check({ alice, bob, uri }) {
    await alice.publish(uri("topic"), ["kept"], { "retain": true });
    await bob.subscribe(uri("topic"), { "get_retained": true });
    const { message, args } = await bob.take(Type.EVENT);
    expect(args[0] === "kept" && message.details["retained"] === true, "EVENT without retained");
  },
};
