/** The management API: a node as a process, driven over its unix socket. */
import assert from "node:assert/strict";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApplicationError, connect, JoinError, type Session } from "../../mod.ts";
import {
  ConfigError,
  NodeController,
  parseConfig,
  type RealmStats,
  RouterController,
  startNode,
} from "../../node/mod.ts";
import { endAll, launch, type Running, workplace } from "./cli_process.ts";

let place: Awaited<ReturnType<typeof workplace>>;
let node: Running;
let port: number;
let session: Session;
let router: RouterController;

const ROLE = { "name": "anonymous", "allow-by-default": true };
const CONFIG = {
  "version": 2,
  "controller": { "id": "node1", "management": { "socket": "management.sock" } },
  "workers": [{
    "type": "router",
    "realms": [{ "name": "realm1", "roles": [ROLE] }],
    "transports": [{
      "type": "web",
      "endpoint": { "type": "tcp", "interface": "127.0.0.1", "port": 0 },
      "paths": { "/": { "type": "json", "value": 1 }, "ws": { "type": "websocket" } },
    }],
  }],
};

const socket = () => join(place.directory, ".realmway", "management.sock");

before(async () => {
  place = await workplace(CONFIG);
  node = launch(["start"], place.directory);
  const [, found] = await node.until(/ws:\/\/127\.0\.0\.1:(\d+)/);
  port = Number(found);
  await node.until(/Ready in/);
  session = await manager();
  router = new RouterController(session, "worker001");
});
after(async () => {
  await session?.leave();
  await node?.end();
  endAll();
  await place?.remove();
});

const manager = () => connect({ url: `unix+rs:${socket()}`, realm: "crossbar" });
const client = (realm = "realm1", at = port, path = "ws") =>
  connect({ url: `ws://127.0.0.1:${at}/${path}`, realm });
const fails = (uri: string) => (error: unknown) =>
  error instanceof ApplicationError && error.uri === uri;

/** The next event of a topic below the worker's prefix. */
async function next(event: string, by: Session): Promise<{ readonly event: Promise<unknown> }> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  await by.subscribe(`crossbar.worker.worker001.${event}`, ([payload]) => resolve(payload));
  return { event: promise };
}

const websocket = (more: object = {}) => ({
  "type": "websocket",
  "endpoint": { "type": "tcp", "interface": "127.0.0.1", "port": 0 },
  ...more,
});

function portOf(urls: readonly string[]): number {
  return Number(new URL(urls[0] ?? "").port);
}

test("Management: the socket is for the node's own user alone", async () => {
  assert.equal((await stat(socket())).mode & 0o777, 0o600);
});

test("Management: what the configuration has is listed", async () => {
  assert.deepEqual(await router.realms(), ["realm001"]);
  const realm = await router.realmByName("realm1");
  assert.deepEqual([realm.id, realm.roles, realm.rlinks], ["realm001", ["role001"], []]);
  assert.deepEqual(await router.realm("realm001"), realm);
  assert.deepEqual((await router.roles("realm001")).map(({ id }) => id), ["role001"]);
  const [transport] = await router.transports();
  assert.deepEqual([transport?.id, transport?.type, transport?.state], ["transport001", "web", 3]);
  assert.deepEqual(await router.services("transport001"), ["/", "ws"]);
});

test("Management: a realm starts with the roles of its configuration, once told to others, and stops with GOODBYE", async () => {
  await using other = await manager();
  const started = await next("on_realm_started", other);
  const ended = await next("on_realm_stopped", other);
  const info = await router.startRealm("extra", { "name": "realm2", "roles": [ROLE] });
  assert.deepEqual(info.roles, ["role001"]);
  assert.equal(await started.event, "extra");
  const peer = await client("realm2");
  const stopped = await router.stopRealm("extra");
  assert.deepEqual(stopped, { "id": "extra", "name": "realm2", "detached_sessions": [peer.id] });
  assert.equal((await peer.closed).reason, "wamp.close.close_realm");
  assert.equal(await ended.event, "extra");
  await assert.rejects(client("realm2"), JoinError);
});

test("Management: realms are refused with the errors of the reference", async () => {
  await assert.rejects(router.realm("nowhere"), fails("crossbar.error.no_such_object"));
  await assert.rejects(router.stopRealm("nowhere"), fails("crossbar.error.no_such_object"));
  await assert.rejects(router.realmByName("x"), fails("crossbar.error.no_such_object"));
  const already = fails("crossbar.error.already_running");
  await assert.rejects(router.startRealm("realm001", { "name": "realm9" }), already);
  await assert.rejects(router.startRealm("realm9", { "name": "realm1" }), already);
  const error = await router.startRealm("realm9", { "name": "a b", "rolls": [] }).catch((e) => e);
  assert.equal(error.uri, "crossbar.error.invalid_configuration");
  assert.match(error.message, /name: found "a b".*rolls: found an unknown key.*"roles"/);
  await assert.rejects(
    session.call("crossbar.worker.worker001.get_router_realm"),
    fails("wamp.error.invalid_argument"),
  );
});

