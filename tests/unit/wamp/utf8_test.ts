/** UTF-8 by the letter of RFC 3629, against the runtime's own decoder. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiEnd, decodeUtf8, isUtf8, textOf } from "../../../wamp/utf8.ts";
import { fromHex, fromText } from "../../kit/codec_oracle_io.ts";
import { RandomCodec } from "../../kit/codec_oracle_random.ts";

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function strict(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

test("UTF-8: every sequence of one to three bytes at the limits is judged as the runtime judges it", () => {
  const limits = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
  limits.push(0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff);
  for (const a of limits) {
    for (const b of limits) {
      for (const c of limits) {
        for (
          const bytes of [Uint8Array.of(a, b, c, 0x80), Uint8Array.of(a, b, c), Uint8Array.of(a, b)]
        ) {
          assert.equal(isUtf8(bytes, 0, bytes.length), strict(bytes) !== undefined, String(bytes));
          assert.equal(decodeUtf8(bytes, 0, bytes.length), strict(bytes), String(bytes));
        }
      }
    }
  }
});

test("UTF-8: sequences of four bytes", () => {
  for (const hex of ["f0908080", "f48fbfbf", "f3a0a0a0"]) {
    assert.ok(isUtf8(fromHex(hex), 0, 4), hex);
  }
  for (const hex of ["f08fbfbf", "f4908080", "f0908020", "f7bfbfbf"]) {
    assert.ok(!isUtf8(fromHex(hex), 0, 4), hex);
  }
});

test("UTF-8: text of all lengths comes back, within a larger buffer, and keeps a byte order mark", () => {
  const random = new RandomCodec(5);
  for (let i = 0; i < 2000; i++) {
    const text = (random.below(4) === 0 ? "\ufeff" : "") + random.string();
    const bytes = fromText(`é${text}é`);
    assert.equal(decodeUtf8(bytes, 2, bytes.length - 2), text);
    assert.equal(textOf(bytes, 2, bytes.length - 2), text);
  }
});

test("UTF-8: the end of an ASCII run is found wherever it is", () => {
  for (let length = 0; length < 40; length++) {
    const bytes = new Uint8Array(50).fill(0x61);
    bytes[3 + length] = 0xc3;
    assert.equal(asciiEnd(bytes, 3, 50), 3 + length);
    assert.equal(asciiEnd(bytes, 3, 3 + length), 3 + length);
  }
});

test("UTF-8: the end of a long ASCII run is found wherever it is, at any alignment", () => {
  const buffer = new Uint8Array(2010);
  for (let length = 100; length < 1900; length += 7) {
    for (let offset = 0; offset < 4; offset++) {
      const bytes = buffer.subarray(offset, offset + 2000).fill(0x61);
      bytes[3 + length] = 0x80;
      assert.equal(asciiEnd(bytes, 3, 2000), 3 + length);
      assert.equal(asciiEnd(bytes, 3, 3 + length), 3 + length);
    }
  }
});
