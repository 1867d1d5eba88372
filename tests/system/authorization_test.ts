/** A node whose roles have authorizers, limits and schemas of payloads, from the configuration file on: over real connections. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Session } from "../../client/session.ts";
import { ApplicationError, connect, JoinError } from "../../mod.ts";
import { endAll, launch, run, workplace, writeFiles } from "./cli_process.ts";

after(endAll);

const everything = { call: true, register: true, publish: true, subscribe: true };
const all = [{ uri: "*", allow: everything }];

/** Who has which ticket, by authid: the ticket is the authid, the role follows. */
function auth(roles: Record<string, string>) {
  const principals = Object.fromEntries(
    Object.entries(roles).map(([authid, role]) => [authid, { ticket: authid, role }]),
  );
  return { ticket: { type: "static", principals } };
}

interface Started {
  join(authid: string): Promise<Session>;
  stop(): Promise<string>;
}

async function start(
  realm: object,
  principals: Record<string, string>,
  files: Record<string, string> = {},
): Promise<Started> {
  const transports = [{
    type: "universal",
    endpoint: { type: "tcp", port: 0, interface: "127.0.0.1" },
    rawsocket: { auth: auth(principals) },
    websocket: { "ws": { auth: auth(principals) } },
  }];
  const realms = [{ name: "realm1", ...realm }];
  const { directory, remove } = await workplace({
    version: 2,
    workers: [{ type: "router", realms, transports }],
  });
  await writeFiles(join(directory, ".realmway"), files);
  const node = launch(["start"], directory);
  await node.until(/Ready in/);
  const port = /127\.0\.0\.1:(\d+)/.exec(node.output.stdout)?.[1];
  let turn = 0;
  return {
    // Every other session by RawSocket.
    join: (authid) =>
      connect({
        url: turn++ % 2 === 0 ? `ws://127.0.0.1:${port}/ws` : `rs://127.0.0.1:${port}`,
        realm: "realm1",
        authentication: { ticket: { authid, ticket: authid } },
      }),
    stop: async () => {
      assert.equal(await node.end(), 0);
      await remove();
      return node.output.stdout + node.output.stderr;
    },
  };
}

