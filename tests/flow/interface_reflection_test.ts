import assert from "node:assert/strict";
import { test } from "node:test";
import { ALLOW_ALL } from "../../router/permission.ts";
import { EXPLAINED, Flow, type Peer } from "../kit/flow_kit.ts";

const ADD = { "description": "Adds two numbers", "args": { "type": "array", "minItems": 2 } };

function fails(peer: Peer, error: string, procedure: string, ...payload: unknown[]): void {
  const request = peer.calls(procedure, {}, ...payload);
  peer.receives("ERROR", 48, request, {}, error, EXPLAINED);
}

test("Reflection: lists tell what is registered, subscribed to and defined [WAMP interface-reflection]", () => {
  const flow = new Flow();
  const [callee, subscriber, asker] = [flow.join(), flow.join(), flow.join()];
  callee.registers("com.math.add");
  callee.registers("com.math", { "match": "prefix" });
  subscriber.subscribes("com.news");
  assert.equal(callee.calling("wamp.reflect.define", ["com.math.sub", ADD]), true);
  assert.equal(callee.calling("wamp.reflect.define", ["com.error.odd", {}, "error"]), true);
  assert.deepEqual(asker.calling("wamp.reflection.procedure.list"), [
    "com.math",
    "com.math.add",
    "com.math.sub",
  ]);
  assert.deepEqual(asker.calling("wamp.reflection.topic.list"), ["com.news"]);
  assert.deepEqual(asker.calling("wamp.reflection.error.list"), ["com.error.odd"]);
  flow.ends();
});

test("Reflection: describe tells what was said of a procedure, and how it is served", () => {
  const flow = new Flow();
  const [callee, asker] = [flow.join(), flow.join()];
  callee.registers("com.math.add", { "invoke": "roundrobin" });
  callee.calling("wamp.reflect.define", ["com.math.add", ADD, "procedure"]);
  const described = {
    "uri": "com.math.add",
    "kind": "procedure",
    "description": ADD,
    "live": [{ "match": "exact", "invoke": "roundrobin", "callees": 1 }],
  };
  assert.deepEqual(
    asker.calling("wamp.reflection.procedure.describe", ["com.math.add"]),
    described,
  );
  assert.deepEqual(asker.calling("wamp.reflect.describe", ["com.math.add"]), described);
  assert.equal(asker.calling("wamp.reflection.topic.describe", ["com.math.add"]), null);
  assert.equal(asker.calling("wamp.reflect.describe", ["com.nothing"]), null);
  flow.ends();
});

test("Reflection: a definition ends with null, or with the session that made it; events tell of both", () => {
  const flow = new Flow();
  const [maker, watcher] = [flow.join(), flow.join()];
  const onDefine = watcher.subscribes("wamp.reflect.on_define");
  const onUndefine = watcher.subscribes("wamp.reflect.on_undefine");
  const isId = (value: unknown) => typeof value === "number";
  maker.calling("wamp.reflect.define", ["com.news", { "title": "News" }, "topic"]);
  watcher.receives("EVENT", onDefine, isId, {}, ["com.news", "topic", { "title": "News" }]);
  assert.equal(maker.calling("wamp.reflect.define", ["com.news", null, "topic"]), true);
  watcher.receives("EVENT", onUndefine, isId, {}, ["com.news", "topic"]);
  assert.equal(maker.calling("wamp.reflect.define", ["com.news", null, "topic"]), false);
  maker.calling("wamp.reflect.define", ["com.math.add", ADD]);
  watcher.receives("EVENT", onDefine, isId, {}, ["com.math.add", "procedure", ADD]);
  maker.disconnects();
  watcher.receives("EVENT", onUndefine, isId, {}, ["com.math.add", "procedure"]);
  assert.deepEqual(watcher.calling("wamp.reflection.procedure.list"), []);
  flow.ends();
});

