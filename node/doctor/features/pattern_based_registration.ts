/** Prefixes and wildcards get calls, and are told which procedure was called. [WAMP rpc_pattern_based_registration] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const patternBasedRegistration: Feature = {
  role: "dealer",
  name: "pattern_based_registration",
  async check({ alice, bob, carol, uri }) {
    const wildcard = { procedure: `${uri("wild")}..end`, called: `${uri("wild")}.x.end` };
    await bob.register(uri("prefix"), { "match": "prefix" });
    await carol.register(wildcard.procedure, { "match": "wildcard" });
    for (
      const [callee, called] of [[bob, `${uri("prefix")}.x`], [carol, wildcard.called]] as const
    ) {
      alice.startCall(called);
      const { message } = await callee.take(Type.INVOCATION);
      callee.yield(message.request, []);
      expect(message.details["procedure"] === called, "INVOCATION without procedure");
    }
  },
};
