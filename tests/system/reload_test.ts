/** A node whose configuration changes while it runs: what starts, what ends, and what goes on as if nothing had happened. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { ApplicationError, connect, ConnectError, JoinError, type Session } from "../../mod.ts";
import { ConfigError, ListenError, type Node, parseConfig, startNode } from "../../node/mod.ts";
import { CERTIFICATE_WATCH_MS } from "../../node/certificate_watch.ts";
import type { Clock } from "../../router/ports.ts";
import { systemClock } from "../../transports/clock.ts";
import { freePort, workplace, writeFiles } from "./cli_process.ts";
import { errorLog } from "../kit/error_log.ts";

type Section = Record<string, unknown>;

let place: Awaited<ReturnType<typeof workplace>>;
const errors: unknown[] = [];
const log = errorLog(errors);
before(async () => place = await workplace());
after(async () => {
  await place.remove();
  assert.deepEqual(errors, []);
});

const LOOPBACK = { type: "tcp", port: 0, interface: "127.0.0.1" };
const role = (name: string, more: Section = {}) => ({ name, "allow-by-default": true, ...more });
const realm = (
  name: string,
  roles: readonly Section[] = [role("anonymous")],
  more: Section = {},
) => ({ name, roles, ...more });
const websocket = (more: Section = {}) => ({ type: "websocket", endpoint: LOOPBACK, ...more });
const config = (worker: Section, controller: Section = {}) =>
  parseConfig({
    version: 2,
    controller,
    workers: [{
      type: "router",
      realms: [realm("realm1")],
      transports: [websocket()],
      ...worker,
    }],
  });

async function started(worker: Section): Promise<AsyncDisposable & { readonly node: Node }> {
  const node = await startNode(config(worker), { directory: place.directory, log });
  return { node, [Symbol.asyncDispose]: () => node.stop() };
}

const urlOf = (node: Node, at = 0) => node.listeners[at]?.urls[0] ?? assert.fail("no listener");
const client = (node: Node, more: Partial<Parameters<typeof connect>[0]> = {}) =>
  connect({ url: urlOf(node), realm: "realm1", ...more });
const refused = (uri: string) => (error: unknown) =>
  error instanceof ApplicationError && error.uri === uri;
const isRefused = (reason: string) => (error: unknown) =>
  error instanceof JoinError && error.reason === reason;

test("Reload: realms come and go; sessions of others do not notice", async () => {
  await using running = await started({});
  const { node } = running;
  await using here = await client(node);
  await assert.rejects(client(node, { realm: "realm2" }), isRefused("wamp.error.no_such_realm"));
  assert.deepEqual(await node.reload(config({ realms: [realm("realm1"), realm("realm2")] })), [
    'realm "realm2" started',
  ]);
  const there = await client(node, { realm: "realm2" });
  await node.reload(config({}));
  assert.equal((await there.closed).reason, "wamp.close.close_realm");
  assert.ok(here.isOpen);
});

test("Reload: sessions of a role whose permissions change go on under the new ones at once", async () => {
  await using running = await started({});
  const { node } = running;
  await using session = await client(node);
  const subscription = await session.subscribe("com.secret", () => {});
  await session.subscribe("com.open", () => {});
  const registration = await session.register("com.secret", () => {});
  const permissions = [{ uri: "com.open", allow: { subscribe: true, publish: true } }];
  const narrow = role("anonymous", { "allow-by-default": false, permissions });
  await node.reload(config({ realms: [realm("realm1", [narrow])] }));
  await assert.rejects(
    session.publish("com.secret", [], {}, { acknowledge: true }),
    refused("wamp.error.not_authorized"),
  );
  await session.publish("com.open", [], {}, { acknowledge: true });
  assert.deepEqual([subscription.isActive, registration.isActive], [false, false]);
});

test("Reload: sessions of a removed role get GOODBYE, those of others stay", async () => {
  const auth = (...names: readonly string[]) => ({
    ticket: {
      type: "static",
      principals: Object.fromEntries(names.map((name) => [name, { ticket: name, role: name }])),
    },
  });
  await using running = await started({
    realms: [realm("realm1", [role("a"), role("b")])],
    transports: [websocket({ auth: auth("a", "b") })],
  });
  const { node } = running;
  const as = (authid: string) => ({ authentication: { ticket: { authid, ticket: authid } } });
  await using a = await client(node, as("a"));
  const b = await client(node, as("b"));
  await node.reload(config({
    realms: [realm("realm1", [role("a")])],
    transports: [websocket({ auth: auth("a") })],
  }));
  const { reason, message } = await b.closed;
  assert.equal(reason, "wamp.close.killed");
  assert.match(message ?? "", /role "b" is no longer configured/);
  assert.ok(a.isOpen);
  await assert.rejects(client(node, as("b")), JoinError);
});

test("Reload: who joins anew over an old connection is judged by the new authentication", async () => {
  const auth = (ticket: string) => ({
    ticket: { type: "static", principals: { joe: { ticket, role: "anonymous" } } },
  });
  await using running = await started({ transports: [websocket({ auth: auth("old") })] });
  const { node } = running;
  const socket = new WebSocket(urlOf(node), ["wamp.2.json"]);
  const inbox: unknown[][] = [];
  let wake = () => {};
  socket.onmessage = ({ data }) => {
    inbox.push(JSON.parse(String(data)));
    wake();
  };
  const next = async () => {
    while (inbox.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return inbox.shift() ?? [];
  };
  const send = (...message: readonly unknown[]) => socket.send(JSON.stringify(message));
  const joins = async (ticket: string) => {
    const details = { authid: "joe", authmethods: ["ticket"], roles: { caller: {} } };
    send(1, "realm1", details);
    assert.equal((await next())[0], 4);
    send(5, ticket, {});
    return (await next())[0];
  };
  await new Promise((resolve) => socket.onopen = resolve);
  assert.equal(await joins("old"), 2);
  await node.reload(config({ transports: [websocket({ auth: auth("new") })] }));
  send(6, {}, "wamp.close.normal");
  assert.equal((await next())[0], 6);
  assert.equal(await joins("old"), 3);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
});

test("Reload: a secret's file with other contents counts, although the configuration is the same", async () => {
  const auth = {
    ticket: {
      type: "static",
      principals: { joe: { ticket: { file: "joe.ticket" }, role: "anonymous" } },
    },
  };
  const { chmod } = await import("node:fs/promises");
  const write = async (text: string) => {
    await writeFiles(place.directory, { "joe.ticket": text });
    await chmod(join(place.directory, "joe.ticket"), 0o600);
  };
  await write("old");
  const worker = { transports: [websocket({ auth })] };
  await using running = await started(worker);
  const { node } = running;
  const as = (ticket: string) => ({ authentication: { ticket: { authid: "joe", ticket } } });
  await using early = await client(node, as("old"));
  assert.deepEqual(await node.reload(config(worker)), []);
  await write("new");
  assert.deepEqual(await node.reload(config(worker)), ['transport "transport001" changed']);
  await assert.rejects(client(node, as("old")), JoinError);
  await using late = await client(node, as("new"));
  assert.ok(early.isOpen && late.isOpen);
});

test("Reload: transports come, move and go; a moved one keeps its sessions, a removed one says goodbye", async () => {
  await using running = await started({ transports: [websocket({ id: "first" })] });
  const { node } = running;
  const oldUrl = urlOf(node);
  await using kept = await client(node);
  const first = websocket({ id: "first", endpoint: { ...LOOPBACK, port: await freePort() } });
  const second = websocket({ id: "second" });
  assert.deepEqual(await node.reload(config({ transports: [first, second] })), [
    'transport "second" started',
    'transport "first" changed',
  ]);
  assert.notEqual(urlOf(node), oldUrl);
  await assert.rejects(connect({ url: oldUrl, realm: "realm1" }), ConnectError);
  await using moved = await client(node);
  const gone = await client(node, { url: urlOf(node, 1) });
  await node.reload(config({ transports: [first] }));
  assert.equal((await gone.closed).reason, "wamp.close.system_shutdown");
  const answers = await kept.call("wamp.session.count");
  assert.ok(moved.isOpen);
  assert.equal(answers, 2);
});

test("Reload: web services change below a running transport, also for connections that are kept alive", async () => {
  const web = (value: number, more: Section = {}) => ({
    type: "web",
    endpoint: LOOPBACK,
    paths: { "/": { type: "json", value }, ws: { type: "websocket" }, ...more },
  });
  await using running = await started({ transports: [web(1)] });
  const { node } = running;
  const url = urlOf(node).replace("ws:", "http:").replace("/ws", "/");
  const get = async (path = "") => {
    const response = await fetch(`${url}${path}`);
    return [response.status, await response.text()];
  };
  await using session = await client(node);
  assert.deepEqual(await get(), [200, "1\n"]);
  await node.reload(config({ transports: [web(2, { more: { type: "json", value: 3 } })] }));
  assert.deepEqual(await get(), [200, "2\n"]);
  assert.deepEqual(await get("more"), [200, "3\n"]);
  assert.ok(session.isOpen);
});

test("Reload: a port that is taken changes nothing at all", async () => {
  const rival = createServer();
  await new Promise<void>((resolve) => rival.listen(0, "127.0.0.1", resolve));
  const address = rival.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await using running = await started({});
  const { node } = running;
  const taken = websocket({ id: "taken", endpoint: { ...LOOPBACK, port } });
  await assert.rejects(
    node.reload(config({
      realms: [realm("realm1", []), realm("realm2")],
      transports: [websocket({ options: { auto_ping_interval: 1000 } }), taken],
    })),
    ListenError,
  );
  await using session = await client(node);
  await assert.rejects(client(node, { realm: "realm2" }), isRefused("wamp.error.no_such_realm"));
  assert.equal(node.listeners.length, 1);
  assert.ok(session.isOpen);
  rival.close();
});

test("Reload: what cannot be changed is refused by name, and a missing file, too; nothing changes then", async () => {
  await using running = await started({});
  const { node } = running;
  const strict = realm("realm1", [], { options: { uri_check: "strict" } });
  await assert.rejects(
    node.reload(config({ realms: [strict, realm("realm2")] })),
    (error) => error instanceof ConfigError && error.message.includes("restart the node"),
  );
  const tls = { key: "no.key", certificate: "no.crt" };
  await assert.rejects(
    node.reload(config({
      realms: [realm("realm1", [])],
      transports: [websocket({ endpoint: { ...LOOPBACK, tls } })],
    })),
    ConfigError,
  );
  await using session = await client(node);
  assert.ok(session.isOpen);
  await assert.rejects(client(node, { realm: "realm2" }), isRefused("wamp.error.no_such_realm"));
});

test("Reload: a node that drains or stops is not changed any more", async () => {
  await using running = await started({});
  const { node } = running;
  await node.drain(0);
  await assert.rejects(node.reload(config({ realms: [] })), /the node is stopping/);
});

test("Reload: components start, change and stop; one that throws is named, and tried again the next time", async () => {
  await writeFiles(place.directory, {
    "adder.ts": `
import type { Session } from "realmway";
export class Adder {
  readonly #step: number;
  constructor({ extra }: { extra: number }) { this.#step = extra; }
  async onJoin(session: Session) {
    if (this.#step < 0) throw new Error("no such step");
    await session.register("com.add", ([value]: readonly number[]) => value + this.#step);
  }
}
`,
  });
  const adder = (extra: number) => ({
    type: "class",
    classname: "./adder.ts:Adder",
    realm: "realm1",
    extra,
  });
  await using running = await started({});
  const { node } = running;
  await using session = await client(node);
  await node.reload(config({ components: [adder(1)] }));
  assert.equal(await session.call("com.add", [1]), 2);
  assert.deepEqual(await node.reload(config({ components: [adder(2)] })), [
    'component "component1" changed',
  ]);
  assert.equal(await session.call("com.add", [1]), 3);
  const missing = { ...adder(3), classname: "./adder.ts:Nothing" };
  await assert.rejects(node.reload(config({ components: [missing] })), /expected a class/);
  assert.equal(await session.call("com.add", [1]), 3);
  const faulty = config({ realms: [realm("realm1"), realm("realm2")], components: [adder(-1)] });
  await assert.rejects(node.reload(faulty), /in effect, but: .*no such step/);
  await assert.rejects(session.call("com.add", [1]), refused("wamp.error.no_such_procedure"));
  await assert.rejects(node.reload(faulty), /no such step/);
  await node.reload(config({}));
});

test("Reload: a connection by long-polling lives on when other services change", async () => {
  const web = (value: number) => ({
    type: "web",
    endpoint: LOOPBACK,
    paths: { "/": { type: "json", value }, lp: { type: "longpoll" } },
  });
  await using running = await started({ transports: [web(1)] });
  const { node } = running;
  const post = async (path: string, body: unknown = {}) => {
    const url = `${urlOf(node)}lp/${path}`;
    const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    return await response.text();
  };
  const { transport } = JSON.parse(await post("open", { protocols: ["wamp.2.json"] }));
  await post(`${transport}/send`, [1, "realm1", { roles: { caller: {} } }]);
  assert.equal(JSON.parse(await post(`${transport}/receive`))[0], 2);
  await node.reload(config({ transports: [web(2)] }));
  await post(`${transport}/send`, [48, 1, {}, "wamp.session.count"]);
  assert.deepEqual(JSON.parse(await post(`${transport}/receive`)), [50, 1, {}, [1]]);
  await post(`${transport}/close`);
});

test("Reload: links connect and end", async () => {
  await using far = await started({});
  await using near = await started({});
  const linked = config({
    realms: [realm("realm1", [role("anonymous")], {
      rlinks: [{
        id: "there",
        realm: "realm1",
        transport: { type: "websocket", url: urlOf(far.node) },
        forward_local_invocations: true,
        forward_remote_invocations: true,
      }],
    })],
  });
  await using callee = await client(far.node);
  await callee.register("com.far", () => "far");
  await using watcher = await client(near.node);
  const { promise, resolve } = Promise.withResolvers<void>();
  await watcher.subscribe("wamp.registration.on_create", () => resolve());
  assert.deepEqual(await near.node.reload(linked), ['link "there" of realm "realm1" started']);
  await promise;
  assert.equal(await watcher.call("com.far"), "far");
  await near.node.reload(config({}));
  await assert.rejects(watcher.call("com.far"), refused("wamp.error.no_such_procedure"));
});

const TLS = join(dirname(fileURLToPath(import.meta.url)), "..", "kit", "tls");

/** What the endpoint shows who connects: the organisation of its certificate. */
function shownAt(node: Node): Promise<string> {
  const address = node.listeners[0]?.address;
  const port = address !== undefined && "port" in address ? address.port : assert.fail("no port");
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.O));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

