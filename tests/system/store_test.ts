/** A node as a process, with events on disk: what survives when it is killed, and what happens when the disk is full. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, stat, writeFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { connect } from "../../mod.ts";
import { parseConfig, RouterController, startNode } from "../../node/mod.ts";
import type { Log } from "../../router/ports.ts";
import { endAll, launch, openConfig, run, workplace } from "./cli_process.ts";
import { join, type JsonClient } from "./json_client.ts";

after(endAll);

const WEBSOCKET = {
  type: "websocket",
  endpoint: { type: "tcp", port: 0, interface: "127.0.0.1" },
};
const QUIET: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const URL = /"url":"(ws:[^" ]*)/;
const NO_SHELL = process.platform === "win32" ? "needs a POSIX shell" : false;

function configOf(store: object) {
  const config = openConfig([WEBSOCKET]);
  return {
    ...config,
    "workers": config.workers.map((worker) => ({
      ...worker,
      "realms": worker.realms.map((realm) => ({ ...realm, store })),
    })),
  };
}

const SQLITE = {
  "type": "sqlite",
  "event-history": [{ "uri": "com.example.", "match": "prefix", "limit": 100_000 }],
};

async function startIn(directory: string, prefix: readonly string[] = []) {
  const node = launch(["start", "--logformat", "json"], directory, {}, "main.ts", prefix);
  await node.until(/Ready in/);
  const [, url = ""] = URL.exec(node.output.stdout) ?? [];
  return { node, ...(await join(url)) };
}

/** A request and its answer. */
async function asks(client: JsonClient, message: readonly unknown[]): Promise<unknown[]> {
  client.send(message);
  return await client.next();
}

/** First arguments of all recorded events. */
async function recorded(client: JsonClient): Promise<unknown[]> {
  const lookup = ["com.example.", { "match": "prefix" }];
  const found = await asks(client, [48, 1, {}, "wamp.subscription.lookup", lookup]);
  const [id] = found[3] as [number];
  const result = await asks(client, [48, 2, {}, "wamp.subscription.get_events", [id]]);
  assert.equal(result[0], 50, JSON.stringify(result));
  return (result[3] as [{ args?: unknown[] }[]])[0].map(({ args }) => args?.[0]);
}

test(
  "start: what was acknowledged survives kill -9, recorded and retained",
  { skip: NO_SHELL },
  async () => {
    const { directory, remove } = await workplace(configOf(SQLITE));
    const first = await startIn(directory);
    const acknowledged: number[] = [];
    let request = 0;
    // Some are acknowledged, others not; the node is killed in the middle of it.
    const publishing = (async () => {
      for (;;) {
        for (let i = 0; i < 10; i++) {
          first.client.send([16, ++request, {}, "com.example.a", [
            request,
          ]]);
        }
        const options = { "acknowledge": true, "retain": true };
        const message = [16, ++request, options, "com.example.a", [request]];
        const [type] = await asks(first.client, message);
        assert.equal(type, 17);
        acknowledged.push(request);
      }
    })().catch(() => {});
    while (acknowledged.length < 50) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await first.node.end("SIGKILL"), "SIGKILL");
    await publishing;

    const { node, client } = await startIn(directory);
    const found = await recorded(client);
    const last = acknowledged.at(-1) ?? 0;
    // All before an acknowledged one are there, too: the order is kept.
    assert.deepEqual(found.slice(0, last), Array.from({ length: last }, (_, i) => i + 1));
    assert.ok(found.length <= request, `${found.length} of ${request}`);
    client.send([32, 3, { "get_retained": true }, "com.example.a"]);
    assert.equal((await client.next())[0], 33);
    const [type, , , , args] = await client.next();
    assert.equal(type, 36);
    assert.ok((args as [number])[0] >= last);
    client.close();
    assert.equal(await node.end(), 0);
    const file = joinPath(directory, ".realmway", "realm1.sqlite");
    assert.equal((await stat(file)).mode & 0o077, 0, "nobody else may read it");
    assert.ok(!existsSync(`${file}-wal`), "a node that stops leaves one file");
    assert.doesNotMatch(node.output.stdout, /"level":"(WARN|ERROR)/);
    await remove();
  },
);

test("start: of unacknowledged publications kill -9 takes at most those of the last batch", {
  skip: NO_SHELL,
}, async () => {
  const { directory, remove } = await workplace(configOf(SQLITE));
  const first = await startIn(directory);
  const sentAt: number[] = [];
  const start = performance.now();
  // An echo now and then shows how far the node has come.
  let heard = 0;
  first.client.send([32, 1, {}, "com.example.echo"]);
  assert.equal((await first.client.next())[0], 33);
  while (performance.now() - start < 600) {
    const options = { "exclude_me": false };
    const n = sentAt.push(performance.now());
    first.client.send([16, n + 1, options, "com.example.echo", [n]]);
    heard = ((await first.client.next())[4] as [number])[0];
  }
  first.node.send("SIGKILL");
  const killedAt = performance.now();
  await first.node.ended;
  const { node, client } = await startIn(directory);
  const found = new Set(await recorded(client));
  const lost = Array.from({ length: heard }, (_, i) => i + 1).filter((n) => !found.has(n));
  const oldest = lost[0] === undefined ? 0 : killedAt - (sentAt[lost[0] - 1] ?? 0);
  // The batch of 20 ms, the disk's own time, and a machine that has other things to do.
  assert.ok(oldest < 250, `lost ${lost.length} of ${heard}, the first ${oldest} ms before the end`);
  assert.deepEqual(
    lost,
    Array.from({ length: lost.length }, (_, i) => heard - lost.length + 1 + i),
  );
  client.close();
  await node.end();
  await remove();
});

