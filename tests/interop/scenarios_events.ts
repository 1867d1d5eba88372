/** Publish and subscribe between sessions of one client. [WAMP basic profile, pubsub_*] */
import assert from "node:assert/strict";
import type { PeerSession } from "./peer_session.ts";
import { DISCLOSED } from "./router_under_test.ts";
import { freshUri, type Scenario } from "./scenario.ts";
import { normal, samplesFor } from "./values.ts";

const acknowledge = { acknowledge: true };

export const eventScenarios: readonly Scenario[] = [
  {
    name: "EVENT carries positional and keyword arguments",
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic");
      await subscriber.subscribe(topic);
      for (const args of [[], [1], [1, "two", [3]]]) {
        for (const kwargs of [{}, { one: 1, two: "zwei" }]) {
          await publisher.publish(topic, { args, kwargs });
          const event = await subscriber.event(topic);
          assert.deepEqual([event.args, event.kwargs], [args, kwargs]);
        }
      }
    },
  },
  {
    name: "PUBLISHED has the publication's id",
    run: async ({ client, join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic");
      await subscriber.subscribe(topic);
      const publication = await publisher.publish(topic, { args: [1], options: acknowledge });
      const event = await subscriber.event(topic);
      if (!client.habits.tellsPublication) return;
      assert.ok(Number.isSafeInteger(publication), `publication ${publication}`);
      assert.equal(event.publication ?? publication, publication);
    },
  },
  {
    name: "a publisher gets its own event only when it asks for it",
    applies: ({ habits }) => habits.canIncludeItself,
    run: async ({ join }) => {
      const session = await join();
      const topic = freshUri("topic");
      await session.subscribe(topic);
      await session.publish(topic, { args: ["excluded"], options: acknowledge });
      const options = { ...acknowledge, "exclude_me": false };
      await session.publish(topic, { args: ["included"], options });
      assert.deepEqual((await session.event(topic)).args, ["included"]);
      assert.equal(session.pendingEvents(topic), 0);
    },
  },
  {
    name: "eligible and exclude choose the receivers",
    run: async ({ join }) => {
      const [publisher, first, second] = [await join(), await join(), await join()];
      const topic = freshUri("topic");
      await first.subscribe(topic);
      await second.subscribe(topic);
      const publish = (args: string[], options: object) =>
        publisher.publish(topic, { args, options: { ...acknowledge, ...options } });
      await publish(["for the first"], { eligible: [first.id] });
      await publish(["not for the first"], { exclude: [first.id] });
      await publish(["for neither"], { eligible: [first.id], exclude: [first.id] });
      assert.deepEqual((await first.event(topic)).args, ["for the first"]);
      assert.deepEqual((await second.event(topic)).args, ["not for the first"]);
      await barrier(publisher, [first, second]);
      assert.deepEqual([first.pendingEvents(topic), second.pendingEvents(topic)], [0, 0]);
    },
  },
  {
    name: "a publisher is disclosed where the configuration says so",
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic", DISCLOSED);
      await subscriber.subscribe(topic);
      await publisher.publish(topic);
      const event = await subscriber.event(topic);
      assert.deepEqual(
        [event.publisher, event.publisher_authid, event.publisher_authrole],
        [publisher.id, publisher.authid, "anonymous"],
      );
    },
  },
  {
    name: "a publisher is disclosed when it asks for it, and only then",
    applies: ({ habits }) => habits.canDisclose,
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic");
      await subscriber.subscribe(topic);
      await publisher.publish(topic, { options: { disclose_me: true } });
      assert.equal((await subscriber.event(topic)).publisher, publisher.id);
      await publisher.publish(topic);
      assert.equal((await subscriber.event(topic)).publisher ?? undefined, undefined);
    },
  },
  {
    name: "UNSUBSCRIBE ends the events",
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic");
      await subscriber.subscribe(topic);
      await publisher.publish(topic, { args: [1] });
      assert.deepEqual((await subscriber.event(topic)).args, [1]);
      await subscriber.unsubscribe(topic);
      await publisher.publish(topic, { args: [2] });
      await barrier(publisher, [subscriber]);
      assert.equal(subscriber.pendingEvents(topic), 0);
      await subscriber.subscribe(topic);
      await publisher.publish(topic, { args: [3] });
      assert.deepEqual((await subscriber.event(topic)).args, [3]);
    },
  },
  {
    name: "1,000 events that were not waited for arrive once each, in order",
    run: async ({ client, join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic");
      await subscriber.subscribe(topic);
      await publisher.burst(topic, 1000);
      const found: unknown[] = [];
      while (found.length < 1000) {
        const [number = null] = (await subscriber.event(topic)).args;
        found.push(number);
      }
      if (!client.habits.keepsOrder) found.sort((a, b) => Number(a) - Number(b));
      assert.deepEqual(found, Array.from({ length: 1000 }, (_, i) => i));
      await barrier(publisher, [subscriber]);
      assert.equal(subscriber.pendingEvents(topic), 0);
    },
  },
  {
    name: "every value survives PUBLISH and EVENT",
    run: async ({ endpoint: { traits }, join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const topic = freshUri("topic");
      await subscriber.subscribe(topic);
      for (const { name, value } of samplesFor(traits)) {
        await publisher.publish(topic, { args: [name, value], kwargs: { value } });
        const { args, kwargs } = await subscriber.event(topic);
        assert.deepEqual([args, kwargs], normal([[name, value], { value }], traits));
      }
    },
  },
];

/** Waits until each subscriber has got an event that was published after all others. */
async function barrier(publisher: PeerSession, subscribers: PeerSession[]): Promise<void> {
  const topic = freshUri("barrier");
  for (const subscriber of subscribers) await subscriber.subscribe(topic);
  await publisher.publish(topic);
  for (const subscriber of subscribers) await subscriber.event(topic);
}