const useCertificate = async (name: string, key = name) => {
  await copyFile(join(TLS, `${name}.crt`), join(place.directory, "own.crt"));
  await copyFile(join(TLS, `${key}.key`), join(place.directory, "own.key"));
};
const secure = (more: Section = {}) =>
  websocket({
    endpoint: { ...LOOPBACK, tls: { key: "own.key", certificate: "own.crt" } },
    ...more,
  });

test("Reload: new connections get the new certificate, and old ones go on", async () => {
  await useCertificate("server");
  const worker = { transports: [secure()] };
  await using running = await started(worker);
  const { node } = running;
  const native = { tls: { rejectUnauthorized: false } };
  await using session = await client(node, { native });
  const before = await shownAt(node);
  await useCertificate("server2");
  assert.deepEqual(await node.reload(config(worker)), ['transport "transport001" changed']);
  assert.notEqual(await shownAt(node), before);
  assert.equal(await session.call("wamp.session.count"), 1);
  await useCertificate("server", "server2");
  await assert.rejects(node.reload(config(worker)), /private key of another certificate/);
  assert.notEqual(await shownAt(node), before);
});

test("Certificates that change are used without a reload; those that do not fit wait until they do", async () => {
  await useCertificate("server");
  const looks: (() => void)[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    after: (ms, run) => {
      if (ms !== CERTIFICATE_WATCH_MS) return systemClock.after(ms, run);
      looks.push(run);
      return { cancel: () => {} };
    },
  };
  const told: string[] = [];
  const tell = (text: string) => void told.push(text);
  const node = await startNode(config({ transports: [secure()] }), {
    directory: place.directory,
    clock,
    log: { ...log, info: tell, warn: tell },
  });
  /** Until it has looked and waits to look again. */
  const look = async () => {
    looks.shift()?.();
    while (looks.length === 0) await shownAt(node);
  };
  const before = await shownAt(node);
  await look();
  assert.equal(await shownAt(node), before);
  await useCertificate("server2", "server");
  await look();
  assert.equal(await shownAt(node), before);
  assert.ok(told.includes("The certificate of transport {transport} stays as it was: {reason}"));
  await useCertificate("server2");
  await look();
  assert.notEqual(await shownAt(node), before);
  assert.ok(told.includes("Transport {transport} has the new certificate"));
  await node.stop();
});