test("Management: arguments may be given by name, as Autobahn's clients do", async () => {
  const found = await session.call("crossbar.worker.worker001.get_router_realm", [], {
    "realm_id": "realm001",
  });
  assert.equal((found as { id: string }).id, "realm001");
});

test("Management: a role that is stopped takes its sessions' rights, and gives them back when it starts again", async () => {
  await router.startRealm("rights", { "name": "rights1", "roles": [ROLE] });
  await using peer = await client("rights1");
  await peer.publish("com.a", [], {}, { acknowledge: true });
  const { id, config } = await router.stopRole("rights", "role001");
  assert.equal(id, "role001");
  await assert.rejects(
    peer.publish("com.a", [], {}, { acknowledge: true }),
    fails("wamp.error.not_authorized"),
  );
  await assert.rejects(client("rights1"), JoinError);
  const again = await router.startRole("rights", "role001", config);
  assert.deepEqual(again.config, { ...config, "id": "role001" });
  await peer.publish("com.a", [], {}, { acknowledge: true });
  const exists = fails("crossbar.error.already_exists");
  await assert.rejects(router.startRole("rights", "role001", { "name": "b" }), exists);
  await assert.rejects(router.startRole("rights", "role002", ROLE), exists);
  await assert.rejects(router.startRole("rights", "role002", { "name": "trusted" }), exists);
  await assert.rejects(
    router.startRole("rights", "role002", {
      "name": "b",
      "allow-by-default": true,
      "authorizer": "com.auth",
    }),
    fails("crossbar.error.invalid_configuration"),
  );
  await assert.rejects(router.stopRole("rights", "role9"), fails("crossbar.error.no_such_object"));
  await peer.leave();
  await router.stopRealm("rights");
});

test("Management: a transport starts, is reached, and says GOODBYE to its clients when it stops", async () => {
  await using other = await manager();
  const seen = await Promise.all(
    ["starting", "started", "stopping", "stopped"]
      .map((what) => next(`on_router_transport_${what}`, other)),
  );
  const { urls, state } = await router.startTransport("more", websocket());
  assert.equal(state, 3);
  const peer = await connect({ url: urls[0] ?? "", realm: "realm1" });
  const bystander = await client();
  assert.equal((await router.stopTransport("more")).state, 6);
  assert.equal((await peer.closed).reason, "wamp.close.system_shutdown");
  await assert.rejects(connect({ url: urls[0] ?? "", realm: "realm1" }));
  assert.equal(bystander.isOpen, true);
  await bystander.leave();
  for (const { event } of seen) assert.deepEqual(await event, { "id": "more" });
});

test("Management: transports are refused with the errors of the reference", async () => {
  const already = fails("crossbar.error.already_running");
  await assert.rejects(router.startTransport("transport001", websocket()), already);
  await assert.rejects(
    router.startTransport("more", websocket({ "auth": { "x": {} } })),
    fails("crossbar.error.invalid_configuration"),
  );
  const taken = { "type": "unix", "path": "missing/folder/x.sock" };
  await assert.rejects(
    router.startTransport("more", { "type": "rawsocket", "endpoint": taken }),
    fails("crossbar.error.cannot_listen"),
  );
  await assert.rejects(router.stopTransport("more"), fails("crossbar.error.not_running"));
  await assert.rejects(router.transport("more"), fails("crossbar.error.no_such_object"));
});

