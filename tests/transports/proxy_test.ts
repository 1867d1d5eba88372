/** Connections by way of an HTTP proxy (CONNECT): to a node, with the library's own session. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { ApplicationRunner, ApplicationSession, Component, connect } from "../../mod.ts";
import { parseConfig, startNode } from "../../node/mod.ts";

const TLS = fileURLToPath(new URL("../kit/tls/", import.meta.url).href);

/** A proxy that answers with `answer`, or connects for who has the credentials. Returns what it was asked, and its port. */
async function withProxy(
  run: (proxy: { host: string; port: number }, asked: string[]) => Promise<void>,
  answer?: string,
): Promise<void> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => sockets.add(socket.on("error", () => socket.destroy()));
  const server = createServer((client) => {
    keep(client);
    client.once("data", (bytes) => {
      const head = bytes.toString();
      asked.push(head);
      if (answer !== undefined) return void client.write(answer);
      const [, port] = /^CONNECT \S+:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
      const credentials = btoa("joe:secret");
      if (!head.includes(`Proxy-Authorization: Basic ${credentials}\r\n`)) {
        return void client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      }
      const target = connectTcp(Number(port), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
        client.pipe(target).pipe(client);
      });
      keep(target);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await run({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }, asked);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function withNode(run: (plain: number, secure: number) => Promise<void>): Promise<void> {
  const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
  const tls = { certificate: "server.crt", key: "server.key" };
  const universal = { type: "universal", rawsocket: {}, websocket: { ws: { type: "websocket" } } };
  const realms = [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }];
  const transports = [{ ...universal, endpoint }, { ...universal, endpoint: { ...endpoint, tls } }];
  const config = parseConfig({ version: 2, workers: [{ type: "router", realms, transports }] });
  const node = await startNode(config, { directory: TLS });
  try {
    const [plain, secure] = node.listeners.map(({ urls }) => Number(new URL(urls[0] ?? "").port));
    await run(plain ?? 0, secure ?? 0);
  } finally {
    await node.stop();
  }
}

test("Proxy: WebSocket and RawSocket, with TLS and without, go by way of it", () =>
  withNode((plain, secure) =>
    withProxy(async (where, asked) => {
      const proxy = { ...where, username: "joe", password: "secret" };
      const ca = readFileSync(`${TLS}ca.crt`, "utf8");
      const urls = [
        `ws://localhost:${plain}/ws`,
        `wss://localhost:${secure}/ws`,
        `rs://localhost:${plain}`,
        `rss://localhost:${secure}`,
      ];
      for (const url of urls) {
        const native = { proxy, tls: { ca } };
        const session = await connect({ url, realm: "realm1", native });
        await session.register("com.example.echo", ([value]) => value);
        const value = "x".repeat(100_000);
        assert.equal(await session.call("com.example.echo", [value]), value, url);
        await session.leave();
        const port = new URL(url.replace(/^rs/, "ws")).port;
        const [line, host] = asked.shift()?.split("\r\n") ?? [];
        assert.equal(line, `CONNECT localhost:${port} HTTP/1.1`);
        assert.equal(host, `Host: localhost:${port}`);
      }
      assert.deepEqual(asked, []);
    })
  ));

test("Proxy: what it refuses, or does not understand, is said", async () => {
  const url = "ws://router.example.com/ws";
  const refusal = async (answer: string | undefined): Promise<string> => {
    let text = "";
    await withProxy(async (proxy) => {
      const error = await connect({ url, realm: "realm1", native: { proxy } }).catch((e) => e);
      text = String(error);
    }, answer);
    return text;
  };
  assert.match(await refusal(undefined), /the proxy wants other credentials \(407\)/);
  assert.match(
    await refusal("HTTP/1.1 403 Forbidden\r\n\r\n"),
    /the proxy refuses \(403 Forbidden\)/,
  );
  assert.match(await refusal("SSH-2.0-x\r\n\r\n"), /the proxy does not speak HTTP/);
  assert.match(await refusal("x".repeat(20_000)), /the proxy does not speak HTTP/);
  assert.match(await refusal("HTTP/1.1 200 OK\r\n\r\nhello"), /more than its answer/);
  const native = { proxy: { host: "127.0.0.1", port: 1 } };
  await assert.rejects(
    connect({ url, realm: "realm1", native }),
    /router\.example\.com:80 by 127\.0\.0\.1:1/,
  );
  await assert.rejects(
    connect({ url: "unix+ws:/nowhere", realm: "realm1", native }),
    /found a unix socket, expected TCP/,
  );
});

test("Proxy: a silent one is given up in time", () =>
  withProxy(async (proxy) => {
    const options = { url: "ws://router.example.com/ws", realm: "realm1", timeoutMs: 100 };
    await assert.rejects(connect({ ...options, native: { proxy } }), /within 100 ms/);
  }, ""));

test("Proxy: a component's transport and an ApplicationRunner may have one", () =>
  withNode((plain) =>
    withProxy(async (where, asked) => {
      const proxy = { ...where, username: "joe", password: "secret" };
      const url = `ws://localhost:${plain}/ws`;
      const options = { autoPingIntervalMs: 1_000 };
      await new Component({ transports: { url, proxy, options }, main: () => {} }).start();
      class Once extends ApplicationSession {
        override async onJoin(): Promise<void> {
          await this.leave();
        }
      }
      const runner = new ApplicationRunner({ url, proxy, options });
      await runner.run(Once, { logLevel: null, handlesSignals: false });
      assert.equal(asked.length, 2);
      const raw = { autoPingIntervalMs: 1_000, autoPingTimeoutMs: 500 };
      const transports = { url: `rs://localhost:${plain}`, proxy, options: raw };
      await new Component({ transports, main: () => {} }).start();
      assert.equal(asked.length, 3);
      const endpoint = { type: "unix", path: "/nowhere" } as const;
      assert.throws(() => new Component({ transports: { endpoint, proxy } }), /is a unix socket/);
    })
  ));
