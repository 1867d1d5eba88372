/** The system's randomness in the router's shapes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "../../../node/random.ts";

test("Random: ids lie in 1..2^53 and fill that range evenly", () => {
  const count = 20_000;
  const quarters = [0, 0, 0, 0];
  const seen = new Set<number>();
  for (let i = 0; i < count; i++) {
    const id = i % 2 === 0 ? systemRandom.sessionId() : systemRandom.publicationId();
    assert.ok(Number.isInteger(id) && id >= 1 && id <= 2 ** 53);
    const quarter = Math.min(3, Math.floor((id - 1) / 2 ** 51));
    quarters[quarter] = (quarters[quarter] ?? 0) + 1;
    seen.add(id);
  }
  assert.equal(seen.size, count);
  // Ten standard deviations.
  for (const hits of quarters) assert.ok(Math.abs(hits - count / 4) < 620, String(quarters));
});

test("Random: an index is below its limit and hits each number", () => {
  for (const below of [1, 2, 3, 7, 1000]) {
    const seen = new Set<number>();
    for (let i = 0; i < below * 30; i++) seen.add(systemRandom.index(below));
    assert.equal(seen.size, below);
    assert.ok([...seen].every((index) => Number.isInteger(index) && index >= 0 && index < below));
  }
});

test("Random: authids look like Crossbar.io's", () => {
  const authid = systemRandom.authid();
  assert.match(authid, /^([3-9AC-Y]{4}-){5}[3-9AC-Y]{4}$/);
  assert.notEqual(authid, systemRandom.authid());
});
