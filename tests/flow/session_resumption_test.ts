/** Sessions that outlive their connection (docs/extensions.md, "Session resumption"). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Dict, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import type { Decision, Gate } from "../../router/join.ts";
import { ALL_ROLES, ANY, credulous, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const RESUMPTION = { timeoutMs: 10_000, maxBytes: 20_000, maxDetached: 2 };
const CANNOT = "realmway.error.cannot_resume";

interface Kept {
  readonly id: number;
  readonly details: Dict;
}

/** Joins and asks to be resumable. */
function joins(flow: Flow, details: Dict = {}): { peer: Peer; kept: Kept } {
  const peer = flow.connect();
  peer.sends("HELLO", "realm1", { "roles": ALL_ROLES, "resumable": true, ...details });
  return { peer, kept: welcome(peer) };
}

function welcome(peer: Peer): Kept {
  const [, id, details] = peer.receives("WELCOME", ID, ANY) as [string, number, Dict];
  peer.id = id;
  return { id, details };
}

/** HELLO that takes a session up. @param received messages since the first WELCOME. */
function claim({ id, details }: Kept, received: number, more: Dict = {}): Dict {
  return {
    "roles": ALL_ROLES,
    "resumable": true,
    "resume-session": id,
    "resume-token": details["resume-token"],
    "x_resume_received": received,
    ...more,
  };
}

function resumes(flow: Flow, kept: Kept, received: number, more: Dict = {}) {
  const peer = flow.connect();
  peer.sends("HELLO", "realm1", claim(kept, received, more));
  return { peer, kept: welcome(peer) };
}

function isRefused(flow: Flow, details: Dict): void {
  const peer = flow.connect();
  peer.sends("HELLO", "realm1", details);
  peer.isAborted(CANNOT);
}

test("Resumption: who does not ask, or whose realm does not allow it, notices nothing", () => {
  for (
    const [options, details] of [[{}, { "resumable": true }], [
      { resumption: RESUMPTION },
      {},
    ]] as const
  ) {
    const flow = new Flow(options);
    const peer = flow.connect();
    peer.sends("HELLO", "realm1", { "roles": ALL_ROLES, ...details });
    const kept = welcome(peer);
    assert.deepEqual(Object.keys(kept.details).filter((key) => key.includes("resum")), []);
    peer.disconnects();
    assert.equal(flow.realm.sessions.size, 0);
    assert.equal(flow.clock.pendingCount, 0);
    isRefused(flow, { ...claim(kept, 0), "resume-token": "x" });
  }
});

test("Resumption: subscriptions, registrations and calls in flight go on over another connection", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const bob = flow.join();
  bob.registers("com.bobs");
  const { peer: alice, kept } = joins(flow);
  assert.deepEqual(
    [
      kept.details["resumable"],
      kept.details["x_resume_received"],
      kept.details["x_resume_timeout"],
    ],
    [true, 0, 10_000],
  );
  const subscription = alice.subscribes("com.topic");
  const registration = alice.registers("com.alices");
  const call = alice.calls("com.bobs", {}, [1]);
  const invoked = bob.isInvoked();
  alice.disconnects();
  // Nobody else sees that anything happened.
  assert.equal(flow.realm.sessions.size, 2);
  bob.publishes("com.topic", {}, ["missed"]);
  bob.yields(invoked, {}, ["result"]);
  const bobsCall = bob.calls("com.alices", {}, ["ask"]);
  bob.receivesNothing();
  flow.clock.advance(9_000);
  // SUBSCRIBED and REGISTERED had come.
  const { peer: again, kept: resumed } = resumes(flow, kept, 2);
  assert.equal(resumed.id, kept.id);
  assert.equal(resumed.details["resumed"], true);
  assert.equal(resumed.details["x_resume_received"], 3, "SUBSCRIBE, REGISTER, CALL");
  again.receives("EVENT", subscription, ID, {}, ["missed"]);
  again.receives("RESULT", call, {}, ["result"]);
  const asked = again.isInvoked();
  assert.equal(asked.registration, registration);
  again.yields(asked, {}, ["answer"]);
  bob.receives("RESULT", bobsCall, {}, ["answer"]);
  // Request ids count on, and the connection is as any other.
  again.request = alice.request;
  again.unsubscribes(subscription);
  again.leaves();
  again.joins();
  assert.notEqual(again.id, kept.id);
  flow.ends();
});

