/** Workers in processes of their own, managed over the node's unix socket: routers, containers and guests that start, die and stop. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { ApplicationError, connect, JoinError, type Session } from "../../mod.ts";
import { ContainerController, NodeController, RouterController } from "../../node/mod.ts";
import { endAll, freePort, launch, type Running, workplace, writeFiles } from "./cli_process.ts";

after(endAll);

const MODULE = `
export class Teller {
  constructor({ extra }) { this.extra = extra; }
  async onJoin(session) {
    if (this.extra === "sour") throw new Error("too sour");
    await session.register("com.tell." + this.extra, () => process.pid);
  }
}
`;
const ROLE = { "name": "anonymous", "allow-by-default": true };
const tcp = (port: number, more: object = {}) => ({
  "type": "websocket",
  "endpoint": { "type": "tcp", "interface": "127.0.0.1", port, ...more },
});
const router = (port: number, realm: string, options: object = {}, more: object = {}) => ({
  "type": "router",
  "options": options,
  "realms": [{ "name": realm, "roles": [ROLE] }],
  "transports": [tcp(port, more)],
});

interface Place {
  readonly node: Running;
  readonly session: Session;
  readonly controller: NodeController;
  client(port: number, realm: string): Promise<Session>;
  /** The next event of this topic. */
  next(topic: string): Promise<{ readonly event: Promise<unknown> }>;
}

/** Runs a node with these workers and a session that manages it. */
async function withNode(workers: readonly object[], run: (place: Place) => Promise<void>) {
  const place = await workplace({
    "version": 2,
    "controller": { "management": { "socket": "management.sock" } },
    "workers": workers,
  });
  await writeFiles(join(place.directory, ".realmway"), { "teller.ts": MODULE });
  const node = launch(["start"], place.directory);
  const sessions: Session[] = [];
  const open = async (url: string, realm: string) => {
    const session = await connect({ url, realm });
    sessions.push(session);
    return session;
  };
  try {
    await node.until(/Ready in/);
    const socket = join(place.directory, ".realmway", "management.sock");
    const [session, watcher] = [
      await open(`unix+rs:${socket}`, "crossbar"),
      await open(`unix+rs:${socket}`, "crossbar"),
    ];
    await run({
      node,
      session,
      controller: new NodeController(session),
      client: (port, realm) => open(`ws://127.0.0.1:${port}/`, realm),
      next: async (topic) => {
        const { promise, resolve } = Promise.withResolvers<unknown>();
        await watcher.subscribe(topic, ([payload]) => resolve(payload));
        return { event: promise };
      },
    });
    await Promise.all(sessions.map((one) => one.leave()));
    assert.equal(await node.end(), 0);
  } finally {
    if (node.pid !== undefined) {
      try {
        node.send("SIGKILL");
      } catch {
        // It has ended, as it should.
      }
    }
    await node.ended;
    await place.remove();
  }
}

const fails = (uri: string, text = /./) => (error: unknown) =>
  error instanceof ApplicationError && error.uri === uri && text.test(error.message);

function component(port: number, extra: string) {
  return {
    "type": "class",
    "classname": "teller.Teller",
    "realm": "realm1",
    "extra": extra,
    "transport": {
      "type": "websocket",
      "url": `ws://127.0.0.1:${port}/`,
      "endpoint": { "type": "tcp", "host": "127.0.0.1", port },
    },
  };
}

