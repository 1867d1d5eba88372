import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventHistoryOptions } from "../../router/history.ts";
import { ALLOW_ALL } from "../../router/permission.ts";
import type { Dict } from "../../wamp/message.ts";
import { ANY, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const GET = "wamp.subscription.get_events";
const HISTORY: readonly EventHistoryOptions[] = [
  { uri: "com.log.auth", limit: 100 },
  { uri: "com.log.", match: "prefix", limit: 100 },
  { uri: "com..basket", match: "wildcard", limit: 2 },
];

/** The id of a subscription that nobody need have. */
function idOf(peer: Peer, uri: string, match = "exact"): number {
  return peer.calling("wamp.subscription.lookup", [uri, { "match": match }]) as number;
}

function events(peer: Peer, id: number, kwargs: Dict = {}): Dict[] {
  const request = peer.calls(GET, {}, [id], kwargs);
  return (peer.receives("RESULT", request, {}, [ANY])[3] as [Dict[]])[0];
}

/** The first argument of each event: what it was published with. */
const firsts = (peer: Peer, id: number, kwargs: Dict = {}) =>
  events(peer, id, kwargs).map((event) => (event["args"] as unknown[])[0]);

/** A second passes, and it is published. Returns the publication's id. */
function publishes(flow: Flow, peer: Peer, topic: string, first: unknown, options = {}): number {
  flow.clock.advance(1_000);
  const request = peer.publishes(topic, { ...options, "acknowledge": true }, [first]);
  return peer.receives("PUBLISHED", request, ID)[2] as number;
}

test("Broker: events are recorded once per publication, for each subscription, whether or not anybody listens [WAMP pubsub_event_history]", () => {
  const flow = new Flow({ eventHistory: HISTORY });
  const alice = flow.join();
  const [auth, log, basket] = [
    idOf(alice, "com.log.auth"),
    idOf(alice, "com.log.", "prefix"),
    idOf(alice, "com..basket", "wildcard"),
  ] as const;
  publishes(flow, alice, "com.log.auth", 1);
  const bob = flow.join();
  assert.deepEqual([bob.subscribes("com.log.auth"), flow.join().subscribes("com.log.auth")], [
    auth,
    auth,
  ]);
  publishes(flow, alice, "com.log.basket", 2);
  bob.subscribes("com.log.basket");
  publishes(flow, alice, "com.log.checkout", 3);
  for (const n of [4, 5]) publishes(flow, alice, "com.log.basket", n);
  bob.transport.sent.length = 0;
  assert.deepEqual([auth, log, basket].map((id) => firsts(alice, id)), [
    [1],
    [1, 2, 3, 4, 5],
    [4, 5],
  ]);
  flow.ends();
});

test("Broker: an event of the history is what a subscriber would have received, and when", () => {
  const flow = new Flow({ eventHistory: HISTORY });
  const alice = flow.join({ authid: "alice", format: "msgpack" });
  const bob = flow.join({ format: "cbor" });
  const [exact, prefix] = [idOf(bob, "com.log.auth"), idOf(bob, "com.log.", "prefix")] as const;
  flow.clock.advance(1_234);
  alice.publishes(
    "com.log.auth",
    { "acknowledge": true, "disclose_me": true, "_mine": "ä" },
    ["in", [1.5, null]],
    { "from": { "port": 1 } },
  );
  const publication = alice.receives("PUBLISHED", 1, ID)[2];
  alice.publishes("com.log.auth", {}, [], {});
  const details = {
    "publisher": alice.id,
    "publisher_authid": "alice",
    "publisher_authrole": "anyone",
    "_mine": "ä",
  };
  const timestamp = "2026-01-01T00:00:01.234Z";
  const [first, second] = events(bob, exact);
  assert.deepEqual(first, {
    "timestamp": timestamp,
    "subscription": exact,
    "publication": publication,
    "details": details,
    "args": ["in", [1.5, null]],
    "kwargs": { "from": { "port": 1 } },
  });
  assert.deepEqual(second, {
    "timestamp": timestamp,
    "subscription": exact,
    "publication": second?.["publication"],
    "details": {},
  });
  assert.deepEqual(events(bob, prefix).map((event) => [event["subscription"], event["details"]]), [
    [prefix, { ...details, "topic": "com.log.auth" }],
    [prefix, { "topic": "com.log.auth" }],
  ]);
  flow.ends();
});

test("Broker: every keyword of get_events filters, alone and together", () => {
  const flow = new Flow({ eventHistory: HISTORY });
  const alice = flow.join();
  const id = idOf(alice, "com.log.", "prefix");
  // Event n is published n seconds after the start of 2026.
  const topics = ["a", "b", "a", "b", "a"].map((name) => `com.log.${name}`);
  const publications = topics.map((topic, i) => publishes(flow, alice, topic, i + 1));
  const at = (second: number) => `2026-01-01T01:00:0${second}+01:00`;
  const of = (n: number) => publications[n - 1];
  const queries: [Dict, number[]][] = [
    [{}, [1, 2, 3, 4, 5]],
    [{ "reverse": true }, [5, 4, 3, 2, 1]],
    [{ "reverse": false, "limit": 2 }, [1, 2]],
    [{ "reverse": true, "limit": 2 }, [5, 4]],
    [{ "limit": 1_000 }, [1, 2, 3, 4, 5]],
    [{ "from_time": at(3) }, [3, 4, 5]],
    [{ "after_time": at(3) }, [4, 5]],
    [{ "before_time": at(3) }, [1, 2]],
    [{ "until_time": at(3) }, [1, 2, 3]],
    [{ "from_time": "2026-01-01T00:00:02.9999Z", "until_time": "2026-01-01T00:00:03.0001Z" }, [3]],
    [{ "topic": "com.log.b" }, [2, 4]],
    [{ "topic": "com.log" }, []],
    [{ "from_publication": of(3) }, [3, 4, 5]],
    [{ "after_publication": of(3) }, [4, 5]],
    [{ "before_publication": of(3) }, [1, 2]],
    [{ "until_publication": of(3) }, [1, 2, 3]],
    [{ "after_publication": 4711 }, []],
    [{ "until_publication": 4711 }, []],
    [{ "after_publication": of(2), "limit": 2 }, [3, 4]],
    [{ "before_publication": of(4), "limit": 2, "reverse": true }, [3, 2]],
    [{ "topic": "com.log.a", "after_time": at(1), "before_publication": of(5) }, [3]],
    [{ "limit": null, "topic": null, "from_time": null, "unknown": "key" }, [1, 2, 3, 4, 5]],
  ];
  for (const [kwargs, expected] of queries) {
    assert.deepEqual(firsts(alice, id, kwargs), expected, JSON.stringify(kwargs));
  }
  const request = alice.calls(GET, {}, [id, 2]);
  const [two] = alice.receivesAny("RESULT", request, {})[3] as [unknown[]];
  assert.equal(two.length, 2, "Crossbar.io's positional limit");
  flow.ends();
});

test("Broker: get_events refuses arguments that are none", () => {
  const flow = new Flow({ eventHistory: HISTORY });
  const alice = flow.join();
  const id = idOf(alice, "com.log.auth");
  const calls: [unknown[], Dict, string][] = [
    [[], {}, "invalid_argument"],
    [["x"], {}, "invalid_argument"],
    [[999], {}, "no_such_subscription"],
    [[alice.subscribes("com.other")], {}, "history_unavailable"],
    ...Object.entries({
      "reverse": "yes",
      "limit": 0,
      "topic": 1,
      "from_time": "yesterday",
      "after_time": 1,
      "before_time": "2026-02-30T00:00:00Z",
      "until_time": "2026-01-01",
      "from_publication": 0,
      "after_publication": -1,
      "before_publication": 1.5,
      "until_publication": "1",
    }).map(([key, value]): [unknown[], Dict, string] => [
      [id],
      { [key]: value },
      "invalid_argument",
    ]),
  ];
  for (const [args, kwargs, error] of calls) {
    const request = alice.calls(GET, {}, args, kwargs);
    alice.receives("ERROR", 48, request, {}, `wamp.error.${error}`, EXPLAINED);
  }
  flow.ends();
});

test("Broker: nobody reads from the history what it could not have subscribed to or received", () => {
  const allow = { ...ALLOW_ALL.allow, subscribe: false };
  const flow = new Flow({
    eventHistory: HISTORY,
    roles: [
      { name: "anyone", allowByDefault: true },
      {
        name: "guest",
        allowByDefault: true,
        permissions: [{ ...ALLOW_ALL, uri: "com.log.auth", match: "exact", allow }],
      },
    ],
  });
  const [alice, bob] = [flow.join({ authid: "alice" }), flow.join({ authid: "bob" })];
  const eve = flow.join({ authid: "eve", authrole: "guest" });
  const [auth, log] = [idOf(alice, "com.log.auth"), idOf(alice, "com.log.", "prefix")] as const;
  publishes(flow, alice, "com.log.auth", "auth");
  publishes(flow, alice, "com.log.x", "roles", { "eligible_authrole": ["anyone"] });
  publishes(flow, alice, "com.log.x", "not bob", { "exclude_authid": ["bob"] });
  publishes(flow, alice, "com.log.x", "nobody", { "eligible_authid": [] });
  publishes(flow, alice, "com.log.x", "all");
  assert.deepEqual([alice, bob, eve].map((peer) => firsts(peer, log)), [
    ["auth", "roles", "not bob", "all"],
    ["auth", "roles", "all"],
    ["not bob", "all"],
  ]);
  // The limit counts what is shown.
  assert.deepEqual(firsts(eve, log, { "limit": 1 }), ["not bob"]);
  const request = eve.calls(GET, {}, [auth]);
  eve.receives("ERROR", 48, request, {}, "wamp.error.not_authorized", EXPLAINED);
  flow.ends();
});

test("Broker: what is for some sessions only, or is refused, is not recorded", () => {
  const flow = new Flow({ eventHistory: HISTORY });
  const alice = flow.join();
  const id = idOf(alice, "com.log.auth");
  publishes(flow, alice, "com.log.auth", "eligible", { "eligible": [alice.id] });
  publishes(flow, alice, "com.log.auth", "excluded", { "exclude": [] });
  alice.publishes("com.log.auth", { "retain": 1 }, ["refused"]);
  publishes(flow, alice, "com.log.auth", "not me", { "exclude_me": true });
  assert.deepEqual(firsts(alice, id), ["not me"]);
  flow.ends();
});

test("Broker: a subscription with history is there before its first subscriber and after its last", () => {
  const flow = new Flow({ eventHistory: HISTORY });
  const [alice, bob] = [flow.join(), flow.join()];
  const id = idOf(alice, "com.log.auth");
  for (const topic of ["on_delete", "on_create"]) bob.subscribes(`wamp.subscription.${topic}`);
  bob.transport.sent.length = 0;
  assert.equal(alice.subscribes("com.log.auth"), id);
  alice.unsubscribes(id);
  assert.equal(alice.subscribes("com.log.auth"), id);
  alice.leaves();
  bob.receivesNothing();
  bob.publishes("com.log.auth", {}, ["still"]);
  assert.deepEqual(firsts(bob, id), ["still"]);
  assert.equal(bob.calling("wamp.subscription.count_subscribers", [id]), 0);
  flow.ends();
});

test("Broker: events of the meta API and testaments may be recorded, too", () => {
  const flow = new Flow({
    eventHistory: [...HISTORY, { uri: "wamp.session.on_join", limit: 10 }],
  });
  const [alice, bob] = [flow.join({ authid: "alice" }), flow.join({ authid: "bob" })];
  alice.calls("wamp.session.add_testament", {}, ["com.log.auth", ["gone"]]);
  alice.receives("RESULT", 1, {});
  alice.disconnects();
  const joined = firsts(bob, idOf(bob, "wamp.session.on_join")) as Dict[];
  assert.deepEqual(joined.map((one) => one["authid"]), ["alice", "bob"]);
  assert.deepEqual(firsts(bob, idOf(bob, "com.log.auth")), ["gone"]);
  flow.ends();
});

test("Realm: a history that cannot be is refused when the realm starts", () => {
  const wrong: readonly EventHistoryOptions[][] = [
    [{ uri: "com. log", limit: 1 }],
    [{ uri: "com.log", limit: 0 }],
    [{ uri: "com.log", limit: 1.5 }],
    [{ uri: "com.log", limit: 1 }, { uri: "com.log", match: "exact", limit: 2 }],
  ];
  for (const eventHistory of wrong) {
    assert.throws(() => new Flow({ eventHistory }), /Cannot record events of "com/);
  }
});

test("Broker: an event nested too deep for an answer hides no others, in any serializer", () => {
  const nested = (levels: number): unknown => levels === 0 ? 1 : [nested(levels - 1)];
  const flow = new Flow({ eventHistory: HISTORY });
  const alice = flow.join();
  const id = idOf(alice, "com.log.auth");
  for (const levels of [1, 124, 125, 126, 128]) {
    const request = alice.publishes("com.log.auth", { "acknowledge": true }, nested(levels));
    alice.receives("PUBLISHED", request, ID);
  }
  alice.publishes("com.log.auth", { "_mine": nested(126) }, ["last"]);
  for (const format of ["json", "msgpack", "cbor"] as const) {
    const reader = flow.join({ format });
    const expected = [1, 124, 125].map((levels) => nested(levels));
    for (const kwargs of [{}, { "limit": 3 }]) {
      assert.deepEqual(events(reader, id, kwargs).map((event) => event["args"]), expected);
    }
  }
  flow.ends();
});
