/** CANCEL interrupts the callee, whose error the caller gets. [WAMP rpc_call_canceling] */
import { Type } from "../../../wamp/message.ts";
import { CANCELED } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const callCanceling: Feature = {
  role: "dealer",
  name: "call_canceling",
  async check({ alice, bob, uri }) {
    await bob.register(uri("procedure"));
    const request = alice.startCall(uri("procedure"));
    const { message } = await bob.take(Type.INVOCATION);
    alice.send({ type: Type.CANCEL, request, options: { "mode": "kill" } });
    const interrupt = await bob.take(Type.INTERRUPT);
    expect(interrupt.message.request === message.request, "INTERRUPT of another request");
    bob.refuse(message.request, CANCELED);
    const { message: error } = await alice.take(Type.ERROR);
    expect(error.request === request && error.error === CANCELED, `the error ${error.error}`);
  },
};
