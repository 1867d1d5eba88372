/** A publication is confirmed when its subscribers have. [WAMP x_acknowledged_event_delivery] */
import { Type } from "../../../wamp/message.ts";
import { Payload } from "../../../wamp/payload.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const acknowledgedEventDelivery: Feature = {
  role: "broker",
  name: "x_acknowledged_event_delivery",
  async check({ alice, bob, uri }) {
    await bob.subscribe(uri("topic"));
    const request = alice.nextRequest();
    const options = { "acknowledge": true, "x_acknowledged_delivery": true };
    const payload = Payload.EMPTY;
    alice.send({ type: Type.PUBLISH, request, options, topic: uri("topic"), payload });
    const { message: { details, publication } } = await bob.take(Type.EVENT);
    expect(details["x_acknowledged_delivery"] === true, "EVENT that wants no confirmation");
    bob.send({ type: Type.EVENT_RECEIVED, publication });
    const { message } = await alice.take(Type.PUBLISHED);
    expect(message.request === request, "PUBLISHED of another request");
  },
};
