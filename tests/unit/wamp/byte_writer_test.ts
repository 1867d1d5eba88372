/** A growing run of bytes: nothing lost when it grows, numbers in network order, Base64 against the runtime's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBase64, encodeBase64 } from "../../../wamp/base64.ts";
import { ByteWriter } from "../../../wamp/byte_writer.ts";
import { fromText, toHex, toText } from "../../kit/codec_oracle_io.ts";

test("ByteWriter: it grows under every kind of write", () => {
  const source = Uint8Array.from({ length: 300 }, (_, i) => i);
  const writes: readonly (readonly [string, (writer: ByteWriter) => void])[] = [
    ["07", (writer) => writer.byte(7)],
    ["0102", (writer) => writer.uint16(0x0102)],
    ["fffefdfc", (writer) => writer.uint32(0xfffefdfc)],
    ["0020000000000000", (writer) => writer.uint64(2 ** 53)],
    ["001fffffffffffff", (writer) => writer.uint64(2 ** 53 - 1)],
    ["ffffffffffffffff", (writer) => writer.bigint64(-1n)],
    ["ffffffffffffffff", (writer) => writer.bigint64(2n ** 64n - 1n)],
    ["3fc00000", (writer) => writer.float32(1.5)],
    ["3fb999999999999a", (writer) => writer.float64(0.1)],
    ["616263", (writer) => writer.ascii("abc")],
    ["c3a9efbfbd", (writer) => writer.utf8("é\ud800")],
    ["0203", (writer) => writer.range(source, 2, 4)],
    [toHex(source.subarray(5, 205)), (writer) => writer.range(source, 5, 205)],
  ];
  for (const capacity of [0, 1, 2, 5, 64]) {
    const writer = new ByteWriter(capacity);
    for (const [, write] of writes) write(writer);
    assert.equal(toHex(writer.toBytes()), writes.map(([hex]) => hex).join(""));
  }
});

test("ByteWriter: utf8 tells how many bytes it wrote", () => {
  const writer = new ByteWriter(0);
  assert.equal(writer.utf8("größe"), 7);
  assert.equal(writer.utf8(""), 0);
  assert.equal(writer.length, 7);
});

test("Base64: bytes of all lengths go there and back", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 37 + length);
    const encoded = new ByteWriter(0);
    encodeBase64(encoded, bytes, 0, length);
    assert.equal(toText(encoded.toBytes()), btoa(String.fromCharCode(...bytes)));
    const decoded = new ByteWriter(0);
    assert.ok(decodeBase64(decoded, encoded.bytes, 0, encoded.length));
    assert.deepEqual(decoded.toBytes(), bytes);
  }
});

test("Base64: what is none appends nothing", () => {
  for (
    const text of ["A", "AB", "ABC", "AB=C", "A===", "=ABC", "AB==AB==", "AB D", "AB\nD", "ABCé"]
  ) {
    const writer = new ByteWriter(8);
    writer.byte(1);
    const bytes = fromText(text);
    assert.equal(decodeBase64(writer, bytes, 0, bytes.length), false, text);
    assert.equal(writer.length, 1);
  }
});
