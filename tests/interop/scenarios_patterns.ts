/** Prefix and wildcard patterns. [WAMP rpc_pattern_based_registration] [WAMP pubsub_pattern_based_subscription] */
import assert from "node:assert/strict";
import { refused } from "./peer_session.ts";
import { freshUri, type Scenario } from "./scenario.ts";

export const patternScenarios: readonly Scenario[] = [
  {
    name: "a prefix subscription gets events with their topic",
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const prefix = freshUri("sensor");
      await subscriber.subscribe(prefix, { match: "prefix" });
      for (const topic of [`${prefix}.one.temperature`, `${prefix}.two`, `${prefix}s`]) {
        await publisher.publish(topic, { args: [topic] });
        const event = await subscriber.event(prefix);
        assert.deepEqual([event.topic, event.args], [topic, [topic]]);
      }
    },
  },
  {
    name: "a wildcard subscription gets events with their topic",
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const base = freshUri("sensor");
      const pattern = `${base}..temperature`;
      await subscriber.subscribe(pattern, { match: "wildcard" });
      await publisher.publish(`${base}.one.humidity`);
      await publisher.publish(`${base}.one.two.temperature`);
      await publisher.publish(`${base}.one.temperature`, { args: [21] });
      const event = await subscriber.event(pattern);
      assert.deepEqual([event.topic, event.args], [`${base}.one.temperature`, [21]]);
      assert.equal(subscriber.pendingEvents(pattern), 0);
    },
  },
  {
    name: "exact and pattern subscriptions of one session each get the event",
    run: async ({ join }) => {
      const [publisher, subscriber] = [await join(), await join()];
      const base = freshUri("sensor");
      const topic = `${base}.one.temperature`;
      await subscriber.subscribe(topic);
      await subscriber.subscribe(base, { match: "prefix" });
      await subscriber.subscribe(`${base}..temperature`, { match: "wildcard" });
      await publisher.publish(topic, { args: [21] });
      for (const handler of [topic, base, `${base}..temperature`]) {
        const event = await subscriber.event(handler);
        assert.deepEqual([event.topic ?? topic, event.args], [topic, [21]]);
      }
    },
  },
  {
    name: "a prefix registration is called with the procedure's name",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const prefix = freshUri("files");
      await callee.register(prefix, "details", { match: "prefix" });
      const { args: [details] } = await caller.call(`${prefix}.a.b`);
      assert.equal((details as Record<string, unknown>)["procedure"], `${prefix}.a.b`);
    },
  },
  {
    name: "the most specific registration is called",
    run: async ({ join }) => {
      const [callee, caller] = [await join(), await join()];
      const base = freshUri("files");
      await callee.register(base, "details", { match: "prefix" });
      await callee.register(`${base}..read`, "fail", { match: "wildcard" });
      await callee.register(`${base}.notes.read`, "echo");
      assert.deepEqual((await caller.call(`${base}.notes.read`, { args: [1] })).args, [1]);
      const { args: [details] } = await caller.call(`${base}.todo.read`, { args: ["com.x.y"] });
      assert.equal((details as Record<string, unknown>)["procedure"], `${base}.todo.read`);
      const other = freshUri("other");
      await callee.register(`${other}..read`, "fail", { match: "wildcard" });
      await refused(caller.call(`${other}.a.read`, { args: ["com.x.y"] }), "com.x.y");
    },
  },
];
