/** A node that makes realms on demand: over real sockets, with tickets, while its configuration changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, connect, JoinError } from "../../mod.ts";
import { type Node, parseConfig, RouterController, startNode } from "../../node/mod.ts";
import { Refusal } from "../../node/worker/refusal.ts";
import type { Log } from "../../router/ports.ts";
import { errorLog } from "../kit/error_log.ts";

type Section = Record<string, unknown>;

const role = (name: string, more: Section = {}) => ({ name, "allow-by-default": true, ...more });
const tenants = (more: Section = {}) => ({
  name: "tenant.*",
  roles: [role("owner", { "create_realm": true }), role("guest")],
  ...more,
});
const principals = Object.fromEntries(
  ["owner", "guest"].map((name) => [name, { ticket: `${name} ticket`, role: name }]),
);

function config(templates: readonly Section[], realms: readonly Section[] = []) {
  const auth = { ticket: { type: "static", principals } };
  const endpoint = { type: "tcp", port: 0, interface: "127.0.0.1" };
  const transports = [{ type: "websocket", endpoint, auth }];
  const lobby = { name: "lobby", roles: [role("owner"), role("guest")] };
  const worker = {
    type: "router",
    realms: [lobby, ...realms],
    "realm_templates": templates,
    transports,
  };
  return parseConfig({ version: 2, workers: [worker] });
}

/** A node whose log tells when realms are removed. */
async function started(templates: readonly Section[]) {
  const removal = Promise.withResolvers<unknown>();
  const errors: unknown[] = [];
  const log: Log = {
    ...errorLog(errors),
    info: (text, { realm }) => {
      if (text.startsWith("Realm {realm} was removed")) removal.resolve(realm);
    },
  };
  const node = await startNode(config(templates), {
    directory: import.meta.dirname ?? ".",
    log,
  });
  return {
    node,
    removed: removal.promise,
    [Symbol.asyncDispose]: async () => {
      await node.stop();
      assert.deepEqual(errors, []);
    },
  };
}

const join = (node: Node, authid: string, realm: string, ticket = `${authid} ticket`) =>
  connect({
    url: node.listeners[0]?.urls[0] ?? assert.fail("no listener"),
    realm,
    authentication: { ticket: { authid, ticket } },
  });
const isRefused = (reason: string) => (error: unknown) =>
  error instanceof JoinError && error.reason === reason;

/** By id, what the management API says of the node's realms. */
async function managed(node: Node) {
  const session = await node.management("tester");
  const router = new RouterController(session, "worker001");
  const ids = await router.realms();
  const realms = await Promise.all(ids.map((id) => router.realm(id)));
  return { session, router, realms };
}

test("Realms on demand: only who has proved to be a creator has one made; all others get in while it is there", async () => {
  await using running = await started([tenants({ "idle_timeout": 0 })]);
  const { node } = running;
  const failed = isRefused("wamp.error.authentication_denied");
  await assert.rejects(join(node, "owner", "tenant.a", "guessed"), failed);
  const missing = isRefused("wamp.error.no_such_realm");
  await assert.rejects(join(node, "guest", "tenant.a"), missing);
  for (const name of ["other.a", "tenant.a/b", "tenant.*"]) {
    await assert.rejects(join(node, "owner", name), missing);
  }
  assert.deepEqual([...node.router.realms].map(({ name }) => name), ["lobby"]);
  const owner = await join(node, "owner", "tenant.a");
  const guest = await join(node, "guest", "tenant.a");
  await owner.register("com.add", ([a, b]) => Number(a) + Number(b));
  assert.equal(await guest.call("com.add", [2, 3]), 5);
  await owner.leave();
  assert.ok(guest.isOpen);
  await guest.leave();
  assert.equal(await running.removed, "tenant.a");
  await assert.rejects(join(node, "guest", "tenant.a"), missing);
});

