/** Texts with an end of their life, on disk. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KeyValues } from "../../node/store/key_values.ts";
import { systemClock } from "../../transports/clock.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { FakeLog } from "../kit/flow_kit.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "realmway-values-"));
});
after(() => rm(directory, { recursive: true, force: true }));

function open(name: string, time = new FakeClock()) {
  const log = new FakeLog();
  const clock = {
    now: () => time.now(),
    after: (ms: number, run: () => void) => systemClock.after(ms, run),
  };
  return KeyValues.open({ file: join(directory, name), clock, log })
    .then((values) => ({ values, time, log }));
}

test("KeyValues: what was set is there after a restart, until it expires or is deleted", async () => {
  const first = await open("a.sqlite");
  const now = first.time.now();
  first.values.set("one", "1", now + 1_000);
  first.values.set("two", "2", now + 5_000);
  first.values.set("three", "3", now + 5_000);
  first.values.set("two", "zwei", now + 5_000);
  first.values.delete("three");
  assert.deepEqual(["one", "two", "three"].map((key) => first.values.get(key)), [
    "1",
    "zwei",
    undefined,
  ]);
  first.time.advance(1_000);
  assert.equal(first.values.get("one"), undefined);
  await first.values.close(5_000);
  const second = await open("a.sqlite", first.time);
  assert.equal(second.values.size, 1);
  assert.equal(second.values.get("two"), "zwei");
  await second.values.close(5_000);
  assert.deepEqual([...first.log.errors, ...second.log.errors], []);
});

test("KeyValues: a file that cannot be used is told once, and written when it can", async () => {
  await writeFile(join(directory, "b.sqlite"), "no database ".repeat(100));
  const first = await open("b.sqlite");
  const expires = first.time.now() + 5_000;
  first.values.set("one", "1", expires);
  assert.equal(first.values.get("one"), "1");
  assert.match(String(first.values.failure), /not a database/);
  await rm(join(directory, "b.sqlite"));
  const end = Date.now() + 10_000;
  while (first.values.failure !== undefined && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(first.log.errors.length, 1);
  await first.values.close(5_000);
  const second = await open("b.sqlite");
  assert.equal(second.values.get("one"), "1");
  await second.values.close(5_000);
});
