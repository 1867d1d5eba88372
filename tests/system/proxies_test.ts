/** Peers behind balancers: the address that the node knows them by, as session details and throttling use it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket, createServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import { connect, type Dial } from "../../mod.ts";
import { ConfigError, type Node, parseConfig, startNode } from "../../node/mod.ts";
import type { Log } from "../../router/ports.ts";
import { dial as dialTransport } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { json } from "../../wamp/codec/json.ts";
import { workplace } from "./cli_process.ts";

const warnings: string[] = [];
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (text, { problem }) => warnings.push(`${text} ${problem}`),
  error: (text) => assert.fail(text),
};
const host = new TransportHost({ onFault: (error) => assert.fail(String(error)) });
let place: Awaited<ReturnType<typeof workplace>>;
before(async () => place = await workplace());
after(() => place.remove());

function start(endpoint: object): Promise<Node> {
  const config = parseConfig({
    version: 2,
    workers: [{
      type: "router",
      realms: [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }],
      transports: [{
        type: "universal",
        endpoint: { type: "tcp", port: 0, interface: "127.0.0.1", ...endpoint },
        rawsocket: {},
        websocket: { "ws": {} },
      }],
    }],
  });
  return startNode(config, { directory: place.directory, log });
}

function portOf(node: Node): number {
  const { address } = node.listeners[0] ?? assert.fail("no listener");
  return "port" in address ? address.port : assert.fail("no port");
}

/** A balancer that writes `header` before what its clients send, in pieces of `piece` bytes. */
async function balancer(node: Node, header: Uint8Array, piece: number): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connectSocket({ port: portOf(node), host: "127.0.0.1", noDelay: true });
    for (let at = 0; at < header.length; at += piece) upstream.write(header.slice(at, at + piece));
    client.pipe(upstream).pipe(client);
    for (const one of [client, upstream]) one.on("error", () => one.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function peerOf(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const dial: Dial = ({ signal }, attach) =>
    dialTransport({ url, codecs: [json], headers, signal, host }, attach);
  const session = await connect({ url, realm: "realm1", dial });
  const details = await session.call<{ transport: { peer: string } }>("wamp.session.get", [
    session.id,
  ]);
  await session.leave();
  return details.transport.peer;
}

const V1 = new TextEncoder().encode("PROXY TCP4 203.0.113.9 198.51.100.2 50000 443\r\n");
const V2 = Uint8Array.from([
  ...[13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, 0x21, 0x11, 0, 12],
  ...[203, 0, 113, 9, 198, 51, 100, 2, 0xc3, 0x50, 1, 187],
]);

test("Proxies: the PROXY protocol tells the node who its peers are, whatever they speak", async () => {
  const node = await start({ proxy_protocol: true });
  for (const header of [V1, V2]) {
    for (const piece of [1000, 7]) {
      const server = await balancer(node, header, piece);
      const { port } = server.address() as { port: number };
      for (const url of [`ws://127.0.0.1:${port}/ws`, `rs://127.0.0.1:${port}`]) {
        assert.equal(await peerOf(url), "tcp4:203.0.113.9:50000");
      }
      server.close();
    }
  }
  await assert.rejects(peerOf(`ws://127.0.0.1:${portOf(node)}/ws`));
  assert.match(warnings.splice(0).join(), /expected a header of the PROXY protocol/);
  await node.stop();
});

test("Proxies: only those that are trusted may speak for others by the PROXY protocol", async () => {
  const node = await start({ proxy_protocol: true, trusted_proxies: ["192.0.2.0/24"] });
  const server = await balancer(node, V1, 1000);
  const { port } = server.address() as { port: number };
  await assert.rejects(peerOf(`ws://127.0.0.1:${port}/ws`));
  assert.match(warnings.splice(0).join(), /no trusted proxy/);
  server.close();
  await node.stop();
});

test("Proxies: forwarded headers count when they come from a proxy that is trusted", async () => {
  const headers = { "X-Forwarded-For": "1.2.3.4, 203.0.113.9" };
  const trusting = await start({ trusted_proxies: ["127.0.0.1"] });
  const url = (node: Node) => `ws://127.0.0.1:${portOf(node)}/ws`;
  assert.equal(await peerOf(url(trusting), headers), "tcp4:203.0.113.9:0");
  assert.match(String(await peerOf(url(trusting))), /^tcp4:127\.0\.0\.1:\d+$/);
  await trusting.stop();
  const wary = await start({});
  assert.match(String(await peerOf(url(wary), headers)), /^tcp4:127\.0\.0\.1:\d+$/);
  await wary.stop();
});

test("Proxies: what cannot be is refused before anything starts", () => {
  const tls = { key: "k.pem", certificate: "c.pem" };
  for (
    const [endpoint, problem] of [
      [{ proxy_protocol: true, tls }, /together with TLS/],
      [{ trusted_proxies: ["balancer"] }, /an address, or a network/],
    ] as const
  ) {
    assert.throws(
      () => start(endpoint),
      (error) => error instanceof ConfigError && problem.test(error.message),
    );
  }
});