test("Realms on demand: the management API lists, counts and stops them, and starts others beside them", async () => {
  await using running = await started([tenants({ "max_realms": 1 })]);
  const { node } = running;
  const owner = await join(node, "owner", "tenant.a");
  await assert.rejects(join(node, "owner", "tenant.b"), isRefused("realmway.error.limit_exceeded"));
  const { session, router, realms } = await managed(node);
  assert.deepEqual(realms.map(({ id, config, roles }) => [id, config["name"], roles]), [
    ["demanded001", "tenant.a", ["role001", "role002"]],
    ["realm001", "lobby", ["role001", "role002"]],
  ]);
  const [made, written] = await Promise.all(
    ["demanded001", "realm001"].map((id) =>
      session.call("crossbar.worker.worker001.get_router_realm", [id])
    ),
  ) as Section[];
  assert.deepEqual([made?.["template"], written?.["template"]], ["template001", undefined]);
  assert.equal((await router.realmStats())["demanded001"]?.sessions, 1);
  await router.startRealm("realm2", { name: "realm2", roles: [role("guest")] });
  await router.startRole("demanded001", "watcher", role("watcher"));
  await router.stopRealm("demanded001");
  assert.equal((await owner.closed).reason, "wamp.close.close_realm");
  await using again = await join(node, "owner", "tenant.b");
  assert.ok(again.isOpen);
});

test("Realms on demand: a reload changes the roles of those that there are, and what is made from then on", async () => {
  await using running = await started([tenants()]);
  const { node } = running;
  await using owner = await join(node, "owner", "tenant.a");
  const guest = await join(node, "guest", "tenant.a");
  const narrow = {
    name: "owner",
    "create_realm": true,
    permissions: [{ uri: "com.open", allow: { publish: true } }],
  };
  assert.deepEqual(
    await node.reload(config([tenants({ roles: [narrow, role("auditor")], "max_realms": 1 })])),
    [
      'template "tenant.*" changed',
    ],
  );
  assert.equal((await guest.closed).reason, "wamp.close.killed");
  await owner.publish("com.open", [], {}, { acknowledge: true });
  await assert.rejects(
    owner.publish("com.secret", [], {}, { acknowledge: true }),
    (error: unknown) =>
      error instanceof ApplicationError && error.uri === "wamp.error.not_authorized",
  );
  await assert.rejects(join(node, "owner", "tenant.b"), isRefused("realmway.error.limit_exceeded"));
  const { realms } = await managed(node);
  const made = realms.find(({ config }) => config["name"] === "tenant.a");
  assert.deepEqual(made?.roles, ["role001", "role003"]);
});

test("Realms on demand: a template that is taken out ends its realms; a realm of the same name is refused while it is there", async () => {
  await using running = await started([tenants()]);
  const { node } = running;
  const owner = await join(node, "owner", "tenant.a");
  const wanted = { name: "tenant.a", roles: [role("owner")] };
  await assert.rejects(
    node.reload(config([tenants()], [wanted])),
    (error: unknown) =>
      error instanceof Refusal && error.message.includes("realm stop demanded001"),
  );
  assert.ok(owner.isOpen);
  assert.deepEqual(await node.reload(config([])), ['template "tenant.*" stopped']);
  assert.equal((await owner.closed).reason, "wamp.close.close_realm");
  await assert.rejects(join(node, "owner", "tenant.a"), isRefused("wamp.error.no_such_realm"));
  await node.reload(config([], [wanted]));
  await using there = await join(node, "owner", "tenant.a");
  assert.ok(there.isOpen);
});

test("Realms on demand: an authorizer of each realm decides in it, and does not keep it", async () => {
  const authorizer = { type: "dynamic", authorizer: "com.authorize" };
  const roles = [role("owner", { "create_realm": true }), { name: "guest", authorizer }];
  await using running = await started([tenants({ roles, "idle_timeout": 0 })]);
  const { node } = running;
  const owner = await join(node, "owner", "tenant.a");
  await owner.register("com.authorize", ([_session, uri]) => uri === "com.open");
  const guest = await join(node, "guest", "tenant.a");
  await guest.publish("com.open", [], {}, { acknowledge: true });
  await assert.rejects(guest.publish("com.secret", [], {}, { acknowledge: true }));
  await Promise.all([owner.leave(), guest.leave()]);
  assert.equal(await running.removed, "tenant.a");
});
