/** A node at its limits: who is refused is told why and counted, and who is there goes on. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect, type Dial, JoinError, type Session } from "../../mod.ts";
import { dial as dialTransport } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { json } from "../../wamp/codec/json.ts";
import { endAll, launch, openConfig, type Running, workplace } from "./cli_process.ts";

after(endAll);

const NO_PROC = existsSync("/proc/self/limits") ? false : "needs /proc";
const host = new TransportHost({ onFault: (error) => assert.fail(String(error)) });

interface Stats {
  readonly memory: { readonly rss: number };
  readonly "memory_limit": number | null;
  readonly "event_loop": { readonly lag: number; readonly most: number };
  readonly descriptors: { readonly open: number; readonly limit: number };
  readonly refused: Readonly<Record<string, number>>;
}

interface Limited {
  readonly node: Running;
  readonly port: number;
  /** By the management API, whose sessions no limit keeps out. */
  stats(): Promise<Stats>;
  end(): Promise<void>;
}

async function start(limits: object, endpoint: object = {}, prefix?: string[]): Promise<Limited> {
  const config = openConfig([{
    "type": "universal",
    "endpoint": { "type": "tcp", "port": 0, "interface": "127.0.0.1", ...endpoint },
    "rawsocket": {},
    "websocket": { "ws": {} },
  }]);
  const [router] = config.workers;
  const { directory, remove } = await workplace({
    ...config,
    "controller": { "management": { "socket": "m.sock" } },
    "workers": [{ ...router, "options": { "limits": limits } }],
  });
  const node = launch(["start", "--logformat", "json"], directory, {}, "main.ts", prefix);
  await node.until(/Ready in/);
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(node.output.stdout)?.[1]);
  const url = `unix+rs:${join(directory, ".realmway", "m.sock")}`;
  return {
    node,
    port,
    stats: async () => {
      await using operator = await connect({ url, realm: "crossbar" });
      return await operator.call<Stats>("crossbar.worker.worker001.get_process_stats");
    },
    end: async () => {
      assert.equal(await node.end(), 0);
      await remove();
    },
  };
}

function joined(
  port: number,
  headers: Record<string, string> = {},
  timeoutMs = 10_000,
): Promise<Session> {
  const url = `ws://127.0.0.1:${port}/ws`;
  const dial: Dial = ({ signal }, attach) =>
    dialTransport({ url, codecs: [json], headers, signal, host }, attach);
  return connect({ url, realm: "realm1", dial, timeoutMs });
}

/** Why somebody who wants to join may not. */
async function refusal(joining: Promise<Session>): Promise<string> {
  try {
    const session = await joining;
    await session.leave();
    return "admitted";
  } catch (error) {
    if (error instanceof JoinError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

test("Limits: above the memory watermark new sessions get an ABORT, and those that there are go on", async () => {
  const measured = await start({});
  const { memory, memory_limit: byDefault } = await measured.stats();
  assert.ok(byDefault !== null && byDefault > memory.rss);
  await measured.end();

  const { port, stats, end, node } = await start({ "memory": memory.rss + 30_000_000 });
  const early = await joined(port);
  await early.register("com.example.echo", ([value]) => value);
  let answer = "admitted";
  for (let mib = 0; mib < 60 && answer === "admitted"; mib++) {
    const options = { acknowledge: true, retain: true };
    await early.publish(`com.example.topic${mib}`, ["x".repeat(1024 * 1024)], {}, options);
    answer = await refusal(joined(port));
  }
  for (let tries = 0; tries < 200 && answer === "admitted"; tries++) {
    answer = await refusal(joined(port));
  }
  assert.match(
    answer,
    /realmway\.error\.limit_exceeded: .*the router has no memory to spare, try again later/,
  );
  assert.equal(await early.call("com.example.echo", ["still here"]), "still here");
  assert.ok(((await stats()).refused["memory"] ?? 0) >= 1);
  await node.until(/Refusing new sessions: .*memory is above the watermark/);
  await early.leave();
  await end();
});

test("Limits: handshakes beyond the rate get an ABORT", async () => {
  const { port, stats, end } = await start({ "handshakes": 1, "handshakes_burst": 3 });
  const answers: string[] = [];
  for (let i = 0; i < 10; i++) answers.push(await refusal(joined(port)));
  assert.deepEqual(answers.slice(0, 3), ["admitted", "admitted", "admitted"]);
  const refused = answers.filter((answer) => answer !== "admitted");
  assert.ok(refused.length > 0);
  for (const answer of refused) {
    assert.match(answer, /limit_exceeded: .*more than 1 handshakes a second, try again later/);
  }
  assert.equal((await stats()).refused["handshakes"], refused.length);
  await end();
});

test("Limits: an address behind a trusted proxy has its own sessions, and a place again when one leaves", async () => {
  const proxies = { "trusted_proxies": ["127.0.0.1"] };
  const { port, stats, end } = await start({ "sessions_per_address": 2 }, proxies);
  const one = { "X-Forwarded-For": "192.0.2.1" };
  const [first, second] = [await joined(port, one), await joined(port, one)];
  assert.match(
    await refusal(joined(port, one)),
    /limit_exceeded: .*found 2 sessions of this address, expected no more/,
  );
  const other = await joined(port, { "X-Forwarded-For": "192.0.2.2" });
  // The connection's end frees the place, a moment after the session's.
  await first.leave();
  let answer = "";
  for (let i = 0; i < 200 && answer !== "admitted"; i++) answer = await refusal(joined(port, one));
  assert.equal(answer, "admitted");
  assert.ok(((await stats()).refused["sessions_per_address"] ?? 0) >= 1);
  await Promise.all([second.leave(), other.leave()]);
  await end();
});

/** What a RawSocket handshake is answered with; "cut" when the connection ends without answer. */
function handshake(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on("data", (bytes) => resolve(bytes.toString("hex")));
    socket.on("error", () => resolve("cut"));
    socket.on("close", () => resolve("cut"));
    socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0));
  });
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host: "127.0.0.1", port });
    socket.on("error", () => resolve(socket));
    socket.on("connect", () => resolve(socket));
  });
}

