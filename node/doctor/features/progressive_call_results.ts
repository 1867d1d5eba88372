/** Partial results reach the caller before the result, marked as such. [WAMP rpc_progressive_call_results] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const progressiveCallResults: Feature = {
  role: "dealer",
  name: "progressive_call_results",
  async check({ alice, bob, uri }) {
    await bob.register(uri("procedure"));
    const request = alice.startCall(uri("procedure"), [], { "receive_progress": true });
    const { message } = await bob.take(Type.INVOCATION);
    expect(message.details["receive_progress"] === true, "INVOCATION without receive_progress");
    bob.yield(message.request, [1], { "progress": true });
    bob.yield(message.request, [2]);
    const isOurs = (one: { readonly message: { readonly request: number } }) =>
      one.message.request === request;
    const first = await alice.take(Type.RESULT, isOurs);
    expect(first.message.details["progress"] === true && first.args[0] === 1, "no partial RESULT");
    const last = await alice.take(Type.RESULT, isOurs);
    expect(last.message.details["progress"] !== true && last.args[0] === 2, "no final RESULT");
  },
};