test("Management: services of a web transport come and go below their paths", async () => {
  const web = {
    "type": "web",
    "endpoint": { "type": "tcp", "interface": "127.0.0.1", "port": 0 },
    "paths": { "/": { "type": "json", "value": "root" } },
  };
  const { urls } = await router.startTransport("web1", web);
  const at = portOf(urls);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${at}/${path}`);
    return [response.status, (await response.text()).trim()];
  };
  assert.equal((await get(""))[0], 404);
  await router.startService("web1", "info", { "type": "json", "value": 7 });
  assert.deepEqual(await get("info"), [200, "7"]);
  await router.startService("web1", "wamp", { "type": "websocket" });
  await using peer = await client("realm1", at, "wamp");
  assert.equal(peer.isOpen, true);
  assert.deepEqual(await router.services("web1"), ["info", "wamp"]);
  await router.stopService("web1", "info");
  assert.equal((await get("info"))[0], 404);
  await router.stopService("web1", "wamp");
  await assert.rejects(client("realm1", at, "wamp"));
  const dead = fails("crossbar.error.not_running");
  await assert.rejects(router.stopService("web1", "info"), dead);
  await assert.rejects(router.services("nowhere"), dead);
  await peer.leave();
  await router.stopTransport("web1");
  const { urls: full } = await router.startTransport("web1", web, true);
  const response = await fetch(`http://127.0.0.1:${portOf(full)}/`);
  assert.equal((await response.text()).trim(), '"root"');
  await router.stopTransport("web1");
});

test("Management: a component starts when it is ready, is listed and stops", async () => {
  await writeFile(
    join(place.directory, ".realmway", "adder.ts"),
    "export class Adder { async onJoin(session) { " +
      "await session.register('com.add', ([a, b]) => a + b); } }",
  );
  const config = { "type": "class", "classname": "./adder.ts:Adder", "realm": "realm1" };
  assert.deepEqual(await router.startComponent("adder", config), { "id": "adder" });
  await using peer = await client();
  assert.equal(await peer.call("com.add", [2, 3]), 5);
  assert.deepEqual((await router.components()).map(({ id }) => id), ["adder"]);
  assert.ok((await router.component("adder")).uptime >= 0);
  await assert.rejects(
    router.startComponent("adder", config),
    fails("crossbar.error.already_running"),
  );
  await router.stopComponent("adder");
  await assert.rejects(peer.call("com.add", [2, 3]), fails("wamp.error.no_such_procedure"));
  const unknown = fails("crossbar.error.no_such_object");
  await assert.rejects(router.stopComponent("adder"), unknown);
  await assert.rejects(router.component("adder"), unknown);
  await assert.rejects(
    router.startComponent("other", { ...config, "classname": "./adder.ts:Missing" }),
    fails("crossbar.error.class_import_failed"),
  );
});

