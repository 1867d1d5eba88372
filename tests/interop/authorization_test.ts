/** Autobahn|Python as dynamic authorizer and as the peer that it decides about, as people wrote them for Crossbar.io. [WAMP authorization] */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRouterWith } from "./router_under_test.ts";

const python = process.env["REALMWAY_PYTHON"];
const program = fileURLToPath(new URL("python/authorizer.py", import.meta.url).href);
const run = promisify(execFile);

const principals = {
  "authorizer": { "ticket": "authorizer", "role": "anonymous" },
  "joe": { "ticket": "joe", "role": "guest" },
};
const auth = { "ticket": { "type": "static", principals } };
const roles = [{ "name": "guest", "authorizer": "com.example.authorize" }];

for (const runtime of ["deno", "bun"] as const) {
  const skip = python === undefined ? "REALMWAY_PYTHON is not set: see CONTRIBUTING.md" : false;
  test(
    `Autobahn|Python decides what sessions of a role may do, on ${runtime}`,
    { skip },
    async () => {
      const router = await startRouterWith({ auth, roles, runtime });
      try {
        const url = `ws://${router.host}:${router.port}${router.path}`;
        const { stdout } = await run(python ?? "", [program, url, "authorizer", "joe"], {
          timeout: 60_000,
        });
        const { outcome, asked, received } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
        assert.deepEqual(outcome, {
          "public": 2,
          "secret": "wamp.error.not_authorized",
          "broken": "wamp.error.authorization_failed",
          "nonsense": "wamp.error.authorization_failed",
          "cached": "cached",
          "cached again": "cached",
          "register": "wamp.error.not_authorized",
          "subscribe": "done",
          "publish": "done",
          "publish secret": "wamp.error.not_authorized",
        });
        assert.deepEqual(received, [...Array(10).keys()]);
        const count = (action: string, uri: string) =>
          asked.filter((one: unknown[]) => one[1] === action && one[2] === uri).length;
        assert.equal(
          count("call", "com.example.cached"),
          1,
          "an answer to cache is asked for once",
        );
        assert.equal(count("publish", "com.events.numbers"), 10, "any other each time");
        assert.equal(count("subscribe", "com.events.numbers"), 1, "a pattern's topic once");
        assert.deepEqual(asked.find((one: unknown[]) => one[1] === "subscribe"), [
          "joe",
          "subscribe",
          "com.events.",
          "prefix",
        ]);
      } finally {
        assert.equal(await router.stop(), 0);
      }
    },
  );
}
