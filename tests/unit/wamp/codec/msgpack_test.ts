/** MessagePack: every format read and written, lengths that lie, and what becomes of values that other codecs lack. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_DICT, Type } from "../../../../wamp/message.ts";
import { Payload } from "../../../../wamp/payload.ts";
import { DecodeError } from "../../../../wamp/protocol_error.ts";
import {
  codecOf,
  convert,
  fromHex,
  fromText,
  read,
  readArguments,
  toHex,
  toText,
  write,
} from "../../../kit/codec_oracle_io.ts";

const json = codecOf("json");
const msgpack = codecOf("msgpack");
const cbor = codecOf("cbor");

/** The list of arguments in hex, and the same as JSON. */
const FORMATS: readonly (readonly [string, string])[] = [
  ["90", "[]"],
  ["93 00 7f e0", "[0,127,-32]"],
  ["91 cc 80", "[128]"],
  ["91 cc 01", "[1]"],
  ["91 cd 0100", "[256]"],
  ["91 ce 00010000", "[65536]"],
  ["91 cf 0000000100000000", "[4294967296]"],
  ["91 cf ffffffffffffffff", "[18446744073709551615]"],
  ["91 d0 80", "[-128]"],
  ["91 d0 7f", "[127]"],
  ["91 d1 8000", "[-32768]"],
  ["91 d2 80000000", "[-2147483648]"],
  ["91 d3 ffffffff7fffffff", "[-2147483649]"],
  ["91 d3 8000000000000000", "[-9223372036854775808]"],
  ["91 d3 0000000000000001", "[1]"],
  ["91 ca 3fc00000", "[1.5]"],
  ["91 ca 3f800000", "[1.0]"],
  ["91 ca 3dcccccd", "[0.10000000149011612]"],
  ["91 cb 3ff0000000000000", "[1.0]"],
  ["91 cb 3fb999999999999a", "[0.1]"],
  ["93 ca 7fc00000 ca 7f800000 cb fff0000000000000", "[null,null,null]"],
  ["93 c0 c2 c3", "[null,false,true]"],
  ["91 a0", '[""]'],
  ["91 a3 c3a962", '["éb"]'],
  ["91 d9 01 61", '["a"]'],
  ["91 da 0001 61", '["a"]'],
  ["91 db 00000001 61", '["a"]'],
  ["91 c4 03 010203", '["\\u0000AQID"]'],
  ["91 c5 0000", '["\\u0000"]'],
  ["91 c6 00000001 ff", '["\\u0000/w=="]'],
  ["91 dc 0001 c0", "[[null]]"],
  ["91 dd 00000000", "[[]]"],
  ["91 de 0001 a1 61 01", '[{"a":1}]'],
  ["91 df 00000001 a1 61 01", '[{"a":1}]'],
  ["dc 0001 01", "[1]"],
  ["91 d4 05 ff", '["\\u0000/w=="]'],
  ["91 d5 05 0102", '["\\u0000AQI="]'],
  ["91 c7 03 05 010203", '["\\u0000AQID"]'],
  ["91 c8 0001 05 ff", '["\\u0000/w=="]'],
  ["91 c9 00000000 05", '["\\u0000"]'],
];

test("MessagePack: every format is read, and told to JSON", () => {
  for (const [hex, text] of FORMATS) {
    assert.equal(toText(convert(msgpack, fromHex(hex), json)), text, hex);
    assert.equal(toHex(convert(msgpack, fromHex(hex), msgpack)), hex.replaceAll(" ", ""));
  }
});

test("MessagePack: timestamps are text in UTC, out of range they are binary", () => {
  const stamps: readonly (readonly [string, string])[] = [
    ["91 d6 ff 00000000", "1970-01-01T00:00:00.000Z"],
    ["91 d6 ff 5e0be100", "2020-01-01T00:00:00.000Z"],
    ["91 d7 ff 77359400 5e0be100", "2020-01-01T00:00:00.500Z"],
    ["91 d7 ff 00000004 5e0be100", "2020-01-01T00:00:00.000000001Z"],
    ["91 c7 0c ff 00000000 ffffffffffffffff", "1969-12-31T23:59:59.000Z"],
    ["91 c7 0c ff 000f4240 000000003b9aca00", "2001-09-09T01:46:40.001Z"],
  ];
  for (const [hex, text] of stamps) {
    assert.deepEqual(readArguments(msgpack, fromHex(hex)).args, [text], hex);
  }
  for (const hex of ["91 d7 ff ffffffff 00000000", "91 c7 0c ff 00000000 7fffffffffffffff"]) {
    assert.ok(readArguments(msgpack, fromHex(hex)).args[0] instanceof Uint8Array, hex);
  }
});

