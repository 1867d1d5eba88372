/** A registration that is taken away is told to its callee. [WAMP rpc_registration_revocation] */
import { Type } from "../../../wamp/message.ts";
import { REGISTRATION_REMOVE_CALLEE } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const registrationRevocation: Feature = {
  role: "dealer",
  name: "registration_revocation",
  async check({ alice, bob, uri }) {
    const registration = await bob.register(uri("procedure"));
    await alice.call(REGISTRATION_REMOVE_CALLEE, [registration, bob.id]);
    const { message } = await bob.take(Type.UNREGISTERED);
    expect(message.request === 0, "UNREGISTERED with a request");
    expect(message.details["registration"] === registration, "UNREGISTERED without registration");
  },
};
