/** A new node takes the place of one that runs, on the same port and under load: what becomes of each publication and each call. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect } from "../../mod.ts";
import { endAll, freePort, launch, openConfig, run, workplace, writeFiles } from "./cli_process.ts";
import { PROCEDURE, recorded, STORE, Traffic } from "./traffic.ts";

after(endAll);

const COMPONENT = `
export class Echo {
  async onJoin(session) {
    await session.register("${PROCEDURE}", ([value]) => value);
    await session.register("com.example.pid", () => process.pid);
  }
}
`;

async function place(shared: boolean) {
  const port = await freePort();
  const { workers: [router], ...config } = openConfig([{
    "type": "universal",
    "endpoint": { "type": "tcp", "port": port, "interface": "127.0.0.1", "shared": shared },
    "rawsocket": {},
    "websocket": { "ws": {} },
  }]);
  const realms = router?.realms.map((realm) => ({ ...realm, "store": STORE }));
  const components = [{
    "type": "class",
    "classname": "./echo.ts:Echo",
    "realm": "realm1",
    "role": "anonymous",
  }];
  const { directory, remove } = await workplace({
    ...config,
    "controller": { "management": { "socket": "m.sock" } },
    "workers": [{ ...router, realms, components }],
  });
  await writeFiles(join(directory, ".realmway"), { "echo.ts": COMPONENT });
  const start = (...more: string[]) => launch(["start", "--logformat", "json", ...more], directory);
  return { url: `rs://127.0.0.1:${port}`, directory, start, remove };
}

test("start --replace: under load each publication and each call has its outcome, and none that was acknowledged is lost", async (t) => {
  const { url, directory, start, remove } = await place(true);
  let node = start();
  await node.until(/Ready in/);
  const traffic = new Traffic(() => url).start(4);
  for (let round = 0; round < 2; round++) {
    await traffic.progress(200);
    const next = start("--replace");
    await next.until(/Ready in/);
    assert.equal(await node.ended, 0);
    assert.match(node.output.stdout, /Drained: of \d+ calls in flight 0 had no answer in time/);
    const session = await connect({ url, realm: "realm1" });
    assert.equal(await session.call("com.example.pid"), next.pid);
    await session.leave();
    node = next;
    // The store is free again, too.
    const before = traffic.publications.done;
    while (traffic.publications.done < before + 100) await traffic.progress(10);
  }
  await traffic.end();
  const status = await run(["status", "--json"], directory);
  assert.equal(JSON.parse(status.stdout).pid, node.pid, "by the management socket");
  const kept = await recorded(url);
  t.diagnostic(traffic.figures(kept));
  t.diagnostic(
    `errors: ${JSON.stringify([...traffic.errors])}; connections refused: ${traffic.failedToJoin}`,
  );
  assert.deepEqual(traffic.missing(kept), []);
  assert.equal(traffic.wrong, 0);
  // Refused is what an earlier node no longer takes, and what a store cannot keep while the earlier node has it.
  assert.deepEqual(
    [...traffic.errors.keys()].filter((uri) => uri !== "wamp.error.unavailable"),
    [],
  );
  assert.equal(await node.end(), 0);
  await remove();
});

test("start --replace: without a node to replace it starts as ever; with one on a port of its own it says why not, and that one stays", async () => {
  const { url, start, remove } = await place(false);
  const first = start("--replace");
  await first.until(/Ready in/);
  assert.match(first.output.stdout, /Found no node to replace/);
  const second = start("--replace");
  assert.equal(await second.ended, 1);
  assert.match(second.output.stderr, /Cannot listen on 127\.0\.0\.1:\d+: the address is in use/);
  const session = await connect({ url, realm: "realm1" });
  assert.equal(await session.call("com.example.pid"), first.pid);
  await session.leave();
  assert.equal(await first.end(), 0);
  await remove();
});