test("Resumption: what a peer had not received is sent again, in order, whatever its serializer, and nothing twice", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const bob = flow.join();
  const { peer: alice, kept } = joins(flow);
  const subscription = alice.subscribes("com.topic");
  for (let n = 1; n <= 5; n++) bob.publishes("com.topic", {}, [n, { "ä": [n] }]);
  const other = flow.join();
  other.subscribes("com.topic");
  bob.publishes("com.topic", {}, [6]);
  other.receives("EVENT", subscription, ID, {}, [6]);
  alice.transport.sent.length = 0;
  alice.disconnects();
  bob.publishes("com.topic", {}, [7]);
  other.receives("EVENT", subscription, ID, {}, [7]);
  const again = flow.connect(undefined, "cbor");
  // SUBSCRIBED and the first two events.
  again.sends("HELLO", "realm1", claim(kept, 3));
  welcome(again);
  for (let n = 3; n <= 5; n++) again.receives("EVENT", subscription, ID, {}, [n, { "ä": [n] }]);
  for (const n of [6, 7]) again.receives("EVENT", subscription, ID, {}, [n]);
  flow.ends();
});

test("Resumption: a token serves once, for its session, authid and role, in its realm", () => {
  const flow = new Flow({
    resumption: RESUMPTION,
    roles: [{ name: "anyone", allowByDefault: true }, { name: "other", allowByDefault: true }],
  });
  flow.router.addRealm({ name: "realm2", roles: [{ name: "anyone" }], resumption: RESUMPTION });
  const { peer: alice, kept } = joins(flow, { "authid": "alice" });
  alice.disconnects();
  const own = { "authid": "alice" };
  isRefused(flow, claim(kept, 0, { ...own, "resume-token": "guess" }));
  isRefused(flow, claim(kept, 0, { ...own, "resume-token": null }));
  isRefused(flow, claim(kept, 0, { ...own, "x_resume_received": null }));
  isRefused(flow, claim(kept, 0, { ...own, "resume-session": 4711 }));
  isRefused(flow, claim(kept, 0, { ...own, "authrole": "other" }));
  isRefused(flow, claim(kept, 1, own));
  const elsewhere = flow.connect();
  elsewhere.sends("HELLO", "realm2", claim(kept, 0, own));
  elsewhere.isAborted(CANNOT);
  const { peer: again, kept: second } = resumes(flow, kept, 0, own);
  again.disconnects();
  isRefused(flow, claim(kept, 0, own));
  const { peer: third } = resumes(flow, second, 0, own);
  third.leaves();
  isRefused(flow, claim(second, 0, own));
  // Anonymous peers get a new authid each time; others must be who they were.
  const proven: Gate = {
    admit: (...hello): Decision => {
      const decision = credulous.admit(...hello) as Decision;
      return "authid" in decision ? { ...decision, authmethod: "ticket" } : decision;
    },
  };
  const eve = flow.connect(proven);
  eve.sends("HELLO", "realm1", { "roles": ALL_ROLES, "resumable": true, "authid": "eve" });
  const eves = welcome(eve);
  eve.disconnects();
  for (const authid of ["alice", "eve"]) {
    const peer = flow.connect(proven);
    peer.sends("HELLO", "realm1", claim(eves, 0, { "authid": authid }));
    if (authid === "eve") welcome(peer);
    else peer.isAborted(CANNOT);
    peer.disconnects();
  }
  assert.equal(flow.realm.detachedCount, 1);
  flow.ends();
});

