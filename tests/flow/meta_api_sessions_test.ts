import assert from "node:assert/strict";
import { test } from "node:test";
import { embedded } from "../../router/join.ts";
import type { Dict } from "../../wamp/message.ts";
import { ANY, BASIC_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const ROLES = ["anyone", "staff", "boss"].map((name) => ({ name, allowByDefault: true }));

function fails(peer: Peer, error: string, procedure: string, ...payload: unknown[]): void {
  const request = peer.calls(procedure, {}, ...payload);
  peer.receives("ERROR", 48, request, {}, error, EXPLAINED);
}

test("Meta API: count and list tell the sessions of the realm [WAMP meta_api_sessions]", () => {
  const flow = new Flow({ roles: ROLES });
  flow.router.addRealm({ name: "realm2", roles: ROLES });
  const alice = flow.join({ authrole: "staff" });
  const bob = flow.join({ authrole: "boss" });
  const carol = flow.join({ authrole: "staff" });
  flow.join({ realm: "realm2" });
  flow.connect();
  const counts: [unknown[], readonly Peer[]][] = [
    [[], [alice, bob, carol]],
    [[[]], [alice, bob, carol]],
    [[[null]], [alice, bob, carol]],
    [[[["staff"]]], [alice, carol]],
    [[[["staff", "boss"]]], [alice, bob, carol]],
    [[[["nobody"]]], []],
    [[[[]]], []],
  ];
  for (const [payload, expected] of counts) {
    assert.equal(alice.calling("wamp.session.count", ...payload), expected.length);
    const ids = alice.calling("wamp.session.list", ...payload) as number[];
    assert.deepEqual(new Set(ids), new Set(expected.map((peer) => peer.id)));
    assert.equal(ids.length, expected.length);
  }
  for (const procedure of ["wamp.session.count", "wamp.session.list"]) {
    fails(alice, "wamp.error.invalid_argument", procedure, ["staff"]);
    fails(alice, "wamp.error.invalid_argument", procedure, [[1]]);
  }
  bob.disconnects();
  assert.equal(alice.calling("wamp.session.count"), 2);
  flow.ends();
});

test("Meta API: get tells about one session", () => {
  const flow = new Flow({ roles: ROLES });
  const alice = flow.join();
  const bob = flow.join({ authid: "bob", authrole: "staff", format: "cbor" });
  assert.deepEqual(alice.calling("wamp.session.get", [bob.id]), {
    "session": bob.id,
    "authid": "bob",
    "authrole": "staff",
    "authmethod": "anonymous",
    "authprovider": "static",
    "transport": {
      "type": "websocket",
      "protocol": "cbor",
      "peer": "tcp4:127.0.0.1:50000",
      "is_secure": false,
    },
  });
  fails(alice, "wamp.error.no_such_session", "wamp.session.get", [bob.id + 1]);
  for (const payload of [[], [["x"]], [[0]], [[1.5]], [[null]], [[], { "session": bob.id }]]) {
    fails(alice, "wamp.error.invalid_argument", "wamp.session.get", ...payload);
  }
  flow.ends();
});

test("Meta API: on_join and on_leave tell of sessions that come and go, however they go", () => {
  const flow = new Flow({ roles: ROLES });
  const alice = flow.join();
  const joined = alice.subscribes("wamp.session.on_join");
  const left = alice.subscribes("wamp.session.on_leave");
  const ends: ((peer: Peer) => void)[] = [
    (peer) => peer.leaves(),
    (peer) => peer.disconnects(),
    (peer) => peer.sends("ABORT", {}, "com.myapp.error"),
    (peer) => {
      peer.sends("WELCOME", 1, {});
      peer.isAborted("wamp.error.protocol_violation");
    },
    (peer) => {
      alice.sends("CALL", ++alice.request, {}, "wamp.session.kill", [peer.id]);
      peer.receives("GOODBYE", {}, "wamp.close.killed");
    },
  ];
  for (const end of ends) {
    const bob = flow.connect();
    bob.joins({ authid: "bob", authrole: "staff" });
    alice.receives("EVENT", joined, ID, {}, [{
      "session": bob.id,
      "authid": "bob",
      "authrole": "staff",
      "authmethod": "anonymous",
      "authprovider": "static",
      "transport": ANY,
    }]);
    end(bob);
    alice.receives("EVENT", left, ID, {}, [bob.id, "bob", "staff"]);
    bob.disconnects();
  }
  alice.receives("RESULT", alice.request, {});
  flow.ends();
});

test("Meta API: kill ends another session with the reason and message given", () => {
  const flow = new Flow();
  const alice = flow.join();
  const cases: [Dict | undefined, unknown[]][] = [
    [undefined, [{}, "wamp.close.killed"]],
    [{}, [{}, "wamp.close.killed"]],
    [{ "reason": null, "message": null }, [{}, "wamp.close.killed"]],
    [{ "reason": "com.myapp.tired" }, [{}, "com.myapp.tired"]],
    [{ "message": "go away" }, [{ "message": "go away" }, "wamp.close.killed"]],
    [{ "reason": "com.x", "message": "y" }, [{ "message": "y" }, "com.x"]],
  ];
  for (const [kwargs, goodbye] of cases) {
    const bob = flow.join();
    const payload = kwargs === undefined ? [[bob.id]] : [[bob.id], kwargs];
    const request = alice.calls("wamp.session.kill", {}, ...payload);
    alice.receives("RESULT", request, {});
    bob.receives("GOODBYE", ...goodbye);
    fails(alice, "wamp.error.no_such_session", "wamp.session.kill", [bob.id]);
  }
  flow.ends();
});

test("Meta API: kill refuses one's own session, unknown ones and wrong arguments", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join()];
  fails(alice, "wamp.error.no_such_session", "wamp.session.kill", [alice.id]);
  fails(alice, "wamp.error.no_such_session", "wamp.session.kill", [4711]);
  fails(alice, "wamp.error.invalid_argument", "wamp.session.kill");
  for (const reason of ["", "a b", 5, []]) {
    fails(alice, "wamp.error.invalid_uri", "wamp.session.kill", [bob.id], { "reason": reason });
    for (const procedure of ["kill_by_authid", "kill_by_authrole", "kill_all"]) {
      const kwargs = { "reason": reason };
      fails(alice, "wamp.error.invalid_uri", `wamp.session.${procedure}`, ["x"], kwargs);
    }
  }
  const kwargs = { "message": 5 };
  fails(alice, "wamp.error.invalid_argument", "wamp.session.kill", [bob.id], kwargs);
  fails(alice, "wamp.error.invalid_argument", "wamp.session.kill_by_authid", [5]);
  fails(alice, "wamp.error.invalid_argument", "wamp.session.kill_by_authrole");
  flow.ends();
});

