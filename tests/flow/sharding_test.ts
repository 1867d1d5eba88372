import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeOf } from "../../router/shard.ts";
import type { Dict } from "../../wamp/message.ts";
import { ALL_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

/** A caller, and three shards of one service. */
function service(options: { nkeys?: boolean; invoke?: string } = {}) {
  const flow = new Flow();
  const caller = flow.join();
  const shards = ["a", "b", "c"].map((nkey) => {
    const shard = flow.join();
    shard.registers("com.db.get", {
      "invoke": options.invoke ?? "roundrobin",
      ...(options.nkeys !== false && { "nkey": nkey }),
    });
    return shard;
  });
  return { flow, caller, shards };
}

/** Who was asked, and answers. */
function asked(shards: readonly Peer[]): number {
  const at = shards.findIndex((shard) => shard.transport.sent.length > 0);
  const [, request] = shards[at]?.takes() ?? [];
  shards[at]?.sends("YIELD", request, {}, [at]);
  return at;
}

function partition(caller: Peer, shards: readonly Peer[], rkey: string): number {
  const request = caller.calls("com.db.get", { "runmode": "partition", "rkey": rkey });
  const at = asked(shards);
  caller.receives("RESULT", request, {}, [at]);
  return at;
}

test("Sharding: a partitioned call goes to the node that its resource belongs to [WAMP rpc_sharded_registration]", () => {
  const { flow, caller, shards } = service();
  const seen = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const first = partition(caller, shards, `key${i}`);
    assert.equal(partition(caller, shards, `key${i}`), first);
    assert.equal("abc"[first], nodeOf(["a", "b", "c"], `key${i}`));
    seen.add(first);
  }
  assert.equal(seen.size, 3);
  const request = caller.calls("com.db.get", { "rkey": "key0" });
  caller.receives("RESULT", request, {}, [asked(shards)]);
  flow.ends();
});

test("Sharding: when a shard leaves, only its own resources move", () => {
  const { flow, caller, shards } = service();
  const before = Array.from({ length: 60 }, (_, i) => partition(caller, shards, `key${i}`));
  shards[2]?.disconnects();
  before.forEach((shard, i) => {
    const now = partition(caller, shards, `key${i}`);
    if (shard !== 2) assert.equal(now, shard);
  });
  flow.ends();
});