test("MessagePack: keys that are no strings become their JSON, or Base64 of their bytes", () => {
  const map = "91 87 01 a0 d0ff a0 c0 a0 c3 a0 ca3fc00000 a0 9101 a0 c40101 a0";
  const text = '[{"1":"","-1":"","null":"","true":"","1.5":"","\\u0000kQE=":"","\\u0000AQ==":""}]';
  assert.equal(toText(convert(msgpack, fromHex(map), json)), text);
  assert.deepEqual(JSON.parse(text), readArguments(msgpack, fromHex(map)).args);
});

test("MessagePack and CBOR: keys within keys cost no more than their bytes", () => {
  for (const codec of [msgpack, cbor]) {
    const [list, map, one] = codec === msgpack ? ["91", "81", "c0"] : ["81", "a1", "f6"];
    const nested = fromHex(list + map.repeat(100) + "a122" + one.repeat(100));
    const bytes = codec === msgpack
      ? nested
      : fromHex(list + map.repeat(100) + "6122" + one.repeat(100));
    assert.ok(convert(codec, bytes, json).length < 400);
    assert.equal(readArguments(codec, bytes).args.length, 1);
  }
});

test("MessagePack: a key of kwargs and options must be a string", () => {
  assert.throws(() => read(msgpack, fromHex("95 32 01 80 90 81 01 01")), /ArgumentsKw/);
  assert.throws(() => read(msgpack, fromHex("93 31 01 81 c0 01")), /CANCEL\.Options/);
});

test("MessagePack: malformed arguments are refused", () => {
  const malformed = [
    "c1",
    "91 c1",
    "91",
    "92 01",
    "90 00",
    "91 a2 61",
    "91 d9",
    "91 d9 02 61",
    "91 db ffffffff 61",
    "91 c6 ffffffff 61",
    "91 c9 ffffffff 01",
    "91 dd ffffffff",
    "dd ffffffff 01",
    "91 df ffffffff",
    "91 df 7fffffff a0",
    "91 81 a1 61",
    "91 cc",
    "91 cd 01",
    "91 ce 010203",
    "91 cf 01020304050607",
    "91 ca 010203",
    "91 cb 01020304050607",
    "91 d4 01",
    "91 d8 01 00",
    "91 a1 80",
    "91 a1 ff",
    "91 a2 c080",
    "91 a3 eda080",
    "91 a3 e08080",
    "91 a4 f4908080",
    "91 a2 c3",
    "91 81 a1 ff 01",
  ];
  for (const hex of malformed) {
    assert.throws(() => readArguments(msgpack, fromHex(hex)), DecodeError, hex);
  }
});

test("MessagePack: a message cut off anywhere is refused, whatever follows it in the buffer", () => {
  const whole = fromHex(
    "96 30 cd0101 81 a1 61 92 01 81 a1 62 a1 63 d9 05 636f6d2e78 93 cb3fb999999999999a a178 c3 81 a1 6b c0",
  );
  assert.equal(read(msgpack, whole).type, Type.CALL);
  for (let end = 0; end < whole.length; end++) {
    assert.throws(() => read(msgpack, whole.slice(0, end)), DecodeError, String(end));
  }
});

test("MessagePack: 128 containers within each other are read, 129 are not", () => {
  const nested = (depth: number) => fromHex("91".repeat(depth - 1) + "90");
  assert.equal(readArguments(msgpack, nested(128)).args.length, 1);
  assert.throws(() => readArguments(msgpack, nested(129)), /nesting deeper than 128/);
  assert.throws(() => readArguments(msgpack, fromHex("91".repeat(100_000))), /nesting deeper/);
  assert.throws(() => readArguments(msgpack, fromHex("8191".repeat(200))), DecodeError);
});

