/** A node as a process: what it listens on, what it says, how it stops. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { join as joinPath } from "node:path";
import { after, test } from "node:test";
import { endAll, freePort, launch, openConfig, run, workplace } from "./cli_process.ts";
import { connect, join } from "./json_client.ts";

after(endAll);

const LOOPBACK = { type: "tcp", port: 0, interface: "127.0.0.1" };
/** Only Linux tells which signals a process looks out for. */
const NO_PROC = existsSync("/proc/self/status") ? false : "needs /proc";
const WEBSOCKET = { type: "websocket", endpoint: LOOPBACK };
/** What a log line in JSON says of the only WebSocket listener. */
const URL = /"url":"(ws:[^" ]*)/;

/** Starts a node with these transports, and waits until it is ready. */
async function startNode(transports: readonly object[], options: object = {}, args: string[] = []) {
  const { directory, remove } = await workplace(openConfig(transports, options));
  const node = launch(["start", ...args], directory);
  await node.until(/Ready in/);
  const [, url = ""] = URL.exec(node.output.stdout) ?? [];
  return { node, url, directory, remove };
}

test("start: a client joins; SIGTERM says goodbye to it and ends with 0", async () => {
  const { node, url, remove } = await startNode([WEBSOCKET]);
  const { client, session, details } = await join(url);
  assert.equal(typeof session, "number");
  assert.equal((details as { realm?: unknown }).realm, "realm1");
  const ended = node.end("SIGTERM");
  const goodbye = await client.next();
  assert.deepEqual([goodbye[0], goodbye[2]], [6, "wamp.close.system_shutdown"]);
  client.send([6, {}, "wamp.close.goodbye_and_out"]);
  assert.equal(await client.closed, 1000);
  assert.equal(await ended, 0);
  assert.equal(node.output.stderr, "");
  await remove();
});

test("start: SIGINT stops it too, at once when nobody is connected", async () => {
  const { node, remove } = await startNode([WEBSOCKET]);
  const before = performance.now();
  assert.equal(await node.end("SIGINT"), 0);
  assert.ok(performance.now() - before < 1000);
  assert.match(node.output.stdout, /Stopping because of \\?"SIGINT/);
  await remove();
});

test("start: a signal while it starts ends it with 0", { skip: NO_PROC }, async () => {
  const { directory, remove } = await workplace(openConfig([WEBSOCKET]));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const node = launch(["start"], directory);
    await catches(node.pid);
    assert.equal(await node.end(signal), 0);
    assert.equal(node.output.stderr, "");
  }
  await remove();
});

test("start: a client that does not answer the goodbye holds the node up only for shutdown_timeout", async () => {
  const { node, url, remove } = await startNode([WEBSOCKET], { "shutdown_timeout": 300 });
  const { client } = await join(url);
  const before = performance.now();
  assert.equal(await node.end(), 0);
  const took = performance.now() - before;
  assert.ok(took > 250 && took < 2500, String(took));
  await client.closed;
  await remove();
});

test("start: a second signal ends it at once", async () => {
  const { node, url, remove } = await startNode([WEBSOCKET], { "shutdown_timeout": 60_000 });
  const { client } = await join(url);
  node.send("SIGTERM");
  await client.next();
  // Signals that come together are one wish: only a later one counts as the second.
  const again = setInterval(() => node.send("SIGTERM"), 100);
  assert.equal(await node.ended, 143);
  clearInterval(again);
  await client.closed;
  await remove();
});

test("start: calls and events pass between clients", async () => {
  const { node, url, remove } = await startNode([WEBSOCKET]);
  const { client: callee } = await join(url);
  const { client: caller } = await join(url);
  callee.send([64, 1, {}, "com.example.echo"]);
  assert.equal((await callee.next())[0], 65);
  caller.send([48, 1, {}, "com.example.echo", ["hello"]]);
  const [type, invocation, , , args] = await callee.next();
  assert.deepEqual([type, args], [68, ["hello"]]);
  callee.send([70, invocation, {}, args]);
  assert.deepEqual(await caller.next(), [50, 1, {}, ["hello"]]);
  caller.send([32, 2, {}, "com.example.topic"]);
  assert.equal((await caller.next())[0], 33);
  callee.send([16, 2, {}, "com.example.topic", [1]]);
  assert.deepEqual((await caller.next()).slice(4), [[1]]);
  caller.close();
  callee.close();
  assert.equal(await node.end(), 0);
  await remove();
});

