import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, renameSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { ByteStream } from "../../transports/byte_stream.ts";
import { connect } from "../../transports/connect.ts";
import { ConnectError, type Endpoint, ListenError } from "../../transports/endpoint.ts";
import { canSetBacklog, listen } from "../../transports/listen.ts";
import { Probe } from "../kit/probe.ts";

const tcp = (host: string, port = 0): Endpoint => ({ kind: "tcp", host, port });

function drop(stream: ByteStream): void {
  stream.abort();
}

/** Says "hello" to everyone who connects. */
function greet(stream: ByteStream): void {
  const probe = new Probe(stream);
  void probe.sendText("hello").then(() => stream.close());
}

async function greetingAt(to: Parameters<typeof connect>[0]): Promise<string> {
  const probe = new Probe(await connect(to, { timeoutMs: 5000 }));
  await probe.until(() => probe.count("end") === 1 || probe.isClosed);
  probe.stream.close();
  await probe.closed;
  return probe.text;
}

function portOf(address: ByteStream["local"]): number {
  assert.ok("port" in address);
  return address.port;
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "realmway-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function textOf(endpoint: Endpoint): Promise<string> {
  try {
    const listener = await listen(endpoint, drop);
    await listener.close();
  } catch (error) {
    assert.ok(error instanceof ListenError, String(error));
    return error.message;
  }
  return "";
}

const hasIpv6 = await new Promise<boolean>((resolve) => {
  const server = net.createServer();
  server.once("error", () => resolve(false));
  server.listen(0, "::1", () => server.close(() => resolve(true)));
});

test("Listen: port 0 becomes a real one", async () => {
  const listener = await listen(tcp("127.0.0.1"), greet);
  const port = portOf(listener.address);
  assert.ok(port > 0);
  assert.equal(await greetingAt({ kind: "tcp", host: "127.0.0.1", port }), "hello");
  await listener.close();
});

test("Listen: a host name is looked up", async () => {
  const listener = await listen(tcp("localhost"), greet);
  assert.equal(
    await greetingAt({ kind: "tcp", host: "localhost", port: portOf(listener.address) }),
    "hello",
  );
  await listener.close();
});

test("Listen: peers that are gone before they are accepted do not hold up the next", async () => {
  const listener = await listen(tcp("127.0.0.1"), greet);
  const port = portOf(listener.address);
  // From another process: in this one, each would be accepted before it is reset.
  const code = `import net from "node:net";
    for (let i = 0; i < 60; i++) {
      const socket = net.connect(${port}, "127.0.0.1", () => socket.resetAndDestroy());
      socket.on("error", () => {});
    }`;
  const isDeno = process.versions["deno"] !== undefined;
  spawnSync(process.execPath, isDeno ? ["eval", code] : ["-e", code]);
  const before = performance.now();
  assert.equal(await greetingAt({ kind: "tcp", host: "127.0.0.1", port }), "hello");
  // Each used to cost 100 ms.
  assert.ok(performance.now() - before < 3000);
  await listener.close();
});

test("Listen: IPv6, and IPv4 on :: with plain addresses", { skip: !hasIpv6 }, async () => {
  const six = await listen(tcp("::1"), greet);
  assert.equal(
    await greetingAt({ kind: "tcp", host: "::1", port: portOf(six.address) }),
    "hello",
  );
  await six.close();
  const peers: ByteStream["remote"][] = [];
  const both = await listen(tcp("::"), (stream) => {
    peers.push(stream.remote);
    greet(stream);
  });
  const port = portOf(both.address);
  assert.equal(await greetingAt({ kind: "tcp", host: "127.0.0.1", port }), "hello");
  assert.equal(await greetingAt({ kind: "tcp", host: "::1", port }), "hello");
  assert.deepEqual(peers.map((peer) => "host" in peer && peer.host), ["127.0.0.1", "::1"]);
  await both.close();
});

test("Listen: a version that the address does not have is refused", async () => {
  assert.match(
    await textOf({ kind: "tcp", host: "127.0.0.1", port: 0, version: 6 }),
    /^Cannot listen on 127\.0\.0\.1:0: the host is an IPv4 address, expected one of IPv6$/,
  );
});

