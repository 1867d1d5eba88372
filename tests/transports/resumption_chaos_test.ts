/** Sessions whose connections are cut at random bytes, under load: every call, event and acknowledgement exactly once. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { connect, type Session } from "../../mod.ts";
import { parseConfig, startNode } from "../../node/mod.ts";
import { CuttingProxy } from "../kit/cutting_proxy.ts";
import { FakeRandom } from "../kit/fake_random.ts";
import { errorLog } from "../kit/error_log.ts";

const PEERS = 4;
const ROUNDS = Number(process.env["REALMWAY_CHAOS_ROUNDS"] ?? 150);
const SEED = Number(process.env["REALMWAY_CHAOS_SEED"] ?? Date.now() % 1_000_000);
const AT_ONCE = 6;
const TOPIC = "com.chaos.topic";

const errors: unknown[] = [];
const log = errorLog(errors);

function config(path: string | undefined, auth?: object) {
  const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
  return parseConfig({
    version: 2,
    workers: [{
      type: "router",
      realms: [{
        name: "realm1",
        roles: [{ name: "anonymous", "allow-by-default": true }],
        resumption: { timeout: 20_000 },
      }],
      transports: [
        path === undefined
          ? { type: "rawsocket", endpoint }
          : { type: "websocket", endpoint, ...(auth && { auth }) },
      ],
    }],
  });
}

/** What one peer saw. */
class Peer {
  readonly invoked: string[] = [];
  readonly events: string[] = [];
  readonly session: Session;
  readonly #name: number;

  constructor(session: Session, name: number) {
    this.session = session;
    this.#name = name;
  }

  async prepare(): Promise<void> {
    await this.session.register(`com.chaos.echo.${this.#name}`, async ([id]) => {
      this.invoked.push(String(id));
      if (this.invoked.length % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return id;
    });
    await this.session.subscribe(TOPIC, ([id]) => void this.events.push(String(id)));
  }

  /** One call, one acknowledged publication, one that is not. */
  async act(n: number): Promise<void> {
    const padding = "x".repeat(n % 200);
    const callee = (this.#name + 1 + n % (PEERS - 1)) % PEERS;
    const call = `call ${this.#name} ${n} to ${callee}`;
    const [answer] = await Promise.all([
      this.session.call(`com.chaos.echo.${callee}`, [call, padding]),
      this.session.publish(TOPIC, [`acknowledged ${this.#name} ${n}`, padding], {}, {
        acknowledge: true,
        excludeMe: false,
      }),
    ]);
    assert.equal(answer, call);
    this.session.publish(TOPIC, [`quiet ${this.#name} ${n}`], {}, { excludeMe: false });
  }
}

async function inParallel(count: number, act: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) await act(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const [scheme, serializer] of [["ws", "json"], ["rs", "msgpack"]] as const) {
  test(`Resumption: over ${scheme} with ${serializer}, cut at random bytes, everything comes exactly once (seed ${SEED})`, async () => {
    const node = await startNode(config(scheme === "ws" ? "/" : undefined), {
      directory: ".",
      log,
    });
    const [listener] = node.listeners;
    const port = (listener?.address as { port: number }).port;
    const proxy = await CuttingProxy.open(port, new FakeRandom(SEED), 8_000);
    let resumed = 0;
    const peers: Peer[] = [];
    for (let name = 0; name < PEERS; name++) {
      const options = {
        url: `${scheme}://127.0.0.1:${proxy.port}`,
        realm: "realm1",
        serializers: [serializer],
        log,
        resumable: { onResumed: () => resumed++ },
      };
      // The first connection may be cut before there is a session.
      let session: Session | undefined;
      while (session === undefined) session = await connect(options).catch(() => undefined);
      const peer = new Peer(session, name);
      await peer.prepare();
      peers.push(peer);
    }
    await Promise.all(
      peers.map((peer) => inParallel(ROUNDS, (n) => peer.act(n))),
    );
    const published = PEERS * ROUNDS * 2;
    await until(() => peers.every(({ events }) => events.length >= published));
    assert.ok(resumed > 10, `only ${resumed} times resumed, of ${proxy.cuts} cuts`);
    for (const { session, events } of peers) {
      assert.equal(session.isOpen, true);
      assert.equal(events.length, published);
      assert.equal(new Set(events).size, published, "nothing twice");
      assert.deepEqual(events, peers[0]?.events, "the same order for all");
    }
    const calls = peers.flatMap(({ invoked }) => invoked);
    assert.equal(calls.length, PEERS * ROUNDS);
    assert.equal(new Set(calls).size, calls.length, "no call twice");
    for (const { session } of peers) await session.leave();
    await proxy.close();
    await node.stop();
    assert.deepEqual(errors, []);
  });
}

test("Resumption: with proof at each connection, of arguments as they were when they were sent", async () => {
  const users = { joe: { secret: "secret", role: "anonymous" } };
  const node = await startNode(config("/", { wampcra: { type: "static", users } }), {
    directory: ".",
    log,
  });
  const [listener] = node.listeners;
  const port = (listener?.address as { port: number }).port;
  const proxy = await CuttingProxy.open(port, new FakeRandom(1), 2 ** 30);
  const told: string[] = [];
  const session = await connect({
    url: `ws://127.0.0.1:${proxy.port}`,
    realm: "realm1",
    authentication: { wampcra: { authid: "joe", secret: "secret" } },
    resumable: {
      onLost: () => {
        told.push("lost");
        const args = [{ items: ["first"] }];
        session.publish(TOPIC, args, {}, { excludeMe: false });
        args[0]?.items.push("later");
        void session.call("wamp.session.count").then((count) => told.push(`count ${count}`));
      },
      onResumed: () => told.push("resumed"),
    },
  });
  await session.subscribe(TOPIC, ([value]) => void told.push(JSON.stringify(value)));
  proxy.cutAll();
  await until(() => told.length === 4);
  assert.deepEqual(told, ["lost", "resumed", '{"items":["first"]}', "count 1"]);
  assert.equal(session.authid, "joe");
  // A router that is gone for good: the session ends when its time is over, or when it says goodbye.
  await session.leave();
  await proxy.close();
  await node.stop();
});