test("Management: a link starts, is listed and stops, for good", async () => {
  const [transport] = await router.transports();
  await router.startRealm("far", { "name": "far1", "roles": [ROLE] });
  const url = transport?.urls.find((one) => one.startsWith("ws:")) ?? "";
  const link = { "realm": "far1", "transport": { "type": "websocket", "url": url } };
  const info = await router.startLink("realm001", "link1", link);
  assert.equal(info.id, "link1");
  for (let tries = 0; !(await router.link("realm001", "link1")).connected; tries++) {
    assert.ok(tries < 500, "found it unconnected, expected a connection");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(await router.links("realm001"), ["link1"]);
  await assert.rejects(
    router.startLink("realm001", "link1", link),
    fails("crossbar.error.already_running"),
  );
  assert.equal((await router.stopLink("realm001", "link1")).connected, false);
  assert.deepEqual(await router.links("realm001"), []);
  await assert.rejects(
    router.stopLink("realm001", "link1"),
    fails("crossbar.error.no_such_object"),
  );
  assert.deepEqual((await router.stopRealm("far")).detached_sessions, []);
});

test("Management: sessions of an authid are told to leave, with the reason and message given", async () => {
  const peer = await client();
  const killed = await router.killByAuthid("realm001", peer.authid ?? "", "com.bye", "Enough");
  assert.deepEqual(killed, [peer.id]);
  const { reason, message } = await peer.closed;
  assert.deepEqual([reason, message], ["com.bye", "Enough"]);
});

test("Management: statistics count sessions and messages by type", async () => {
  await using peer = await client();
  const before = (await router.realmStats("realm001"))["realm001"];
  await peer.publish("com.a", [], {}, { acknowledge: true });
  const after = (await router.realmStats())["realm001"];
  assert.equal(after?.sessions, 1);
  const counted = (stats: RealmStats | undefined, way: "sent" | "received", type: string) =>
    stats?.messages[way][type] ?? 0;
  assert.equal(
    counted(after, "received", "publish") - counted(before, "received", "publish"),
    1,
  );
  assert.equal(counted(after, "sent", "published") - counted(before, "sent", "published"), 1);
  assert.deepEqual(await router.slowConsumers("realm001"), []);
  const figures = await router.transportStats("transport001");
  assert.deepEqual(figures, await router.transportStats());
  const { messages, bytes } = figures["transport001"] ?? assert.fail("found no figures");
  assert.ok(messages.received > 0 && bytes.sent > messages.sent);
  await assert.rejects(router.transportStats("x"), fails("crossbar.error.no_such_object"));
});

test("Management: the node tells of itself and its workers, and refuses by name what it cannot", async () => {
  const controller = new NodeController(session);
  const status = await controller.status();
  assert.deepEqual([status.id, status.workers], ["node1", ["worker001"]]);
  assert.deepEqual(await controller.workers("guest"), []);
  assert.deepEqual(await controller.workers(), ["worker001"]);
  const worker = await controller.worker("worker001");
  assert.deepEqual([worker.type, worker.pid], ["router", node.pid]);
  await assert.rejects(controller.worker("x"), fails("crossbar.error.no_such_worker"));
  const unavailable = fails("crossbar.error.feature_unavailable");
  await assert.rejects(session.call("crossbar.sign", ["a"]), unavailable);
  await assert.rejects(session.call("crossbar.worker.worker001.start_manhole"), unavailable);
});

test("Management: crossbar.shutdown ends the node, with code 0", async () => {
  await mkdir(join(place.directory, ".realmway2"));
  await writeFile(
    join(place.directory, ".realmway2", "config.json"),
    JSON.stringify(CONFIG),
  );
  const second = launch(
    ["start", "--cbdir", ".realmway2"],
    place.directory,
  );
  await second.until(/Ready in/);
  const operator = await connect({
    url: `unix+rs:${join(place.directory, ".realmway2", "management.sock")}`,
    realm: "crossbar",
  });
  await new NodeController(operator).shutdown();
  assert.equal(await second.ended, 0);
  assert.match(second.output.stdout, /asked for it by the management API/);
});

test("Management: transports of the configuration lead to it by authentication, under roles of their own", async () => {
  const watcher = {
    "name": "watcher",
    "permissions": [{
      "uri": "crossbar.worker.*.get_router_realms",
      "allow": { "call": true },
    }],
  };
  const config = parseConfig({
    "version": 2,
    "controller": {
      "management": {
        "roles": [watcher],
        "transports": [
          websocket({
            "endpoint": { "type": "unix", "path": "ticket.sock" },
            "auth": {
              "ticket": {
                "type": "static",
                "principals": { "joe": { "ticket": "secret", "role": "watcher" } },
              },
            },
          }),
          websocket({ "endpoint": { "type": "unix", "path": "open.sock" } }),
        ],
      },
    },
    "workers": [{ "type": "router" }],
  });
  const embedded = await startNode(config, { directory: place.directory });
  try {
    const joe = await connect({
      url: `unix+ws:${join(place.directory, "ticket.sock")}`,
      realm: "crossbar",
      authentication: { ticket: { authid: "joe", ticket: "secret" } },
    }).catch((error) => error);
    if (joe instanceof Error) throw joe;
    const watch = new RouterController(joe, "worker001");
    assert.deepEqual(await watch.realms(), []);
    await assert.rejects(watch.transports(), fails("wamp.error.not_authorized"));
    await joe.leave();
    await assert.rejects(
      connect({ url: `unix+ws:${join(place.directory, "open.sock")}`, realm: "crossbar" }),
      JoinError,
    );
    await using inside = await embedded.management("program");
    const router = new RouterController(inside, "worker001");
    assert.deepEqual(await router.transports(), []);
  } finally {
    await embedded.stop();
  }
});

test("Management: names that are the node's own are refused in the configuration", () => {
  const config = (management: object, realm: string) => () =>
    parseConfig({
      "version": 2,
      "controller": { "management": management },
      "workers": [{ "type": "router", "realms": [{ "name": realm }] }],
    });
  assert.throws(config({}, "crossbar"), ConfigError);
  assert.throws(config({ "roles": [{ "name": "operator" }] }, "realm1"), ConfigError);
  assert.throws(config({ "roles": [{ "name": "anonymous" }] }, "realm1"), ConfigError);
});

test("Management: a component that joins the management realm manages the node it runs in", async () => {
  await writeFile(
    join(place.directory, ".realmway", "manager.ts"),
    "export class Manager { async onJoin(session) { " +
      "const ids = await session.call('crossbar.worker.worker001.get_router_realms'); " +
      "await session.register('com.seen', () => ids); } }",
  );
  const config = { "type": "class", "classname": "./manager.ts:Manager", "realm": "crossbar" };
  await assert.rejects(
    router.startComponent("manager", config),
    fails("wamp.error.no_such_role"),
    "under the role anonymous",
  );
  await router.startComponent("manager", { ...config, "role": "operator" });
  assert.deepEqual(await session.call("com.seen"), ["realm001"]);
  await router.stopComponent("manager");
});
