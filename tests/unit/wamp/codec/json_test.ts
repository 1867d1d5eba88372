/** JSON: the grammar byte by byte, what values become, and the places of the head. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_DICT, Type } from "../../../../wamp/message.ts";
import { Payload } from "../../../../wamp/payload.ts";
import { DecodeError } from "../../../../wamp/protocol_error.ts";
import {
  codecOf,
  convert,
  fromText,
  read,
  readArguments,
  toHex,
  toText,
  write,
} from "../../../kit/codec_oracle_io.ts";

const json = codecOf("json");
const msgpack = codecOf("msgpack");

const WELL_FORMED = [
  "[]",
  "[ ]",
  "[\t\n\r ]",
  "[0]",
  "[-0]",
  "[10]",
  "[0.5]",
  "[-1.25e-10]",
  "[1E+2]",
  "[1e400]",
  "[true,false,null]",
  '[""]',
  '["a"]',
  '["abcdefgh"]',
  '["\u007f"]',
  '["\\"\\\\\\/\\b\\f\\n\\r\\t"]',
  '["\\u00e9\\uD83D\\uDE00"]',
  '["\\ud800"]',
  '["\\udc00x"]',
  '["\\ud800\\u0041"]',
  "[{}]",
  "[{ }]",
  '[{"a":1}]',
  '[{ "a" : 1 , "b" : [ ] }]',
  '[{"":{}}]',
  '[{"a":1,"a":2}]',
  '[{"\\u0061":1}]',
  "[[[[]]],[]]",
  '["[{,:\\"]"]',
  `[${"1,".repeat(300)}1]`,
];

const MALFORMED = [
  "[",
  "[1",
  "[1,",
  "[,]",
  "[1,]",
  "[,1]",
  "[1 2]",
  "[1,,2]",
  "[]]",
  "[}",
  "[1}",
  "[01]",
  "[-]",
  "[-01]",
  "[+1]",
  "[.5]",
  "[1.]",
  "[1.e1]",
  "[1e]",
  "[1e+]",
  "[1e1.5]",
  "[0x10]",
  "[1a]",
  "[NaN]",
  "[Infinity]",
  "[-Infinity]",
  "[tru]",
  "[truE]",
  "[trues]",
  "[nul]",
  "[fals",
  "[undefined]",
  "['a']",
  '["]',
  '["\\"]',
  '["\\x41"]',
  '["\\u12"]',
  '["\\u12G4"]',
  '["\\u"]',
  '["\n"]',
  '["\t"]',
  '["\u0000"]',
  '["\u001f"]',
  '["abcdefg\u0001"]',
  '["a""b"]',
  "[{]",
  "[{,}]",
  '[{"a"}]',
  '[{"a":}]',
  '[{"a":1,}]',
  '[{"a" 1}]',
  '[{"a"::1}]',
  "[{1:2}]",
  "[{a:1}]",
  '[{"a":1]',
  '[{"a":1}}',
  "[{null:1}]",
  "[1]x",
  "[1]\u000b",
  "[\u00a0]",
  "[/**/]",
  "[#]",
];

test("JSON: well-formed arguments are read, and pass unchanged", () => {
  for (const text of WELL_FORMED) {
    const bytes = fromText(text);
    const { args } = readArguments(json, bytes);
    const plain = JSON.stringify(JSON.parse(text)).replaceAll(/\\ud[89a-f]../g, "\ufffd");
    assert.deepEqual(JSON.parse(JSON.stringify(args)), JSON.parse(plain), text);
    assert.equal(toText(convert(json, bytes, json)), text);
  }
});

test("JSON: malformed arguments are refused", () => {
  for (const text of MALFORMED) {
    assert.throws(() => readArguments(json, fromText(text)), DecodeError, text);
  }
});

test("JSON: a message cut off anywhere is refused, whatever follows it in the buffer", () => {
  const whole = '[48,12,{"a":[1,{"b":"c"}]},"com.x\\u0061",[1.5,"x",true],{"k":null}]';
  for (let end = 0; end < whole.length; end++) {
    assert.throws(
      () => read(json, fromText(whole.slice(0, end))),
      DecodeError,
      whole.slice(0, end),
    );
  }
  assert.equal(read(json, fromText(`\n${whole} \r\t`)).type, Type.CALL);
});

test("JSON: 128 containers within each other are read, 129 are not", () => {
  const nested = (depth: number) => fromText("[".repeat(depth) + "]".repeat(depth));
  assert.equal(readArguments(json, nested(128)).args.length, 1);
  assert.throws(() => readArguments(json, nested(129)), /nesting deeper than 128/);
  assert.throws(() => readArguments(json, fromText("[".repeat(1_000_000))), /nesting deeper/);
  assert.throws(() => readArguments(json, fromText('[{"a":'.repeat(100))), /nesting deeper/);
});