test(
  "Limits: near the limit of descriptors handshakes are refused with a reason, at it connections are cut off; who is there goes on, and later others join",
  { skip: NO_PROC },
  async (t) => {
    const limited = ["sh", "-c", 'ulimit -n 160; exec "$@"', "sh"];
    const { port, stats, end } = await start({ "spare_descriptors": 40 }, {}, limited);
    const early = await joined(port);
    await early.register("com.example.echo", ([value]) => value);
    const flood: Socket[] = [];
    const answers = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const socket = await opened(port);
      flood.push(socket);
      const answer = await handshake(socket);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      // A refused one that ends itself gives its descriptor back: these stay.
      if (answer !== "7ff10000") flood.push(await opened(port));
    }
    assert.ok((answers.get("7ff10000") ?? 0) > 50, "some have room");
    assert.ok((answers.get("7f400000") ?? 0) > 0, "error 4: maximum connection count reached");
    assert.equal(await early.call("com.example.echo", ["still here"]), "still here");
    const { descriptors, refused } = await stats();
    assert.equal(descriptors.limit, 160);
    assert.ok((refused["descriptors"] ?? 0) > 0);
    t.diagnostic(
      `Of 160 descriptors: ${answers.get("7ff10000")} handshakes accepted, ${
        answers.get("7f400000")
      } refused, ${answers.get("cut") ?? 0} cut off; no session lost`,
    );
    assert.match(
      await joined(port).then(() => "admitted", (error) => String(error)),
      /503|Cannot connect|closed/i,
    );
    for (const socket of flood) socket.destroy();
    let later: Session | undefined;
    for (let i = 0; i < 500 && later === undefined; i++) {
      later = await joined(port).catch(() => undefined);
    }
    assert.equal(await later?.call("com.example.echo", ["again"]), "again");
    await Promise.all([early.leave(), later?.leave()]);
    await end();
  },
);

for (const shared of [false, true]) {
  test(
    `Limits: a listener ${
      shared ? "that is shared" : "of its own"
    } for which no descriptors were left accepts again once there are some`,
    { skip: NO_PROC },
    async () => {
      const limited = ["sh", "-c", 'ulimit -n 120; exec "$@"', "sh"];
      const { port, end } = await start({ "spare_descriptors": 0 }, { "shared": shared }, limited);
      const early = await joined(port);
      await early.register("com.example.echo", ([value]) => value);
      const flood = await Promise.all(Array.from({ length: 200 }, () => opened(port)));
      assert.equal(await early.call("com.example.echo", ["still here"]), "still here");
      for (const socket of flood) socket.destroy();
      let later: Session | undefined;
      const patience = performance.now() + 20_000;
      while (later === undefined && performance.now() < patience) {
        later = await joined(port, {}, 2000).catch(() => undefined);
      }
      assert.equal(await later?.call("com.example.echo", ["again"]), "again");
      await Promise.all([early.leave(), later?.leave()]);
      await end();
    },
  );
}
