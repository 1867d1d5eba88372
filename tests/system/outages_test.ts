/** What an operator fears, done to a node under load; each test tells what was lost and what was kept. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { ApplicationError, connect, type Dial, type Transport } from "../../mod.ts";
import { dial } from "../../client/dial.ts";
import { endAll, freePort, launch, openConfig, workplace, writeFiles } from "./cli_process.ts";
import { PROCEDURE, recorded, steady, STORE, TOPIC, Traffic } from "./traffic.ts";

after(endAll);

const NO_PROC = process.platform === "linux" ? false : "needs /proc";
const CLIENTS = 4;

interface Wanted {
  readonly websocket?: object;
  readonly rawsocket?: object;
  readonly realm?: object;
  readonly components?: readonly object[];
  /** Workers beside the router. @param port of the router. */
  readonly workers?: (port: number) => readonly object[];
  /** In the node directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly main?: string;
}

/** A node on a port that it can be started on again. */
async function nodeWith(wanted: Wanted = {}) {
  const port = await freePort();
  const { workers: [router], ...config } = openConfig([{
    "type": "universal",
    "endpoint": { "type": "tcp", "port": port, "interface": "127.0.0.1" },
    "rawsocket": { "options": wanted.rawsocket ?? {} },
    "websocket": { "ws": { "options": wanted.websocket ?? {} } },
  }]);
  const realms = router?.realms.map((realm) => ({ ...realm, ...wanted.realm }));
  const { components = [], workers = () => [] } = wanted;
  const place = await workplace({
    ...config,
    "workers": [{ ...router, realms, components }, ...workers(port)],
  });
  const directory = join(place.directory, ".realmway");
  await writeFiles(directory, wanted.files ?? {});
  /** @param prefix a command that starts the program. */
  const start = async (env: Record<string, string> = {}, prefix: readonly string[] = []) => {
    const args = ["start", "--logformat", "json"];
    const node = launch(args, place.directory, env, wanted.main, prefix);
    await node.until(/Ready in/);
    return node;
  };
  return { port, start, directory, url: `rs://127.0.0.1:${port}`, remove: place.remove };
}

/** Resident memory of a process. */
function residentMiB(pid: number | undefined): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) / 1024;
}

