/** Registrations can be looked up. [WAMP meta_api_registrations] */
import { REGISTRATION_LOOKUP, REGISTRATION_MATCH } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const registrationMetaApi: Feature = {
  role: "dealer",
  name: "registration_meta_api",
  async check({ alice, bob, uri }) {
    const registration = await bob.register(uri("procedure"));
    expect(await alice.call(REGISTRATION_LOOKUP, [uri("procedure")]) === registration, "no lookup");
    expect(await alice.call(REGISTRATION_MATCH, [uri("procedure")]) === registration, "no match");
  },
};
