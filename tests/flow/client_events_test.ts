import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientFlow, settled } from "./client_kit.ts";

test("Client: an event reaches subscribers of the topic and of patterns, not its publisher", async () => {
  const flow = new ClientFlow();
  const [publisher, subscriber] = [await flow.client(), await flow.client()];
  const events: unknown[] = [];
  const note =
    (name: string) => (args: readonly unknown[], kwargs: object, { topic }: { topic: string }) => {
      events.push([name, args, kwargs, topic]);
    };
  await publisher.subscribe("com.example.topic", note("publisher"));
  await subscriber.subscribe("com.example.topic", note("exact"));
  await subscriber.subscribe("com.ex", note("prefix"), { match: "prefix" });
  await subscriber.subscribe("com..topic", note("wildcard"), { match: "wildcard" });
  publisher.publish("com.example.topic", ["Hello"], { "n": 1 });
  await settled();
  assert.deepEqual(events.sort(), [
    ["exact", ["Hello"], { "n": 1 }, "com.example.topic"],
    ["prefix", ["Hello"], { "n": 1 }, "com.example.topic"],
    ["wildcard", ["Hello"], { "n": 1 }, "com.example.topic"],
  ]);
  flow.ends();
});

test("Client: a publisher may receive its own event and choose who else does", async () => {
  const flow = new ClientFlow();
  const [a, b, c] = [await flow.client(), await flow.client(), await flow.client()];
  const events: string[] = [];
  await a.subscribe("com.example.topic", ([n]) => events.push(`a ${n}`));
  await b.subscribe("com.example.topic", ([n]) => events.push(`b ${n}`));
  await c.subscribe("com.example.topic", ([n]) => events.push(`c ${n}`));
  a.publish("com.example.topic", [1], {}, { excludeMe: false, exclude: [b.id] });
  a.publish("com.example.topic", [2], {}, { eligible: [b.id] });
  await settled();
  assert.deepEqual(events, ["a 1", "c 1", "b 2"]);
});

test("Client: an acknowledged publication has an ID, which its event carries", async () => {
  const flow = new ClientFlow();
  const [publisher, subscriber] = [await flow.client(), await flow.client()];
  const publications: unknown[] = [];
  await subscriber.subscribe(
    "com.example.topic",
    (_args, _kwargs, { publication, publisher }) => publications.push([publication, publisher]),
  );
  const publication = await publisher.publish("com.example.topic", [], {}, {
    acknowledge: true,
    discloseMe: true,
  });
  await settled();
  assert.deepEqual(publications, [[publication, publisher.id]]);
});

test("Client: a refused publication rejects when acknowledged, and is silent otherwise", async () => {
  const session = await new ClientFlow().client();
  session.publish("com..example");
  await assert.rejects(
    session.publish("com..example", [], {}, { acknowledge: true }),
    { uri: "wamp.error.invalid_uri" },
  );
  assert.equal(session.isOpen, true);
});

test("Client: two handlers of one topic share the router's subscription and end on their own", async () => {
  const flow = new ClientFlow();
  const [publisher, subscriber] = [await flow.client(), await flow.client()];
  const events: string[] = [];
  const first = await subscriber.subscribe("com.example.topic", () => events.push("first"));
  const second = await subscriber.subscribe("com.example.topic", () => events.push("second"));
  assert.equal(first.id, second.id);
  await first.unsubscribe();
  publisher.publish("com.example.topic");
  await settled();
  await second.unsubscribe();
  publisher.publish("com.example.topic");
  await settled();
  assert.deepEqual(events, ["second"]);
});

test("Client: subscribing while the last handler goes keeps the subscription", async () => {
  const flow = new ClientFlow();
  const [publisher, subscriber] = [await flow.client(), await flow.client()];
  const events: string[] = [];
  const first = await subscriber.subscribe("com.example.topic", () => events.push("first"));
  const [second] = await Promise.all([
    subscriber.subscribe("com.example.topic", () => events.push("second")),
    first.unsubscribe(),
  ]);
  assert.equal(second.isActive, true);
  publisher.publish("com.example.topic");
  await settled();
  assert.deepEqual(events, ["second"]);
});

test("Client: sessions hear of each other through the meta API [WAMP meta_api_sessions]", async () => {
  const flow = new ClientFlow();
  const watcher = await flow.client();
  const events: unknown[] = [];
  await watcher.subscribe(
    "wamp.session.on_join",
    ([details]: readonly [{ session: number }]) => events.push(["join", details.session]),
  );
  await watcher.subscribe("wamp.session.on_leave", ([id]) => events.push(["leave", id]));
  const other = await flow.client();
  await other.leave();
  await settled();
  assert.deepEqual(events, [["join", other.id], ["leave", other.id]]);
  assert.deepEqual(await watcher.call("wamp.session.list"), [watcher.id]);
});
