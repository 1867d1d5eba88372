/** What a session leaves behind is published when it is gone. [WAMP pubsub_testament] */
import { Type } from "../../../wamp/message.ts";
import { SESSION_ADD_TESTAMENT } from "../../../wamp/uris.ts";
import { expect } from "../finding.ts";
import type { Feature } from "../feature.ts";

export const testamentMetaApi: Feature = {
  role: "dealer",
  name: "testament_meta_api",
  async check({ alice, join, uri }) {
    await alice.subscribe(uri("topic"));
    const testator = await join();
    try {
      await testator.call(SESSION_ADD_TESTAMENT, [uri("topic"), ["last will"], {}]);
    } finally {
      await testator.leave();
    }
    expect((await alice.take(Type.EVENT)).args[0] === "last will", "another EVENT");
  },
};
