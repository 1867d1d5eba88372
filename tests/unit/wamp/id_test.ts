import assert from "node:assert/strict";
import { test } from "node:test";
import { isId, MAX_ID, nextId } from "../../../wamp/id.ts";

test("ID: an integer from 1 to 2^53", () => {
  for (const id of [1, 2, 4711, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53]) assert.ok(isId(id));
  const others = [0, -1, 1.5, 2 ** 53 + 2, NaN, Infinity, "1", 1n, null, undefined, true, {}, [1]];
  for (const other of others) assert.ok(!isId(other));
  assert.equal(MAX_ID, 2 ** 53);
});

test("ID: in session scope they count up by one and wrap to 1", () => {
  assert.equal(nextId(0), 1);
  assert.equal(nextId(1), 2);
  assert.equal(nextId(2 ** 53 - 1), 2 ** 53);
  assert.equal(nextId(2 ** 53), 1);
});
