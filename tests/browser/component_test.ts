/** A Component in a page and in a worker of Chromium: its registrations and subscriptions survive the loss of connections and of the router. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { connect, type Session } from "../../mod.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";
import { CuttingProxy } from "../kit/cutting_proxy.ts";
import { FakeRandom } from "../kit/fake_random.ts";
import { launchBrowser, MISSING } from "./browser_kit.ts";
import { BrowserProgram, bundle, SITE, THREADS } from "./bundle.ts";

const PROGRAM = fileURLToPath(new URL("component_program.ts", import.meta.url).href);

let programs: Awaited<ReturnType<typeof bundle>>;
let browser: Browser;
before(async () => {
  if (MISSING !== false) return;
  programs = await bundle([PROGRAM]);
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  programs?.remove();
});

/** @param port 0: a free one. */
async function start(port: number): Promise<{ node: Node; port: number }> {
  const node = await startNode(
    parseConfig({
      version: 2,
      workers: [{
        type: "router",
        realms: [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }],
        transports: [{
          type: "web",
          endpoint: { type: "tcp", interface: "127.0.0.1", port },
          paths: {
            "/": { type: "static", directory: SITE },
            "ws": { type: "websocket" },
          },
        }],
      }],
    }),
    { directory: programs.folder },
  );
  const url = node.listeners[0]?.urls.find((one) => one.startsWith("ws:")) ?? "";
  return { node, port: Number(new URL(url).port) };
}

/** Publishes, and calls until the component has told that it has got that: an event comes before the call that follows it. */
async function heardBy(session: Session, text: string): Promise<unknown> {
  await session.publish("com.example.browser.topic", [text], {}, { acknowledge: true });
  return await session.call("com.example.browser.heard");
}

for (const thread of THREADS) {
  test(`Component in Chromium, ${thread}: comes back whole after cuts and a router that restarts`, {
    skip: MISSING,
  }, async () => {
    let { node, port } = await start(0);
    const proxy = await CuttingProxy.open(port, new FakeRandom(1), 2 ** 30);
    const site = `http://127.0.0.1:${port}/`;
    const program = await BrowserProgram.start(browser, site, {
      file: "component_program",
      thread,
      router: `ws://127.0.0.1:${proxy.port}/ws`,
    });
    try {
      await program.printed([/ready 1/]);
      const before = await connect({ url: `ws://127.0.0.1:${port}/ws`, realm: "realm1" });
      assert.deepEqual(await heardBy(before, "first"), ["first"]);

      proxy.cutAll();
      await program.printed([/left: wamp\.close\.transport_lost\n[^]*ready 2/]);
      assert.deepEqual(await heardBy(before, "second"), ["first", "second"]);

      await node.stop();
      ({ node } = await start(port));
      await program.printed([/left: wamp\.close\.system_shutdown\n[^]*ready 3/]);
      const session = await connect({ url: `ws://127.0.0.1:${port}/ws`, realm: "realm1" });
      assert.deepEqual(await heardBy(session, "third"), ["first", "second", "third"]);

      assert.equal(await session.call("com.example.browser.stop"), 3);
      await program.printed([/left: wamp\.close\.normal\ndone/]);
      await session.leave();
    } finally {
      await program.close();
      await node.stop();
      await proxy.close();
    }
  });
}
