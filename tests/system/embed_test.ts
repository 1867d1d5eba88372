/** Nodes inside a program: start, stop, TLS, and what is left when starting fails. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join as joinPath } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { ListenError, type Node, parseConfig, readConfig, startNode } from "../../node/mod.ts";
import { canSetBacklog } from "../../transports/listen.ts";
import { freePort, openConfig, workplace } from "./cli_process.ts";
import { connect, join } from "./json_client.ts";
import { errorLog } from "../kit/error_log.ts";

const TLS = joinPath(dirname(fileURLToPath(import.meta.url)), "..", "kit", "tls");
const LOOPBACK = { type: "tcp", port: 0, interface: "127.0.0.1" };
const errors: unknown[] = [];
const log = errorLog(errors);
let place: Awaited<ReturnType<typeof workplace>>;
before(async () => place = await workplace());
after(async () => {
  await place.remove();
  assert.deepEqual(errors, []);
});

const start = (config: unknown): Promise<Node> =>
  startNode(parseConfig(config), { directory: place.directory, log });

function urlOf(node: Node, scheme: string): string {
  const urls = node.listeners.flatMap((listener) => listener.urls);
  return urls.find((url) => url.startsWith(`${scheme}:`)) ?? assert.fail(`no ${scheme} in ${urls}`);
}

test("Node: two run side by side and know nothing of each other", async () => {
  const websocket = { type: "websocket", endpoint: LOOPBACK };
  const [one, two] = await Promise.all([
    start(openConfig([websocket])),
    start(openConfig([websocket])),
  ]);
  const { client } = await join(urlOf(one, "ws"));
  assert.equal(one.router.connectionCount, 1);
  assert.equal(two.router.connectionCount, 0);
  assert.equal(one.listeners[0]?.id, "transport001");
  assert.equal(one.listeners[0]?.stats.receivedMessages, 1);
  client.close();
  await client.closed;
  await Promise.all([one.stop(), two.stop()]);
});

test("Node: lists the URLs of its listeners, as configured where configured", async () => {
  const node = await start(openConfig([
    {
      type: "universal",
      endpoint: { ...LOOPBACK, interface: "::1" },
      rawsocket: {},
      websocket: { "ws": {}, "public": { url: "wss://example.com/public" } },
      web: { paths: { "/": { type: "nodeinfo" } } },
    },
    { type: "websocket", endpoint: { type: "tcp", port: 0 } },
  ]));
  const urls = node.listeners.map((listener) =>
    listener.urls.map((url) => url.replace(/\d{4,}/, "N"))
  );
  assert.deepEqual(urls, [
    ["ws://[::1]:N/ws", "wss://example.com/public", "http://[::1]:N/", "rs://[::1]:N"],
    ["ws://localhost:N/"],
  ]);
  await node.stop();
});

test("Node: a backlog that the runtime cannot set is told once, as a warning only when it is larger", async () => {
  for (const [backlogs, level] of [[[1024, 100], "warn"], [[512, 100], "info"]] as const) {
    const told: unknown[] = [];
    const tell = (level: string) => (text: string, properties: unknown) => {
      if (text.includes("backlog")) told.push([level, properties]);
    };
    const transports = backlogs.map((backlog) => ({
      type: "rawsocket",
      endpoint: { ...LOOPBACK, backlog },
    }));
    const node = await startNode(parseConfig(openConfig(transports)), {
      directory: place.directory,
      log: { ...log, warn: tell("warn"), info: tell("info") },
    });
    await node.stop();
    const expected = [[level, { backlog: backlogs[0], taken: 512 }]];
    assert.deepEqual(told, canSetBacklog ? [] : expected);
  }
});

test("Node: stopping ends connections that never joined, may be asked for twice, and frees the port", async () => {
  const node = await start(openConfig([{ type: "websocket", endpoint: LOOPBACK }]));
  const url = urlOf(node, "ws");
  const client = await connect(url);
  const stopping = node.stop();
  assert.equal(node.stop(), stopping);
  const [type, , reason] = await client.next();
  assert.deepEqual([type, reason], [3, "wamp.close.system_shutdown"]);
  await stopping;
  await client.closed;
  await assert.rejects(connect(url));
});

test("Node: when one endpoint cannot be opened, none stays open", async () => {
  const first = await start(openConfig([{ type: "websocket", endpoint: LOOPBACK }]));
  const address = first.listeners[0]?.address;
  assert.ok(address !== undefined && "port" in address);
  const unix = { type: "rawsocket", endpoint: { type: "unix", path: "x.sock" } };
  const taken = { type: "websocket", endpoint: { ...LOOPBACK, port: address.port } };
  await assert.rejects(start(openConfig([unix, taken])), ListenError);
  // The unix socket is free again.
  const third = await start(openConfig([unix]));
  assert.deepEqual(third.listeners[0]?.urls, [`unix:${joinPath(place.directory, "x.sock")}`]);
  await Promise.all([first.stop(), third.stop()]);
});

test("Node: missing files are a ConfigError, before anything listens", async () => {
  const endpoint = { ...LOOPBACK, tls: { key: "no.key", certificate: "no.crt" } };
  await assert.rejects(start(openConfig([{ type: "websocket", endpoint }])), {
    name: "ConfigError",
  });
  await assert.rejects(readConfig(joinPath(place.directory, "no.json")), { name: "ConfigError" });
});

test("Node: anonymous sessions get the configured role and realm", async () => {
  const auth = { anonymous: { type: "static", role: "guest", realm: "realm2" } };
  const config = {
    version: 2,
    workers: [{
      type: "router",
      realms: [{ name: "realm1" }, { name: "realm2", roles: [{ name: "guest" }] }],
      transports: [{ type: "websocket", endpoint: LOOPBACK, auth }],
    }],
  };
  const node = await start(config);
  const { client, details } = await join(urlOf(node, "ws"), "realm1");
  const { realm, authrole } = details as { realm: string; authrole: string };
  assert.deepEqual([realm, authrole], ["realm2", "guest"]);
  client.close();
  await node.stop();
});

test("Node: HTTP keep-alive connections do not hold it up", async () => {
  const web = { type: "web", endpoint: LOOPBACK, paths: { "/": { type: "json", value: 1 } } };
  const node = await start(openConfig([web]));
  const answer = await fetch(urlOf(node, "http"));
  assert.equal(await answer.text(), "1\n");
  const began = performance.now();
  await node.stop();
  assert.ok(performance.now() - began < 1500, String(performance.now() - began));
});

test("Node: the testee echoes, with the options of WebSocket", async () => {
  const testee = {
    type: "websocket.testee",
    endpoint: LOOPBACK,
    options: { "max_message_size": 10 },
  };
  const node = await start(openConfig([testee]));
  const socket = new WebSocket(urlOf(node, "ws"));
  const answer = new Promise((resolve) => socket.onmessage = (event) => resolve(event.data));
  await new Promise((resolve) => socket.onopen = resolve);
  socket.send("hello");
  assert.equal(await answer, "hello");
  const closed = new Promise<number>((resolve) => socket.onclose = (event) => resolve(event.code));
  socket.send("x".repeat(11));
  assert.equal(await closed, 1009);
  await node.stop();
});

test("Node: TLS, with client certificates when authorities are configured", async () => {
  const pem = (name: string) => readFile(joinPath(TLS, name), "utf8");
  const tls = {
    key: joinPath(TLS, "server.key"),
    certificate: joinPath(TLS, "server.crt"),
    "ca_certificates": [joinPath(TLS, "ca.crt")],
    "min_version": "1.3",
  };
  const node = await start(openConfig([{ type: "rawsocket", endpoint: { ...LOOPBACK, tls } }]));
  assert.match(urlOf(node, "rss"), /^rss:\/\/127\.0\.0\.1:\d+$/);
  const { port } = new URL(urlOf(node, "rss").replace("rss", "https"));
  const [ca, cert, key] = await Promise.all(["ca.crt", "client.crt", "client.key"].map(pem));
  const options = { port: Number(port), host: "127.0.0.1", ca, servername: "localhost" };
  assert.deepEqual(await handshake({ ...options, cert, key }), [0x7f, 0xf1, 0, 0]);
  await assert.rejects(handshake(options));
  await assert.rejects(handshake({ ...options, cert, key, maxVersion: "TLSv1.2" }));
  await node.stop();
});

/** The reply to a RawSocket handshake over TLS. */
function handshake(options: Parameters<typeof connectTls>[0]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(options, () => socket.write(new Uint8Array([0x7f, 0xf1, 0, 0])));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
    socket.on("data", (bytes: Uint8Array) => {
      resolve([...bytes]);
      socket.destroy();
    });
  });
}

test("Embedded node: of a range of ports the first free one is taken, and none taken is an error", async () => {
  const low = await freePort();
  const config = parseConfig({
    version: 2,
    workers: [{
      type: "router",
      transports: [{
        type: "websocket",
        endpoint: {
          type: "tcp",
          interface: "127.0.0.1",
          portrange: [low, Math.min(low + 9, 65535)],
        },
      }],
    }],
  });
  const [first, second] = [
    await startNode(config, { directory: "." }),
    await startNode(config, { directory: "." }),
  ];
  const ports = [first, second].map(({ listeners: [listener] }) =>
    listener !== undefined && "port" in listener.address ? listener.address.port : 0
  );
  await Promise.all([first.stop(), second.stop()]);
  const [one = 0, other = 0] = ports;
  assert.ok(low <= one && one < other && other <= low + 9, String(ports));
});
