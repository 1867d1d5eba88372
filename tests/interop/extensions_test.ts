/** Features that hardly any router has, or has right, by clients that can speak them: from time-outs and history to sharding and trust levels. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "../../mod.ts";
import { nodeOf } from "../../router/shard.ts";
import { type Client, clients, type Endpoint } from "./clients.ts";
import { Peer } from "./peer.ts";
import { refused } from "./peer_session.ts";
import { type RouterUnderTest, startRouterWith } from "./router_under_test.ts";

const everything = { "call": true, "register": true, "publish": true, "subscribe": true };
const vip = {
  "name": "vip",
  "trustlevel": 7,
  "permissions": [{ "uri": "", "match": "prefix", "allow": everything }],
};
const auth = {
  "anonymous": { "type": "static" },
  "ticket": { "type": "static", "principals": { "joe": { "ticket": "x", "role": "vip" } } },
};

let router: RouterUnderTest;
const store = {
  "type": "memory",
  "event-history": [{ "uri": "com.history.", "match": "prefix", "limit": 10 }],
};
before(async () => router = await startRouterWith({ auth, roles: [vip], store }));
after(async () => void await router?.stop());

/** Runs with a peer of the client, over WebSocket and MessagePack. */
function withClient(id: string, title: string, run: (peer: Peer, at: Endpoint) => Promise<void>) {
  const client: Client | undefined = clients.find((one) => one.id === id);
  assert.ok(client, id);
  const missing = client.missing();
  test(`${client.title}: ${title}`, { skip: missing ?? false }, async () => {
    const peer = await Peer.start(client, router);
    const endpoint = client.endpoints.find(({ transport, serializer }) =>
      transport === "websocket" && serializer === "msgpack"
    );
    try {
      await run(peer, endpoint ?? assert.fail("no such endpoint"));
    } finally {
      await peer.stop();
    }
  });
}

withClient("nexus", "is told how far its caller's role is trusted", async (peer, at) => {
  const callee = await peer.join(at);
  const caller = await peer.join(at, { method: "ticket", authid: "joe", secret: "x" });
  assert.equal(caller.authrole, "vip");
  await callee.register("com.trust", "details");
  const { args: [details] } = await caller.call("com.trust");
  assert.equal((details as Record<string, unknown>)["trustlevel"], 7);
});

withClient(
  "nexus",
  "serves the shards of a registration, one at a time or all",
  async (peer, at) => {
    const [echo, failing, caller] = [await peer.join(at), await peer.join(at), await peer.join(at)];
    await echo.register("com.shards", "echo", { "invoke": "roundrobin", "nkey": "a" });
    await failing.register("com.shards", "fail", { "invoke": "roundrobin", "nkey": "b" });
    const args = ["com.example.failed"];
    for (let i = 0; i < 20; i++) {
      const options = { "runmode": "partition", "rkey": `resource ${i}` };
      const outcome = await caller.call("com.shards", { args, options }).then(
        () => "a",
        () => "b",
      );
      assert.equal(outcome, nodeOf(["a", "b"], `resource ${i}`));
    }
    const { args: [all] } = await caller.call("com.shards", {
      args,
      options: { "runmode": "all" },
    });
    const [first, second] = all as Record<string, unknown>[];
    assert.deepEqual(first?.["args"], args);
    assert.equal(second?.["error"], "com.example.failed");
  },
);

withClient("nexus", "shares a topic's events by node keys", async (peer, at) => {
  const [a, b, publisher] = [await peer.join(at), await peer.join(at), await peer.join(at)];
  await a.subscribe("com.sensor", { "nkey": "a" });
  await b.subscribe("com.sensor", { "nkey": "b" });
  const wanted = { a: 0, b: 0 };
  for (let i = 0; i < 12; i++) {
    const options = { "rkey": `sensor ${i}`, "acknowledge": true };
    await publisher.publish("com.sensor", { args: [i], options });
    wanted[nodeOf(["a", "b"], `sensor ${i}`) === "a" ? "a" : "b"]++;
  }
  for (let i = 0; i < wanted.a; i++) await a.event("com.sensor");
  for (let i = 0; i < wanted.b; i++) await b.event("com.sensor");
  assert.ok(wanted.a > 0 && wanted.b > 0);
});

withClient("autobahn-python", "confirms events that a publisher waits for", async (peer, at) => {
  const subscriber = await peer.join(at);
  await subscriber.subscribe("com.confirmed");
  const url = `ws://${router.host}:${router.port}${router.path}`;
  const publisher = await connect({ url, realm: "realm1" });
  const publication = await publisher.publish("com.confirmed", ["hello"], {}, {
    acknowledge: true,
    acknowledgeDelivery: true,
    deliveryTimeoutMs: 15_000,
  });
  const event = await subscriber.event("com.confirmed");
  assert.deepEqual([event.args, event.publication], [["hello"], publication]);
  await publisher.leave();
});