test("Management of a container: components start, are listed, start anew and stop, each told to others", async () => {
  const port = await freePort();
  const container = { "type": "container", "id": "box", "components": [component(port, "tea")] };
  await withNode([router(port, "realm1"), container], async ({ session, node, client, next }) => {
    await node.until(/Component \\?"?component1\\?"? runs/);
    const box = new ContainerController(session, "box");
    assert.deepEqual(await box.components(), ["component1"]);
    const [started, restarted, stopped] = [
      await next("crossbar.worker.box.on_component_started"),
      await next("crossbar.worker.box.on_component_restarted"),
      await next("crossbar.worker.box.container.on_component_stop"),
    ];
    const config = component(port, "milk");
    const milk = await box.startComponent("milk", config);
    assert.deepEqual([milk.id, milk.config["extra"]], ["milk", "milk"]);
    assert.deepEqual(await started.event, milk);
    const peer = await client(port, "realm1");
    assert.equal(await peer.call("com.tell.milk"), await peer.call("com.tell.tea"));
    assert.deepEqual(await box.components(), ["component1", "milk"]);
    const info = await box.component("milk");
    assert.deepEqual([info.id, info.config], ["milk", milk.config]);
    assert.ok(info.uptime >= 0 && Date.parse(info.started) > 0);

    const again = await box.restartComponent("milk");
    assert.deepEqual([again.stopped.id, again.started], ["milk", milk]);
    assert.equal((again.caller as { session: number }).session, session.id);
    assert.deepEqual(await restarted.event, again);
    const told = (await stopped.event) as { id: string; uptime: number; config: object };
    assert.deepEqual([told.id, told.config], ["milk", milk.config]);
    await peer.call("com.tell.milk");

    const ended = await box.stopComponent("milk");
    assert.equal(ended["component_id"], "milk");
    await assert.rejects(peer.call("com.tell.milk"), fails("wamp.error.no_such_procedure"));
    assert.deepEqual(await box.components(), ["component1"]);
  });
});

test("Management of a container: what it refuses, and why", async () => {
  const port = await freePort();
  const container = {
    "type": "container",
    "id": "box",
    "options": { "shutdown": "shutdown-manual" },
  };
  await withNode([router(port, "realm1"), container], async ({ session, controller, node }) => {
    await until(async () => (await controller.worker("box")).status === "started" || undefined);
    const box = new ContainerController(session, "box");
    assert.deepEqual(await box.components(), []);
    const config = component(port, "tea");
    await box.startComponent("tea", config);
    await assert.rejects(
      box.startComponent("tea", config),
      fails("crossbar.error.already_running"),
    );
    await assert.rejects(
      box.startComponent("none", { ...config, "realm": "a b", "clasname": "x" }),
      fails("crossbar.error.invalid_configuration", /realm: found "a b".*clasname/s),
    );
    await assert.rejects(
      box.startComponent("none", { ...config, "classname": "teller.Nobody" }),
      fails("crossbar.error.class_import_failed"),
    );
    await assert.rejects(
      box.startComponent("none", component(port, "sour")),
      fails("crossbar.error.cannot_start", /too sour/),
    );
    await assert.rejects(
      box.startComponent("none", { ...component(1, "x"), "max_retries": 0 }),
      fails("crossbar.error.cannot_connect"),
    );
    await assert.rejects(
      session.call("crossbar.worker.box.start_component", ["x", config, true]),
      fails("crossbar.error.feature_unavailable", /start the worker anew/),
    );
    const unknown = fails("crossbar.error.no_such_object");
    for (const call of [box.component("x"), box.stopComponent("x"), box.restartComponent("x")]) {
      await assert.rejects(call, unknown);
    }
    assert.deepEqual(await box.components(), ["tea"]);
    const { pid } = await session.call<{ pid: number }>("crossbar.worker.box.get_process_info");
    assert.equal(pid, (await controller.worker("box")).pid);
    assert.deepEqual(await box.shutdown(), ["tea"]);
    await node.until(/Worker \\?"?box\\?"? ended with 0/);
    assert.equal((await controller.worker("box")).status, "stopped");
  });
});

