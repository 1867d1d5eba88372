import { test } from "node:test";
import { embedded } from "../../router/join.ts";
import { BASIC_ROLES, EXPLAINED, Flow, ID, type Peer } from "../kit/flow_kit.ts";

/** All four requests on this URI answer with the error, or with none. */
function answers(peer: Peer, uri: string, error: string | undefined): void {
  const kinds = [
    ["SUBSCRIBE", 32, ++peer.request, {}],
    ["PUBLISH", 16, ++peer.request, { "acknowledge": true }],
    ["REGISTER", 64, ++peer.request, {}],
  ] as const;
  for (const [name, type, request, options] of kinds) {
    peer.sends(name, request, options, uri);
    if (error !== undefined) peer.receives("ERROR", type, request, {}, error, EXPLAINED);
    else peer.takes();
  }
  const request = peer.calls(uri);
  if (error !== undefined) peer.receives("ERROR", 48, request, {}, error, EXPLAINED);
  else peer.yields(peer.isInvoked());
  if (error === undefined) peer.receives("RESULT", request, {});
}

test("Router: loose URIs have any components without whitespace and # [WAMP uris]", () => {
  const flow = new Flow({ uriRule: "loose" });
  const alice = flow.join();
  for (const uri of ["com.myapp.topic1", "a", "Ümlaut.Großes-Thema", "com.$x.*!/", "com.\u200b"]) {
    answers(alice, uri, undefined);
  }
  for (
    const uri of ["", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\u00a0b", "a.#", "a\nb", "a\u3000"]
  ) {
    answers(alice, uri, "wamp.error.invalid_uri");
  }
  flow.ends();
});

test("Router: strict URIs have lower-case letters, digits and _ only", () => {
  const flow = new Flow({ uriRule: "strict" });
  const alice = flow.join();
  for (const uri of ["com.myapp.topic_1", "a", "0.1"]) answers(alice, uri, undefined);
  for (const uri of ["Com.myapp", "com.my-app", "com.ü", "", "a..b", "a.", "a b", "com.a\u0000"]) {
    answers(alice, uri, "wamp.error.invalid_uri");
  }
  alice.subscribes("com..x", { "match": "wildcard" });
  alice.subscribes("com.", { "match": "prefix" });
  for (const [pattern, match] of [["Com..x", "wildcard"], ["com.X", "prefix"]]) {
    alice.sends("SUBSCRIBE", ++alice.request, { "match": match }, pattern);
    alice.receives("ERROR", 32, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
  }
  flow.ends();
});

test("Router: URIs may be long, but not without limit", () => {
  const flow = new Flow();
  const alice = flow.join();
  answers(alice, "a".repeat(4096), undefined);
  answers(alice, "a".repeat(4097), "wamp.error.invalid_uri");
  flow.ends();
});

test("Router: applications cannot register or publish the protocol's URIs, but subscribe to them", () => {
  const flow = new Flow();
  const alice = flow.join();
  for (const uri of ["wamp", "wamp.x", "wamp.session.count", "wamp.error.canceled"]) {
    alice.sends("REGISTER", ++alice.request, {}, uri);
    alice.receives("ERROR", 64, alice.request, {}, "wamp.error.invalid_uri", EXPLAINED);
    alice.publishes(uri);
    const request = alice.publishes(uri, { "acknowledge": true });
    alice.receives("ERROR", 16, request, {}, "wamp.error.invalid_uri", EXPLAINED);
    alice.subscribes(uri);
  }
  for (const uri of ["wamped", "com.wamp", "wampx.y"]) {
    alice.registers(uri);
    alice.subscribes(uri);
  }
  flow.ends();
});

test("Router: a session inside the router's process may use the protocol's URIs", () => {
  const flow = new Flow();
  const [alice, trusted] = [flow.join(), flow.connect(embedded({ authid: "component" }))];
  trusted.joins({ roles: BASIC_ROLES });
  alice.subscribes("wamp.x.event");
  trusted.registers("wamp.x.procedure");
  trusted.publishes("wamp.x.event");
  alice.receives("EVENT", ID, ID, {});
  alice.calls("wamp.x.procedure");
  trusted.yields(trusted.isInvoked());
  alice.receives("RESULT", 2, {});
  flow.ends();
});
