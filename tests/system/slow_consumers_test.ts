/** Peers that really do not read, over real sockets: what the policy of their role makes of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { test } from "node:test";
import { connect, type Session } from "../../mod.ts";
import { type Node, parseConfig, RouterController, startNode } from "../../node/mod.ts";
import { workplace } from "./cli_process.ts";
import { errorLog } from "../kit/error_log.ts";

const LIMIT = 262_144;
const EVENTS = 24_000;
const PAYLOAD = "x".repeat(1024);

/** A RawSocket client with JSON that reads only when it is told to. */
class Reader {
  readonly messages: unknown[][] = [];
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #isShaken = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => {});
    socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0));
  }

  static async open(port: number): Promise<Reader> {
    const socket = connectSocket(port, "127.0.0.1");
    await once(socket, "connect");
    return new Reader(socket);
  }

  send(message: unknown): void {
    const body = Buffer.from(JSON.stringify(message));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    this.#socket.write(Buffer.concat([head, body]));
  }

  stop(): void {
    this.#socket.pause();
  }

  goOn(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  until(isIt: (message: unknown[]) => boolean): Promise<void> {
    return until(() => this.messages.some(isIt));
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#isShaken && this.#bytes.length >= 4) {
      this.#isShaken = true;
      this.#bytes = this.#bytes.subarray(4);
    }
    while (this.#isShaken && this.#bytes.length >= 4) {
      const length = this.#bytes.readUInt32BE() & 0xffffff;
      const isMessage = this.#bytes[0] === 0;
      if (this.#bytes.length < 4 + length) return;
      const body = this.#bytes.subarray(4, 4 + length);
      this.#bytes = this.#bytes.subarray(4 + length);
      if (isMessage) this.messages.push(JSON.parse(body.toString()));
    }
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!isSo()) {
    assert.ok(Date.now() < deadline, "found it not so in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function withReader(
  policy: string,
  run: (node: Node, reader: Reader, publisher: Session) => Promise<void>,
): Promise<void> {
  const place = await workplace();
  const errors: unknown[] = [];
  const log = errorLog(errors);
  const endpoint = { type: "tcp", port: 0, interface: "127.0.0.1" };
  const slowConsumers = { policy, limit: LIMIT, pause: 300 };
  const node = await startNode(
    parseConfig({
      version: 2,
      workers: [{
        type: "router",
        realms: [{
          name: "realm1",
          roles: [
            { name: "feed", "allow-by-default": true, "slow_consumers": slowConsumers },
            { name: "anonymous", "allow-by-default": true },
          ],
        }],
        transports: [
          {
            type: "rawsocket",
            endpoint,
            auth: { anonymous: { type: "static", role: "feed" } },
          },
          { type: "websocket", endpoint },
        ],
      }],
    }),
    { directory: place.directory, log },
  );
  const [rawsocket, websocket] = node.listeners;
  const { address } = rawsocket ?? assert.fail("no listener");
  const reader = await Reader.open("port" in address ? address.port : 0);
  const publisher = await connect({ url: websocket?.urls[0] ?? "", realm: "realm1" });
  try {
    reader.send([1, "realm1", { roles: { subscriber: {} } }]);
    await reader.until(([type]) => type === 2);
    reader.send([32, 1, {}, "com.example.feed"]);
    await reader.until(([type]) => type === 33);
    reader.stop();
    await run(node, reader, publisher);
  } finally {
    reader.close();
    await publisher.leave();
    await node.stop();
    await place.remove();
  }
  assert.deepEqual(errors, []);
}

async function publishAll(publisher: Session): Promise<void> {
  for (let n = 1; n <= EVENTS; n++) {
    if (n % 1000 === 0 || n === EVENTS) {
      await publisher.publish("com.example.feed", [n, PAYLOAD], {}, { acknowledge: true });
    } else publisher.publish("com.example.feed", [n, PAYLOAD]);
  }
}

const numberOf = (message: unknown[]) => (message[4] as [number])[0];
const isLast = (message: unknown[]) => message[0] === 36 && numberOf(message) === EVENTS;

for (const policy of ["drop-oldest", "pause-publisher"]) {
  test(`Slow consumers: ${policy} gives a reader that was away the latest events, in order`, () =>
    withReader(policy, async (node, reader, publisher) => {
      let told = 0;
      await publisher.subscribe(
        "wamp.session.on_caught_up",
        ([, { dropped }]: readonly [number, { dropped: number }]) => void (told += dropped),
      );
      await publishAll(publisher);
      const router = new RouterController(await node.management("test"), "worker001");
      const [slow, ...others] = await router.slowConsumers("realm001");
      assert.deepEqual([slow?.authrole, slow?.behind, others.length], ["feed", true, 0]);
      assert.ok((slow?.waiting ?? 0) > LIMIT, `${slow?.waiting} bytes wait`);
      const figures = async () => (await router.realmStats())["realm001"]?.["slow_consumers"];
      assert.equal((await figures())?.behind, 1);
      reader.goOn();
      await reader.until(isLast);
      const numbers = reader.messages.filter(([type]) => type === 36).map(numberOf);
      assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
      const dropped = EVENTS - numbers.length;
      assert.ok(dropped > 0, "nothing was dropped");
      await until(() => told === dropped);
      const stats = node.router.realm("realm1")?.slowConsumers.stats;
      assert.equal(stats?.droppedEvents, dropped);
      assert.equal((stats?.pauses ?? 0) > 0, policy === "pause-publisher");
      const after = await figures();
      assert.deepEqual([after?.behind, after?.["dropped_events"]], [0, dropped]);
      assert.deepEqual(await router.slowConsumers("realm001"), []);
      await router.session.leave();
    }));
}

test("Slow consumers: close drops the connection of a reader that was away", () =>
  withReader("close", async (node, _reader, publisher) => {
    await publishAll(publisher);
    assert.equal(node.router.realm("realm1")?.slowConsumers.stats.closed, 1);
    assert.equal(await publisher.call("wamp.session.count"), 1);
  }));