test("Reflection: nobody learns of what it may not use, nor defines what it may not provide", () => {
  const may = (uri: string, ...actions: string[]) => ({
    ...ALLOW_ALL,
    uri,
    allow: {
      call: actions.includes("call"),
      register: actions.includes("register"),
      publish: actions.includes("publish"),
      subscribe: actions.includes("subscribe"),
    },
  });
  const guest = {
    name: "guest",
    permissions: [may("wamp.", "call", "subscribe"), may("com.open.", "call", "subscribe")],
  };
  const flow = new Flow({ roles: [{ name: "anyone", allowByDefault: true }, guest] });
  const [owner, asker] = [flow.join(), flow.join({ authrole: "guest" })];
  owner.registers("com.open.echo");
  owner.registers("com.secret.echo");
  owner.subscribes("com.secret.news");
  assert.deepEqual(asker.calling("wamp.reflection.procedure.list"), ["com.open.echo"]);
  assert.deepEqual(asker.calling("wamp.reflection.topic.list"), []);
  assert.equal(asker.calling("wamp.reflection.procedure.describe", ["com.secret.echo"]), null);
  fails(asker, "wamp.error.not_authorized", "wamp.reflect.define", ["com.open.echo", {}]);
  fails(asker, "wamp.error.not_authorized", "wamp.reflect.define", ["com.open.news", {}, "topic"]);
  flow.ends();
});

test("Reflection: bad arguments are answered with what was expected", () => {
  const flow = new Flow();
  const asker = flow.join();
  fails(asker, "wamp.error.invalid_argument", "wamp.reflect.define", []);
  fails(asker, "wamp.error.invalid_uri", "wamp.reflect.define", ["a..b", {}]);
  fails(asker, "wamp.error.invalid_argument", "wamp.reflect.define", ["com.a", "text"]);
  fails(asker, "wamp.error.invalid_argument", "wamp.reflect.define", ["com.a", {}, "thing"]);
  fails(asker, "wamp.error.invalid_argument", "wamp.reflection.topic.describe", [5]);
  flow.ends();
});

test("Reflection: a realm keeps 10,000 definitions, and says so when there is no room", () => {
  const flow = new Flow();
  const maker = flow.join();
  for (let i = 0; i < 10_000; i++) maker.calling("wamp.reflect.define", [`com.a${i}`, {}]);
  fails(maker, "wamp.error.unavailable", "wamp.reflect.define", ["com.more", {}]);
  assert.equal(maker.calling("wamp.reflect.define", ["com.a1", { "title": "Replaced" }]), true);
  maker.calling("wamp.reflect.define", ["com.a2", null]);
  assert.equal(maker.calling("wamp.reflect.define", ["com.more", {}]), true);
  fails(maker, "wamp.error.unavailable", "wamp.reflect.define", [
    "com.a1",
    { "text": "x".repeat(17_000_000) },
  ]);
  flow.ends();
});

test("Reflection: nobody outside the router says what reserved names are", () => {
  const flow = new Flow();
  const peer = flow.join();
  for (
    const [uri, kind] of [
      ["wamp.session.get", "procedure"],
      ["wamp.session.on_join", "topic"],
      ["wamp.error.timeout", "error"],
      ["crossbar.node.shutdown", "procedure"],
    ]
  ) {
    for (const description of [{ "description": "Mine" }, null]) {
      fails(peer, "wamp.error.invalid_uri", "wamp.reflect.define", [uri, description, kind]);
    }
  }
  const inside = flow.join({ authrole: "trusted" });
  assert.equal(inside.calling("wamp.reflect.define", ["wamp.session.get", ADD]), true);
  flow.ends();
});

test("Reflection: a description that no answer could hold is refused", () => {
  const nested = (levels: number): unknown => levels === 0 ? 1 : { "a": nested(levels - 1) };
  const flow = new Flow();
  const peer = flow.join();
  assert.equal(peer.calling("wamp.reflect.define", ["com.deep", nested(126)]), true);
  fails(peer, "wamp.error.invalid_argument", "wamp.reflect.define", ["com.deep", nested(127)]);
  const found = peer.calling("wamp.reflect.describe", ["com.deep"]);
  assert.deepEqual(Reflect.get(found as object, "description"), nested(126));
  flow.ends();
});
