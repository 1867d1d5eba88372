import assert from "node:assert/strict";
import { test } from "node:test";
import { Utf8Check } from "../../../transports/utf8_check.ts";
import { FakeRandom } from "../../kit/fake_random.ts";

/** What the runtime's fatal decoder says. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test("Utf8Check: long text in pieces of any size is judged as the runtime judges the whole", () => {
  const random = new FakeRandom(7);
  const encoder = new TextEncoder();
  let valid = 0;
  for (let round = 0; round < 400; round++) {
    const text = Array.from(
      { length: 300 + random.index(600) },
      () => random.pick(["a", "b", "é", "€", "𝄞"]),
    ).join("");
    const bytes = encoder.encode(text);
    if (random.oneIn(2)) bytes[random.index(bytes.length)] = random.pick([0xff, 0x80, 0xc3, 0x61]);
    const check = new Utf8Check();
    let isAccepted = true;
    for (let at = 0; at < bytes.length && isAccepted;) {
      const end = Math.min(bytes.length, at + 1 + random.index(1200));
      isAccepted = check.accepts(bytes, at, end);
      at = end;
    }
    const expected = isUtf8(bytes);
    if (expected) valid++;
    assert.equal(isAccepted && check.isComplete, expected);
  }
  assert.ok(valid > 100 && valid < 300);
});
