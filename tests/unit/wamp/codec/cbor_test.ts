/** CBOR: every form read and written, what RFC 8949 calls not well-formed, and what becomes of values that other codecs lack. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_DICT, Type } from "../../../../wamp/message.ts";
import { Payload } from "../../../../wamp/payload.ts";
import { DecodeError } from "../../../../wamp/protocol_error.ts";
import {
  codecOf,
  convert,
  fromHex,
  read,
  readArguments,
  toHex,
  toText,
  write,
} from "../../../kit/codec_oracle_io.ts";

const json = codecOf("json");
const msgpack = codecOf("msgpack");
const cbor = codecOf("cbor");

/** The list of arguments in hex, and the same as JSON; most are from RFC 8949, appendix A. */
const FORMS: readonly (readonly [string, string])[] = [
  ["80", "[]"],
  ["9f ff", "[]"],
  ["82 00 17", "[0,23]"],
  ["81 18 18", "[24]"],
  ["81 18 00", "[0]"],
  ["81 19 03e8", "[1000]"],
  ["81 1a 000f4240", "[1000000]"],
  ["81 1b 000000e8d4a51000", "[1000000000000]"],
  ["81 1b ffffffffffffffff", "[18446744073709551615]"],
  ["81 c2 49 010000000000000000", "[18446744073709551616]"],
  ["81 c3 49 010000000000000000", "[-18446744073709551617]"],
  ["81 c2 41 05", "[5]"],
  ["81 c2 40", "[0]"],
  ["81 c2 5f 41 01 41 00 ff", "[256]"],
  ["81 3b ffffffffffffffff", "[-18446744073709551616]"],
  ["81 20", "[-1]"],
  ["81 38 63", "[-100]"],
  ["81 39 03e7", "[-1000]"],
  ["81 f9 0000", "[0.0]"],
  ["81 f9 8000", "[-0.0]"],
  ["81 f9 3c00", "[1.0]"],
  ["81 f9 3e00", "[1.5]"],
  ["81 f9 7bff", "[65504.0]"],
  ["81 f9 0001", "[5.960464477539063e-8]"],
  ["81 f9 0400", "[0.00006103515625]"],
  ["81 f9 c400", "[-4.0]"],
  ["83 f9 7c00 f9 7e00 f9 fc00", "[null,null,null]"],
  ["81 fa 47c35000", "[100000.0]"],
  ["81 fb 3ff199999999999a", "[1.1]"],
  ["84 f4 f5 f6 f7", "[false,true,null,null]"],
  ["83 e0 f0 f8 ff", "[null,null,null]"],
  ["81 40", '["\\u0000"]'],
  ["81 44 01020304", '["\\u0000AQIDBA=="]'],
  ["81 5f 42 0102 41 03 ff", '["\\u0000AQID"]'],
  ["81 5f ff", '["\\u0000"]'],
  ["81 60", '[""]'],
  ["81 62 c3bc", '["ü"]'],
  ["81 64 f0908591", '["𐅑"]'],
  ["81 7f 62 c3bc 61 61 60 ff", '["üa"]'],
  ["81 78 01 61", '["a"]'],
  ["81 7b 0000000000000001 61", '["a"]'],
  ["81 c1 1a 514b67b0", "[1363896240]"],
  ["81 c0 61 61", '["a"]'],
  ["81 d8 20 d9 d9f7 db ffffffffffffffff 01", "[1]"],
  ["81 9f 01 82 02 03 9f ff ff", "[[1,[2,3],[]]]"],
  ["9f bf 61 61 01 7f 61 62 ff 9f 02 ff ff bf ff ff", '[{"a":1,"b":[2]},{}]'],
  ["81 a2 61 61 01 61 62 82 02 03", '[{"a":1,"b":[2,3]}]'],
  ["81 b8 01 61 61 01", '[{"a":1}]'],
  ["98 01 01", "[1]"],
  ["81 d8 20 9f c1 01 ff", "[[1]]"],
  ["81 a1 c1 61 61 c1 01", '[{"a":1}]'],
];

test("CBOR: every form is read, and told to JSON", () => {
  for (const [hex, text] of FORMS) {
    assert.equal(toText(convert(cbor, fromHex(hex), json)), text, hex);
    assert.equal(toHex(convert(cbor, fromHex(hex), cbor)), hex.replaceAll(" ", ""));
  }
});

