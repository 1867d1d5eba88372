/** What is described can be asked for. [WAMP interface-reflection] */
import { REFLECTION_PROCEDURE_LIST } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const reflection: Feature = {
  role: "dealer",
  name: "x_reflection",
  async check({ alice }) {
    expect(Array.isArray(await alice.call(REFLECTION_PROCEDURE_LIST)), "no list of procedures");
  },
};