test("JSON: numbers of the head are plain digits up to 2^53", () => {
  const request = (digits: string) => {
    const message = read(json, fromText(`[49,${digits},{}]`));
    assert.equal(message.type, Type.CANCEL);
    return "request" in message ? message.request : undefined;
  };
  assert.equal(request("1"), 1);
  assert.equal(request(" 9007199254740991 "), 9007199254740991);
  assert.equal(request("9007199254740992"), 9007199254740992);
  const refused = [
    "9007199254740993",
    "9999999999999999",
    "10000000000000000",
    "99999999999999999999999",
    "0",
    "-1",
    "-0",
    "01",
    "1.0",
    "1e3",
    "1E0",
    '"1"',
    "true",
    "null",
    "[]",
    "{}",
    "",
    "1x",
    "1]",
  ];
  for (const digits of refused) assert.throws(() => request(digits), DecodeError, digits);
});

test("JSON: each field of the head must have its type, and the error names it", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["", /a list/],
    ["{}", /a list/],
    ["[]", /MessageType/],
    ["[48]", /CALL\.Request/],
    ["[48,1]", /CALL\.Options/],
    ["[48,1,[]]", /CALL\.Options: found a list, expected a dictionary/],
    ["[48,1,null]", /CALL\.Options: found null/],
    ["[48,1,{}]", /CALL\.Procedure/],
    ["[48,1,{},1]", /CALL\.Procedure: found another number, expected a string/],
    ['[48,1,{},"a\n"]', /CALL|byte 0xa at byte 11/],
    ['[48,1,{},"a",{}]', /Arguments: found a dictionary, expected a list/],
    ['[48,1,{},"a","\\u0000AQID"]', /Arguments: found a string, expected a list/],
    ['[48,1,{},"a",[],[]]', /ArgumentsKw: found a list, expected a dictionary/],
    ['[48,1,{},"a",[],{},1]', /expected its end/],
    ['[48,1,{},"a",[],{}] []', /expected nothing behind/],
    ['[49,1,{},"x"]', /expected its end/],
    ["[1,2,{}]", /HELLO\.Realm: found another number, expected a string/],
  ];
  for (const [text, expected] of refused) {
    assert.throws(() => read(json, fromText(text)), (error: unknown) => {
      assert.ok(error instanceof DecodeError, String(error));
      assert.match(error.message, expected, text);
      return true;
    });
  }
});

test("JSON: a URI may be escaped", () => {
  const message = read(json, fromText('[32,1,{},"com.\\u0065x\\u00e4mple\\/\\ud83d\\ude00"]'));
  assert.equal(message.type === Type.SUBSCRIBE && message.topic, "com.exämple/😀");
});

test("JSON: with enc_algo the payload is one string, binary behind U+0000 or plain", () => {
  const opaque = (payload: string) => {
    const text = `[16,1,{"enc_algo":"x_y"},"a",${payload}]`;
    const message = read(json, fromText(text));
    assert.equal(toText(write(json, message)), text);
    assert.ok("payload" in message);
    return message.payload.decode();
  };
  assert.equal(toHex(opaque('"\\u0000AQID"').opaque ?? new Uint8Array()), "010203");
  assert.equal(toText(opaque('"a166"').opaque ?? new Uint8Array()), "a166");
  assert.deepEqual(opaque("[1]").args, [1]);
  assert.throws(() => opaque('"a",{}'), DecodeError);
  assert.throws(() => opaque("1"), /Arguments/);
});

test("JSON: integers beyond 2^53 are read as bigints, beyond 64 bits as floats", () => {
  const { args } = readArguments(
    json,
    fromText(
      "[9007199254740992,9007199254740993,-9007199254740993,18446744073709551615," +
        "18446744073709551616,-9223372036854775808,-9223372036854775809,12345678901234567.0]",
    ),
  );
  assert.deepEqual(args, [
    9007199254740992,
    9007199254740993n,
    -9007199254740993n,
    18446744073709551615n,
    18446744073709552000,
    -9223372036854775808n,
    -9223372036854775808,
    12345678901234568,
  ]);
});