test("CBOR: indefinite lengths become definite in other codecs, in each other too", () => {
  const list = "9f bf 61 61 9f 01 9f ff bf 61 62 9f ff ff ff ff 82 9f 02 ff 03 ff";
  assert.equal(toText(convert(cbor, fromHex(list), json)), '[{"a":[1,[],{"b":[]}]},[[2],3]]');
  assert.equal(toHex(convert(cbor, fromHex(list), msgpack)), "9281a16193019081a162909291" + "0203");
});

test("CBOR: keys that are no strings become their JSON, or Base64 of their bytes", () => {
  const map = "81 a6 01 60 20 60 f6 60 f93e00 60 9f01ff 60 41 01 60";
  const text = '[{"1":"","-1":"","null":"","1.5":"","\\u0000nwH/":"","\\u0000AQ==":""}]';
  assert.equal(toText(convert(cbor, fromHex(map), json)), text);
});

test("CBOR: bignums are integers where 64 bits hold them, digits in JSON, text in MessagePack", () => {
  const list = fromHex("83 c2 48 ffffffffffffffff c3 48 7fffffffffffffff c2 49 010000000000000000");
  assert.deepEqual(readArguments(cbor, list).args, [2n ** 64n - 1n, -(2n ** 63n), 2n ** 64n]);
  assert.deepEqual(readArguments(msgpack, convert(cbor, list, msgpack)).args, [
    2n ** 64n - 1n,
    -(2n ** 63n),
    "18446744073709551616",
  ]);
  const long = fromHex(`81 c2 59 0101 ${"ff".repeat(257)}`);
  assert.ok(readArguments(cbor, long).args[0] instanceof Uint8Array);
});

test("CBOR: bigints of any size are written, and read back the same", () => {
  const args = [2n ** 64n, -(2n ** 64n), -(2n ** 64n) - 1n, 2n ** 200n + 1n, 2n ** 53n + 1n];
  const payload = Payload.of(args);
  const bytes = write(cbor, { type: Type.RESULT, request: 1, details: EMPTY_DICT, payload });
  const message = read(cbor, bytes);
  assert.deepEqual("payload" in message && message.payload.decode().args, args);
});

test("CBOR: what is not well-formed is refused", () => {
  // From RFC 8949, appendix F, within a list of arguments; and lengths that lie.
  const items = [
    "18",
    "1900",
    "1a000000",
    "1b00000000000000",
    "5801",
    "5bffffffffffffffff0102",
    "7affffffff00",
    "7b7fffffffffffffff010203",
    "98",
    "9901",
    "81",
    "818181818181818181",
    "8200",
    "9bffffffffffffffff",
    "a1",
    "a20102",
    "a100",
    "a2000000",
    "bbffffffffffffffff",
    "bb7fffffffffffffff00",
    "f8",
    "f900",
    "fa0000",
    "fb00000000000000",
    "c0",
    "5f4100",
    "7f6100",
    "9f",
    "9f0102",
    "bf",
    "bf01020102",
    "819f",
    "9f8000",
    "9f9f9f9f9fffffffff",
    "9f819f819f9fffffff",
    "1c",
    "1d",
    "1e",
    "3c",
    "5c",
    "7d",
    "9e",
    "bc",
    "dd",
    "fc",
    "fd",
    "fe",
    "f800",
    "f818",
    "f81f",
    "5f00ff",
    "5f6100ff",
    "5f80ff",
    "5fc000ff",
    "5f5f4100ffff",
    "7f4100ff",
    "7f7f6100ffff",
    "ff",
    "a1ff",
    "a1ff00",
    "a100ff",
    "a20000ff",
    "bf00ff",
    "bf000000ff",
    "81ff",
    "c0ff",
    "9fc0ff",
    "1f",
    "3f",
    "df",
    "61ff",
    "62c080",
    "7f61c361bcff",
    "a161ff00",
  ];
  for (const hex of items) {
    assert.throws(() => readArguments(cbor, fromHex(`81${hex}`)), DecodeError, hex);
  }
  for (const hex of ["82 01", "80 00", "9f 01", "9f", "9c"]) {
    assert.throws(() => readArguments(cbor, fromHex(hex)), DecodeError, hex);
  }
});

test("CBOR: a message cut off anywhere is refused, whatever follows it in the buffer", () => {
  const forms = [
    "86 18 30 19 0101 a1 61 61 82 01 a1 61 62 61 63 78 05 636f6d2e78 83 fb3fb999999999999a 61 78 f5 a1 61 6b f6",
    "9f 18 30 19 0101 bf 61 61 9f 01 ff ff 7f 61 63 61 64 ff 9f c1 01 ff bf 7f 61 6b ff f6 ff ff",
  ];
  for (const hex of forms) {
    const whole = fromHex(hex);
    assert.equal(read(cbor, whole).type, Type.CALL);
    for (let end = 0; end < whole.length; end++) {
      assert.throws(() => read(cbor, whole.slice(0, end)), DecodeError, `${hex} ${end}`);
    }
  }
});