test("Resumption: an answer that got lost may be asked for again by who asked first, and by nobody else", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const { peer: alice, kept } = joins(flow);
  alice.disconnects();
  const attempt = { "x_resume_attempt": "alices secret" };
  resumes(flow, kept, 0, attempt).peer.disconnects();
  isRefused(flow, claim(kept, 0));
  isRefused(flow, claim(kept, 0, { "x_resume_attempt": "eves" }));
  const { peer: again } = resumes(flow, kept, 0, attempt);
  // What comes behind HELLO shows that WELCOME has arrived: the token is spent.
  again.request = 0;
  again.subscribes("com.topic");
  again.disconnects();
  isRefused(flow, claim(kept, 1, attempt));
  flow.ends();
});

test("Resumption: a connection that is still there gives way, and whatever it still says is not heard", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const { peer: alice, kept } = joins(flow);
  const subscription = alice.subscribes("com.topic");
  const { peer: again } = resumes(flow, kept, 1);
  assert.equal(alice.isConnected, false);
  assert.equal(flow.router.connectionCount, 1);
  alice.disconnects();
  assert.equal(flow.realm.sessions.size, 1, "the end of the old connection is not the session's");
  flow.join().publishes("com.topic", {}, [1]);
  again.receives("EVENT", subscription, ID, {}, [1]);
  alice.receivesNothing();
  again.disconnects();
  assert.equal(flow.realm.detachedCount, 1);
  flow.ends();
});

test("Resumption: a kept session counts for its role's limits, and taking it up is no further one", () => {
  for (const beyondPerAuthid of ["refuse", "kick-oldest"] as const) {
    const limits = { sessions: 1, sessionsPerAuthid: 1, beyondPerAuthid };
    const roles = [{ name: "anyone", allowByDefault: true, limits }];
    const flow = new Flow({ resumption: RESUMPTION, roles });
    const { peer: alice, kept } = joins(flow);
    alice.disconnects();
    const { peer: again, kept: resumed } = resumes(flow, kept, 0);
    assert.equal(resumed.id, kept.id);
    again.disconnects();
    if (beyondPerAuthid === "refuse") {
      const other = flow.connect();
      other.sends("HELLO", "realm1", { "roles": ALL_ROLES });
      other.isAborted("realmway.error.limit_exceeded");
    } else {
      joins(flow);
      isRefused(flow, claim(resumed, 0));
    }
    assert.equal(flow.realm.sessions.size, 1);
    flow.ends();
  }
});

test("Resumption: what waited for a slow consumer when its connection was given up comes over the next one", () => {
  const KIB = 1024;
  for (const policy of ["drop-oldest", "close"] as const) {
    const slowConsumers = { policy, limitBytes: 4 * KIB, hardLimitBytes: 16 * KIB, pauseMs: 100 };
    const flow = new Flow({
      resumption: { ...RESUMPTION, maxBytes: 1024 * KIB },
      roles: [
        { name: "anyone", allowByDefault: true },
        { name: "slow", allowByDefault: true, slowConsumers },
      ],
    });
    const bob = flow.join();
    bob.registers("com.bobs");
    const { peer: alice, kept } = joins(flow, { "authrole": "slow" });
    alice.transport.waiting = 5 * KIB;
    const calls = [];
    for (let n = 0; n < 20; n++) {
      calls.push(alice.calls("com.bobs", {}, [n]));
      bob.yields(bob.isInvoked(), {}, ["x".repeat(KIB)]);
    }
    assert.equal(alice.transport.isDropped, true);
    alice.receivesNothing();
    alice.disconnects("slow");
    const { peer: again } = resumes(flow, kept, 0, { "authrole": "slow" });
    for (const call of calls) again.receives("RESULT", call, {}, ["x".repeat(KIB)]);
    // The session and the connection can be used as ever, and end together.
    again.request = alice.request;
    again.leaves();
    again.joins({ authrole: "slow" });
    again.disconnects();
    assert.equal(flow.realm.sessions.size, 1);
    flow.ends();
  }
});

