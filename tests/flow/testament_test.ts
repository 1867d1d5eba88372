import assert from "node:assert/strict";
import { test } from "node:test";
import { ALLOW_ALL } from "../../router/permission.ts";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const ADD = "wamp.session.add_testament";
const FLUSH = "wamp.session.flush_testaments";
const TOPIC = "com.myapp.mytopic";

function adds(peer: Peer, ...payload: readonly unknown[]): void {
  const request = peer.calls(ADD, {}, ...payload);
  peer.receives("RESULT", request, {});
}

function flushes(peer: Peer, kwargs = {}): void {
  const request = peer.calls(FLUSH, {}, [], kwargs);
  peer.receives("RESULT", request, {});
}

/** A peer with last wishes, and one that listens. */
function pair(): { flow: Flow; alice: Peer; bob: Peer; subscription: number } {
  const flow = new Flow();
  const [alice, bob] = [flow.join({ authid: "alice" }), flow.join()];
  return { flow, alice, bob, subscription: bob.subscribes(TOPIC) };
}

test("Testament: is published once its session is gone, however that came about [WAMP pubsub_testament]", () => {
  const ways: ((alice: Peer, bob: Peer) => void)[] = [
    (alice) => alice.disconnects(),
    (alice) => alice.disconnects("slow"),
    (alice) => alice.leaves(),
    (alice) => alice.sends("ABORT", {}, "com.myapp.tired"),
    (alice) => {
      alice.sends("SUBSCRIBE", 99_999, {}, "a");
      alice.sends("WELCOME", 1, {});
      alice.transport.sent.length = 0;
    },
    (alice, bob) => {
      const request = bob.calls("wamp.session.kill", {}, [alice.id]);
      alice.receives("GOODBYE", {}, "wamp.close.killed");
      bob.receives("EVENT", ID, ID, {}, ["Seeya!"], { "my_name": "app1" });
      bob.receives("RESULT", request, {});
    },
  ];
  for (const [at, leave] of ways.entries()) {
    const { flow, alice, bob, subscription } = pair();
    adds(alice, [TOPIC, ["Seeya!"], { "my_name": "app1" }]);
    bob.receivesNothing();
    leave(alice, bob);
    if (at < 5) bob.receives("EVENT", subscription, ID, {}, ["Seeya!"], { "my_name": "app1" });
    flow.ends();
  }
});

test("Testament: a session may have several, detached ones come first, each scope in the order of adding", () => {
  const { flow, alice, bob, subscription } = pair();
  adds(alice, [TOPIC, [1], {}]);
  adds(alice, [TOPIC, [2]], { "scope": "detached" });
  adds(alice, [TOPIC, [3], null], { "scope": "destroyed", "publish_options": null });
  adds(alice, [TOPIC, [4], {}], { "scope": "detached" });
  alice.disconnects();
  for (const n of [2, 4, 1, 3]) bob.receives("EVENT", subscription, ID, {}, [n]);
  flow.ends();
});

test("Testament: flushing a scope removes its testaments, and those only", () => {
  const { flow, alice, bob, subscription } = pair();
  const fill = () => {
    adds(alice, [TOPIC, ["destroyed"], {}]);
    adds(alice, [TOPIC, ["detached"], {}], { "scope": "detached" });
  };
  fill();
  flushes(alice);
  alice.leaves();
  bob.receives("EVENT", subscription, ID, {}, ["detached"]);
  alice.joins();
  fill();
  flushes(alice, { "scope": "detached" });
  alice.leaves();
  bob.receives("EVENT", subscription, ID, {}, ["destroyed"]);
  alice.joins();
  flushes(alice);
  alice.leaves();
  flow.ends();
});

test("Testament: is published as its session would have, with its options", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join({ authid: "alice" }), flow.join({ authid: "bob" })];
  const carol = flow.join({ authid: "carol" });
  const [subscription] = [bob, carol].map((peer) => peer.subscribes("com.", { "match": "prefix" }));
  const options = { "disclose_me": true, "exclude_authid": ["carol"], "acknowledge": true };
  adds(alice, [TOPIC], { "publish_options": { ...options, "_mine": 1 } });
  alice.disconnects();
  const publisher = {
    "publisher": alice.id,
    "publisher_authid": "alice",
    "publisher_authrole": "anyone",
  };
  bob.receives("EVENT", subscription, ID, { ...publisher, "topic": TOPIC, "_mine": 1 });
  flow.ends();
});

