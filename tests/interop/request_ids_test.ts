/** What each client does about request ids, on the wire. The default of the option `request_ids` rests on it; README.md sums it up. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, clients } from "./clients.ts";
import { Failure, Peer } from "./peer.ts";
import type { PeerSession } from "./peer_session.ts";
import { type RouterUnderTest, startRouter } from "./router_under_test.ts";
import { freshUri } from "./scenario.ts";
import { startTap } from "./tap.ts";

/** PUBLISH, SUBSCRIBE, UNSUBSCRIBE, CALL, REGISTER, UNREGISTER */
const REQUESTS: readonly unknown[] = [16, 32, 34, 48, 64, 66];

let router: RouterUnderTest;
before(async () => {
  router = await startRouter();
});
after(() => router?.stop());

/** Runs `act` in a session over WebSocket with JSON. Resolves to the request ids that it sent, in order. */
async function idsOf(client: Client, act: (session: PeerSession) => Promise<void>) {
  const tap = await startTap(router);
  const peer = await Peer.start(client, tap.router);
  try {
    const session = await peer.join({ transport: "websocket", serializer: "json", traits: [] });
    await act(session);
    await session.leave();
  } finally {
    await peer.stop();
    tap.close();
  }
  return tap.sent.filter(([type]) => REQUESTS.includes(type)).map(([, request]) => request);
}

for (const client of clients) {
  const missing = client.missing();
  if (missing !== undefined) {
    test(`${client.title}: request ids not seen, missing ${missing}`, { skip: missing }, () => {});
    continue;
  }

  test(`${client.title}: request ids are 1, 2, 3, ... over all kinds of requests`, async () => {
    const ids = await idsOf(client, async (session) => {
      const [topic, procedure] = [freshUri("topic"), freshUri("procedure")];
      await session.subscribe(topic);
      await session.publish(topic);
      await session.register(procedure, "echo");
      await session.call(procedure);
      await session.publish(topic, { options: { acknowledge: true } });
      await session.unregister(procedure);
      await session.unsubscribe(topic);
    });
    assert.deepEqual(ids, [1, 2, 3, 4, 5, 6, 7]);
  });

  if (client.habits.survivesUnserializable) {
    const claim = client.habits.leavesGaps ? "leaves a gap" : "leaves no gap";
    test(`${client.title}: a message that cannot be serialized ${claim} in the request ids`, async () => {
      const ids = await idsOf(client, async (session) => {
        await session.publish(freshUri("topic"));
        const unserializable = { args: [{ $unserializable: true }] };
        await session.publish(freshUri("topic"), unserializable).catch((cause) => {
          if (!(cause instanceof Failure)) throw cause;
        });
        await session.call("wamp.session.count");
      });
      assert.deepEqual(ids, client.habits.leavesGaps ? [1, 3] : [1, 2]);
    });
  }

  const claim = client.habits.hasThreads
    ? "requests of several threads may send their ids in any order"
    : "requests that do not wait for each other send their ids in order";
  test(`${client.title}: ${claim}`, async () => {
    const ids = await idsOf(client, async (session) => {
      const procedure = freshUri("procedure");
      await session.register(procedure, "echo");
      await session.stampede(procedure, 500);
    });
    const sorted = ids.toSorted((a, b) => Number(a) - Number(b));
    assert.deepEqual(sorted, Array.from({ length: 501 }, (_, i) => i + 1));
    if (!client.habits.hasThreads) assert.deepEqual(ids, sorted);
  });
}
