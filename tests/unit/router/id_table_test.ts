import assert from "node:assert/strict";
import { test } from "node:test";
import { IdTable } from "../../../router/id_table.ts";
import { FakeRandom } from "../../kit/fake_random.ts";

interface Entry {
  readonly id: number;
}

test("IdTable: is a Map for ids that count up, whatever comes and goes", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const table = new IdTable<Entry>();
    const map = new Map<number, Entry>();
    let lastId = 0;
    for (let step = 0; step < 2_000; step++) {
      // More go than come now and then, so that pages empty, the last one too.
      const isLean = Math.floor(step / 250) % 2 === 1;
      const known = [...map.values()];
      if (known.length === 0 || random.index(5) < (isLean ? 1 : 4)) {
        const entry = { id: ++lastId };
        table.add(entry);
        map.set(entry.id, entry);
      } else {
        const entry = random.pick(known);
        table.remove(entry);
        map.delete(entry.id);
      }
      const id = random.index(lastId + 100);
      assert.equal(table.get(id), map.get(id));
    }
    assert.deepEqual([...table.values()], [...map.values()]);
  }
});

test("IdTable: has nothing at ids that it never gave", () => {
  const table = new IdTable<Entry>();
  table.add({ id: 1 });
  for (const id of [0, -1, 1.5, 65, 2 ** 53, Infinity, NaN]) assert.equal(table.get(id), undefined);
});

test("IdTable: what is removed twice, or was never there, takes nothing else away", () => {
  const table = new IdTable<Entry>();
  const one = { id: 1 };
  const two = { id: 2 };
  table.add(one);
  table.add(two);
  table.remove(one);
  table.remove(one);
  table.remove({ id: 2 });
  assert.deepEqual([...table.values()], [two]);
});
