import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, Permission } from "../../router/permission.ts";
import type { Match } from "../../wamp/uri.ts";
import { EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

/** A rule that allows these actions and no others. */
function rule(uri: string, match: Match, ...actions: readonly Action[]): Permission {
  const allows = (action: Action) => actions.includes(action);
  return {
    uri,
    match,
    allow: {
      call: allows("call"),
      register: allows("register"),
      publish: allows("publish"),
      subscribe: allows("subscribe"),
    },
    disclose: { caller: undefined, publisher: undefined },
  };
}

/** The actions that a peer may do on `uri`: tried, not looked up. */
function allowed(peer: Peer, uri: string, options = {}): string[] {
  const requests: [Action, number][] = [
    ["call", peer.calls(uri, {})],
    ["register", ++peer.request],
    ["publish", peer.request + 1],
    ["subscribe", peer.request + 2],
  ];
  peer.sends("REGISTER", peer.request, options, uri);
  peer.publishes(uri, { "acknowledge": true });
  peer.sends("SUBSCRIBE", ++peer.request, options, uri);
  const errors = new Map(
    peer.transport.sent.splice(0).filter((one) => one[0] === "ERROR").map((
      one,
    ) => [one[2], one[4]]),
  );
  return requests.filter(([, request]) => {
    const error = errors.get(request);
    return error !== "wamp.error.not_authorized";
  }).map(([action]) => action);
}

const ALL = ["call", "register", "publish", "subscribe"];

test("Permission: each action is allowed or refused by itself [WAMP authorization]", () => {
  for (const action of ["call", "register", "publish", "subscribe"] as const) {
    const flow = new Flow({
      roles: [{ name: "anyone", permissions: [rule("com.myapp.x", "exact", action)] }],
    });
    const alice = flow.join();
    assert.deepEqual(allowed(alice, "com.myapp.x"), [action]);
    assert.deepEqual(allowed(alice, "com.myapp.y"), []);
  }
});

test("Permission: the most specific rule decides: exact, longest prefix, most specific wildcard", () => {
  const permissions = [
    rule("", "prefix", "call"),
    rule("com.myapp.", "prefix", "publish"),
    rule("com.myapp.secret", "prefix"),
    rule("com..wild", "wildcard", "register"),
    rule("org..wild", "wildcard", "register"),
    rule("org...", "wildcard", "subscribe"),
    rule("com.myapp.secret.not", "exact", "subscribe"),
  ];
  const flow = new Flow({ roles: [{ name: "anyone", permissions }] });
  const alice = flow.join();
  assert.deepEqual(allowed(alice, "net"), ["call"]);
  assert.deepEqual(allowed(alice, "com.myapp.x"), ["publish"]);
  assert.deepEqual(allowed(alice, "com.myapp.secrets.x"), []);
  assert.deepEqual(allowed(alice, "com.myapp.secret.not"), ["subscribe"]);
  // A prefix comes before a wildcard, however short it is.
  assert.deepEqual(allowed(alice, "com.x.wild"), ["call"]);

  const wild = new Flow({ roles: [{ name: "anyone", permissions: permissions.slice(3) }] });
  const bob = wild.join();
  assert.deepEqual(allowed(bob, "com.x.wild"), ["register"]);
  assert.deepEqual(allowed(bob, "org.x.wild"), ["register"]);
  assert.deepEqual(allowed(bob, "org.x.y.z"), ["subscribe"]);
  assert.deepEqual(allowed(bob, "org.x"), []);
});

test("Permission: where no rule matches, the role's default holds", () => {
  const permissions = [rule("com.myapp.", "prefix", "call")];
  for (const allowByDefault of [true, false]) {
    const flow = new Flow({ roles: [{ name: "anyone", allowByDefault, permissions }] });
    const alice = flow.join();
    assert.deepEqual(allowed(alice, "com.myapp.x"), ["call"]);
    assert.deepEqual(allowed(alice, "com.other"), allowByDefault ? ALL : []);
  }
});

test("Permission: a pattern is allowed by the rule for its own text", () => {
  const permissions = [
    rule("com.myapp.", "prefix", "subscribe", "register"),
    rule("com.myapp.secret.", "prefix"),
  ];
  const flow = new Flow({ roles: [{ name: "anyone", permissions }] });
  const alice = flow.join();
  alice.subscribes("com.myapp.", { "match": "prefix" });
  alice.registers("com.myapp.open..x", { "match": "wildcard" });
  for (const [pattern, match] of [["com.", "prefix"], ["com..x", "wildcard"], ["", "prefix"]]) {
    alice.sends("SUBSCRIBE", ++alice.request, { "match": match }, pattern);
    alice.receives("ERROR", 32, alice.request, {}, "wamp.error.not_authorized", EXPLAINED);
  }
  alice.sends("SUBSCRIBE", ++alice.request, { "match": "prefix" }, "com.myapp.secret.");
  alice.receives("ERROR", 32, alice.request, {}, "wamp.error.not_authorized", EXPLAINED);
  flow.ends();
});

test("Permission: a publication that is refused reaches nobody, acknowledged or not", () => {
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      { name: "guest", permissions: [rule("com.", "prefix", "subscribe")] },
    ],
  });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  bob.subscribes("com.topic");
  alice.publishes("com.topic");
  alice.publishes("com.topic", { "exclude_me": true });
  alice.publishes("com.topic", { "acknowledge": true });
  alice.receives("ERROR", 16, 3, {}, "wamp.error.not_authorized", EXPLAINED);
  flow.ends();
});

