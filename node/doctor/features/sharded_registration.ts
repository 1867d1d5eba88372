/** Calls with one resource key reach one and the same callee. [WAMP rpc_sharded_registration] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const shardedRegistration: Feature = {
  role: "dealer",
  name: "sharded_registration",
  async check({ alice, bob, carol, uri }) {
    const share = (key: string) => ({ "invoke": "roundrobin", "nkey": key });
    await bob.register(uri("procedure"), share("a"));
    await carol.register(uri("procedure"), share("b"));
    const options = { "runmode": "partition", "rkey": "doctor" };
    for (let call = 0; call < 4; call++) alice.startCall(uri("procedure"), [], options);
    const got = await Promise.race([bob, carol].map(async (callee) => {
      for (let call = 0; call < 4; call++) {
        callee.yield((await callee.take(Type.INVOCATION)).message.request, []);
      }
      return callee;
    }));
    expect(got === bob || got === carol, "calls to both callees");
  },
};
