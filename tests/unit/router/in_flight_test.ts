import assert from "node:assert/strict";
import { test } from "node:test";
import { InFlight } from "../../../router/in_flight.ts";

/** The plain version. */
function compare(ids: readonly number[], seed: number): void {
  const table = new InFlight<{ readonly id: number }>();
  const plain = new Map<number, { readonly id: number }>();
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  for (const id of ids) {
    const value = { id };
    table.set(id, value);
    plain.set(id, value);
    while (plain.size > 0 && random(3) === 0) {
      const gone = [...plain.keys()][random(plain.size)] ?? 0;
      table.delete(gone);
      plain.delete(gone);
      assert.equal(table.get(gone), undefined, `seed ${seed}`);
    }
    const asked = ids[random(ids.length)] ?? 0;
    assert.equal(table.get(asked), plain.get(asked), `seed ${seed}`);
    assert.equal(table.has(asked), plain.has(asked), `seed ${seed}`);
  }
  const sorted = table.values().map((value) => value.id).sort((a, b) => a - b);
  assert.deepEqual(sorted, [...plain.keys()].sort((a, b) => a - b), `seed ${seed}`);
}

test("InFlight: agrees with a Map for ids that count up", () => {
  for (let seed = 1; seed <= 20; seed++) {
    compare(Array.from({ length: 500 }, (_, i) => i + 1), seed);
  }
});

test("InFlight: agrees with a Map for ids that share slots, and for the largest", () => {
  for (let seed = 1; seed <= 20; seed++) {
    compare(Array.from({ length: 300 }, (_, i) => (i + 1) * 4096), seed);
    compare(Array.from({ length: 300 }, (_, i) => 2 ** 53 - i * 1024), seed);
  }
});

test("InFlight: holds thousands at a time", () => {
  const table = new InFlight<number>();
  for (let id = 1; id <= 10_000; id++) table.set(id, id);
  assert.equal(table.values().length, 10_000);
  for (let id = 1; id <= 10_000; id++) assert.equal(table.get(id), id);
  for (let id = 1; id <= 10_000; id++) table.delete(id);
  assert.deepEqual(table.values(), []);
});

test("InFlight: an id that is not there is neither found nor deleted", () => {
  const table = new InFlight<string>();
  table.set(3, "three");
  table.delete(11);
  assert.equal(table.get(11), undefined);
  assert.equal(table.get(3), "three");
});
