import { test } from "node:test";
import type { Dict } from "../../wamp/message.ts";
import { ALL_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

const UNAVAILABLE = "wamp.error.unavailable";
const NOBODY = "wamp.error.no_available_callee";

/** Everything a client can, and declining calls. */
const ROLES: Dict = {
  ...ALL_ROLES,
  "callee": {
    "features": {
      ...(ALL_ROLES["callee"] as { features: Dict }).features,
      "call_reroute": true,
    },
  },
};

function cluster(invoke: string, count: number) {
  const flow = new Flow();
  const caller = flow.join();
  const callees = Array.from({ length: count }, () => flow.join({ roles: ROLES }));
  for (const callee of callees) callee.registers("com.work", { "invoke": invoke });
  return { flow, caller, callees };
}

function declines(callee: Peer | undefined, request: number): void {
  callee?.receives("INVOCATION", request, ID, {}, ["job"]);
  callee?.sends("ERROR", 68, request, {}, UNAVAILABLE);
}

test("Re-routing: a declined call goes to the next callee, and the caller never knows [WAMP rpc_call_rerouting]", () => {
  for (const invoke of ["first", "roundrobin"]) {
    const { flow, caller, callees: [a, b, c] } = cluster(invoke, 3);
    const request = caller.calls("com.work", {}, ["job"]);
    declines(a, 1);
    declines(b, 1);
    c?.receives("INVOCATION", 1, ID, {}, ["job"]);
    c?.sends("YIELD", 1, {}, ["done"]);
    caller.receives("RESULT", request, {}, ["done"]);
    flow.ends();
  }
});

test("Re-routing: with policy last it goes to the callee registered before", () => {
  const { flow, caller, callees: [a, b] } = cluster("last", 2);
  const request = caller.calls("com.work", {}, ["job"]);
  declines(b, 1);
  a?.receives("INVOCATION", 1, ID, {}, ["job"]);
  a?.sends("YIELD", 1, {}, ["done"]);
  caller.receives("RESULT", request, {}, ["done"]);
  flow.ends();
});

test("Re-routing: with policy random it goes to a callee that was not asked yet", () => {
  for (let seed = 0; seed < 8; seed++) {
    const { flow, caller, callees } = cluster("random", 3);
    const request = caller.calls("com.work", {}, ["job"]);
    let left = [...callees];
    while (left.length > 0) {
      const asked = left.find((callee) => callee.transport.sent.length > 0);
      declines(asked, 1);
      left = left.filter((callee) => callee !== asked);
    }
    caller.receives("ERROR", 48, request, {}, NOBODY, EXPLAINED);
    flow.ends();
  }
});

test("Re-routing: when all have declined, or there is but one, nobody is available", () => {
  for (const [invoke, count] of [["first", 2], ["single", 1], ["roundrobin", 1]] as const) {
    const { flow, caller, callees } = cluster(invoke, count);
    const request = caller.calls("com.work", {}, ["job"]);
    for (const callee of callees) declines(callee, 1);
    caller.receives("ERROR", 48, request, {}, NOBODY, EXPLAINED);
    flow.ends();
  }
});

test("Re-routing: a callee that did not announce it is taken at its word", () => {
  const flow = new Flow();
  const [caller, a, b] = [flow.join(), flow.join(), flow.join()];
  for (const callee of [a, b]) callee.registers("com.work", { "invoke": "first" });
  const request = caller.calls("com.work", {}, ["job"]);
  a.receives("INVOCATION", 1, ID, {}, ["job"]);
  a.sends("ERROR", 68, 1, {}, UNAVAILABLE, ["busy"]);
  caller.receives("ERROR", 48, request, {}, UNAVAILABLE, ["busy"]);
  flow.ends();
});

test("Re-routing: a canceled call is not offered again", () => {
  const { flow, caller, callees: [a] } = cluster("first", 2);
  const request = caller.calls("com.work", {}, ["job"]);
  a?.receives("INVOCATION", 1, ID, {}, ["job"]);
  caller.sends("CANCEL", request, { "mode": "skip" });
  caller.receives("ERROR", 48, request, {}, "wamp.error.canceled", EXPLAINED);
  a?.sends("ERROR", 68, 1, {}, UNAVAILABLE);
  flow.ends();
});

test("Re-routing: a call that its caller has killed is not offered again, whatever the callee says", () => {
  const { flow, caller, callees: [a] } = cluster("first", 2);
  const request = caller.calls("com.work", {}, ["job"]);
  a?.receives("INVOCATION", 1, ID, {}, ["job"]);
  caller.sends("CANCEL", request, { "mode": "kill" });
  a?.receives("INTERRUPT", 1, { "mode": "kill", "reason": "wamp.error.canceled" });
  a?.sends("ERROR", 68, 1, {}, UNAVAILABLE);
  caller.receives("ERROR", 48, request, {}, UNAVAILABLE);
  flow.ends();
});

test("Re-routing: the call's time-out goes on, whoever has it", () => {
  const { flow, caller, callees: [a, b] } = cluster("first", 2);
  const request = caller.calls("com.work", { "timeout": 100 }, ["job"]);
  flow.clock.advance(60);
  declines(a, 1);
  b?.receives("INVOCATION", 1, ID, {}, ["job"]);
  flow.clock.advance(39);
  caller.receivesNothing();
  flow.clock.advance(1);
  caller.receives("ERROR", 48, request, {}, "wamp.error.timeout", EXPLAINED);
  b?.receives("INTERRUPT", 1, { "mode": "killnowait", "reason": "wamp.error.timeout" });
  flow.ends();
});

test("Re-routing: a clock that is set back gives the call no more time than it asked for", () => {
  const { flow, caller, callees: [a, b] } = cluster("first", 2);
  const request = caller.calls("com.work", { "timeout": 100 }, ["job"]);
  flow.clock.setBack(3_600_000);
  declines(a, 1);
  b?.receives("INVOCATION", 1, ID, {}, ["job"]);
  flow.clock.advance(100);
  caller.receives("ERROR", 48, request, {}, "wamp.error.timeout", EXPLAINED);
  b?.receives("INTERRUPT", 1, { "mode": "killnowait", "reason": "wamp.error.timeout" });
  flow.ends();
});

test("Re-routing: once the caller has had a result in progress, nobody can begin anew", () => {
  const { flow, caller, callees: [a] } = cluster("first", 2);
  const request = caller.calls("com.work", { "receive_progress": true }, ["job"]);
  a?.receives("INVOCATION", 1, ID, { "receive_progress": true }, ["job"]);
  a?.sends("YIELD", 1, { "progress": true }, [1]);
  caller.receives("RESULT", request, { "progress": true }, [1]);
  a?.sends("ERROR", 68, 1, {}, UNAVAILABLE);
  caller.receives("ERROR", 48, request, {}, NOBODY, EXPLAINED);
  flow.ends();
});

test("Re-routing: a callee that has reached its concurrency is passed over", () => {
  const flow = new Flow();
  const caller = flow.join();
  const [a, b, c] = [0, 1, 2].map(() => flow.join({ roles: ROLES }));
  a?.registers("com.work", { "invoke": "first", "concurrency": 1 });
  b?.registers("com.work", { "invoke": "first", "concurrency": 1 });
  c?.registers("com.work", { "invoke": "first", "concurrency": 1 });
  const first = caller.calls("com.work", {}, ["job"]);
  a?.receives("INVOCATION", 1, ID, {}, ["job"]);
  caller.calls("com.work", {}, ["job"]);
  b?.receives("INVOCATION", 1, ID, {}, ["job"]);
  a?.sends("ERROR", 68, 1, {}, UNAVAILABLE);
  c?.receives("INVOCATION", 1, ID, {}, ["job"]);
  c?.sends("YIELD", 1, {});
  caller.receives("RESULT", first, {});
  flow.ends();
});

test("Re-routing: a call for a resource stays with the shards of its node", () => {
  const flow = new Flow();
  const caller = flow.join();
  const callees = ["a", "b", "a", "b"].map((nkey) => {
    const callee = flow.join({ roles: ROLES });
    callee.registers("com.work", { "invoke": "roundrobin", "nkey": nkey });
    return callee;
  });
  const request = caller.calls("com.work", { "rkey": "some" }, ["job"]);
  const first = callees.findIndex((callee) => callee.transport.sent.length > 0);
  declines(callees[first], 1);
  declines(callees[(first + 2) % 4], 1);
  caller.receives("ERROR", 48, request, {}, NOBODY, EXPLAINED);
  flow.ends();
});

test("Re-routing: a call that a link brought is not offered to it", () => {
  const flow = new Flow();
  const [link, peer] = [flow.join({ roles: ROLES }), flow.join({ roles: ROLES })];
  for (const callee of [peer, link]) callee.registers("com.work", { "invoke": "first" });
  const way = [{ "session": 4711, "authid": "link", "authrole": "trusted" }];
  const request = link.calls("com.work", { "forward_for": way }, ["job"]);
  peer.receives("INVOCATION", 1, ID, { "forward_for": way }, ["job"]);
  peer.sends("ERROR", 68, 1, {}, UNAVAILABLE);
  link.receives("ERROR", 48, request, {}, NOBODY, EXPLAINED);
  flow.ends();
});
