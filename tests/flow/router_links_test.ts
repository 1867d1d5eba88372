import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLAINED, Flow, ID } from "../kit/flow_kit.ts";

const HERE = { "authid": "somebody", "authrole": "anyone" };
const ELSEWHERE = { "session": 4711, "authid": "link", "authrole": "trusted" };

test("Router links: the way of a message, forward_for, travels with it", () => {
  const flow = new Flow();
  const [link, peer] = [flow.join(), flow.join()];
  const way = [ELSEWHERE];
  peer.sends("SUBSCRIBE", 1, {}, "com.news");
  peer.receives("SUBSCRIBED", 1, ID);
  peer.sends("REGISTER", 2, {}, "com.echo");
  peer.receives("REGISTERED", 2, ID);
  link.sends("PUBLISH", 1, { "forward_for": way }, "com.news", ["hello"]);
  peer.receives("EVENT", ID, ID, { "forward_for": way }, ["hello"]);
  link.sends("CALL", 2, { "forward_for": way }, "com.echo", ["hello"]);
  peer.receives("INVOCATION", 1, ID, { "forward_for": way }, ["hello"]);
  flow.ends();
});

test("Router links: what names a session of this realm in its way has been here, and goes no further", () => {
  const flow = new Flow();
  const [link, peer] = [flow.join(), flow.join()];
  const options = { "forward_for": [ELSEWHERE, { "session": peer.id, ...HERE }] };
  const error = "wamp.error.unavailable";
  peer.sends("SUBSCRIBE", 1, {}, "com.news");
  peer.receives("SUBSCRIBED", 1, ID);
  link.sends("PUBLISH", 1, options, "com.news", ["hello"]);
  link.sends("PUBLISH", 2, { ...options, "acknowledge": true }, "com.news", ["hello"]);
  link.receives("ERROR", 16, 2, {}, error, EXPLAINED);
  link.sends("CALL", 3, options, "com.echo");
  link.receives("ERROR", 48, 3, {}, error, EXPLAINED);
  link.sends("SUBSCRIBE", 4, options, "com.news");
  link.receives("ERROR", 32, 4, {}, error, EXPLAINED);
  link.sends("REGISTER", 5, options, "com.echo");
  link.receives("ERROR", 64, 5, {}, error, EXPLAINED);
  flow.ends();
});

test("Router links: the meta API tells by which way others hold a registration, if all do by links", () => {
  const flow = new Flow();
  const [link, peer, asker] = [flow.join(), flow.join(), flow.join()];
  const way = [ELSEWHERE];
  link.sends("REGISTER", 1, { "invoke": "roundrobin", "forward_for": way }, "com.echo");
  const [, , registration] = link.receives("REGISTERED", 1, ID);
  asker.sends("CALL", 1, {}, "wamp.registration.get", [registration]);
  asker.receives("RESULT", 1, {}, [hasWay(way)]);
  link.sends("CALL", 2, {}, "wamp.registration.get", [registration]);
  link.receives("RESULT", 2, {}, [hasWay(undefined)]);
  peer.sends("REGISTER", 1, { "invoke": "roundrobin" }, "com.echo");
  peer.receives("REGISTERED", 1, registration);
  asker.sends("CALL", 2, {}, "wamp.registration.get", [registration]);
  asker.receives("RESULT", 2, {}, [hasWay(undefined)]);
  flow.ends();
});

test("Router links: what a link held is forgotten with it, and what it holds anew is its own", () => {
  const flow = new Flow();
  const [link, asker] = [flow.join(), flow.join()];
  const way = [{ "session": 12345, "authid": "a", "authrole": "r" }];
  flow.join().subscribes("com.news", { "forward_for": way });
  const subscription = link.subscribes("com.news", { "forward_for": way });
  const wayOf = () =>
    Reflect.get(asker.calling("wamp.subscription.get", [subscription]) as object, "x_forward_for");
  assert.deepEqual(wayOf(), way);
  link.unsubscribes(subscription);
  link.subscribes("com.news");
  assert.equal(wayOf(), undefined);
  flow.ends();
});

test("Router links: a call that a link brought is not given back to it while others serve the procedure", () => {
  const flow = new Flow();
  const [link, peer] = [flow.join(), flow.join()];
  for (const callee of [link, peer]) {
    callee.sends("REGISTER", 1, { "invoke": "roundrobin" }, "com.echo");
    callee.receives("REGISTERED", 1, ID);
  }
  for (const n of [1, 2, 3]) {
    link.sends("CALL", 1 + n, { "forward_for": [ELSEWHERE] }, "com.echo");
    peer.receives("INVOCATION", n, ID, { "forward_for": [ELSEWHERE] });
    peer.sends("YIELD", n, {});
    link.receives("RESULT", 1 + n, {});
  }
  flow.ends();
});

test("Router links: a call that a link brought and that had to wait, or goes to all, is not given back to it", () => {
  const flow = new Flow({ callQueue: { limit: 10 } });
  const [link, peer, caller] = [flow.join(), flow.join(), flow.join()];
  const options = { "forward_for": [ELSEWHERE] };
  for (const callee of [peer, link]) {
    callee.registers("com.echo", { "invoke": "first", "concurrency": 1 });
  }
  caller.calls("com.echo");
  peer.receives("INVOCATION", 1, ID, {});
  link.calls("com.echo", options, ["brought"]);
  // Others do not wait behind it for the link.
  caller.calls("com.echo");
  link.receives("INVOCATION", 1, ID, {});
  caller.calls("com.echo", {}, ["waits"]);
  link.sends("YIELD", 1, {});
  caller.receives("RESULT", 2, {});
  link.receives("INVOCATION", 2, ID, {}, ["waits"]);
  peer.sends("YIELD", 1, {});
  caller.receives("RESULT", 1, {});
  peer.receives("INVOCATION", 2, ID, options, ["brought"]);
  peer.sends("YIELD", 2, {});
  link.receives("RESULT", 2, {});
  link.calls("com.echo", { ...options, "runmode": "all" });
  peer.receives("INVOCATION", 3, ID, options);
  peer.sends("YIELD", 3, {}, [1]);
  link.receives("RESULT", 3, {}, [[{ "args": [1], "kwargs": {} }]]);
  flow.ends();
});

test("Router links: a call that a link brought is unavailable where the link alone serves it", () => {
  const flow = new Flow({ callQueue: { limit: 10 } });
  const link = flow.join();
  link.registers("com.echo");
  for (const more of [{}, { "runmode": "all" }]) {
    const request = link.calls("com.echo", { "forward_for": [ELSEWHERE], ...more });
    link.receives("ERROR", 48, request, {}, "wamp.error.unavailable", EXPLAINED);
  }
  flow.ends();
});

function hasWay(way: unknown): (details: unknown) => boolean {
  return (details) =>
    typeof details === "object" && details !== null &&
    JSON.stringify(Reflect.get(details, "x_forward_for")) === JSON.stringify(way);
}
