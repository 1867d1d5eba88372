/** Packed payloads pass the router with what says how they are packed. [WAMP payload_passthru_mode] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const payloadPassthru: Feature = {
  role: "dealer",
  name: "payload_passthru_mode",
  async check({ alice, bob, uri }) {
    await bob.register(uri("procedure"));
    const packed = { "ppt_scheme": "x_doctor", "ppt_serializer": "json" };
    alice.startCall(uri("procedure"), ["packed"], packed);
    const { message, args } = await bob.take(Type.INVOCATION);
    bob.yield(message.request, []);
    expect(message.details["ppt_scheme"] === "x_doctor", "INVOCATION without ppt_scheme");
    expect(args[0] === "packed", "INVOCATION without the payload");
  },
};