/** The URI of the error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApplicationError) return error.uri;
    if (error instanceof JoinError) return error.reason;
    throw error;
  }
  return "none";
}

const FUNCTION = `
export function create(config: { readonly prefix: string }) {
  let asked = 0;
  return (session: { authid: string }, uri: string, action: string, options: { match?: string }) => {
    asked++;
    if (uri === "com.broken") throw new Error("the authorizer is broken");
    if (uri === "com.slow") return new Promise(() => {});
    if (uri === "com.asked") return { allow: true, cache: false, disclose: true };
    if (uri === "com.nonsense") return "yes";
    const allow = uri.startsWith(config.prefix + session.authid + ".") && action !== "register";
    return Promise.resolve({ allow, cache: true });
  };
}
`;

test("Authorization: a function of a user module decides", async () => {
  const authorizer = {
    type: "function",
    create: "./authorize.ts:create",
    config: { prefix: "com." },
    timeout: 200,
  };
  const node = await start(
    { roles: [{ name: "admin", permissions: all }, { name: "guest", authorizer }] },
    { admin: "admin", joe: "guest", jane: "guest" },
    { "authorize.ts": FUNCTION },
  );
  const [admin, joe, jane] = [
    await node.join("admin"),
    await node.join("joe"),
    await node.join("jane"),
  ];
  await admin.register("com.joe.x", () => "for joe");
  await admin.register("com.asked", (_args, _kwargs, details) => details.callerAuthid);
  assert.equal(await joe.call("com.joe.x"), "for joe");
  assert.equal(await joe.call("com.asked"), "joe");
  assert.equal(await errorOf(jane.call("com.joe.x")), "wamp.error.not_authorized");
  assert.equal(await errorOf(joe.register("com.joe.y", () => 1)), "wamp.error.not_authorized");
  // Of one session a failure is logged once a second.
  const failing = [[joe, "com.broken"], [jane, "com.slow"], [joe, "com.nonsense"]] as const;
  for (const [session, uri] of failing) {
    assert.equal(await errorOf(session.call(uri)), "wamp.error.authorization_failed");
  }
  assert.equal(await joe.call("com.joe.x"), "for joe");
  assert.equal(
    await admin.call("wamp.authorization.x_forget", [], { "authid": "joe", "action": "call" }),
    1,
  );
  const output = await node.stop();
  assert.match(output, /the authorizer is broken/);
  assert.match(output, /no answer within 200 ms/);
});

test("Authorization: a procedure decides, each time anew unless it says otherwise", async () => {
  const node = await start(
    {
      roles: [{ name: "admin", permissions: all }, { name: "guest", authorizer: "com.authorize" }],
    },
    { admin: "admin", joe: "guest" },
  );
  const [admin, joe] = [await node.join("admin"), await node.join("joe")];
  // Nobody decides yet.
  assert.equal(await errorOf(joe.call("com.joe.x")), "wamp.error.authorization_failed");
  const asked: string[] = [];
  const authorize = ([session, uri, action]: readonly [{ authid: string }, string, string]) => {
    asked.push(`${session.authid} ${action} ${uri}`);
    return uri.startsWith(`com.${session.authid}.`);
  };
  const first = await admin.register("com.authorize", authorize);
  assert.equal(
    await errorOf(joe.register("com.authorize.x", () => 1)),
    "wamp.error.not_authorized",
  );
  const events: unknown[] = [];
  await joe.subscribe("com.joe.topic", ([number]) => events.push(number));
  for (let i = 0; i < 20; i++) {
    admin.publish("com.joe.topic", [i]);
  }
  await admin.publish("com.joe.topic", ["end"], {}, { acknowledge: true });
  await joe.publish("com.joe.topic", [], {}, { acknowledge: true });
  assert.deepEqual(events, [...Array(20).keys(), "end"]);
  assert.deepEqual(asked.slice(-2), ["joe subscribe com.joe.topic", "joe publish com.joe.topic"]);
  await first.unregister();
  assert.equal(await errorOf(joe.call("com.joe.x")), "wamp.error.authorization_failed");
  // One that goes while it is asked.
  const silent = await node.join("admin");
  let tell = () => {};
  const isAsked = new Promise<void>((resolve) => tell = resolve);
  await silent.register("com.authorize", () => (tell(), new Promise(() => {})));
  const pending = errorOf(joe.call("com.joe.x"));
  await isAsked;
  await silent.leave();
  assert.equal(await pending, "wamp.error.authorization_failed");
  await node.stop();
});

test("Authorization: an authorizer that decides about itself does not wait for itself", async () => {
  const authorizer = { type: "dynamic", authorizer: "com.authorize", timeout: 20_000 };
  const node = await start(
    { roles: [{ name: "guest", authorizer }, { name: "admin", permissions: all }] },
    { joe: "guest", admin: "admin" },
  );
  const [admin, joe] = [await node.join("admin"), await node.join("joe")];
  const shared = { invoke: "roundrobin" } as const;
  await admin.register("com.authorize", () => true, shared);
  await joe.register("com.authorize", ([, uri]) => uri !== "com.secret", shared);
  await admin.leave();
  // From now on joe's own session is asked about what it does itself.
  const calls = Array.from({ length: 300 }, (_, i) => errorOf(joe.call(`com.${i}`)));
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(["wamp.error.no_such_procedure"]));
  assert.equal(await errorOf(joe.call("com.secret")), "wamp.error.not_authorized");
  await node.stop();
});

test("Authorization: payloads are checked by schemas of the file and beside it", async () => {
  const order = {
    properties: { args: { prefixItems: [{ type: "object", required: ["id"] }], minItems: 1 } },
  };
  const permissions = [
    {
      uri: "com.order",
      allow: everything,
      validate: {
        call: "order",
        call_result: { properties: { args: { items: { type: "number" } } } },
      },
    },
    { uri: "com.placed", allow: everything, validate: { event: "order" } },
    ...all,
  ];
  const node = await start(
    {
      schemas: { order: "order.json" },
      roles: [{ name: "guest", permissions }, { name: "admin", permissions: all }],
    },
    { joe: "guest", admin: "admin" },
    { "order.json": JSON.stringify(order) },
  );
  const [joe, admin] = [await node.join("joe"), await node.join("admin")];
  await admin.register("com.order", ([value]: readonly [{ id: unknown }]) => value.id);
  assert.equal(await joe.call("com.order", [{ "id": 5 }]), 5);
  for (const args of [[], [1], [{ "no": 1 }], [{ "id": "five" }]]) {
    await assert.rejects(joe.call("com.order", args), (error: ApplicationError) => {
      assert.equal(error.uri, "wamp.error.invalid_argument");
      assert.match(String(error.args[0]), /\/args/);
      return true;
    });
  }
  const publish = (args: unknown[]) => joe.publish("com.placed", args, {}, { acknowledge: true });
  assert.equal(await errorOf(publish(["x"])), "wamp.error.invalid_argument");
  assert.equal(await errorOf(publish([{ "id": 1 }])), "none");
  await node.stop();
});

test("Authorization: limits of a role hold, and leave others alone", async () => {
  const limits = {
    "sessions_per_authid": 1,
    "sessions_per_authid_policy": "kick-oldest",
    "sessions": 2,
    "subscriptions": 1,
    "message_rate": { "rate": 1, "burst": 20 },
    "message_size": 1000,
  };
  const node = await start(
    { roles: [{ name: "guest", permissions: all, limits }, { name: "admin", permissions: all }] },
    { joe: "guest", jane: "guest", jack: "guest", admin: "admin" },
  );
  const [first, admin] = [await node.join("joe"), await node.join("admin")];
  const second = await node.join("joe");
  assert.equal((await first.closed).reason, "wamp.close.killed");
  const jane = await node.join("jane");
  assert.equal(await errorOf(node.join("jack")), "realmway.error.limit_exceeded");
  await second.subscribe("com.a", () => {});
  assert.equal(await errorOf(second.subscribe("com.b", () => {})), "realmway.error.limit_exceeded");
  const large = second.publish("com.a", ["x".repeat(2000)], {}, { acknowledge: true });
  assert.equal(await errorOf(large), "wamp.error.payload_size_exceeded");
  const results = await Promise.all(
    Array.from({ length: 40 }, () => errorOf(second.call("wamp.session.count"))),
  );
  assert.ok(results.filter((error) => error === "realmway.error.limit_exceeded").length >= 15);
  assert.equal(await errorOf(jane.call("wamp.session.count")), "none");
  const counts = await admin.call<Record<string, Record<string, number>>>(
    "wamp.authorization.x_count_refused",
  );
  const { guest } = counts;
  assert.ok(guest !== undefined);
  assert.deepEqual([
    guest["kicked"],
    guest["sessions"],
    guest["subscriptions"],
    guest["message_size"],
  ], [1, 1, 1, 1]);
  await node.stop();
});

test("Authorization: a node with a module that cannot be used does not start, and says why", async () => {
  const cases: [string, RegExp][] = [
    [
      "export const other = 1;",
      /Cannot load ".*": found nothing of that name, expected a function/,
    ],
    ["export const create = 1;", /found a number of that name, expected a function/],
    [
      "export function create() { throw new Error('no database'); }",
      /Cannot make the authorizer ".*": no database/,
    ],
    ["export function create() { return 1; }", /found number, expected it to return a function/],
    ["export function create( {", /Cannot load ".*": /],
  ];
  for (const [source, expected] of cases) {
    const authorizer = { type: "function", create: "./authorize.ts:create" };
    const { directory, remove } = await workplace({
      version: 2,
      workers: [{
        type: "router",
        realms: [{ name: "realm1", roles: [{ name: "guest", authorizer }] }],
      }],
    });
    await writeFile(join(directory, ".realmway", "authorize.ts"), source);
    const { code, stdout, stderr } = await run(["start"], directory);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout + stderr, expected);
    await remove();
  }
});
