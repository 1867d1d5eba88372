/** Arguments in several CALLs of one request reach the callee as INVOCATIONs of one request. [WAMP rpc_progressive_call_invocations] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const progressiveCallInvocations: Feature = {
  role: "dealer",
  name: "progressive_call_invocations",
  async check({ alice, bob, uri }) {
    await bob.register(uri("procedure"));
    const request = alice.startCall(uri("procedure"), [1], { "progress": true });
    const first = await bob.take(Type.INVOCATION);
    expect(first.message.details["progress"] === true, "INVOCATION without progress");
    alice.startCall(uri("procedure"), [2], {}, request);
    const last = await bob.take(Type.INVOCATION);
    expect(last.message.request === first.message.request, "a second invocation");
    expect(last.message.details["progress"] !== true, "the last INVOCATION has progress");
    bob.yield(last.message.request, [3]);
    expect((await alice.take(Type.RESULT)).message.request === request, "no RESULT");
  },
};
