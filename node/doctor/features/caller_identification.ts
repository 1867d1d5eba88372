/** The callee is told who calls, when the caller wants that. [WAMP rpc_caller_identification] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const callerIdentification: Feature = {
  role: "dealer",
  name: "caller_identification",
  async check({ alice, bob, uri }) {
    await bob.register(uri("procedure"));
    const request = alice.startCall(uri("procedure"), [], { "disclose_me": true });
    const refused = alice.take(Type.ERROR).then(({ message }) => {
      expect(message.request !== request, `CALL with disclose_me is answered by ${message.error}`);
    });
    const told = bob.take(Type.INVOCATION).then(({ message }) => {
      bob.yield(message.request, []);
      expect(message.details["caller"] === alice.id, "INVOCATION without caller");
    });
    await Promise.race([told, refused]);
  },
};