function opened(port: number, first: Uint8Array | string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: "127.0.0.1", port }, () => {
      if (first.length > 0) socket.write(first);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

test(
  "Outage: thousands of handshakes that never finish cost nobody else anything, and are closed in time",
  {
    skip: NO_PROC,
  },
  async (t) => {
    const timeout = { "open_handshake_timeout": 1000 };
    const { port, url, start, remove } = await nodeWith({ websocket: timeout, rawsocket: timeout });
    const node = await start();
    const { session, arrived } = await steady(url);
    const traffic = new Traffic(() => url).start(CLIENTS);
    await traffic.progress(200);
    const before = residentMiB(node.pid);
    const kinds = [
      "",
      "GET /ws HTTP/1.1\r\nHost: node\r\nUpgr",
      Uint8Array.of(0x7f, 0xf1),
      // The handshake of the transport is done, and HELLO never comes.
      Uint8Array.of(0x7f, 0xf1, 0, 0),
    ];
    const closed: Promise<unknown>[] = [];
    const sockets: Socket[] = [];
    for (let i = 0; i < 2000; i++) {
      const socket = await opened(port, kinds[i % kinds.length] ?? "");
      sockets.push(socket);
      const end = new Promise((resolve) => socket.on("close", resolve));
      socket.on("end", () => socket.end()).resume();
      if (i % kinds.length !== 3) closed.push(end);
    }
    await traffic.progress(200);
    const during = residentMiB(node.pid);
    await Promise.all(closed);
    for (const socket of sockets) socket.destroy();
    await traffic.progress(200);
    await traffic.end();
    await session.call("wamp.session.count");
    t.diagnostic(
      `2,000 unfinished: ${((during - before) / 2).toFixed(1)} KiB each while they last`,
    );
    t.diagnostic(traffic.figures(arrived));
    assert.deepEqual(traffic.missing(arrived), []);
    const { publications, calls, wrong, reconnects } = traffic;
    assert.deepEqual([publications.refused, publications.lost], [0, 0]);
    assert.deepEqual([calls.refused, calls.lost, wrong, reconnects], [0, 0, 0, 0]);
    assert.ok(during - before < 100, `${before} MiB, then ${during} MiB`);
    await session.leave();
    assert.equal(await node.end(), 0);
    await remove();
  },
);

test("Outage: half-open peers are noticed; their calls are answered with an error, and all others go on", async (t) => {
  const pings = { "auto_ping_interval": 1000, "auto_ping_timeout": 1000 };
  const { url, port, start, remove } = await nodeWith({ websocket: pings });
  const node = await start();
  const { session, arrived } = await steady(url);
  const half = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    let transport: Transport | undefined;
    const dialing: Dial = (options, attach) =>
      dial(options, (opened) => attach(transport = opened));
    const peer = await connect({
      url: `ws://127.0.0.1:${port}/ws`,
      realm: "realm1",
      dial: dialing,
    });
    await peer.subscribe(TOPIC, () => {});
    await peer.register(`com.half.open${i}`, () => "never");
    // It reads no more: neither pings nor what it is asked.
    transport?.pause();
    return peer;
  }));
  const traffic = new Traffic(() => url).start(CLIENTS);
  const asked = await Promise.allSettled(half.map((_, i) => session.call(`com.half.open${i}`)));
  await traffic.progress(200);
  await traffic.end();
  await session.call("wamp.session.count");
  const answers = new Map<string, number>();
  for (const one of asked) {
    const uri = one.status === "rejected" && one.reason instanceof ApplicationError
      ? one.reason.uri
      : one.status;
    answers.set(uri, (answers.get(uri) ?? 0) + 1);
  }
  t.diagnostic(`20 calls to half-open peers: ${JSON.stringify([...answers])}`);
  t.diagnostic(traffic.figures(arrived));
  assert.deepEqual([...answers], [["wamp.error.canceled", 20]]);
  assert.deepEqual(traffic.missing(arrived), []);
  assert.equal(traffic.calls.lost + traffic.calls.refused + traffic.publications.lost, 0);
  // The steady one alone is left, and who asks.
  const { length } = await session.call<number[]>("wamp.session.list");
  assert.equal(length, 1);
  await session.leave();
  assert.equal(await node.end(), 0);
  await remove();
});

test("Outage: a reader that stops reading under load loses events of its own, nobody else's, and is served again", async (t) => {
  const { url, port, start, remove } = await nodeWith();
  const node = await start();
  const { session, arrived } = await steady(url);
  let transport: Transport | undefined;
  const dialing: Dial = (options, attach) => dial(options, (opened) => attach(transport = opened));
  const slow = await connect({ url: `ws://127.0.0.1:${port}/ws`, realm: "realm1", dial: dialing });
  let got = 0;
  const last = Promise.withResolvers<void>();
  await slow.subscribe("com.large", ([n]) => {
    if (n === "last") last.resolve();
    else got++;
  });
  const traffic = new Traffic(() => url).start(CLIENTS);
  transport?.pause();
  const filler = "x".repeat(200_000);
  for (let i = 0; i < 100; i++) {
    await session.publish("com.large", [i, filler], {}, { acknowledge: true });
  }
  await traffic.progress(100);
  transport?.resume();
  assert.equal(await slow.call(PROCEDURE, ["back"]), "back");
  await session.publish("com.large", ["last"]);
  await last.promise;
  await traffic.end();
  await session.call("wamp.session.count");
  t.diagnostic(`The reader got ${got} of 100 events of 200 kB, 20 MB, and lost ${100 - got}`);
  t.diagnostic(traffic.figures(arrived));
  assert.ok(got > 0 && got < 100, `got ${got}`);
  assert.deepEqual(traffic.missing(arrived), []);
  assert.equal(traffic.calls.lost + traffic.calls.refused + traffic.publications.lost, 0);
  await Promise.all([slow.leave(), session.leave()]);
  assert.equal(await node.end(), 0);
  await remove();
});

