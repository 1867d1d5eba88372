/** Subscribers are told who publishes, when the publisher wants that. [WAMP pubsub_publisher_identification] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const publisherIdentification: Feature = {
  role: "broker",
  name: "publisher_identification",
  async check({ alice, bob, uri }) {
    await bob.subscribe(uri("topic"));
    await alice.publish(uri("topic"), [], { "disclose_me": true });
    const { message } = await bob.take(Type.EVENT);
    expect(message.details["publisher"] === alice.id, "EVENT without publisher");
  },
};