test("Testament: is published once, before wamp.session.on_leave, and not to its own session", () => {
  const { flow, alice, bob, subscription } = pair();
  alice.subscribes(TOPIC);
  const left = bob.subscribes("wamp.session.on_leave");
  adds(alice, [TOPIC]);
  alice.leaves();
  bob.receives("EVENT", subscription, ID, {});
  bob.receivesAny("EVENT", left);
  alice.joins();
  alice.leaves();
  bob.receivesAny("EVENT", left);
  flow.ends();
});

test("Testament: what could not be published cannot be a testament", () => {
  const publishable = { ...ALLOW_ALL.allow, publish: false };
  const flow = new Flow({
    roles: [{
      name: "anyone",
      allowByDefault: true,
      permissions: [
        { ...ALLOW_ALL, uri: "com.secret", match: "exact", allow: publishable },
        {
          ...ALLOW_ALL,
          uri: "com.shy",
          match: "exact",
          disclose: { caller: undefined, publisher: false },
        },
      ],
    }],
  });
  const alice = flow.join();
  const calls: [unknown[], Record<string, unknown>, string][] = [
    [[], {}, "invalid_argument"],
    [[1], {}, "invalid_argument"],
    [[TOPIC, "args"], {}, "invalid_argument"],
    [[TOPIC, [], []], {}, "invalid_argument"],
    [[TOPIC], { "scope": "always" }, "invalid_argument"],
    [[TOPIC], { "publish_options": [] }, "invalid_argument"],
    [[TOPIC], { "publish_options": { "eligible": 1 } }, "invalid_argument"],
    [[TOPIC], { "publish_options": { "enc_algo": "cryptobox" } }, "invalid_argument"],
    [["a b"], {}, "invalid_uri"],
    [["wamp.session.on_join"], {}, "invalid_uri"],
    [["com.secret"], {}, "not_authorized"],
    [["com.shy"], { "publish_options": { "disclose_me": true } }, "option_disallowed.disclose_me"],
  ];
  for (const [args, kwargs, error] of calls) {
    const request = alice.calls(ADD, {}, args, kwargs);
    alice.receives("ERROR", 48, request, {}, `wamp.error.${error}`, EXPLAINED);
  }
  const request = alice.calls(FLUSH, {}, [], { "scope": "x" });
  alice.receives("ERROR", 48, request, {}, "wamp.error.invalid_argument", EXPLAINED);
  flow.ends();
});

test("Testament: those of a session are bounded in bytes", () => {
  const { flow, alice } = pair();
  const text = "x".repeat(300_000);
  for (let i = 0; i < 3; i++) adds(alice, [TOPIC, [text]]);
  for (const args of [[[text]], [[], { "text": text }]]) {
    const request = alice.calls(ADD, {}, [TOPIC, ...args]);
    alice.receives("ERROR", 48, request, {}, "wamp.error.unavailable", EXPLAINED);
  }
  adds(alice, [TOPIC, ["small"]]);
  flushes(alice);
  adds(alice, [TOPIC, [text]]);
  flow.ends();
});

test("Testament: a session may have 256 of them", () => {
  const { flow, alice, bob } = pair();
  for (let i = 0; i < 256; i++) adds(alice, [TOPIC, [i]]);
  const request = alice.calls(ADD, {}, [TOPIC]);
  alice.receives("ERROR", 48, request, {}, "wamp.error.unavailable", EXPLAINED);
  flushes(alice);
  adds(alice, [TOPIC, ["last"]]);
  alice.disconnects();
  assert.deepEqual(bob.takes().slice(3), [{}, ["last"]]);
  flow.ends();
});

test("Testament: the arguments are those of the call, not what its buffer holds later", () => {
  for (const format of ["json", "msgpack", "cbor"] as const) {
    const flow = new Flow();
    const [alice, bob] = [flow.join({ format }), flow.join({ format: "msgpack" })];
    bob.subscribes(TOPIC);
    const binary = format === "json" ? "text" : new Uint8Array([1, 2, 3]);
    adds(alice, [TOPIC, ["Grüße", binary], { "a": [1.5] }]);
    alice.disconnects();
    bob.receives("EVENT", ID, ID, {}, ["Grüße", binary], { "a": [1.5] });
    flow.ends();
  }
});