for (const id of ["nexus", "autobahn-python"]) {
  withClient(id, "reads what happened before it came", async (peer, at) => {
    const [publisher, reader] = [await peer.join(at), await peer.join(at)];
    const options = { "acknowledge": true };
    const topic = `com.history.${id}`;
    for (const args of [[1], [2], [3]]) await publisher.publish(topic, { args, options });
    const lookup = { args: ["com.history.", { "match": "prefix" }] };
    const { args: [subscription] } = await reader.call("wamp.subscription.lookup", lookup);
    const kwargs = { "limit": 2, "reverse": true, "topic": topic };
    const { args: [events] } = await reader.call("wamp.subscription.get_events", {
      args: [subscription ?? 0],
      kwargs,
    });
    const found = (events as Record<string, unknown>[]).map(({ args }) => args);
    assert.deepEqual(found, [[3], [2]]);
  });

  withClient(
    id,
    "gets the latest event of a topic, and what a session leaves",
    async (peer, at) => {
      const [publisher, subscriber] = [await peer.join(at), await peer.join(at)];
      const options = { "acknowledge": true, "retain": true };
      await publisher.publish("com.latest", { args: ["retained"], options });
      await publisher.call("wamp.session.add_testament", {
        args: ["com.latest", ["testament"], {}],
      });
      await subscriber.subscribe("com.latest", { "get_retained": true });
      // nexus drops what follows SUBSCRIBED at once.
      if (id !== "nexus") {
        assert.deepEqual((await subscriber.event("com.latest")).args, ["retained"]);
      }
      await publisher.leave();
      assert.deepEqual((await subscriber.event("com.latest")).args, ["testament"]);
    },
  );

  withClient(id, "has its calls timed, counted and taken over", async (peer, at) => {
    const [caller, callee, successor] = [
      await peer.join(at),
      await peer.join(at),
      await peer.join(at),
    ];
    await callee.register("com.busy", "hang", { "concurrency": 1 });
    const timed = caller.call("com.busy", { options: { "timeout": 1_000 } });
    await callee.invoked("com.busy");
    await refused(caller.call("com.busy"), "crossbar.error.max_concurrency_reached");
    await refused(timed, "wamp.error.timeout");
    await refused(successor.register("com.busy", "echo"), "wamp.error.procedure_already_exists");
    await successor.register("com.busy", "echo", { "force_reregister": true });
    assert.deepEqual((await caller.call("com.busy", { args: ["hello"] })).args, ["hello"]);
  });

  withClient(id, "says and asks what a procedure is for", async (peer, at) => {
    const [callee, caller] = [await peer.join(at), await peer.join(at)];
    const procedure = `com.described.${id}`;
    await callee.register(procedure, "echo");
    await callee.call("wamp.reflect.define", { args: [procedure, { "description": "Echoes." }] });
    const { args: [list] } = await caller.call("wamp.reflection.procedure.list");
    assert.ok((list as unknown[]).includes(procedure));
    const { args: [described] } = await caller.call("wamp.reflect.describe", { args: [procedure] });
    const { description } = described as Record<string, unknown>;
    assert.deepEqual(description, { "description": "Echoes." });
  });

  withClient(id, "publishes to some authids and roles only", async (peer, at) => {
    const joe = await peer.join(at, { method: "ticket", authid: "joe", secret: "x" });
    const [other, publisher] = [await peer.join(at), await peer.join(at)];
    const topic = `com.chosen.${id}`;
    for (const session of [joe, other]) await session.subscribe(topic);
    const choices: readonly [string, object][] = [
      ["to joe", { "eligible_authid": ["joe"] }],
      ["not to joe", { "exclude_authid": ["joe"] }],
      ["to vips", { "eligible_authrole": ["vip"] }],
      ["not to vips", { "exclude_authrole": ["vip"] }],
      ["to all", {}],
    ];
    for (const [text, options] of choices) {
      await publisher.publish(topic, {
        args: [text],
        options: { "acknowledge": true, ...options },
      });
    }
    for (const text of ["to joe", "to vips", "to all"]) {
      assert.deepEqual((await joe.event(topic)).args, [text]);
    }
    for (const text of ["not to joe", "not to vips", "to all"]) {
      assert.deepEqual((await other.event(topic)).args, [text]);
    }
  });

  withClient(id, "goes on when what it holds is taken from it", async (peer, at) => {
    const [holder, operator] = [await peer.join(at), await peer.join(at)];
    const uri = `com.taken.${id}`;
    await holder.register(uri, "echo");
    await holder.subscribe(uri);
    const kinds = [["registration", "callee"], ["subscription", "subscriber"]];
    // Autobahn|Python announces subscription_revocation, and ends its connection at UNSUBSCRIBED with request 0.
    for (const [kind, member] of id === "nexus" ? kinds : kinds.slice(0, 1)) {
      const { args: [held] } = await operator.call(`wamp.${kind}.lookup`, { args: [uri] });
      await operator.call(`wamp.${kind}.remove_${member}`, { args: [held ?? 0, holder.id] });
    }
    await refused(operator.call(uri), "wamp.error.no_such_procedure");
    if (id === "nexus") await operator.publish(uri, { options: { "acknowledge": true } });
    await holder.register(`${uri}.again`, "echo");
    assert.deepEqual((await operator.call(`${uri}.again`, { args: ["hello"] })).args, ["hello"]);
    assert.equal(holder.pendingEvents(uri), 0);
  });
}