test(
  "Outage: a clock that is set back or forward by hours ends no session and no call, and blames no component",
  async (t) => {
    const { url, port, directory, start, remove } = await nodeWith({
      main: "../../tests/system/clock_program.ts",
      websocket: { "auto_ping_interval": 1000, "auto_ping_timeout": 1000 },
      components: [{
        "type": "class",
        "classname": "./idle.ts:Idle",
        "realm": "realm1",
        "role": "anonymous",
      }],
      files: { "wrong_by": "0", "idle.ts": "export class Idle { onJoin() {} }\n" },
    });
    const file = join(directory, "wrong_by");
    const node = await start({ "WRONG_BY": file });
    const { session, arrived } = await steady(url);
    const watched = await connect({ url: `ws://127.0.0.1:${port}/ws`, realm: "realm1" });
    const answer = Promise.withResolvers<string>();
    await watched.register("com.slow", () => answer.promise);
    const slow = session.call<string>("com.slow", [], {}, { timeoutMs: 60_000 });
    const traffic = new Traffic(() => url).start(CLIENTS);
    for (const hours of [5, -5, 0, 24 * 365, 0]) {
      await traffic.progress(100);
      writeFileSync(file, String(hours * 3_600_000));
      await traffic.progress(100);
    }
    answer.resolve("in time");
    assert.equal(await slow, "in time");
    await traffic.end();
    await session.call("wamp.session.count");
    t.diagnostic(traffic.figures(arrived));
    assert.deepEqual(traffic.missing(arrived), []);
    const { publications, calls, wrong, reconnects } = traffic;
    assert.deepEqual([publications.refused, publications.lost], [0, 0]);
    assert.deepEqual([calls.refused, calls.lost, wrong, reconnects], [0, 0, 0, 0]);
    assert.ok(watched.isOpen);
    await Promise.all([session.leave(), watched.leave()]);
    assert.equal(await node.end(), 0);
    assert.doesNotMatch(node.output.stdout, /"ms":\d{6}|"level":"ERROR/);
    await remove();
  },
);

test("Outage: kill -9 of the node under load loses nothing that was acknowledged; clients come back by themselves", async (t) => {
  const { url, start, remove } = await nodeWith({ realm: { store: STORE } });
  const first = await start();
  await steady(url);
  const traffic = new Traffic(() => url).start(CLIENTS);
  await traffic.progress(400);
  assert.equal(await first.end("SIGKILL"), "SIGKILL");
  const second = await start();
  const { session } = await steady(url);
  await traffic.progress(200);
  await traffic.end();
  const kept = await recorded(url);
  t.diagnostic(traffic.figures(kept));
  assert.deepEqual(traffic.missing(kept), []);
  const { publications, calls, wrong, reconnects } = traffic;
  assert.equal(reconnects, CLIENTS);
  assert.ok(publications.lost <= CLIENTS && calls.lost <= CLIENTS, "what was in flight");
  assert.equal(wrong, 0);
  // Between its start and the callee's.
  const errors = [...traffic.errors.keys()];
  assert.deepEqual(errors.filter((uri) => uri !== "wamp.error.no_such_procedure"), []);
  await session.leave();
  assert.equal(await second.end(), 0);
  await remove();
});

test(
  "Outage: a full disk under load refuses publications that nothing could keep, and those that were acknowledged are there later",
  {
    skip: process.platform === "win32" ? "needs a POSIX shell" : false,
  },
  async (t) => {
    const { url, start, remove } = await nodeWith({ realm: { store: STORE } });
    const full = ["sh", "-c", "trap '' XFSZ; ulimit -f 2000; exec \"$@\"", "sh"];
    const first = await start({}, full);
    const { session } = await steady(url);
    const traffic = new Traffic(() => url).start(CLIENTS);
    while (traffic.publications.refused < 100) await traffic.progress(10);
    await traffic.end();
    await session.leave();
    assert.equal(await first.end(), 0);
    const second = await start();
    const kept = await recorded(url);
    t.diagnostic(traffic.figures(kept));
    assert.ok(traffic.publications.done > 0);
    assert.deepEqual(traffic.missing(kept), []);
    const { publications, calls, wrong, reconnects } = traffic;
    assert.deepEqual([publications.lost, calls.refused, calls.lost], [0, 0, 0]);
    assert.deepEqual([wrong, reconnects], [0, 0]);
    assert.equal(await second.end(), 0);
    await remove();
  },
);

const SERVED = "com.worker.echo";
const CLASS = `
export class Echo {
  async onJoin(session) {
    await session.register("${SERVED}", ([value]) => value);
    console.log("serving as " + process.pid + " ");
  }
}
`;
const PROGRAM = `
import { connect } from "${new URL("../../mod.ts", import.meta.url).href}";
const session = await connect({ url: process.argv[2], realm: "realm1" });
await session.register("${SERVED}", ([value]) => value);
console.log("serving as " + process.pid + " ");
`;
const isDeno = process.versions["deno"] !== undefined;

/** Processes whose component answers calls. @param port of the router. */
const PROCESSES: Readonly<Record<string, (port: number) => object>> = {
  "a container": (port) => ({
    "type": "container",
    "options": { "restart": "restart-on-failed" },
    "components": [{
      "type": "class",
      "classname": "./echo.ts:Echo",
      "realm": "realm1",
      "transport": {
        "type": "rawsocket",
        "endpoint": { "type": "tcp", "host": "127.0.0.1", "port": port },
      },
    }],
  }),
  "a component that is a program": (port) => ({
    "type": "guest",
    "executable": process.execPath,
    "arguments": [...(isDeno ? ["run", "-A"] : []), "program.ts", `rs://127.0.0.1:${port}`],
    "options": { "restart": "restart-on-failed" },
  }),
};

for (const [name, worker] of Object.entries(PROCESSES)) {
  test(`Outage: kill -9 of ${name} under load ends its calls with an error; it comes back, and nobody else notices`, async (t) => {
    const { url, start, remove } = await nodeWith({
      workers: (port) => [worker(port)],
      files: { "echo.ts": CLASS, "program.ts": PROGRAM },
    });
    const node = await start();
    const [, pid] = await node.until(/serving as (\d+)/);
    const { session, arrived } = await steady(url);
    const beside = new Traffic(() => url).start(2);
    const callers = new Traffic(() => url, SERVED).start(2);
    await callers.progress(200);
    process.kill(Number(pid), "SIGKILL");
    await node.until(/serving as \d+ .*serving as \d+ /s);
    const before = callers.calls.done;
    while (callers.calls.done < before + 50) await callers.progress(10);
    await Promise.all([beside.end(), callers.end()]);
    await session.call("wamp.session.count");
    t.diagnostic(`beside it: ${beside.figures(arrived)}`);
    t.diagnostic(`its callers: ${callers.figures(arrived)}`);
    assert.equal(callers.calls.lost + callers.reconnects + callers.wrong, 0);
    assert.equal(beside.calls.refused + beside.calls.lost + beside.reconnects, 0);
    const expected = ["wamp.error.canceled", "wamp.error.no_such_procedure"];
    assert.deepEqual([...callers.errors.keys()].filter((uri) => !expected.includes(uri)), []);
    assert.ok(callers.calls.refused > 0);
    await session.leave();
    assert.equal(await node.end(), 0);
    await remove();
  });
}
