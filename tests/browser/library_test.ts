/// <reference lib="dom" />
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type * as Library from "../../mod.ts";
import { ApplicationError, connect } from "../../mod.ts";
import { parseConfig, startNode } from "../../node/mod.ts";
import { CuttingProxy } from "../kit/cutting_proxy.ts";
import { FakeRandom } from "../kit/fake_random.ts";
import { DevServer, launchBrowser, MISSING } from "./browser_kit.ts";

let server: DevServer;
let browser: Browser;
let page: Page;
before(async () => {
  if (MISSING !== false) return;
  [server, browser] = await Promise.all([DevServer.start(), launchBrowser()]);
  page = await browser.newPage();
  await page.goto(server.url);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

declare global {
  // What `load` leaves in the page.
  var library: typeof Library;
}

/** The library's modules, as the development server offers them one by one. */
async function load(into = page): Promise<void> {
  await into.evaluate(async () => {
    const path = "/page/src/mod.ts";
    globalThis.library = await import(path);
  });
}

for (const serializer of ["json", "msgpack", "cbor"] as const) {
  test(`Library in Chromium: calls, errors, events and binary values in ${serializer}`, {
    skip: MISSING,
  }, async () => {
    await load();
    const session = await server.join();
    await session.register("com.example.browser.reverse", ([bytes]: readonly [Uint8Array]) => {
      if (bytes.length === 0) throw new ApplicationError("com.example.error.empty", ["Nothing"]);
      return bytes.toReversed();
    });
    const seen = await page.evaluate(async ([url, serializer]) => {
      const { ApplicationError, connect } = globalThis.library;
      const session = await connect({ url, realm: "realm1", serializers: [serializer] });
      const bytes = await session.call<Uint8Array>("com.example.browser.reverse", [
        new Uint8Array([1, 2, 3]),
      ]);
      const error = await session.call("com.example.browser.reverse", [new Uint8Array(0)])
        .catch((error: unknown) => error instanceof ApplicationError ? error.message : error);
      const event = await new Promise((resolve) => {
        session.subscribe("com.example.browser", (args) => resolve(args)).then(() => {
          session.publish("com.example.browser", ["é"], {}, { excludeMe: false });
        });
      });
      const { by, reason } = await session.leave();
      return { bytes: [...bytes], error, event, by, reason };
    }, [`ws://127.0.0.1:${server.port}/ws`, serializer] as const);
    assert.deepEqual(seen, {
      bytes: [3, 2, 1],
      error: "com.example.error.empty: Nothing",
      event: ["é"],
      by: "client",
      reason: "wamp.close.normal",
    });
    await session.leave();
  });
}

test("Library in Chromium: the browser is a callee too", { skip: MISSING }, async () => {
  await load();
  const session = await server.join();
  await page.evaluate(async (url) => {
    const session = await globalThis.library.connect({ url, realm: "realm1" });
    await session.register("com.example.browser.title", () => document.title);
  }, `ws://127.0.0.1:${server.port}/ws`);
  assert.equal(await session.call("com.example.browser.title"), "realm1 | Realmway");
  await session.leave();
});

test("Library in Chromium: refused connections and joins reject", { skip: MISSING }, async () => {
  await load();
  const seen = await page.evaluate(async (port) => {
    const { connect } = globalThis.library;
    const attempt = (url: string, realm: string) =>
      connect({ url, realm }).then(() => "joined", (error: Error) => [error.name, error.message]);
    return [
      await attempt(`ws://127.0.0.1:${port}/nowhere`, "realm1"),
      await attempt(`ws://127.0.0.1:${port}/ws`, "nowhere"),
    ];
  }, server.port);
  assert.match(String(seen[0]), /^ConnectError,.*nowhere.*refused/);
  assert.match(String(seen[1]), /^JoinError,.*no_such_realm/);
});

test("Library in Chromium: a session survives its connection", { skip: MISSING }, async () => {
  // The page of the development server may connect to that alone.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(server.url);
  await load(page);
  const node = await startNode(
    parseConfig({
      version: 2,
      workers: [{
        type: "router",
        realms: [{
          name: "realm1",
          roles: [{ name: "anonymous", "allow-by-default": true }],
          resumption: {},
        }],
        transports: [{
          type: "websocket",
          endpoint: { type: "tcp", interface: "127.0.0.1", port: 0 },
        }],
      }],
    }),
    { directory: "." },
  );
  const { port } = node.listeners[0]?.address as { port: number };
  const proxy = await CuttingProxy.open(port, new FakeRandom(1), 2 ** 30);
  const url = `ws://127.0.0.1:${proxy.port}/`;
  const other = await connect({ url: `ws://127.0.0.1:${port}/`, realm: "realm1" });
  await page.evaluate(async (url) => {
    const { connect } = globalThis.library;
    const seen: unknown[] = [];
    const session = await connect({
      url,
      realm: "realm1",
      resumable: {
        onLost: () => {
          // The arguments are those of now.
          const args = [["while away"]];
          session.publish("com.example.browser", args, {}, { excludeMe: false });
          args[0]?.push("changed");
        },
      },
    });
    await session.subscribe("com.example.browser", ([value]) => void seen.push(value));
    await session.register("com.example.browser.seen", () => [...seen]);
  }, url);
  proxy.cutAll();
  other.publish("com.example.browser", ["from another"]);
  let seen: readonly unknown[] = [];
  while (seen.length < 2) seen = await other.call("com.example.browser.seen");
  assert.deepEqual(seen.map((one) => JSON.stringify(one)).sort(), [
    '"from another"',
    '["while away"]',
  ]);
  await other.leave();
  await context.close();
  await node.stop();
  await proxy.close();
});
