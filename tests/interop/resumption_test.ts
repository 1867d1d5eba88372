/** Sessions of Autobahn|Python that may be resumed: it asks and reads the token, but cannot count; who counts may take them up. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect, join } from "../system/json_client.ts";
import { startRouterWith } from "./router_under_test.ts";

const python = process.env["REALMWAY_PYTHON"];
const program = fileURLToPath(new URL("python/resumption.py", import.meta.url).href);
const run = promisify(execFile);

for (const runtime of ["deno", "bun"] as const) {
  const skip = python === undefined ? "REALMWAY_PYTHON is not set: see CONTRIBUTING.md" : false;
  test(
    `Autobahn|Python gets a token for its session, which is kept when its connection breaks, on ${runtime}`,
    { skip },
    async () => {
      const router = await startRouterWith({ resumption: {}, runtime });
      try {
        const url = `ws://${router.host}:${router.port}${router.path}`;
        const args = [program, router.host, String(router.port), url];
        const { stdout } = await run(python ?? "", args, { timeout: 60_000 });
        const { session, token, received, ...outcome } = JSON.parse(stdout);
        assert.deepEqual(outcome, {
          "resumable": true,
          "resumed": null,
          "refusal": "realmway.error.cannot_resume",
        });
        const { client: publisher } = await join(url);
        publisher.send([16, 1, { "acknowledge": true }, "com.example.topic", ["missed"]]);
        assert.equal((await publisher.next())[0], 17);
        const client = await connect(url);
        client.send([1, "realm1", {
          "roles": { "subscriber": {} },
          "resume-session": session,
          "resume-token": token,
          "x_resume_received": received,
        }]);
        const [type, id, details] = await client.next() as [number, number, { resumed: boolean }];
        assert.deepEqual([type, id, details.resumed], [2, session, true]);
        assert.deepEqual((await client.next())[4], ["missed"]);
        for (const one of [client, publisher]) one.close();
        await Promise.all([client.closed, publisher.closed]);
      } finally {
        await router.stop();
      }
    },
  );
}