test("Sharding: resources spread evenly over nodes", () => {
  const nodes = ["node-1", "node-2", "node-3", "node-4"];
  const counts = new Map<string, number>();
  for (let i = 0; i < 8000; i++) {
    const node = nodeOf(nodes, `sensor.${i}`);
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  for (const node of nodes) {
    const count = counts.get(node) ?? 0;
    assert.ok(count > 1800 && count < 2200, `found ${count} at ${node}, expected about 2,000`);
  }
});

test("Sharding: without node keys each callee is a node; callees of one node take turns", () => {
  const { flow, caller, shards } = service({ nkeys: false });
  const at = partition(caller, shards, "key1");
  assert.equal(partition(caller, shards, "key1"), at);
  flow.ends();
  const second = new Flow();
  const asker = second.join();
  const twins = [second.join(), second.join()];
  for (const twin of twins) twin.registers("com.db.get", { "invoke": "roundrobin", "nkey": "a" });
  assert.notEqual(partition(asker, twins, "x"), partition(asker, twins, "x"));
  second.ends();
});

test("Sharding: a partitioned call needs a resource key, and a run mode that exists", () => {
  const { flow, caller } = service();
  for (const options of [{ "runmode": "partition" }, { "runmode": "some" }, { "rkey": 5 }]) {
    const request = caller.calls("com.db.get", options);
    caller.receives("ERROR", 48, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  }
  flow.ends();
});

test("Sharding: a shard that is busy is not stood in for by another", () => {
  const flow = new Flow();
  const caller = flow.join();
  const shards = ["a", "b"].map((nkey) => {
    const shard = flow.join();
    shard.registers("com.db.get", { "invoke": "roundrobin", "nkey": nkey, "concurrency": 1 });
    return shard;
  });
  caller.calls("com.db.get", { "rkey": "x" });
  const request = caller.calls("com.db.get", { "rkey": "x" });
  const error = "crossbar.error.max_concurrency_reached";
  caller.receives("ERROR", 48, request, {}, error, EXPLAINED);
  asked(shards);
  caller.takes();
  flow.ends();
});

test("Sharding: a call to all is answered when all have, in the order of registration", () => {
  const { flow, caller, shards: [a, b, c] } = service();
  const request = caller.calls("com.db.get", { "runmode": "all" }, ["q"]);
  for (const shard of [a, b, c]) shard?.receives("INVOCATION", 1, ID, {}, ["q"]);
  c?.sends("YIELD", 1, {}, [3], { "n": 1 });
  b?.sends("ERROR", 68, 1, {}, "com.error.broken", ["b"]);
  caller.receivesNothing();
  a?.sends("YIELD", 1, {});
  caller.receives("RESULT", request, {}, [[
    { "args": [], "kwargs": {} },
    { "error": "com.error.broken", "args": ["b"], "kwargs": {} },
    { "args": [3], "kwargs": { "n": 1 } },
  ]]);
  flow.ends();
});

test("Sharding: an answer nested too deep for the list takes no others with it", () => {
  const nested = (levels: number): unknown => levels === 0 ? 1 : [nested(levels - 1)];
  const { flow, caller, shards: [a, b, c] } = service();
  const request = caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of [a, b, c]) shard?.takes();
  a?.sends("YIELD", 1, {}, [nested(124)]);
  b?.sends("YIELD", 1, {}, [nested(125)]);
  c?.sends("ERROR", 68, 1, {}, "com.error.deep", [], { "x": nested(125) });
  caller.receives("RESULT", request, {}, [[
    { "args": [nested(124)], "kwargs": {} },
    { "error": "wamp.error.invalid_argument", "args": EXPLAINED, "kwargs": {} },
    { "error": "com.error.deep", "args": EXPLAINED, "kwargs": {} },
  ]]);
  flow.ends();
});

test("Sharding: a caller with progressive results gets those of all as they come, and what failed in the end", () => {
  const { flow, caller, shards: [a, b, c] } = service();
  const request = caller.calls("com.db.get", { "runmode": "all", "receive_progress": true });
  for (const shard of [a, b, c]) {
    shard?.receives("INVOCATION", 1, ID, { "receive_progress": true });
  }
  b?.sends("YIELD", 1, { "progress": true }, ["half of b"]);
  caller.receives("RESULT", request, { "progress": true }, ["half of b"]);
  c?.sends("YIELD", 1, { "ppt_scheme": "x_mine" }, ["opaque"]);
  caller.receives("RESULT", request, { "ppt_scheme": "x_mine", "progress": true }, ["opaque"]);
  a?.sends("ERROR", 68, 1, {}, "com.error.broken");
  b?.sends("YIELD", 1, {}, ["b"]);
  caller.receives("RESULT", request, { "progress": true }, ["b"]);
  caller.receives("RESULT", request, {}, [[
    { "error": "com.error.broken", "args": [], "kwargs": {} },
  ]]);
  flow.ends();
});

test("Sharding: an opaque result cannot be gathered", () => {
  const { flow, caller, shards: [a, b, c] } = service();
  const request = caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of [a, b, c]) {
    shard?.receives("INVOCATION", 1, ID, {});
    shard?.sends("YIELD", 1, { "ppt_scheme": "x_mine" }, ["opaque"]);
  }
  const [, , , args] = caller.takes();
  const [entries] = args as [{ error: string }[]];
  assert.deepEqual(
    entries.map(({ error }) => error),
    Array(3).fill("wamp.error.feature_not_supported"),
  );
  assert.equal(request > 0, true);
  flow.ends();
});

test("Sharding: CANCEL, a time-out and the caller's end interrupt all callees of a call to all", () => {
  const { flow, caller, shards } = service();
  const request = caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of shards) shard.receives("INVOCATION", 1, ID, {});
  caller.sends("CANCEL", request, { "mode": "killnowait" });
  caller.receives("ERROR", 48, request, {}, "wamp.error.canceled", EXPLAINED);
  const canceled = { "mode": "killnowait", "reason": "wamp.error.canceled" };
  for (const shard of shards) shard.receives("INTERRUPT", 1, canceled);

  const second = caller.calls("com.db.get", { "runmode": "all", "timeout": 50 });
  for (const shard of shards) shard.takes();
  flow.clock.advance(50);
  caller.receives("ERROR", 48, second, {}, "wamp.error.timeout", EXPLAINED);
  const timedOut = { "mode": "killnowait", "reason": "wamp.error.timeout" };
  for (const shard of shards) shard.receives("INTERRUPT", 2, timedOut);

  caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of shards) shard.takes();
  caller.disconnects();
  for (const shard of shards) shard.receives("INTERRUPT", 3, canceled);
  flow.ends();
});

test("Sharding: with mode kill, a call to all is answered by its callees; with skip, nobody is interrupted", () => {
  const { flow, caller, shards: [a, b, c] } = service();
  const request = caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of [a, b, c]) shard?.takes();
  a?.sends("YIELD", 1, {}, ["early"]);
  caller.sends("CANCEL", request, { "mode": "kill" });
  for (const shard of [b, c]) {
    shard?.receives("INTERRUPT", 1, { "mode": "kill", "reason": "wamp.error.canceled" });
    shard?.sends("ERROR", 68, 1, {}, "wamp.error.canceled");
  }
  caller.receives("RESULT", request, {}, [[
    { "args": ["early"], "kwargs": {} },
    { "error": "wamp.error.canceled", "args": [], "kwargs": {} },
    { "error": "wamp.error.canceled", "args": [], "kwargs": {} },
  ]]);
  const second = caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of [a, b, c]) shard?.takes();
  caller.sends("CANCEL", second, { "mode": "skip" });
  caller.receives("ERROR", 48, second, {}, "wamp.error.canceled", EXPLAINED);
  for (const shard of [a, b, c]) shard?.sends("YIELD", 2, {});
  flow.ends();
});