test("MessagePack: integers of the head are of any width up to 2^53, floats are refused", () => {
  const request = (hex: string) => {
    const message = read(msgpack, fromHex(`93 31 ${hex} 80`));
    return "request" in message ? message.request : undefined;
  };
  assert.equal(request("01"), 1);
  assert.equal(request("cc01"), 1);
  assert.equal(request("cf0000000000000001"), 1);
  assert.equal(request("d30000000000000001"), 1);
  assert.equal(request("d101ff"), 511);
  assert.equal(request("cf0020000000000000"), 2 ** 53);
  assert.equal(request("d30020000000000000"), 2 ** 53);
  const refused = [
    "00",
    "ff",
    "d0ff",
    "d3ffffffffffffffff",
    "cf0020000000000001",
    "d30020000000000001",
    "cfffffffffffffffff",
    "ca3f800000",
    "cb3ff0000000000000",
    "a131",
    "c0",
    "91",
    "80",
  ];
  for (const hex of refused) assert.throws(() => request(hex), DecodeError, hex);
});

test("MessagePack: each field of the head must have its type, and the error names it", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["", /the end/],
    ["80", /found a dictionary, expected a list/],
    ["90", /MessageType/],
    ["92 30 01", /CALL\.Options/],
    ["93 30 01 90", /CALL\.Options: found a list, expected a dictionary/],
    ["94 30 01 80 c40161", /CALL\.Procedure: found a binary value, expected a string/],
    ["94 30 01 80 a1ff", /CALL\.Procedure.*UTF-8/],
    ["95 30 01 80 a0 80", /Arguments: found a dictionary, expected a list/],
    ["95 30 01 80 a0 c40161", /Arguments: found a binary value/],
    ["96 30 01 80 a0 90 90", /ArgumentsKw: found a list, expected a dictionary/],
    ["97 30 01 80 a0 90 80 01", /more elements/],
    ["96 30 01 80 a0 90 80 01", /bytes behind/],
    ["93 01 02 80", /HELLO\.Realm: found another integer, expected a string/],
  ];
  for (const [hex, expected] of refused) {
    assert.throws(() => read(msgpack, fromHex(hex)), (error: unknown) => {
      assert.ok(error instanceof DecodeError, String(error));
      assert.match(error.message, expected, hex);
      return true;
    });
  }
});

test("MessagePack: with enc_algo the payload is one binary value or string", () => {
  const opaque = (hex: string) => {
    const message = read(msgpack, fromHex(`95 10 01 81 a8656e635f616c676f a3785f79 a0 ${hex}`));
    assert.ok("payload" in message);
    return message.payload.decode();
  };
  assert.deepEqual(opaque("c403010203").opaque, fromHex("010203"));
  assert.deepEqual(opaque("a26869").opaque, fromText("hi"));
  assert.deepEqual(opaque("9101").args, [1]);
  assert.throws(() => opaque("01"), /Arguments/);
});

test("MessagePack: integers beyond 64 bits are written as their digits", () => {
  const payload = Payload.of([2n ** 64n, -(2n ** 63n) - 1n, 2n ** 64n - 1n, 5n]);
  const bytes = write(msgpack, { type: Type.RESULT, request: 1, details: EMPTY_DICT, payload });
  const message = read(msgpack, bytes);
  assert.deepEqual("payload" in message && message.payload.decode().args, [
    "18446744073709551616",
    "-9223372036854775809",
    18446744073709551615n,
    5,
  ]);
});

test("MessagePack: strings of all lengths and alphabets have the shortest head", () => {
  for (
    const length of [
      0,
      1,
      15,
      16,
      31,
      32,
      85,
      86,
      100,
      101,
      127,
      128,
      255,
      256,
      21846,
      65535,
      65536,
    ]
  ) {
    for (const character of ["a", "é", "語"]) {
      const text = character.repeat(length);
      const payload = Payload.of([text]);
      for (const codec of [msgpack, cbor]) {
        const result = write(codec, {
          type: Type.RESULT,
          request: 1,
          details: EMPTY_DICT,
          payload,
        });
        const message = read(codec, result);
        assert.ok("payload" in message);
        assert.equal(message.payload.decode().args[0], text);
        const count = fromText(text).length;
        const small = codec === msgpack ? 32 : 24;
        const head = count < small ? 1 : count < 256 ? 2 : count < 65536 ? 3 : 5;
        assert.equal(message.payload.end - message.payload.start, 1 + head + count);
      }
    }
  }
});