test("Management of the node: workers of each type start, say what they print, and stop, each told to others", async () => {
  const port = await freePort();
  await withNode([router(port, "realm1")], async ({ session, controller, client, next }) => {
    const events = await Promise.all(
      [
        "on_router_starting",
        "on_router_started",
        "on_container_started",
        "on_guest_started",
        "on_stop_requested",
      ].map((event) => next(`crossbar.${event}`)),
    );
    const second = await controller.startWorker("second", "router", {});
    assert.deepEqual([second.id, second.type, second.status], ["second", "router", "started"]);
    assert.notEqual(second.pid, process.pid);
    const far = new RouterController(session, "second");
    await far.startRealm("far", { "name": "realm2", "roles": [ROLE] });
    const near = new RouterController(session, "worker001");
    const rivals = [[far, "realm1", "worker001"], [near, "realm2", "second"]] as const;
    for (const [one, realm, rival] of rivals) {
      await assert.rejects(
        one.startRealm("rival", { "name": realm }),
        fails("crossbar.error.already_running", new RegExp(`on worker "${rival}"`)),
      );
    }
    const { urls } = await far.startTransport("web", tcp(0));
    const peer = await client(Number(new URL(urls[0] ?? "").port), "realm2");
    assert.equal(peer.realm, "realm2");
    await controller.startWorker("box", "container", { "shutdown": "shutdown-manual" });
    const box = new ContainerController(session, "box");
    await box.startComponent("tea", component(port, "tea"));
    const script = 'echo one; echo two >&2; read line; echo "$line"';
    const guest = await controller.startWorker("guest", "guest", {
      "executable": "sh",
      "arguments": ["-c", script],
      "options": { "stdin": { "type": "json", "value": 3, "close": false } },
    });
    assert.deepEqual(
      (await controller.workers()).sort(),
      ["box", "guest", "second", "worker001"],
    );
    assert.deepEqual(await controller.workers("guest"), ["guest"]);
    const lines = await until(async () => {
      const found = await controller.workerLog("guest");
      return found.length === 3 ? found : undefined;
    });
    assert.deepEqual(lines.map(({ line }) => line).sort(), ["3", "one", "two"]);
    assert.equal(lines.find(({ line }) => line === "two")?.stream, "stderr");
    assert.equal((await controller.workerLog("guest", 1)).length, 1);
    await until(async () => (await controller.worker("guest")).status === "stopped" || undefined);
    await assert.rejects(
      controller.stopWorker("guest"),
      fails("crossbar.error.worker_not_running"),
    );
    const stopped = await controller.stopWorker("box");
    assert.deepEqual([stopped.id, stopped.status, stopped.kill], ["box", "stopped", false]);
    const killed = await controller.stopWorker("second", true);
    assert.equal(killed.pid, second.pid);
    assert.equal((await peer.closed).by, "transport");
    assert.deepEqual(await controller.workers("router", "container"), ["worker001"]);
    const [starting, started, container, guests, requested] = await Promise.all(
      events.map(({ event }) => event),
    ) as Record<string, unknown>[];
    assert.deepEqual(starting, { "id": "second" });
    assert.deepEqual(started, second);
    assert.equal(container?.["id"], "box");
    assert.deepEqual(guests, guest);
    assert.deepEqual([requested?.["id"], requested?.["kill"]], ["box", false]);
  });
});

test("Management of the node: which workers cannot be started, stopped or read, and why", async () => {
  const port = await freePort();
  await withNode([router(port, "realm1")], async ({ controller }) => {
    const start = (id: string, type: string, options: object) =>
      controller.startWorker(id, type, { ...options });
    await assert.rejects(
      start("worker001", "router", {}),
      fails("crossbar.error.worker_already_running"),
    );
    await assert.rejects(start("none", "proxy", {}), fails("wamp.error.invalid_argument"));
    await assert.rejects(
      start("none", "container", { "shutdwn": 1 }),
      fails("crossbar.error.invalid_configuration", /shutdwn.*did you mean "shutdown"/),
    );
    await assert.rejects(
      start("none", "guest", { "executable": "./not-there" }),
      fails("crossbar.error.invalid_configuration", /not-there/),
    );
    await assert.rejects(
      start("none", "guest", { "executable": "not-there-either" }),
      fails("crossbar.error.cannot_start"),
    );
    await start("sleeper", "guest", { "executable": "sleep", "arguments": ["100"] });
    await assert.rejects(
      start("sleeper", "guest", { "executable": "sleep", "arguments": ["100"] }),
      fails("crossbar.error.worker_already_running"),
    );
    await controller.stopWorker("sleeper");
    const unknown = fails("crossbar.error.no_such_worker");
    await assert.rejects(controller.stopWorker("sleeper"), unknown);
    await assert.rejects(controller.workerLog("sleeper"), unknown);
    await assert.rejects(
      controller.stopWorker("worker001"),
      fails("crossbar.error.stop_worker_failed", /crossbar\.shutdown/),
    );
  });
});