test("start: unacknowledged publications are on disk after a batch, and all of them after a stop", async () => {
  const { directory, remove } = await workplace(configOf(SQLITE));
  const first = await startIn(directory);
  first.client.send([16, 1, {}, "com.example.a", [1]]);
  // Whatever comes after it, acknowledged or not, finds it written.
  assert.equal(
    (await asks(first.client, [16, 2, { "acknowledge": true }, "com.example.b"]))[0],
    17,
  );
  first.client.send([16, 3, {}, "com.example.a", [3]]);
  first.client.send([6, {}, "wamp.close.close_realm"]);
  assert.equal((await first.client.next())[0], 6);
  assert.equal(await first.node.end(), 0);
  const { node, client } = await startIn(directory);
  assert.deepEqual(await recorded(client), [1, undefined, 3]);
  client.close();
  assert.equal(await node.end(), 0);
  await remove();
});

test(
  "start: when the file may grow no further, acknowledged publications are refused and routing goes on",
  { skip: NO_SHELL },
  async () => {
    const { directory, remove } = await workplace(configOf(SQLITE));
    // 300 KiB for any file that it writes. A Deno that runs from source writes caches before our code runs, so the signal is off.
    const limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 600; exec \"$@\"", "sh"];
    const { node, client } = await startIn(directory, limited);
    client.send([32, 1, {}, "com.other"]);
    assert.equal((await client.next())[0], 33);
    const text = "x".repeat(20_000);
    let request = 1;
    let refused: unknown[] = [];
    for (let i = 0; i < 100 && refused.length === 0; i++) {
      const options = { "acknowledge": true };
      const answer = await asks(client, [16, ++request, options, "com.example.a", [text]]);
      if (answer[0] === 8) refused = answer;
    }
    assert.equal(refused[4], "wamp.error.unavailable");
    assert.match(
      String((refused[5] as unknown[])[0]),
      /^Cannot store the publication to "com.example.a": /,
    );
    for (let i = 0; i < 3; i++) {
      const options = { "acknowledge": true, "exclude_me": false };
      client.send([16, ++request, options, "com.other", [i]]);
      assert.deepEqual((await client.next())[4], [i]);
      assert.equal((await client.next())[0], 17);
    }
    await node.until(/Cannot use the store .*realm1\.sqlite/);
    client.close();
    assert.equal(await node.end(), 0);
    await remove();
  },
);

test("Store: the management API tells why a store fails, and what it has lost", async () => {
  const { directory, remove } = await workplace();
  const file = joinPath(directory, "realm1.sqlite");
  await writeFile(file, "This is no database, and much longer than a header. ".repeat(50));
  const node = await startNode(parseConfig(configOf(SQLITE)), { directory, log: QUIET });
  const publisher = await connect({ url: node.listeners[0]?.urls[0] ?? "", realm: "realm1" });
  const router = new RouterController(await node.management("test"), "worker001");
  const figures = async () => (await router.realmStats())["realm001"]?.store;
  try {
    publisher.publish("com.example.a", [1]);
    await publisher.call("wamp.session.count");
    const broken = await figures();
    assert.match(broken?.failure ?? "", /not a database/);
    assert.deepEqual(
      [broken?.failures, broken?.["lost_events"], broken?.["lost_retained"]],
      [1, 1, 0],
    );
    await rm(file);
    while ((await figures())?.failure !== null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await publisher.publish("com.example.a", [2], {}, { acknowledge: true });
    assert.equal((await figures())?.["written_events"], 1);
  } finally {
    await publisher.leave();
    await node.stop();
    await remove();
  }
});

test("check: a store's file in a folder that is not there, a history named twice and a wrong key are told together", async () => {
  const history = { "uri": "com.example" };
  const { directory, remove } = await workplace(configOf({
    "type": "sqlite",
    "path": "nowhere/events.sqlite",
    "event-history": [history, history, { "uri": "com..x", "match": "exact" }],
    "max_wating": 1,
  }));
  const { code, stderr } = await run(["check"], directory);
  assert.equal(code, 2);
  for (
    const problem of [
      /store\.path: found ENOENT.*, expected a folder that can be written to/,
      /event-history\[1\]\.uri: found the URI of .* again, expected each once/,
      /event-history\[2\]\.uri: found "com\.\.x", expected a URI fit for match "exact"/,
      /did you mean "max_waiting"/,
    ]
  ) assert.match(stderr, problem);
  await remove();
});