test("JSON: an integer beyond 2^53 is exact wherever it stands, also within strings' escapes and long digits", () => {
  const decode = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return json.decodePayload(bytes, 0, bytes.length, 1).args;
  };
  for (let before = 0; before < 40; before++) {
    for (const digits of ["9007199254740993", "18446744073709551615"]) {
      const pad = "x".repeat(before);
      assert.deepEqual(decode(`["${pad}",${digits}]`), [pad, BigInt(digits)]);
      assert.deepEqual(decode(`[${digits},"${pad}"]`), [BigInt(digits), pad]);
      assert.deepEqual(decode(`["${pad}${digits}",1]`), [pad + digits, 1]);
    }
    assert.deepEqual(decode(`["${"x".repeat(before)}\\u0041é"]`), ["x".repeat(before) + "Aé"]);
    assert.deepEqual(decode(`["${"x".repeat(before)}",123456789012345]`), [
      "x".repeat(before),
      123456789012345,
    ]);
  }
});

test("JSON: floats are read as JSON.parse reads them, digit for digit", () => {
  const texts = [
    "0.1",
    "-0.0",
    "0.30000000000000004",
    "123456789.12345",
    "9007199254740.993",
    "0.000000000000001",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072011e-308",
    "100000000000000.5",
    "99999999999999.9",
    "0.00",
  ];
  const { args } = readArguments(json, fromText(`[${texts.join()}]`));
  args.forEach((value, i) =>
    assert.ok(Object.is(value, JSON.parse(texts[i] ?? "")), texts[i] ?? "")
  );
});

test("JSON: floats stay floats in other codecs, and integers integers", () => {
  assert.equal(
    toHex(convert(json, fromText("[1.0,1,-0,1e2]"), msgpack)),
    "94ca3f80000001ca80000000ca42c80000",
  );
  const back = convert(msgpack, convert(json, fromText("[1.0,1,-0,1e2]"), msgpack), json);
  assert.equal(toText(back), "[1.0,1,-0.0,100.0]");
});

test("JSON: escapes become UTF-8 and a lone surrogate U+FFFD; only what must be is escaped again", () => {
  const text =
    '["\\u00e9\\/\\ud83d\\ude00 \\ud800 \\udc00\\ud800","\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f"]';
  assert.equal(
    toText(convert(msgpack, convert(json, fromText(text), msgpack), json)),
    '["é/😀 \ufffd \ufffd\ufffd","\\"\\\\\\b\\f\\n\\r\\t\\u0001\u007f"]',
  );
});

test("JSON: U+0000 and Base64 is binary, U+0000 and anything else a string", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "91c400"],
    ["AQID", "91c403010203"],
    ["AQ==", "91c40101"],
    ["AQI=", "91c4020102"],
    ["+/+/", "91c403fbffbf"],
    ["\\u0041QID", "91c403010203"],
    ["\\/\\/\\/\\/", "91c403ffffff"],
    ["AQI", "91a400415149"],
    ["A===", "91a500413d3d3d"],
    ["AQ=D", "91a50041513d44"],
    ["A-_D", "91a500412d5f44"],
    ["AQID\\n", "91a600415149440a"],
    ["====", "91a5003d3d3d3d"],
  ];
  for (const [base64, expected] of cases) {
    const text = `["\\u0000${base64}"]`;
    assert.equal(toHex(convert(json, fromText(text), msgpack)), expected, text);
  }
});

test("JSON: values without a place in JSON are written as null", () => {
  const payload = Payload.of([NaN, Infinity, -Infinity, undefined]);
  const result = write(json, { type: Type.RESULT, request: 1, details: EMPTY_DICT, payload });
  assert.equal(toText(result), "[50,1,{},[null,null,null,null]]");
});

test("JSON: integers are written as String writes them", () => {
  const integers = [0, 2 ** 31, 2 ** 32, 2 ** 53];
  for (let power = 10; power <= 1e15; power *= 10) integers.push(power - 1, power, power + 1);
  for (let i = 1; i < 2 ** 53; i = i * 3 + 1) integers.push(i);
  const payload = Payload.of([...integers, ...integers.map((value) => -value)]);
  const result = write(json, { type: Type.RESULT, request: 1, details: EMPTY_DICT, payload });
  assert.equal(toText(result), JSON.stringify([50, 1, {}, payload.decode().args]));
});

test("JSON: strings of all lengths and alphabets are written as JSON.stringify writes them", () => {
  for (const length of [0, 1, 7, 99, 100, 101, 1000]) {
    for (const end of ["", "é", '"', "\\", "\u0000", "\u001f", "\u007f", "😀"]) {
      const reason = "x".repeat(length) + end;
      const bytes = write(json, { type: Type.GOODBYE, details: { message: reason }, reason });
      assert.equal(toText(bytes), JSON.stringify([6, { message: reason }, reason]));
    }
  }
});