test("Sharding: a callee that leaves during a call to all counts as failed", () => {
  const { flow, caller, shards: [a, b, c] } = service();
  const request = caller.calls("com.db.get", { "runmode": "all" });
  for (const shard of [a, b, c]) shard?.takes();
  a?.sends("YIELD", 1, {}, [1]);
  c?.sends("YIELD", 1, {}, [3]);
  b?.disconnects();
  const [, , , args] = caller.receives("RESULT", request, {}, (value: unknown) => value !== 0);
  const [entries] = args as [{ error?: string }[]];
  assert.deepEqual(entries.map(({ error }) => error), [
    undefined,
    "wamp.error.canceled",
    undefined,
  ]);
  flow.ends();
});

test("Sharding: a call in parts cannot go to all", () => {
  const { flow, caller } = service();
  const request = caller.calls("com.db.get", { "runmode": "all", "progress": true });
  caller.receives("ERROR", 48, request, {}, "wamp.error.feature_not_supported", EXPLAINED);
  flow.ends();
});

test("Sharding: of subscribers with node keys, those of one node get an event with a resource key [WAMP pubsub_sharded_subscription]", () => {
  const flow = new Flow();
  const publisher = flow.join();
  const nodes = ["a", "a", "b"].map((nkey) => {
    const subscriber = flow.join();
    subscriber.subscribes("com.sensor", { "match": "prefix", "nkey": nkey });
    return subscriber;
  });
  const whole = flow.join();
  whole.subscribes("com.sensor", { "match": "prefix" });
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) {
    publisher.sends("PUBLISH", i + 1, { "rkey": `sn${i}` }, "com.sensor.temperature", [i]);
    const got = nodes.map((node) => node.transport.sent.splice(0).length);
    const node = nodeOf(["a", "b"], `sn${i}`);
    seen.add(node);
    assert.deepEqual(got, node === "a" ? [1, 1, 0] : [0, 0, 1]);
    assert.equal(whole.transport.sent.splice(0).length, 1);
  }
  assert.equal(seen.size, 2);
  publisher.sends("PUBLISH", 21, {}, "com.sensor.temperature", ["for all"]);
  for (const subscriber of [...nodes, whole]) subscriber.takes();
  nodes[2]?.disconnects();
  publisher.sends("PUBLISH", 22, { "rkey": "sn1" }, "com.sensor.temperature", ["moved"]);
  for (const subscriber of [nodes[0], nodes[1], whole]) subscriber?.takes();
  flow.ends();
});

test("Sharding: node keys go together with black- and whitelists", () => {
  const flow = new Flow();
  const publisher = flow.join();
  const [one, two] = [flow.join(), flow.join()];
  for (const subscriber of [one, two]) subscriber.subscribes("com.news", { "nkey": "a" });
  publisher.sends("PUBLISH", 1, { "rkey": "x", "exclude": [one.id] }, "com.news");
  two.takes();
  flow.ends();
});

test("Sharding: peers that know nothing of it are served as before", () => {
  const flow = new Flow();
  const caller = flow.join({ roles: ALL_ROLES });
  const callee = flow.join();
  callee.registers("com.single");
  const request = caller.calls("com.single", { "rkey": "x" });
  callee.receives("INVOCATION", 1, ID, {});
  callee.sends("YIELD", 1, {});
  caller.receives("RESULT", request, {});
  flow.ends();
});

test("Sharding: a retained event with a resource is for its shard; the others have the one before [WAMP pubsub_event_retention]", () => {
  const flow = new Flow();
  const publisher = flow.join();
  const nodes = ["a", "b"] as const;
  const shards = nodes.map((nkey) => {
    const shard = flow.join();
    shard.subscribes("com.state", { "nkey": nkey });
    return { nkey, shard };
  });
  const asks = (peer: Peer, options: Dict, retained: unknown) => {
    const id = peer.subscribes("com.state", { ...options, "get_retained": true });
    peer.receives("EVENT", id, ID, { "retained": true }, [retained]);
  };
  publisher.publishes("com.state", { "retain": true }, ["for all"]);
  publisher.publishes("com.state", { "retain": true, "rkey": "key0" }, ["for one"]);
  const owner = nodeOf(nodes, "key0");
  for (const { nkey, shard } of shards) {
    const isOwner = nkey === owner;
    shard.receivesAny("EVENT");
    if (isOwner) shard.receivesAny("EVENT");
    asks(shard, { "nkey": nkey }, isOwner ? "for one" : "for all");
  }
  asks(flow.join(), {}, "for one");
  publisher.publishes("com.state", {
    "retain": true,
    "exclude": shards.map(({ shard }) => shard.id),
  });
  publisher.publishes("com.state", { "retain": true, "rkey": "key0" }, ["newer"]);
  const other = shards.find(({ nkey }) => nkey !== owner);
  if (other !== undefined) asks(other.shard, { "nkey": other.nkey }, "for all");
});