test("Resumption: what a transport answers in the peer's place, and what it cannot send, counts for nothing", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const bob = flow.join();
  const { peer: alice, kept } = joins(flow);
  const subscription = alice.subscribes("com.topic");
  alice.registers("com.alices");
  const call = bob.calls("com.alices", {}, ["too large for her"]);
  const { request } = alice.isInvoked();
  // As a transport does that could not send the INVOCATION.
  alice.handler.answered?.({
    type: Type.ERROR,
    requestType: Type.INVOCATION,
    request,
    details: {},
    error: "wamp.error.payload_size_exceeded",
    payload: Payload.EMPTY,
  });
  bob.receives("ERROR", 48, call, {}, "wamp.error.payload_size_exceeded");
  alice.disconnects();
  for (const n of [1, 2, 3]) bob.publishes("com.topic", {}, [n]);
  const again = flow.connect();
  again.transport.refuses = (message) => JSON.stringify(message).includes("[2]");
  again.sends("HELLO", "realm1", claim(kept, 3));
  const second = welcome(again);
  assert.equal(second.details["x_resume_received"], 2, "SUBSCRIBE and REGISTER");
  for (const n of [1, 3]) again.receives("EVENT", subscription, ID, {}, [n]);
  again.disconnects();
  bob.publishes("com.topic", {}, [4]);
  const { peer: third } = resumes(flow, second, 5);
  third.receives("EVENT", subscription, ID, {}, [4]);
  flow.ends();
});

test("Resumption: a session ends when nobody takes it up in time, and others are told then", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const bob = flow.join();
  bob.subscribes("wamp.session.on_leave");
  const { peer: alice, kept } = joins(flow);
  alice.registers("com.alices");
  const call = bob.calls("com.alices");
  alice.isInvoked();
  alice.disconnects();
  flow.clock.advance(9_999);
  bob.receivesNothing();
  flow.clock.advance(1);
  bob.receivesAny("ERROR", 48, call, {}, "wamp.error.canceled");
  bob.receivesAny("EVENT", ID, ID, {}, [kept.id, ANY, ANY]);
  assert.equal(flow.realm.detachedCount, 0);
  assert.equal(flow.clock.pendingCount, 0);
  isRefused(flow, claim(kept, 2));
  flow.ends();
});

test("Resumption: GOODBYE, ABORT and broken rules end a session at once", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  for (
    const end of [
      (peer: Peer) => peer.leaves(),
      (peer: Peer) => peer.sends("ABORT", {}, "com.tired"),
      (peer: Peer) => {
        peer.sends("WELCOME", 1, {});
        peer.isAborted("wamp.error.protocol_violation");
      },
    ]
  ) {
    const { peer, kept } = joins(flow);
    end(peer);
    assert.equal(flow.realm.sessions.size, 0);
    peer.disconnects();
    isRefused(flow, claim(kept, 0));
  }
  flow.ends();
});

test("Resumption: a ring that no longer reaches back is told, and a fresh session can be had", () => {
  const flow = new Flow({ resumption: { ...RESUMPTION, maxAgeMs: 5_000 } });
  const bob = flow.join();
  const { peer: alice, kept } = joins(flow);
  alice.subscribes("com.topic");
  bob.publishes("com.topic", {}, [1]);
  flow.clock.advance(6_000);
  bob.publishes("com.topic", {}, [2]);
  alice.disconnects();
  const late = flow.connect();
  late.sends("HELLO", "realm1", claim(kept, 1));
  const [, details] = late.receives("ABORT", ANY, CANNOT) as [string, Dict];
  assert.match(
    String(details["message"]),
    /found 1 messages received, expected 2 to 3: .* not kept/,
  );
  const { peer: again } = resumes(flow, kept, 2);
  again.receivesAny("EVENT", ID, ID, {}, [2]);
  alice.transport.sent.length = 0;
  flow.ends();
});

