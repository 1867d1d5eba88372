/** Sessions: joining, leaving, what the meta API says of them, how they end. [WAMP sessions] [WAMP meta_api_sessions] */
import assert from "node:assert/strict";
import { Failure } from "./peer.ts";
import { freshUri, type Scenario } from "./scenario.ts";

export const sessionScenarios: readonly Scenario[] = [
  {
    name: "joins, is listed, leaves, is listed no more",
    run: async ({ client, endpoint, join }) => {
      const watcher = await join();
      const session = await join();
      assert.ok(Number.isSafeInteger(session.id) && session.id > 0, `session id ${session.id}`);
      assert.equal(session.authrole, "anonymous");
      assert.notEqual(session.authid, "");
      assert.equal(session.serializer, endpoint.serializer);
      const listed = async () => (await watcher.call("wamp.session.list")).args[0];
      assert.ok((await listed() as number[]).includes(session.id));
      const reason = await session.leave();
      if (client.habits.tellsReply) assert.equal(reason, "wamp.close.goodbye_and_out");
      assert.ok(!(await listed() as number[]).includes(session.id));
    },
  },
  {
    name: "is told of others by wamp.session.on_join and on_leave",
    run: async ({ join }) => {
      const watcher = await join();
      await watcher.subscribe("wamp.session.on_join");
      await watcher.subscribe("wamp.session.on_leave");
      const session = await join();
      const [details] = (await watcher.event("wamp.session.on_join")).args;
      const { session: id, authrole } = details as Record<string, unknown>;
      assert.deepEqual({ id, authrole }, { id: session.id, authrole: "anonymous" });
      await session.leave();
      const left = await watcher.event("wamp.session.on_leave");
      assert.equal(left.args[0], session.id);
    },
  },
  {
    name: "reads sessions and registrations by the meta API",
    run: async ({ join }) => {
      const session = await join();
      const count = await session.call("wamp.session.count");
      assert.equal(typeof count.args[0], "number");
      const got = await session.call("wamp.session.get", { args: [session.id] });
      const { session: id, authid, authrole } = got.args[0] as Record<string, unknown>;
      assert.deepEqual({ id, authid, authrole }, {
        id: session.id,
        authid: session.authid,
        authrole: "anonymous",
      });
      const procedure = freshUri("known");
      await session.register(procedure, "echo");
      const [registration = null] =
        (await session.call("wamp.registration.lookup", { args: [procedure] })).args;
      assert.equal(typeof registration, "number");
      const record = await session.call("wamp.registration.get", { args: [registration] });
      assert.equal((record.args[0] as Record<string, unknown>)["uri"], procedure);
    },
  },
  {
    name: "is ended by wamp.session.kill with the reason given",
    run: async ({ client, join }) => {
      const killer = await join();
      const victim = await join();
      const reason = "com.example.enough";
      await killer.call("wamp.session.kill", { args: [victim.id], kwargs: { reason } });
      assert.equal(await victim.ended(), client.habits.tellsReason ? reason : null);
      const { args: [ids] } = await killer.call("wamp.session.list");
      assert.ok(!(ids as number[]).includes(victim.id));
    },
  },
  {
    name: "goes on after a message that could not be serialized left a gap in its request ids",
    applies: ({ habits }) => habits.survivesUnserializable,
    run: async ({ join }) => {
      const session = await join();
      const procedure = freshUri("echo");
      await session.register(procedure, "echo");
      for (let round = 0; round < 2; round++) {
        const topic = freshUri("topic");
        await session.publish(topic, { args: [{ $unserializable: true }] }).catch((cause) => {
          if (!(cause instanceof Failure)) throw cause;
        });
        assert.deepEqual((await session.call(procedure, { args: [round] })).args, [round]);
      }
    },
  },
];
