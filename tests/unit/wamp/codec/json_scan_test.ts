import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonFault, skipString } from "../../../../wamp/codec/json_scan.ts";

const LENGTH = 1200;

/** Where the string that begins at `at` ends, byte by byte; undefined when it is none. */
function plainEnd(bytes: Uint8Array, at: number): number | undefined {
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x22) return at + 1;
    if (byte < 0x20) return undefined;
    if (byte === 0x5c) at++;
  }
  return undefined;
}

function end(bytes: Uint8Array, at: number): number | undefined {
  try {
    return skipString(bytes, at, bytes.length);
  } catch (error) {
    if (error instanceof JsonFault) return undefined;
    throw error;
  }
}

test("skipString: finds what is special in a long string, wherever it is, at any alignment", () => {
  const buffer = new Uint8Array(LENGTH + 8);
  for (let offset = 0; offset < 4; offset++) {
    const bytes = buffer.subarray(offset, offset + LENGTH);
    for (let place = 500; place < 800; place++) {
      for (
        const special of [0x00, 0x1f, 0x22, 0x5c, 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff]
      ) {
        // After a backslash comes a letter that may.
        bytes.fill(0x6e);
        bytes[LENGTH - 1] = 0x22;
        bytes[place] = special;
        assert.equal(end(bytes, 1), plainEnd(bytes, 1), `byte ${special} at ${place}`);
      }
    }
  }
});

test("skipString: every pair of neighbours is judged as byte by byte", () => {
  const bytes = new Uint8Array(LENGTH);
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      bytes.fill(0x6e);
      bytes[LENGTH - 1] = 0x22;
      bytes[700] = first;
      bytes[701] = second;
      if (first === 0x5c && second !== 0x6e) continue;
      assert.equal(end(bytes, 0), plainEnd(bytes, 0), `${first} ${second}`);
    }
  }
});