test("Meta API: kill_by_authid answers with the sessions killed, but never kills the asker", () => {
  const flow = new Flow();
  const [alice, bob, carol] = ["ann", "ann", "ann"].map((authid) => flow.join({ authid }));
  const dave = flow.join({ authid: "dave" });
  const killed = alice?.calling("wamp.session.kill_by_authid", ["ann"]) as number[];
  assert.deepEqual(new Set(killed), new Set([bob?.id, carol?.id]));
  for (const peer of [bob, carol]) peer?.receives("GOODBYE", {}, "wamp.close.killed");
  assert.deepEqual(dave.calling("wamp.session.kill_by_authid", ["nobody"]), []);
  flow.ends();
});

test("Meta API: kill_by_authrole and kill_all answer with a count, but never kill the asker", () => {
  const flow = new Flow({ roles: ROLES });
  const alice = flow.join({ authrole: "staff" });
  const bob = flow.join({ authrole: "staff" });
  const carol = flow.join({ authrole: "boss" });
  const kwargs = { "reason": "com.myapp.tired", "message": "bye" };
  assert.equal(alice.calling("wamp.session.kill_by_authrole", ["staff"], kwargs), 1);
  bob.receives("GOODBYE", { "message": "bye" }, "com.myapp.tired");
  const dave = flow.join();
  assert.equal(alice.calling("wamp.session.kill_all"), 2);
  for (const peer of [carol, dave]) peer.receives("GOODBYE", {}, "wamp.close.killed");
  assert.equal(alice.calling("wamp.session.kill_all", [], kwargs), 0);
  assert.equal(alice.calling("wamp.session.count"), 1);
  flow.ends();
});

test("Meta API: who asks for kill_all hears who has left, and their testaments", () => {
  const flow = new Flow();
  const [alice, bob] = [flow.join(), flow.join({ authid: "bob" })];
  const left = alice.subscribes("wamp.session.on_leave");
  const wishes = alice.subscribes("com.wishes");
  bob.calling("wamp.session.add_testament", ["com.wishes", ["bye"]]);
  const request = alice.calls("wamp.session.kill_all");
  alice.receives("EVENT", wishes, ID, {}, ["bye"]);
  alice.receives("EVENT", left, ID, {}, [bob.id, "bob", "anyone"]);
  alice.receives("RESULT", request, {}, [1]);
  bob.receives("GOODBYE", {}, "wamp.close.killed");
  flow.ends();
});

test("Meta API: a killed session gives back what it held, and its callers get an answer", () => {
  const flow = new Flow();
  const [alice, bob, carol] = [flow.join(), flow.join(), flow.join()];
  bob.registers("com.procedure");
  carol.calls("com.procedure");
  bob.isInvoked();
  alice.calling("wamp.session.kill", [bob.id]);
  carol.receives("ERROR", 48, 1, {}, "wamp.error.canceled", EXPLAINED);
  bob.receives("GOODBYE", {}, "wamp.close.killed");
  carol.calls("com.procedure");
  carol.receives("ERROR", 48, 2, {}, "wamp.error.no_such_procedure", EXPLAINED);
  flow.ends();
});

test("Meta API: a session inside the router's process cannot be killed", () => {
  const flow = new Flow();
  const [alice, component] = [flow.join(), flow.connect(embedded({ authid: "component" }))];
  component.joins({ roles: BASIC_ROLES });
  fails(alice, "wamp.error.not_authorized", "wamp.session.kill", [component.id]);
  assert.deepEqual(alice.calling("wamp.session.kill_by_authid", ["component"]), []);
  assert.equal(alice.calling("wamp.session.kill_by_authrole", ["trusted"]), 0);
  assert.equal(alice.calling("wamp.session.kill_all"), 0);
  flow.ends();
});

test("Meta API: a realm without it announces it not, serves it not, and tells nothing", () => {
  const flow = new Flow({ hasMetaApi: false });
  const alice = flow.connect();
  alice.sends("HELLO", "realm1", { "roles": BASIC_ROLES });
  const [, , details] = alice.receives("WELCOME", ID, ANY);
  assert.ok(!JSON.stringify(details).includes("meta_api"));
  const bob = flow.join();
  bob.subscribes("wamp.", { "match": "prefix" });
  const carol = flow.join();
  carol.subscribes("com.topic");
  carol.registers("com.procedure");
  fails(bob, "wamp.error.no_such_procedure", "wamp.session.count");
  carol.leaves();
  flow.ends();
});
