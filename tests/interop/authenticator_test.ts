/** Autobahn|Python as dynamic authenticator, as people wrote them for Crossbar.io. [WAMP dynamic-auth] */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRouterWith } from "./router_under_test.ts";

const python = process.env["REALMWAY_PYTHON"];
const program = fileURLToPath(new URL("python/authenticator.py", import.meta.url).href);
const run = promisify(execFile);

const principals = { "authenticator": { "ticket": "authenticator", "role": "anonymous" } };
const auth = {
  "ticket": { "type": "static", principals },
  "wampcra": { "type": "dynamic", "authenticator": "com.example.authenticate" },
};

for (const runtime of ["deno", "bun"] as const) {
  const skip = python === undefined ? "REALMWAY_PYTHON is not set: see CONTRIBUTING.md" : false;
  test(`Autobahn|Python decides who may join, on ${runtime}`, { skip }, async () => {
    const router = await startRouterWith({ auth, runtime });
    try {
      const url = `ws://${router.host}:${router.port}${router.path}`;
      const { stdout } = await run(python ?? "", [program, url], { timeout: 60_000 });
      const { outcome, asked } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      assert.deepEqual(outcome, {
        "joe": ["anonymous", "dynamic", { "from": "python" }],
        "wrong": "wamp.error.authentication_denied",
        "nobody": "wamp.error.authentication_denied",
        "banned": "com.example.banned",
      });
      assert.deepEqual(asked[0], ["realm1", "joe", "wampcra", true]);
    } finally {
      assert.equal(await router.stop(), 0);
    }
  });
}