/** Publications with acknowledgement, and calls, as fast as they are answered. */
class Load {
  readonly #sessions: { readonly publisher: Session; readonly subscriber: Session };
  /** Of its topic and its procedure. */
  readonly #uri: string;
  readonly published: number[] = [];
  readonly received: number[] = [];
  calls = 0;
  #isOver = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(name: string, publisher: Session, subscriber: Session) {
    this.#uri = `com.load.${name}`;
    this.#sessions = { publisher, subscriber };
  }

  async start(): Promise<void> {
    const { publisher, subscriber } = this.#sessions;
    await subscriber.subscribe(this.#uri, ([value]) => void this.received.push(Number(value)));
    await subscriber.register(this.#uri, ([value]) => value);
    const publishing = async () => {
      for (let i = 0; !this.#isOver; i++) {
        await publisher.publish(this.#uri, [i], {}, { acknowledge: true });
        this.published.push(i);
      }
    };
    const calling = async () => {
      for (let i = 0; !this.#isOver; i++) {
        assert.equal(await publisher.call(this.#uri, [i]), i);
        this.calls++;
      }
    };
    this.#work = Promise.all([publishing(), calling()]);
  }

  /** Rejects when a publication or a call failed. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#work;
    // Events leave in the order of their publications, and answers behind them.
    await this.#sessions.publisher.call(this.#uri, [0]);
  }
}

test("Reload: under load every acknowledged publication and every call is accounted for", async () => {
  const worker = (round: number): Section => ({
    realms: [
      realm("realm1", [
        role("anonymous", round % 2 === 0 ? {} : { permissions: [] }),
        ...(round % 2 === 0 ? [] : [role("extra")]),
      ]),
      ...(round % 3 === 0 ? [] : [realm("realm2")]),
    ],
    transports: [
      websocket({ id: "first", options: { auto_ping_interval: 10_000 + round } }),
      ...(round % 2 === 0 ? [] : [websocket({ id: "second" })]),
    ],
  });
  await using running = await started(worker(0));
  const { node } = running;
  const pairs = await Promise.all(["one", "two"].map(async (name) => {
    const load = new Load(name, await client(node), await client(node));
    await load.start();
    return load;
  }));
  for (let round = 1; round <= 12; round++) {
    const before = pairs.map(({ published, calls }) => published.length + calls);
    await node.reload(config(worker(round)));
    await using other = await client(node);
    assert.equal(await other.call("com.load.one", [round]), round);
    // Each pair has done something meanwhile.
    while (pairs.some(({ published, calls }, i) => published.length + calls === before[i])) {
      await other.call("wamp.session.count");
    }
  }
  for (const load of pairs) await load.end();
  for (const { published, received, calls } of pairs) {
    assert.ok(calls > 0 && published.length > 0);
    // All of them, once, in order; perhaps one more, whose acknowledgement nobody waited for.
    assert.deepEqual(received.slice(0, published.length), published);
  }
});