test("start: log lines are JSON when nobody looks", async () => {
  const { node, remove } = await startNode([WEBSOCKET, { ...WEBSOCKET, id: "second" }]);
  await node.end();
  const lines = node.output.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ message }) => String(message).split(" ")[0]), [
    "Starting",
    "The",
    "Listening",
    "Listening",
    "Ready",
    "Stopping",
    "Stopped",
  ]);
  const { properties, logger, level } = lines[3];
  assert.deepEqual([properties.transport, properties.type, logger, level], [
    "second",
    "websocket",
    "realmway.node",
    "INFO",
  ]);
  assert.match(properties.address, /^tcp:127\.0\.0\.1:\d+$/);
  await remove();
});

test("start: the log says which listeners are open to all, and where they are", async () => {
  const open = { type: "tcp", port: 0 };
  const { node, remove } = await startNode([
    { type: "rawsocket", endpoint: open },
    { type: "rawsocket", endpoint: { ...open, interface: "::" } },
    { type: "rawsocket", endpoint: LOOPBACK },
  ]);
  await node.end();
  const lines = node.output.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const seen = lines.filter(({ message }) => message.startsWith("Listening")).map((
    { message, properties: { url, address } },
  ) => [message.replaceAll('"', ""), url, address].map((text) => text.replaceAll(/\d{4,}/g, "N")));
  assert.deepEqual(seen, [
    [
      "Listening on all interfaces (tcp:0.0.0.0:N), here rs://localhost:N",
      "rs://localhost:N",
      "tcp:0.0.0.0:N",
    ],
    [
      "Listening on all interfaces (tcp:[::]:N), here rs://localhost:N",
      "rs://localhost:N",
      "tcp:[::]:N",
    ],
    ["Listening on rs://127.0.0.1:N", "rs://127.0.0.1:N", "tcp:127.0.0.1:N"],
  ]);
  await remove();
});

test("start: a node goes on without its log when nobody reads it any more", async () => {
  const { node, url, remove } = await startNode([WEBSOCKET], {}, ["--loglevel", "debug"]);
  node.stopReading();
  for (let i = 0; i < 3; i++) {
    const { client } = await join(url);
    client.close();
    await client.closed;
  }
  assert.equal(await node.end(), 0);
  assert.equal(node.output.stderr, "");
  await remove();
});

test("start: --loglevel and --logformat", async () => {
  const quiet = await workplace(
    openConfig([{ type: "rawsocket", endpoint: { type: "unix", path: "x.sock" } }]),
  );
  const node = launch(["start", "--loglevel", "error"], quiet.directory);
  await exists(joinPath(quiet.directory, ".realmway", "x.sock"));
  assert.equal(await node.end(), 0);
  assert.equal(node.output.stdout, "");
  await quiet.remove();
  const { node: plain, remove } = await startNode([WEBSOCKET], {}, ["--logformat", "syslogd"]);
  await plain.end();
  assert.match(plain.output.stdout, /^\[INF\] node: Starting with/);
  await remove();
});

test("start: a configuration that cannot be used exits with 2 before anything listens", async () => {
  const { directory, remove } = await workplace(openConfig([{ ...WEBSOCKET, typ: "x" }]));
  const { code, stderr } = await run(["start"], directory);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /Cannot use .*config\.json: found 1 problem\n.*transports\[0\]\.typ: found an unknown key/,
  );
  await remove();
});

test("start: a port in use exits with 1, says so, and leaves nothing behind", async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, "127.0.0.1", () => {
      const address = taken.address();
      resolve(address !== null && typeof address === "object" ? address.port : 0);
    })
  );
  const { directory, remove } = await workplace(openConfig([
    { type: "rawsocket", endpoint: { type: "unix", path: "first.sock" } },
    { type: "websocket", endpoint: { ...LOOPBACK, port } },
  ]));
  const { code, stderr } = await run(["start"], directory);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use`),
  );
  assert.ok(!stderr.includes("    at "), "no stack for what is no bug");
  await assert.rejects(stat(joinPath(directory, ".realmway", "first.sock")), { code: "ENOENT" });
  taken.close();
  await remove();
});

test("start: what init wrote can be started: WebSocket, HTTP and RawSocket on one port", async () => {
  const { directory, remove } = await workplace();
  const port = await freePort();
  assert.equal((await run(["init", "--port", String(port)], directory)).code, 0);
  const node = launch(["start"], directory);
  await node.until(/Ready in/);
  const { client } = await join(`ws://127.0.0.1:${port}/ws`);
  client.close();
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(await page.text(), /WAMP router/);
  const status = await fetch(`http://127.0.0.1:${port}/ws`);
  assert.match(await status.text(), /for WAMP clients/);
  assert.deepEqual(await rawSocketHandshake(port), [0x7f, 0xf1, 0, 0]);
  await assert.rejects(connect(`ws://127.0.0.1:${port}/elsewhere`));
  assert.equal(await node.end(), 0);
  await remove();
});

