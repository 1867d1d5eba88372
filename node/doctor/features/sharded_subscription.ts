/** Of subscribers with node keys, one receives an event with a resource key. [WAMP pubsub_sharded_subscription] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const shardedSubscription: Feature = {
  role: "broker",
  name: "sharded_subscription",
  async check({ alice, bob, carol, uri }) {
    await bob.subscribe(uri("topic"), { "nkey": "a" });
    await carol.subscribe(uri("topic"), { "nkey": "b" });
    await alice.publish(uri("topic"), ["one"], { "rkey": "doctor" });
    await alice.publish(uri("topic"), ["all"]);
    const firsts = await Promise.all([bob, carol].map(async (peer) => {
      return (await peer.take(Type.EVENT)).args[0];
    }));
    expect(firsts.toSorted().join() === "all,one", `first EVENTs ${firsts.join(" and ")}`);
  },
};
