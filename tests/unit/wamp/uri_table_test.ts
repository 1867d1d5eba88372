/** Interned strings: the same object for the same bytes, and memory that peers cannot grow. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { InternTable } from "../../../wamp/intern_table.ts";
import { UriTable } from "../../../wamp/uri_table.ts";
import { fromText } from "../../kit/codec_oracle_io.ts";

function internText(table: UriTable, text: string): string | undefined {
  const bytes = fromText(`<${text}>`);
  return table.intern(bytes, 1, bytes.length - 1);
}

/** A table that says how often it made a value. */
function counting(capacity: number) {
  const made = new Map<string, number>();
  const table = new InternTable<string>(1, capacity, (bytes, start, end) => {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    made.set(text, (made.get(text) ?? 0) + 1);
    return text;
  });
  const intern = (text: string) => {
    const bytes = fromText(text);
    return table.intern(bytes, 0, bytes.length);
  };
  return { intern, made };
}

test("UriTable: strings of every length and alphabet come back right, twice", () => {
  const table = new UriTable(42);
  for (let round = 0; round < 2; round++) {
    for (let length = 0; length < 300; length++) {
      for (const alphabet of ["com.example.", "größe", "語😀", "\u0000"]) {
        const text = [...alphabet.repeat(length)].slice(0, length).join("");
        assert.equal(internText(table, text), text);
      }
    }
  }
});

test("UriTable: bytes that are no UTF-8 are undefined, each time", () => {
  const table = new UriTable(42);
  const bytes = new Uint8Array([0x61, 0xff, 0x62]);
  assert.equal(table.intern(bytes, 0, 3), undefined);
  assert.equal(table.intern(bytes, 0, 3), undefined);
  assert.equal(table.intern(bytes, 0, 1), "a");
  assert.equal(table.intern(bytes, 1, 1), "");
});

test("InternTable: what is used stays, what is not is forgotten", () => {
  const { intern, made } = counting(128);
  for (let i = 0; i < 5000; i++) {
    intern("hot");
    intern(`cold.${i}`);
  }
  assert.equal(made.get("hot"), 1);
  intern("cold.0");
  assert.equal(made.get("cold.0"), 2);
  assert.equal(made.get("cold.4999"), 1);
  intern("cold.4999");
  assert.equal(made.get("cold.4999"), 1);
});

test("InternTable: long strings are made each time, and push nothing out", () => {
  const { intern, made } = counting(64);
  intern("kept");
  for (let i = 0; i < 1000; i++) intern("x".repeat(256));
  intern("kept");
  assert.equal(made.get("x".repeat(256)), 1000);
  assert.equal(made.get("kept"), 1);
});

test("InternTable: it takes in a full table of honest strings", () => {
  const { intern, made } = counting(4096);
  const topics = Array.from({ length: 4000 }, (_, i) => `com.myapp.sensor.${i}.temperature`);
  for (let round = 0; round < 10; round++) topics.forEach(intern);
  const again = [...made.values()].filter((count) => count > 2).length;
  assert.ok(again <= 40, `${again} of 4000 found no place`);
});

/** REALMWAY_SOAK=100 makes it ten million. */
const TOPICS = 100_000 * Number(process.env["REALMWAY_SOAK"] ?? 1);

test(`UriTable: ${TOPICS} topics that peers invent leave memory flat`, () => {
  const table = new UriTable(42);
  const bytes = fromText("com.example.topic.0000000000.abcdefgh");
  const churn = (count: number) => {
    for (let i = 0; i < count; i++) {
      for (let at = 27, rest = i; at > 17; at--, rest = Math.floor(rest / 10)) {
        bytes[at] = 0x30 + rest % 10;
      }
      table.intern(bytes, 0, bytes.length);
    }
  };
  churn(100_000);
  const before = heapUsed();
  churn(TOPICS);
  const grown = heapUsed() - before;
  assert.ok(grown < 4 * 2 ** 20, `grew by ${grown} bytes`);
});

/** Bytes in use once all garbage is gone. */
function heapUsed(): number {
  const { Bun } = globalThis as { readonly Bun?: { gc(now: boolean): void } };
  if (Bun !== undefined) Bun.gc(true);
  else {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc()");
  }
  return process.memoryUsage().heapUsed;
}
