/** What a node's worker makes of a component's ends, whatever its code is still at. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ComponentError } from "../../node/worker/component_error.ts";
import { ComponentHost } from "../../node/worker/component_host.ts";
import { ComponentFlow } from "./component_kit.ts";
import { until } from "./client_kit.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "realmway-host-"));
  await writeFile(
    join(directory, "stays.ts"),
    `export class Stays {
  constructor({ extra }) { this.joined = extra; }
  onJoin() {
    this.joined();
    return new Promise(() => {});
  }
}
`,
  );
});
after(() => rm(directory, { recursive: true, force: true }));

function hostOf(flow: ComponentFlow) {
  const stopped: (readonly [string, boolean])[] = [];
  let joins = 0;
  const host = new ComponentHost({
    clock: flow.clock,
    log: flow.log,
    places: { directory, paths: [] },
    onStopped: ({ id }, hasFailed) => stopped.push([id, hasFailed]),
  });
  const start = (most: number) =>
    host.start({
      code: { type: "class", classname: "stays.Stays" },
      context: { id: "stays", realm: "realm1", extra: () => joins++ },
      dial: flow.dial,
      place: "a router",
      authentication: undefined,
      retries: { most, firstDelayMs: 100, longestDelayMs: 100 },
      shown: {},
    });
  return { host, start, stopped, joined: (times: number) => until(() => joins === times) };
}

test("Component host: a component whose onJoin never ends comes back when its connection is lost", async () => {
  const flow = new ComponentFlow();
  const { host, start, joined } = hostOf(flow);
  const starting = start(3).catch((error) => error);
  await joined(1);
  await flow.cut();
  await flow.pass(100);
  await joined(2);
  await host.stop("stays");
  assert.ok(await starting instanceof ComponentError);
});

test("Component host: a component whose onJoin never ends, and which may not come back, could not be started", async () => {
  const flow = new ComponentFlow();
  const { host, start, stopped, joined } = hostOf(flow);
  const starting = start(0);
  starting.catch(() => {});
  await joined(1);
  await flow.cut();
  await assert.rejects(starting, { "name": "StartError", "uri": "wamp.close.transport_lost" });
  assert.deepEqual(host.list(), []);
  assert.deepEqual(stopped, []);
});
