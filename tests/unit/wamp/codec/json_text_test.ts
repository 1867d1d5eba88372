/** JSON as text against JSON as bytes, which is what browsers' peers read and write. [WAMP serialization_binary_json] */
import assert from "node:assert/strict";
import { test } from "node:test";
import { json } from "../../../../wamp/codec/json.ts";
import { readValue } from "../../../../wamp/codec/json_special.ts";
import {
  readMessage as readText,
  writeMessage,
  writePayload,
} from "../../../../wamp/codec/json_text.ts";
import { type Message, Type } from "../../../../wamp/message.ts";
import { Payload } from "../../../../wamp/payload.ts";
import { ProtocolError } from "../../../../wamp/protocol_error.ts";
import { oracles } from "../../../kit/codec_oracle.ts";
import { fromText, read, toText } from "../../../kit/codec_oracle_io.ts";
import { plainParsed } from "../../../kit/codec_oracle_messages.ts";
import { RandomCodec } from "../../../kit/codec_oracle_random.ts";

function published(...args: readonly unknown[]): Message {
  const payload = Payload.of(args);
  return { type: Type.PUBLISH, request: 1, options: {}, topic: "com.x", payload };
}

/** As a browser reads it that has loaded all. */
function readMessage(text: string): Message {
  return readText(text, readValue);
}

function argsOf(message: Message): readonly unknown[] {
  return "payload" in message ? message.payload.decode().args : [];
}

test("JSON text: random messages are read and written as those of bytes", () => {
  for (let seed = 0; seed < 3000; seed++) {
    const random = new RandomCodec(seed);
    const bytes = oracles.json.encode(random.message(true));
    const text = toText(bytes);
    const what = `seed ${seed}: ${text}`;
    const message = read(json, bytes);
    const expected = plainParsed(message);
    const written = writeMessage(message);
    assert.deepEqual(plainParsed(read(json, fromText(written))), expected, what);
    assert.deepEqual(plainParsed(readMessage(text)), expected, what);
    assert.deepEqual(plainParsed(readMessage(writeMessage(readMessage(text)))), expected, what);
  }
});

test("JSON text: integers of 64 bits, floats and binary values come through", () => {
  const values = [
    2n ** 53n + 1n,
    2n ** 64n - 1n,
    -(2n ** 63n),
    2 ** 53,
    -(2 ** 53),
    1e20,
    0.1234567890123456789,
    1.5e300,
    new Uint8Array([0, 255, 128]),
    new Uint8Array(0),
    "9007199254740993",
    'a "12345678901234567890" \\ b',
    "\0no Base64",
    "\0AA=",
    "\0#1",
  ];
  const [back] = argsOf(readMessage(writeMessage(published(values))));
  assert.deepEqual(back, values);
  const [bytes] = argsOf(read(json, fromText(writeMessage(published(values)))));
  assert.deepEqual(bytes, values);
  assert.deepEqual(argsOf(readMessage(writeMessage(published(2n ** 64n)))), [2 ** 64]);
});

test("JSON text: what JSON leaves out is left out, and what it lacks is null", () => {
  const odd = { a: undefined, b: () => 1, c: Symbol("c"), d: [undefined, NaN, Infinity], e: -0 };
  const [back] = argsOf(readMessage(writeMessage(published(odd, new Date(0)))));
  assert.deepEqual(back, { d: [null, null, null], e: 0 });
  const circle: unknown[] = [];
  circle.push(circle);
  assert.throws(() => writeMessage(published(circle)), RangeError);
});

test("JSON text: a payload is sent as it was when it was first written", () => {
  const list = [1];
  const payload = Payload.of([list]);
  assert.equal(writePayload(payload), "[[1]]");
  list.push(2);
  const message = { type: Type.YIELD, request: 1, options: {}, payload } as const;
  assert.equal(writeMessage(message), "[70,1,{},[[1]]]");
});

test("JSON text: what is no message is refused", () => {
  const wrong = [
    "",
    "{}",
    "[]",
    "[99]",
    "[50,1]",
    "[50,0,{}]",
    "[50,1.5,{}]",
    "[50,-1,{}]",
    '[50,"1",{}]',
    "[50,9007199254740993,{}]",
    "[50,1,[]]",
    "[50,1,null]",
    "[50,1,{},{}]",
    "[50,1,{},[],[]]",
    "[50,1,{},[],{},1]",
    "[33,1,1,1]",
    "[35]",
    "[35,0,1]",
    '[8,50,1,{},"x"]',
    "[8,48,1,{},1]",
    '[50,1,{},"\\u0000AA=="]',
    '[36,1,1,"\\u0000AA=="]',
    "[50,1,{}]]",
  ];
  for (const text of wrong) assert.throws(() => readMessage(text), ProtocolError, text);
});
