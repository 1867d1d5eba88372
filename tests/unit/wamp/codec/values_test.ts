/** What JavaScript values are on the wire, and what comes back: the same in every codec. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { codecs } from "../../../../wamp/codec/codecs.ts";
import { EMPTY_DICT, type Message, Type } from "../../../../wamp/message.ts";
import { Payload } from "../../../../wamp/payload.ts";
import { codecOf, fromText, read, toText, write } from "../../../kit/codec_oracle_io.ts";

function result(payload: Payload): Message {
  return { type: Type.RESULT, request: 1, details: EMPTY_DICT, payload };
}

/** The arguments as they arrive, for each codec. */
function roundTrips(...args: readonly unknown[]): unknown[] {
  return codecs.map((codec) => {
    const message = read(codec, write(codec, result(Payload.of(args))));
    return "payload" in message ? message.payload.decode().args : undefined;
  });
}

test("Values: plain values arrive as they were, in every codec", () => {
  const args = [
    null,
    true,
    false,
    0,
    -1,
    2 ** 53,
    -(2 ** 53),
    0.1,
    1.5,
    1e300,
    1e21,
    "",
    "grüße 😀",
    2n ** 53n + 1n,
    -(2n ** 63n),
    new Uint8Array([0, 1, 255]),
    [],
    {},
    [[{ a: [1] }]],
    { "": 0, "ü": { "1": 2 } },
  ];
  for (const found of roundTrips(...args)) assert.deepEqual(found, args);
});

test("Values: undefined, functions and symbols are null in lists and left out of dictionaries", () => {
  const odd = [undefined, () => {}, Symbol("x")];
  for (const found of roundTrips(odd, { a: odd[0], b: odd[1], c: odd[2], d: null })) {
    assert.deepEqual(found, [[null, null, null], { d: null }]);
  }
  for (const codec of codecs) {
    const message = read(codec, write(codec, result(Payload.of([], { a: undefined, b: 1 }))));
    assert.ok("payload" in message);
    assert.deepEqual(message.payload.decode(), { args: [], kwargs: { b: 1 } });
  }
});

test("Values: toJSON is asked, small bigints are numbers, holes and minus zero are as JSON has them", () => {
  const args = [new Date(0), { toJSON: () => [1n] }, 5n, -0, new Array(2), new Map([[1, 2]])];
  const expected = ["1970-01-01T00:00:00.000Z", [1], 5, 0, [null, null], {}];
  for (const found of roundTrips(...args)) assert.deepEqual(found, expected);
});

test("Values: bytes are binary however they are held", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]);
  const expected = [bytes, bytes, new Uint8Array([2, 3])];
  const args = [bytes.buffer, Buffer.from(bytes), bytes.subarray(1, 3)];
  for (const found of roundTrips(...args)) assert.deepEqual(found, expected);
});

test("Values: floats that no codec loses", () => {
  const args = [Math.PI, Math.fround(0.1), 5e-324, Number.MAX_VALUE, 2 ** 53 + 2, -1e22];
  for (const found of roundTrips(...args)) assert.deepEqual(found, args);
});

test("Values: a lone surrogate becomes U+FFFD", () => {
  for (const found of roundTrips("a\ud800", "\udc00".repeat(200), { "\ud800": 1 })) {
    assert.deepEqual(found, ["a\ufffd", "\ufffd".repeat(200), { "\ufffd": 1 }]);
  }
});

test("Values: what refers to itself, or is nested deeper than peers accept, is refused", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  let deep: unknown[] = [];
  for (let i = 1; i < 127; i++) deep = [deep];
  for (const codec of codecs) {
    assert.throws(() => write(codec, result(Payload.of(circle))), RangeError);
    assert.throws(() => write(codec, result(Payload.of([[deep]]))), RangeError);
    assert.equal(read(codec, write(codec, result(Payload.of([deep])))).type, Type.RESULT);
  }
});

test("Values: __proto__ is a key like others, in arguments and options", () => {
  const text = '[50,1,{"__proto__":{"a":1}},[{"__proto__":{"polluted":true}}],{"__proto__":[]}]';
  const origin = read(codecOf("json"), fromText(text));
  for (const codec of codecs) {
    const message = read(codec, write(codec, origin));
    assert.ok(message.type === Type.RESULT);
    const { args, kwargs } = message.payload.decode();
    for (const dict of [message.details, args[0], kwargs]) {
      assert.deepEqual(Object.keys(dict as object), ["__proto__"]);
      assert.equal(Object.getPrototypeOf(dict), Object.prototype);
    }
    assert.equal(toText(write(codecOf("json"), message)), text);
  }
  assert.equal("polluted" in {}, false);
});

test("Values: options are one frozen object for the same bytes; empty ones are EMPTY_DICT", () => {
  for (const codec of codecs) {
    const details = { mode: "kill", list: [{ a: 1 }] };
    const bytes = write(codec, { type: Type.INTERRUPT, request: 1, options: details });
    const [first, second] = [read(codec, bytes), read(codec, bytes)];
    assert.ok(first.type === Type.INTERRUPT && second.type === Type.INTERRUPT);
    assert.deepEqual(first.options, details);
    assert.equal(first.options, second.options);
    assert.ok(Object.isFrozen((first.options["list"] as unknown[])[0]));
  }
  const empty = read(codecOf("json"), fromText("[49,1,{ }]"));
  assert.ok(empty.type === Type.CANCEL && empty.options === EMPTY_DICT);
});

test("Values: options may hold anything, also what is too large to be remembered", () => {
  const options = {
    n: null,
    f: -1.5,
    b: new Uint8Array([1]),
    i: -5,
    big: 2n ** 60n,
    long: "x".repeat(300),
    u: undefined,
    d: {},
  };
  const { u: _, ...expected } = options;
  for (const codec of codecs) {
    const message = read(codec, write(codec, { type: Type.CANCEL, request: 1, options }));
    assert.ok(message.type === Type.CANCEL);
    assert.deepEqual(message.options, expected);
  }
});