test("Resumption: a session that is sent more than can be kept ends, and holds no memory", () => {
  const text = "x".repeat(1_000);
  // Peers may write as much into options as into arguments.
  for (const [options, args] of [[{}, [text]], [{ "_mine": text }, []]] as const) {
    const flow = new Flow({ resumption: RESUMPTION });
    const bob = flow.join();
    const { peer: alice, kept } = joins(flow);
    alice.subscribes("com.topic");
    alice.disconnects();
    for (let n = 0; n < 100; n++) bob.publishes("com.topic", options, args);
    flow.clock.advance(0);
    assert.equal(flow.realm.sessions.size, 1);
    isRefused(flow, claim(kept, 1));
    flow.ends();
  }
});

test("Resumption: no more sessions are kept than the realm allows", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const peers = [1, 2, 3].map(() => joins(flow));
  for (const { peer } of peers) peer.disconnects();
  assert.equal(flow.realm.sessions.size, 2);
  const [first, , third] = peers;
  assert.ok(first && third);
  isRefused(flow, claim(third.kept, 0));
  resumes(flow, first.kept, 0).peer.disconnects();
  flow.ends();
});

test("Resumption: testaments of scope detached are published when the connection breaks, those of scope destroyed when the session ends [WAMP pubsub_testament]", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const bob = flow.join();
  const topic = bob.subscribes("com.testament");
  const { peer: alice, kept } = joins(flow);
  for (const scope of ["detached", "destroyed"]) {
    alice.calling("wamp.session.add_testament", ["com.testament", [scope]], { "scope": scope });
  }
  alice.disconnects();
  bob.receives("EVENT", topic, ID, {}, ["detached"]);
  const { peer: again } = resumes(flow, kept, 2);
  bob.receivesNothing();
  again.disconnects();
  bob.receivesNothing();
  flow.clock.advance(10_000);
  bob.receives("EVENT", topic, ID, {}, ["destroyed"]);
  // One that says goodbye was detached and is destroyed.
  const { peer: carol } = joins(flow);
  for (const scope of ["destroyed", "detached"]) {
    carol.calling("wamp.session.add_testament", ["com.testament", [scope]], { "scope": scope });
  }
  carol.leaves();
  bob.receives("EVENT", topic, ID, {}, ["detached"]);
  bob.receives("EVENT", topic, ID, {}, ["destroyed"]);
  flow.ends();
});

test("Resumption: nobody is answered for a testament that is published", () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const { peer: alice, kept } = joins(flow);
  alice.calling("wamp.session.add_testament", ["com.testament"], {
    "scope": "detached",
    "publish_options": { "acknowledge": true },
  });
  alice.disconnects();
  resumes(flow, kept, 1);
  flow.ends();
});

test("Resumption: a kept session can be killed, and goes with its realm and its router", async () => {
  const flow = new Flow({ resumption: RESUMPTION });
  const bob = flow.join();
  const { peer: alice, kept } = joins(flow);
  alice.disconnects();
  bob.calls("wamp.session.kill", {}, [kept.id]);
  bob.receives("RESULT", 1, {});
  assert.equal(flow.realm.sessions.size, 1);
  const { peer: carol } = joins(flow);
  carol.disconnects();
  const done = flow.router.shutdown("wamp.close.system_shutdown", 1_000);
  bob.receives("GOODBYE", ANY, "wamp.close.system_shutdown");
  bob.sends("GOODBYE", {}, "wamp.close.goodbye_and_out");
  bob.disconnects();
  await done;
  assert.equal(flow.router.connectionCount, 0);
  assert.equal(flow.clock.pendingCount, 0);
  flow.ends();
});
