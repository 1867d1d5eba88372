/** A recording that was made against this router, done again against nexus: the same answers, but for what is known to differ. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ApplicationError, connect } from "../../mod.ts";
import { readRecording } from "../../node/capture/recording.ts";
import { type Difference, replay } from "../../node/capture/replay.ts";
import { Type } from "../../wamp/message.ts";
import { launch } from "../system/cli_process.ts";
import { nexus } from "./foreign_routers.ts";
import { startRouter } from "./router_under_test.ts";

/** What any two routers should agree on. */
async function talk(url: string): Promise<void> {
  const callee = await connect({ url, realm: "realm1", serializers: ["cbor"] });
  const caller = await connect({ url, realm: "realm1", serializers: ["json"] });
  const registration = await callee.register("com.test.add", ([a, b], _kwargs, details) => {
    if (a === 0) throw new ApplicationError("com.test.zero", ["no zero"]);
    details.progress([a]);
    return Number(a) + Number(b);
  });
  const seen = Promise.withResolvers<unknown>();
  const subscription = await callee.subscribe("com.test", ([bytes]) => seen.resolve(bytes), {
    match: "prefix",
  });
  assert.equal(await caller.call("com.test.add", [2, 3], {}, { onProgress: () => {} }), 5);
  await assert.rejects(caller.call("com.test.add", [0, 3]), ApplicationError);
  await assert.rejects(caller.call("com.test.nowhere"), ApplicationError);
  await caller.publish("com.test.topic", [Uint8Array.of(0, 255)], {}, { acknowledge: true });
  await seen.promise;
  await subscription.unsubscribe();
  await registration.unregister();
  await caller.leave();
  await callee.leave();
}

/** It does not say which realm was joined, names the procedure in every INVOCATION, and says where there is no progress. */
function isOfNexus({ recorded, replayed }: Difference): boolean {
  if (!Array.isArray(recorded) || !Array.isArray(replayed)) return false;
  const [type] = recorded;
  const place = type === Type.WELCOME ? 2 : type === Type.INVOCATION ? 3 : undefined;
  if (place === undefined) return false;
  const known = type === Type.WELCOME
    ? { "realm": "realm1" }
    : { "procedure": "com.test.add", "progress": false };
  const own = Object.keys(known);
  const isKnown = (details: Record<string, unknown>) =>
    own.every((name) => details[name] === undefined || details[name] === Object(known)[name]);
  const others = (message: unknown[]) => message.toSpliced(place, 1);
  assert.deepEqual(others(replayed), others(recorded));
  return isKnown(recorded[place]) && isKnown(replayed[place]);
}

test("A recording of this router is replayed against nexus with four known differences", {
  skip: nexus.missing() ?? false,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "realmway-recordings-"));
  const [here, there] = await Promise.all([startRouter(), nexus.start()]);
  try {
    const from = `ws://${here.host}:${here.port}${here.path}`;
    const recorder = launch(["record", from, "-o", "talk.jsonl"], directory);
    const [, port] = await recorder.untilComplaint(/comes to 127\.0\.0\.1:(\d+)/);
    await talk(`ws://127.0.0.1:${port}/`);
    assert.equal(await recorder.end("SIGINT"), 0);
    const recording = readRecording(await readFile(join(directory, "talk.jsonl"), "utf8"));
    const answers = recording.entries.filter(({ from, message }) =>
      from === "router" && message
    ).length;
    const options = { patienceMs: 5000, isStrict: false, onFault: assert.ifError };
    const urls = [from, `ws://${there.host}:${there.port}${there.path}`, `unix+rs:${there.socket}`];
    for (const url of urls) {
      const { differences, same } = await replay(recording, { ...options, url });
      const unknown = differences.filter((one) => url === from || !isOfNexus(one));
      assert.deepEqual(unknown, [], url);
      assert.equal(differences.length, url === from ? 0 : 4, url);
      assert.equal(same, answers - differences.length, url);
    }
  } finally {
    await Promise.all([here.stop(), there.stop()]);
    await rm(directory, { recursive: true });
  }
});
