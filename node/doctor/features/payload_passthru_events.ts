/** Packed events pass the router with what says how they are packed. [WAMP payload_passthru_mode] */
import { Type } from "../../../wamp/message.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const payloadPassthruEvents: Feature = {
  role: "broker",
  name: "payload_passthru_mode",
  async check({ alice, bob, uri }) {
    await bob.subscribe(uri("topic"));
    const packed = { "ppt_scheme": "x_doctor", "ppt_serializer": "json" };
    await alice.publish(uri("topic"), ["packed"], packed);
    const { message, args } = await bob.take(Type.EVENT);
    expect(message.details["ppt_scheme"] === "x_doctor", "EVENT without ppt_scheme");
    expect(args[0] === "packed", "EVENT without the payload");
  },
};
