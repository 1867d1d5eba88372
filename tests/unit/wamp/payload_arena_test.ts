import assert from "node:assert/strict";
import { test } from "node:test";
import { json } from "../../../wamp/codec/json.ts";
import { Payload } from "../../../wamp/payload.ts";
import { PayloadArena } from "../../../wamp/payload_arena.ts";

test("PayloadArena: what it keeps survives the read buffer, whatever its size and whatever comes after", () => {
  const arena = new PayloadArena();
  const kept: [Payload, string][] = [];
  for (let n = 0; n < 2000; n++) {
    const text = `["${n}${"x".repeat(n % 7 === 0 ? n * 5 : n % 300)}"]`;
    const buffer = new TextEncoder().encode(`[36,${text}]`);
    const payload = Payload.borrowed(json, buffer, 4, buffer.length - 1, 1);
    kept.push([payload.keepIn(arena), text]);
    payload.expire();
    buffer.fill(0xdd);
  }
  for (const [payload, text] of kept) {
    assert.equal(new TextDecoder().decode(payload.in(json)), text);
    assert.deepEqual(payload.decode().args, JSON.parse(text));
    assert.equal(payload.keepIn(arena), payload, "it borrows nothing any more");
  }
});