test("Workers: two routers are two processes; kill -9 of one leaves the node running, and restart brings it back", async () => {
  const [first, second] = [await freePort(), await freePort()];
  const options = { "restart": "restart-on-failed", "initial_retry_delay": 10 };
  const workers = [router(first, "realm1"), router(second, "realm2", options)];
  await withNode(workers, async ({ node, session, controller, client, next }) => {
    assert.deepEqual(await controller.workers("router"), ["worker001", "worker002"]);
    const { pid, status } = await controller.worker("worker002");
    assert.equal(status, "started");
    assert.notEqual(pid, node.pid);
    const [near, far] = [await client(first, "realm1"), await client(second, "realm2")];
    const far2 = new RouterController(session, "worker002");
    assert.equal((await far2.realmStats())["realm001"]?.sessions, 1);
    const ready = await next("crossbar.worker.worker002.on_worker_ready");
    process.kill(pid ?? 0, "SIGKILL");
    assert.equal((await far.closed).by, "transport");
    assert.deepEqual(await ready.event, { "id": "worker002" });
    await client(second, "realm2");
    assert.notEqual((await controller.worker("worker002")).pid, pid);
    assert.equal(near.isOpen, true);
  });
});

test("Workers: isolate gives the only router a process of its own, which containers and its components join", async () => {
  const port = await freePort();
  const isolated = {
    ...router(port, "realm1", { "isolate": true, "env": { "vars": { "OWN": "yes" } } }),
    "components": [{
      "type": "class",
      "classname": "teller.Teller",
      "realm": "realm1",
      "extra": "inside",
    }],
  };
  const container = { "type": "container", "components": [component(port, "box")] };
  await withNode([isolated, container], async ({ node, controller, client }) => {
    const { pid } = await controller.worker("worker001");
    assert.notEqual(pid, node.pid);
    await node.until(/\[\\?"?worker002\\?"?\].*Component \S*component1\S* runs/);
    const peer = await client(port, "realm1");
    assert.equal(await peer.call("com.tell.inside"), pid);
    assert.notEqual(await peer.call("com.tell.box"), pid);
  });
});

test("Workers: a router in its own process whose port is taken leaves the node running", async () => {
  const port = await freePort();
  const workers = [
    router(port, "realm1"),
    router(port, "realm2", {}, { "interface": "localhost" }),
  ];
  await withNode(workers, async ({ node, controller, client }) => {
    await node.until(/Worker \\?"?worker002\\?"? ended with 1/);
    assert.match(node.output.stdout, /worker002\\?"?\] .*Cannot listen/);
    assert.equal((await controller.worker("worker002")).status, "stopped");
    await client(port, "realm1");
    await assert.rejects(client(port, "realm2"), JoinError);
  });
});

test("Workers: routers share a port, and the system spreads connections over them", async () => {
  const port = await freePort();
  const workers = ["realm1", "realm2"].map((realm) => router(port, realm, {}, { "shared": true }));
  await withNode(workers, async ({ client }) => {
    for (const realm of ["realm1", "realm2"]) {
      // Whichever router a connection comes to, the other one refuses the realm.
      const session = await until(async () => {
        try {
          return await client(port, realm);
        } catch (error) {
          if (error instanceof JoinError && error.reason.endsWith("no_such_realm")) {
            return undefined;
          }
          throw error;
        }
      });
      assert.equal(session.realm, realm);
    }
  });
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1000; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("found it otherwise for 10 s");
}
