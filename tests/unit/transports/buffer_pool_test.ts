import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "../../../transports/buffer_pool.ts";

test("BufferPool: a buffer holds what was asked for, and at most a quarter more from 1 KiB on", () => {
  const pool = new BufferPool();
  for (const bytes of [0, 1, 1023, 1024, 1025, 4096, 4097, 65_536, 1_048_602, 5_000_001]) {
    const { length } = pool.take(bytes);
    assert.ok(length >= bytes && length <= Math.max(1024, bytes * 1.25), `${bytes}: ${length}`);
  }
});

test("BufferPool: what was given back is taken again, once", () => {
  const pool = new BufferPool();
  const first = pool.take(100_000);
  pool.give(first);
  assert.equal(pool.take(first.length), first);
  assert.notEqual(pool.take(first.length), first);
});

test("BufferPool: keeps 8 MiB, and forgets them for sizes that are used now", () => {
  const pool = new BufferPool();
  const old = Array.from({ length: 4 }, () => pool.take(2 * 1024 * 1024));
  for (const buffer of old) pool.give(buffer);
  const young = pool.take(1024);
  pool.give(young);
  assert.equal(pool.take(1024), young);
  assert.ok(!old.includes(pool.take(2 * 1024 * 1024)));
});

test("BufferPool: takes nothing back that is not its own size, or too large to keep", () => {
  const pool = new BufferPool();
  for (const bytes of [0, 1000, 1500, 5_000_001]) {
    const buffer = new Uint8Array(bytes);
    pool.give(buffer);
    assert.notEqual(pool.take(bytes), buffer);
  }
});
