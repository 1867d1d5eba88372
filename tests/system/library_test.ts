import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseConfig, startNode } from "../../node/mod.ts";

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

/** What the program prints when `command` runs it against a router of this process, over WebSocket and RawSocket. */
async function output(command: string, args: readonly string[]): Promise<unknown[]> {
  const node = await startNode(config, { directory: "." });
  try {
    const urls = node.listeners[0]?.urls.filter((url) => /^(?:ws|rs):/.test(url)) ?? [];
    return await Promise.all(urls.map(async (url) => {
      const { stdout } = await run(command, [...args, PROGRAM, url], { timeout: 20_000 });
      return JSON.parse(stdout);
    }));
  } finally {
    await node.stop();
  }
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
