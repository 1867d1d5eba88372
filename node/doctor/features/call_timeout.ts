/** The dealer ends a call that takes too long, and interrupts its callee. [WAMP rpc_call_timeout] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const callTimeout: Feature = {
  role: "dealer",
  name: "call_timeout",
  async check({ alice, bob, uri }) {
    await bob.register(uri("procedure"));
    const request = alice.startCall(uri("procedure"), [], { "timeout": 200 });
    await bob.take(Type.INVOCATION);
    const { message } = await alice.take(Type.ERROR);
    expect(message.request === request, "an ERROR of another request");
  },
};
