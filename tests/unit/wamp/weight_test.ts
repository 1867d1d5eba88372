import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_DICT, type Message, Type } from "../../../wamp/message.ts";
import { Payload } from "../../../wamp/payload.ts";
import { messageWeight } from "../../../wamp/weight.ts";

test("Weight: wherever a peer writes much into a message, it weighs", () => {
  const text = "x".repeat(10_000);
  const light = { type: Type.PUBLISH, request: 1, options: EMPTY_DICT, topic: "a" } as const;
  const payload = Payload.EMPTY;
  assert.ok(messageWeight({ ...light, payload }) < 100);
  const heavy: readonly Message[] = [
    { ...light, payload: Payload.of([text]) },
    { ...light, payload, topic: text },
    { ...light, payload, options: { "_mine": { "deep": [text] } } },
    { type: Type.EVENT, subscription: 1, publication: 1, details: { "_mine": text }, payload },
    { type: Type.SUBSCRIBE, request: 1, options: { "unknown": text }, topic: "a" },
  ];
  for (const message of heavy) assert.ok(messageWeight(message) > 9_000);
});
