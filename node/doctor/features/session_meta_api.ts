/** Sessions can be counted and looked at, and are announced. [WAMP meta_api_sessions] */
import { Type } from "../../../wamp/message.ts";
import { SESSION_COUNT, SESSION_GET, SESSION_ON_JOIN } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const sessionMetaApi: Feature = {
  role: "dealer",
  name: "session_meta_api",
  async check({ alice, bob, join }) {
    await alice.subscribe(SESSION_ON_JOIN);
    const late = await join();
    try {
      const { args: [joined] } = await alice.take(Type.EVENT);
      expect(typeof joined === "object" && joined !== null, "an EVENT without details");
      expect(Number(await alice.call(SESSION_COUNT)) >= 4, "a wrong count");
      const details = await alice.call(SESSION_GET, [bob.id]);
      expect(typeof details === "object" && details !== null, "no details of a session");
    } finally {
      await late.leave();
    }
  },
};