test("Listen: an address in use is named, with a remedy", async () => {
  const first = await listen(tcp("127.0.0.1"), drop);
  const port = portOf(first.address);
  assert.match(
    await textOf(tcp("127.0.0.1", port)),
    new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use.* choose another`),
  );
  await first.close();
  assert.equal(await textOf(tcp("127.0.0.1", port)), "", "free again after close()");
});

test("Listen: an unknown host and an address of somebody else are told apart", async () => {
  assert.match(await textOf(tcp("nowhere.invalid")), /the host name is unknown/);
  assert.match(await textOf(tcp("192.0.2.1")), /this machine has no such address/);
});

/** Whether binding port 1 is refused to this process. */
const isPrivileged = await new Promise<boolean>((resolve) => {
  const server = net.createServer();
  server.once("error", (error) => resolve("code" in error && error.code === "EACCES"));
  server.listen(1, "127.0.0.1", () => server.close(() => resolve(false)));
});

test("Listen: a privileged port asks for the capability", { skip: !isPrivileged }, async () => {
  assert.match(await textOf(tcp("127.0.0.1", 1)), /permission denied; .*CAP_NET_BIND_SERVICE/);
});

test("Listen: several listeners share a port when all of them say so", async () => {
  const shared = { kind: "tcp", host: "127.0.0.1", reusePort: true } as const;
  const first = await listen({ ...shared, port: 0 }, greet);
  const port = portOf(first.address);
  const second = await listen({ ...shared, port }, greet);
  assert.match(await textOf(tcp("127.0.0.1", port)), /in use/);
  for (let i = 0; i < 10; i++) {
    assert.equal(await greetingAt({ kind: "tcp", host: "127.0.0.1", port }), "hello");
  }
  await first.close();
  await second.close();
});

test("Listen: a backlog is taken", { skip: !canSetBacklog }, async () => {
  const listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0, backlog: 3 }, greet);
  const to = { kind: "tcp", host: "127.0.0.1", port: portOf(listener.address) } as const;
  assert.equal(await greetingAt(to), "hello");
  await listener.close();
});

test("Listen: close() may be called twice, and takes the port back", async () => {
  const listener = await listen(tcp("127.0.0.1"), drop);
  await Promise.all([listener.close(), listener.close()]);
  await listener.close();
  await assert.rejects(
    connect({ kind: "tcp", host: "127.0.0.1", port: portOf(listener.address) }, {
      timeoutMs: 1000,
    }),
    (error) => error instanceof ConnectError && error.reason === "refused",
  );
});

test("Listen: a listener without TLS takes no certificate", async () => {
  const listener = await listen(tcp("127.0.0.1"), drop);
  assert.throws(() => listener.setSecureContext({ cert: "", key: "" }), ListenError);
  await listener.close();
});

test("Listen: a unix socket has the mode that was asked for, and its file goes with it", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "socket");
    const umask = process.umask();
    const listener = await listen({ kind: "unix", path, mode: 0o660 }, greet);
    assert.equal(process.umask(), umask);
    assert.ok(lstatSync(path).isSocket());
    assert.equal(lstatSync(path).mode & 0o777, 0o660);
    assert.deepEqual(listener.address, { path });
    assert.equal(await greetingAt({ kind: "unix", path }), "hello");
    await listener.close();
    assert.equal(existsSync(path), false);
  });
});

test("Listen: a unix socket with a backlog", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "socket");
    const listener = await listen({ kind: "unix", path, backlog: 16 }, greet);
    assert.equal(await greetingAt({ kind: "unix", path }), "hello");
    await listener.close();
    assert.equal(existsSync(path), false);
  });
});

test("Listen: the file of a dead socket is removed, that of a live one is not", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "socket");
    const first = await listen({ kind: "unix", path }, greet);
    assert.match(await textOf({ kind: "unix", path }), /another process listens there/);
    assert.equal(await greetingAt({ kind: "unix", path }), "hello");
    await first.close();
    await makeStale(path);
    assert.ok(lstatSync(path).isSocket());
    const second = await listen({ kind: "unix", path }, greet);
    assert.equal(await greetingAt({ kind: "unix", path }), "hello");
    await second.close();
  });
});

test("Listen: a file that is no socket is never removed", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "precious");
    writeFileSync(path, "data");
    assert.match(await textOf({ kind: "unix", path }), /a file that is no socket is in the way/);
    assert.equal(lstatSync(path).size, 4);
  });
});

test("Listen: what is wrong with the path of a unix socket is said", async () => {
  await inFolder(async (folder) => {
    const long = join(folder, "x".repeat(150));
    assert.match(await textOf({ kind: "unix", path: long }), /expected at most 107/);
    assert.match(
      await textOf({ kind: "unix", path: join(folder, "nowhere", "socket") }),
      /the directory does not exist/,
    );
    writeFileSync(join(folder, "file"), "");
    assert.match(
      await textOf({ kind: "unix", path: join(folder, "file", "socket") }),
      /a part of the path is no directory/,
    );
  });
});

test("Listen: a descriptor that is no socket is refused", async () => {
  assert.match(await textOf({ kind: "fd", fd: 987 }), /^Cannot listen on descriptor 987: /);
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;
test("Listen: takes up a socket that was inherited", { skip: !hasPython }, async () => {
  // Opens a socket as descriptor 3, as a service manager does, and becomes the runtime.
  const opener = `import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); os.dup2(s.fileno(), 9); os.dup2(9, 3)
print(s.getsockname()[1], flush=True); os.execvp(sys.argv[1], sys.argv[1:])`;
  const program = join(import.meta.dirname ?? "", "..", "kit", "inherited_listener.ts");
  const run = "Deno" in globalThis ? ["run", "-A", program] : [program];
  const child = spawn("python3", ["-c", opener, process.execPath, ...run], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const port = await new Promise<number>((resolve) =>
    child.stdout.once("data", (line: Uint8Array) => resolve(Number(new TextDecoder().decode(line))))
  );
  assert.equal(await greetingAt({ kind: "tcp", host: "127.0.0.1", port }), "inherited");
  assert.equal(await exited, 0);
});

test("Connect: says whether nobody listens, the name is unknown, or the socket is missing", async () => {
  const listener = await listen(tcp("127.0.0.1"), drop);
  const port = portOf(listener.address);
  await listener.close();
  const reasons: string[] = [];
  for (
    const to of [
      { kind: "tcp", host: "127.0.0.1", port },
      { kind: "tcp", host: "nowhere.invalid", port: 1 },
      { kind: "unix", path: "/nowhere/at/all" },
      { kind: "tcp", host: "127.0.0.1", port, tls: {} },
    ] as const
  ) {
    await assert.rejects(connect(to, { timeoutMs: 5000 }), (error) => {
      assert.ok(error instanceof ConnectError);
      reasons.push(error.reason);
      assert.match(error.message, /^Cannot connect to \S+: /);
      return true;
    });
  }
  assert.deepEqual(reasons, ["refused", "not_found", "not_found", "refused"]);
});

test("Connect: gives up after its time, and when told to", async () => {
  // A TLS handshake that nobody answers: it hangs on every machine, unlike addresses that lead nowhere.
  const silent = await listen(tcp("127.0.0.1"), (stream) => void new Probe(stream));
  const to = { kind: "tcp", host: "127.0.0.1", port: portOf(silent.address), tls: {} } as const;
  const alive = setInterval(() => {}, 1000);
  await assert.rejects(
    connect(to, { timeoutMs: 50 }),
    (error) => error instanceof ConnectError && error.reason === "timeout",
  );
  const aborter = new AbortController();
  const attempt = connect(to, { timeoutMs: 5000, signal: aborter.signal });
  aborter.abort();
  await assert.rejects(
    attempt,
    (error) => error instanceof ConnectError && error.reason === "aborted",
  );
  await assert.rejects(
    connect(to, { timeoutMs: 5000, signal: AbortSignal.abort() }),
    (error) => error instanceof ConnectError && error.reason === "aborted",
  );
  clearInterval(alive);
  await silent.close();
});

test("Connect: a signal that fires later does not touch the stream", async () => {
  const listener = await listen(tcp("127.0.0.1"), (stream) => {
    const probe = new Probe(stream);
    probe.onChunk = (bytes) => void probe.send(bytes.slice());
  });
  const aborter = new AbortController();
  const to = { kind: "tcp", host: "127.0.0.1", port: portOf(listener.address) } as const;
  const probe = new Probe(await connect(to, { timeoutMs: 5000, signal: aborter.signal }));
  aborter.abort();
  await probe.sendText("still here");
  await probe.received(10);
  assert.equal(probe.text, "still here");
  probe.stream.abort();
  await listener.close();
});

/** Leaves a socket's file without its listener, as a crash does. */
async function makeStale(path: string): Promise<void> {
  const listener = await listen({ kind: "unix", path: `${path}.old` }, drop);
  renameSync(`${path}.old`, path);
  await listener.close();
}
