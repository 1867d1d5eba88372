/** A callee that cannot take a call passes it on to the next. [WAMP rpc_call_rerouting] */
import { Type } from "../../../wamp/message.ts";
import { UNAVAILABLE } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const callReroute: Feature = {
  role: "dealer",
  name: "call_reroute",
  async check({ alice, bob, carol, uri }) {
    await bob.register(uri("procedure"), { "invoke": "first" });
    await carol.register(uri("procedure"), { "invoke": "first" });
    const request = alice.startCall(uri("procedure"));
    bob.refuse((await bob.take(Type.INVOCATION)).message.request, UNAVAILABLE);
    carol.yield((await carol.take(Type.INVOCATION)).message.request, ["carol"]);
    const { message, args } = await alice.take(Type.RESULT);
    expect(message.request === request && args[0] === "carol", "no RESULT of the other callee");
  },
};