test("start: the port is free again as soon as the node has stopped", async () => {
  const port = await freePort();
  const { directory, remove } = await workplace(
    openConfig([{ ...WEBSOCKET, endpoint: { ...LOOPBACK, port } }]),
  );
  for (let i = 0; i < 2; i++) {
    const node = launch(["start"], directory);
    await node.until(/Ready in/);
    const { client } = await join(`ws://127.0.0.1:${port}/`);
    const ended = node.end();
    await client.next();
    client.send([6, {}, "wamp.close.goodbye_and_out"]);
    assert.equal(await ended, 0);
  }
  await remove();
});

test("start: a unix socket that a killed node left behind is no obstacle", async () => {
  const transport = { type: "rawsocket", endpoint: { type: "unix", path: "router.sock" } };
  const { directory, remove } = await workplace(openConfig([transport]));
  const socket = joinPath(directory, ".realmway", "router.sock");
  const first = launch(["start"], directory);
  await first.until(/Ready in/);
  assert.equal(await first.end("SIGKILL"), "SIGKILL");
  assert.ok((await stat(socket)).isSocket());
  const second = launch(["start"], directory);
  await second.until(/Ready in/);
  assert.deepEqual(await rawSocketHandshake(socket), [0x7f, 0xf1, 0, 0]);
  const third = await run(["start"], directory);
  assert.equal(third.code, 1);
  assert.match(third.stderr, /another process listens there/);
  assert.equal(await second.end(), 0);
  await assert.rejects(stat(socket), { code: "ENOENT" });
  await remove();
});

test("start: requests with hostile paths get nothing from outside of the directory", async () => {
  const web = {
    type: "web",
    endpoint: LOOPBACK,
    paths: { "/": { type: "static", directory: ".." }, "ws": { type: "websocket" } },
  };
  const { node, url, remove } = await startNode([web]);
  const port = Number(new globalThis.URL(url).port);
  for (
    const path of [
      "/.realmway/config.json",
      "/%2erealmway/config.json",
      "/../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/..%2f..%2fetc/passwd",
      "//etc/passwd",
    ]
  ) {
    const answer = await rawRequest(
      port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 40[04] /, path);
    assert.ok(!answer.includes("root:") && !answer.includes("workers"), path);
  }
  // Health checks may speak HTTP/1.0, which needs no Host.
  assert.match(await rawRequest(port, "GET /ws HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /);
  assert.equal(await node.end(), 0);
  await remove();
});

/** Resolves when the process catches SIGTERM and what it looks out for next. */
async function catches(pid: number | undefined): Promise<void> {
  for (let tries = 0; tries < 5000; tries++) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
    if ((BigInt(`0x${mask}`) >> 14n & 1n) === 0n) continue;
    // Deno catches all of them for itself, a moment before it does so for the program: nothing tells the two apart.
    return await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assert.fail("SIGTERM is not caught");
}

/** Resolves when the file exists. */
async function exists(file: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await stat(file).then(() => true, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`${file} did not appear`);
}

/** The reply to a RawSocket handshake that asks for JSON and messages of up to 16 MiB. */
function rawSocketHandshake(place: number | string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = typeof place === "number"
      ? createConnection(place, "127.0.0.1")
      : createConnection(place);
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      resolve(typeof bytes === "string" ? [] : [...bytes]);
      socket.destroy();
    });
    socket.write(new Uint8Array([0x7f, 0xf1, 0, 0]));
  });
}

function rawRequest(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = createConnection(port, "127.0.0.1");
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (text) => answer += text);
    socket.on("close", () => resolve(answer));
    socket.write(request);
  });
}

/** Says what no peer may say, and waits until the node has closed the connection. */
function offend(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0, 0, 0, 0, 3, 0x62, 0x61, 0x64));
    });
    socket.on("data", () => {}).on("error", () => {}).on("close", () => resolve());
    socket.on("end", () => socket.end());
  });
}

test("start: a log that nobody reads stops neither the node nor its end", async () => {
  const transport = { type: "universal", endpoint: LOOPBACK, rawsocket: {}, websocket: { ws: {} } };
  const { node, url, remove } = await startNode([transport]);
  const port = Number(/:(\d+)/.exec(url)?.[1]);
  node.pauseReading();
  for (let i = 0; i < 60; i++) {
    await Promise.all(Array.from({ length: 50 }, () => offend(port)));
  }
  const { client } = await join(url);
  client.close();
  await client.closed;
  assert.equal(await node.end(), 0);
  await remove();
});