test("CBOR: a message may be of indefinite length, in chunks, and describe itself", () => {
  const message = read(
    cbor,
    fromHex("d9d9f7 9f 18 30 01 bf ff 7f 63 636f6d 62 2e78 ff 9f 01 ff bf 61 61 02 ff ff"),
  );
  assert.ok(message.type === Type.CALL);
  assert.equal(message.procedure, "com.x");
  assert.equal(message.options, EMPTY_DICT);
  assert.deepEqual(message.payload.decode(), { args: [1], kwargs: { a: 2 } });
  assert.equal(toHex(write(cbor, message)), "861830" + "01a065636f6d2e78" + "9f01ffbf616102ff");
  assert.throws(() => read(cbor, fromHex("9f 18 31 01 a0 ff ff")), /behind/);
  assert.throws(() => read(cbor, fromHex("9f 18 31 01 a0 01 ff")), /more elements/);
});

test("CBOR: 128 containers within each other are read, 129 are not, nor more than 16 tags around a value", () => {
  const nested = (depth: number) => fromHex("81".repeat(depth - 1) + "80");
  assert.equal(readArguments(cbor, nested(128)).args.length, 1);
  assert.throws(() => readArguments(cbor, nested(129)), /nesting deeper than 128/);
  assert.throws(() => readArguments(cbor, fromHex("9f".repeat(100_000))), /nesting deeper/);
  const tagged = (count: number) => fromHex(`81${"c1".repeat(count)}01`);
  assert.equal(readArguments(cbor, tagged(16)).args.length, 1);
  assert.throws(() => readArguments(cbor, tagged(17)), /more than 16 tags/);
  assert.throws(() => readArguments(cbor, tagged(1_000_000)), /more than 16 tags/);
  const indefinite = fromHex("9f".repeat(128) + "01" + "ff".repeat(128));
  assert.equal(toText(convert(cbor, indefinite, json)), `${"[".repeat(128)}1${"]".repeat(128)}`);
});

test("CBOR: integers of the head are of any width up to 2^53, floats and tags are refused", () => {
  const request = (hex: string) => {
    const message = read(cbor, fromHex(`83 18 31 ${hex} a0`));
    return "request" in message ? message.request : undefined;
  };
  assert.equal(request("01"), 1);
  assert.equal(request("1801"), 1);
  assert.equal(request("1b0000000000000001"), 1);
  assert.equal(request("1b0020000000000000"), 2 ** 53);
  const refused = [
    "00",
    "20",
    "1b0020000000000001",
    "1bffffffffffffffff",
    "fa3f800000",
    "f93c00",
    "c101",
    "c24101",
    "6131",
    "f6",
    "1c",
    "1f",
    "80",
    "ff",
  ];
  for (const hex of refused) assert.throws(() => request(hex), DecodeError, hex);
});

test("CBOR: each field of the head must have its type, and the error names it", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["", /the end/],
    ["a0", /found a dictionary, expected a list/],
    ["80", /MessageType/],
    ["82 18 30 01", /CALL\.Options/],
    ["83 18 30 01 80", /CALL\.Options: found a list, expected a dictionary/],
    ["83 18 31 01 a1 01 01", /CANCEL\.Options: found another integer, expected string keys/],
    ["84 18 30 01 a0 41 61", /CALL\.Procedure: found a binary value, expected a string/],
    ["84 18 30 01 a0 61 ff", /CALL\.Procedure.*UTF-8/],
    ["85 18 30 01 a0 60 a0", /Arguments: found a dictionary, expected a list/],
    ["85 18 30 01 a0 60 c1 80", /Arguments: found a tag, expected a list/],
    ["86 18 30 01 a0 60 80 80", /ArgumentsKw: found a list, expected a dictionary/],
    ["86 18 30 01 a0 60 80 a1 01 01", /ArgumentsKw: found another integer, expected string keys/],
    ["87 18 30 01 a0 60 80 a0 01", /more elements/],
    ["86 18 30 01 a0 60 80 a0 01", /bytes behind/],
    ["83 01 02 a0", /HELLO\.Realm: found another integer, expected a string/],
    ["9c", /a message/],
  ];
  for (const [hex, expected] of refused) {
    assert.throws(() => read(cbor, fromHex(hex)), (error: unknown) => {
      assert.ok(error instanceof DecodeError, String(error));
      assert.match(error.message, expected, hex);
      return true;
    });
  }
});