test("Permission: a refused call is refused whether the procedure exists or not", () => {
  const flow = new Flow({
    roles: [{ name: "anyone", allowByDefault: true }, { name: "guest" }],
  });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  bob.registers("com.exists");
  for (const procedure of ["com.exists", "com.unknown", "wamp.session.count"]) {
    const request = alice.calls(procedure);
    alice.receives("ERROR", 48, request, {}, "wamp.error.not_authorized", EXPLAINED);
  }
  flow.ends();
});

test("Permission: a registration by pattern takes no calls of what its role may not register [WAMP authorization]", () => {
  const permissions = [
    rule("com.myapp.", "prefix", "register"),
    rule("com.myapp.secret.", "prefix"),
    rule("net.my", "exact", "register"),
  ];
  const flow = new Flow({ roles: [{ name: "anyone", permissions }] });
  const alice = flow.join();
  const patterns = [
    ["com.myapp.", "prefix"],
    ["com.myapp.sec", "prefix"],
    ["com.myapp..x", "wildcard"],
    ["net.my", "prefix"],
  ];
  for (const [pattern, match] of patterns) {
    alice.sends("REGISTER", ++alice.request, { "match": match }, pattern);
    alice.receives("ERROR", 64, alice.request, {}, "wamp.error.not_authorized", EXPLAINED);
  }
  alice.registers("com.myapp.public.", { "match": "prefix" });
  alice.registers("net.my");
  flow.ends();
});

test("Permission: no pattern takes calls of the node's procedures", () => {
  const flow = new Flow({ roles: [{ name: "anyone", allowByDefault: true }] });
  const [alice, bob] = [flow.join(), flow.join()];
  bob.registers("", { "match": "prefix" });
  bob.registers("cross", { "match": "prefix" });
  bob.registers(".node.", { "match": "wildcard" });
  for (const procedure of ["crossbar.node.status", "wamp.node.status"]) {
    const request = alice.calls(procedure);
    alice.receives("ERROR", 48, request, {}, "wamp.error.no_such_procedure", EXPLAINED);
  }
  flow.ends();
});

test("Permission: roles do not share what they decided, and sessions keep their own role", () => {
  const flow = new Flow({
    roles: [
      { name: "yes", allowByDefault: true },
      { name: "no", allowByDefault: false },
    ],
  });
  const [alice, bob] = [flow.join({ authrole: "yes" }), flow.join({ authrole: "no" })];
  assert.deepEqual(allowed(alice, "com.x"), ALL);
  assert.deepEqual(allowed(bob, "com.x"), []);
  assert.deepEqual(allowed(alice, "com.y"), ALL);
  assert.deepEqual(allowed(bob, "com.y"), []);
  assert.ok(ID(alice.id));
});

test("Permission: a subscription by pattern brings no topic that its role may not subscribe to [WAMP authorization]", () => {
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      {
        name: "guest",
        allowByDefault: true,
        permissions: [
          rule("com.secret.", "prefix"),
          rule("com.secret.not", "exact", "subscribe"),
          rule("org..hidden", "wildcard"),
        ],
      },
    ],
  });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  const patterns = [["com.", "prefix"], ["org..", "wildcard"]] as const;
  const ids = patterns.map(([pattern, match]) => {
    const id = alice.subscribes(pattern, { "match": match });
    assert.equal(bob.subscribes(pattern, { "match": match }), id);
    return id;
  });
  const carol = flow.join();
  for (
    const topic of ["com.secret.x", "com.open", "com.secret.not", "org.x.hidden", "org.x.open"]
  ) {
    carol.publishes(topic);
    const id = ids[topic.startsWith("com") ? 0 : 1];
    bob.receives("EVENT", id, ID, { "topic": topic });
    if (topic === "com.secret.x" || topic === "org.x.hidden") continue;
    alice.receives("EVENT", id, ID, { "topic": topic });
  }
  flow.ends();
});

test("Permission: leave to subscribe to one topic is no leave to subscribe to what begins like it", () => {
  const flow = new Flow({
    roles: [
      { name: "anyone", allowByDefault: true },
      {
        name: "guest",
        permissions: [rule("com.my", "exact", "subscribe"), rule("org.", "prefix", "subscribe")],
      },
    ],
  });
  const [alice, bob] = [flow.join({ authrole: "guest" }), flow.join()];
  const narrow = alice.subscribes("com.my", { "match": "prefix" });
  const wide = alice.subscribes("org..x", { "match": "wildcard" });
  bob.publishes("com.myother");
  bob.publishes("com.my");
  alice.receives("EVENT", narrow, ID, { "topic": "com.my" });
  bob.publishes("org.b.x");
  alice.receives("EVENT", wide, ID, { "topic": "org.b.x" });
  flow.ends();
});
