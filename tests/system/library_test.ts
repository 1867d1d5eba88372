import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dial as dialBrowser } from "../../client/dial_browser.ts";
import { connect, ConnectError, JoinError } from "../../mod.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";

const PROGRAM = fileURLToPath(new URL("library_program.ts", import.meta.url).href);
const run = promisify(execFile);

const config = parseConfig({
  version: 2,
  workers: [{
    type: "router",
    realms: [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }],
    transports: [{
      type: "universal",
      endpoint: { type: "tcp", interface: "127.0.0.1", port: 0 },
      rawsocket: {},
      websocket: { "ws": { type: "websocket" } },
    }],
  }],
});

async function withNode<T>(use: (node: Node, url: string) => Promise<T>): Promise<T> {
  const node = await startNode(config, { directory: "." });
  try {
    return await use(node, urlOf(node, "ws:"));
  } finally {
    await node.stop();
  }
}

function urlOf(node: Node, scheme: string): string {
  return node.listeners[0]?.urls.find((url) => url.startsWith(scheme)) ?? "";
}

/** What the program prints when `command` runs it against a router of this process, over WebSocket and RawSocket. */
function output(command: string, args: readonly string[]): Promise<unknown[]> {
  return withNode((node) =>
    Promise.all([urlOf(node, "ws:"), urlOf(node, "rs:")].map(async (url) => {
      const { stdout } = await run(command, [...args, PROGRAM, url], { timeout: 20_000 });
      return JSON.parse(stdout);
    }))
  );
}

const result = { "args": [1, 1], "kwargs": { "name": "Ada" } };
const expected = [[result, "wamp.close.normal"], [result, "wamp.close.normal"]];

test("Library: a program on this runtime imports realmway and talks to a router", async () => {
  const isDeno = process.versions["deno"] !== undefined;
  assert.deepEqual(await output(process.execPath, isDeno ? ["run", "-A"] : ["run"]), expected);
});

const node = process.env["REALMWAY_NODE"];
test("Library: a program on Node.js imports realmway and talks to a router", {
  skip: node === undefined && "REALMWAY_NODE names no Node.js",
}, async () => {
  assert.deepEqual(await output(node ?? "", []), expected);
});

for (const serializer of ["json", "msgpack", "cbor"] as const) {
  for (const [name, dial] of [["own", undefined], ["browser's", dialBrowser]] as const) {
    test(`Library: all kinds of values travel in ${serializer} by the ${name} WebSocket`, () =>
      withNode(async (_node, url) => {
        const options = { url, realm: "realm1", serializers: [serializer] };
        const session = await connect(dial === undefined ? options : { ...options, dial });
        await session.register("com.example.echo", ([value]) => value);
        const value = [null, true, -1.5, 2 ** 40, "é😀", new Uint8Array([0, 255]), { "a": [] }];
        assert.deepEqual(await session.call("com.example.echo", [value]), value);
        const endless: unknown[] = [];
        endless.push(endless);
        await assert.rejects(session.call("com.example.echo", endless), RangeError);
        assert.equal(await session.call("com.example.echo", [1]), 1);
        await session.leave();
      }));
  }
}

test("Library: what a browser's parser would read wrong is read right, and in its order", () =>
  withNode(async (_node, url) => {
    const session = await connect({ url, realm: "realm1", dial: dialBrowser });
    const seen: unknown[] = [];
    const { promise: all, resolve } = Promise.withResolvers<void>();
    await session.subscribe("com.example.values", ([value]) => {
      seen.push(value);
      if (seen.length === 5) resolve();
    });
    const values = [1, new Uint8Array([0, 255]), 2n ** 63n, "last", 2 ** 53 + 2];
    for (const value of values) {
      session.publish("com.example.values", [value], {}, { excludeMe: false });
    }
    await all;
    assert.deepEqual(seen, values);
    await session.leave();
  }));

for (const [name, dial] of [["own", undefined], ["browser's", dialBrowser]] as const) {
  const join = (url: string, realm: string, timeoutMs = 10_000) =>
    connect({ url, realm, timeoutMs, ...(dial === undefined ? {} : { dial }) });

  test(`Library: refusals and silence reject with words, by the ${name} WebSocket`, async () => {
    const silent = createServer((socket) => void socket.on("error", () => {}).resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    await assert.rejects(join(`ws://127.0.0.1:${port}/ws`, "realm1", 100), (error) => {
      assert.ok(error instanceof ConnectError);
      assert.match(error.message, /within 100 ms/);
      return true;
    });
    silent.close();
    await once(silent, "close");
    await assert.rejects(join(`ws://127.0.0.1:${port}/ws`, "realm1"), ConnectError);
    await withNode(async (_node, url) => {
      await assert.rejects(join(url, "nowhere"), JoinError);
      await assert.rejects(join(url.replace(/ws$/, "nowhere"), "realm1"), ConnectError);
    });
  });

  test(`Library: a node that stops says goodbye, by the ${name} WebSocket`, async () => {
    const session = await withNode((_node, url) => join(url, "realm1"));
    assert.deepEqual(await session.closed, {
      reason: "wamp.close.system_shutdown",
      message: undefined,
      by: "router",
    });
  });
}
