/** Two callees take turns. [WAMP rpc_shared_registration] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const sharedRegistration: Feature = {
  role: "dealer",
  name: "shared_registration",
  async check({ alice, bob, carol, uri }) {
    await bob.register(uri("procedure"), { "invoke": "roundrobin" });
    await carol.register(uri("procedure"), { "invoke": "roundrobin" });
    for (let call = 0; call < 2; call++) alice.startCall(uri("procedure"));
    const invocations = await Promise.all([bob, carol].map((one) => one.take(Type.INVOCATION)));
    expect(invocations.length === 2, "calls to one callee only");
    for (const [at, callee] of [bob, carol].entries()) {
      const request = invocations[at]?.message.request;
      if (request !== undefined) callee.yield(request, []);
    }
  },
};
