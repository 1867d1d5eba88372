/** The life of a payload: borrowed, kept, expired, and passed on in other codecs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../../wamp/byte_writer.ts";
import { codecs } from "../../../wamp/codec/codecs.ts";
import { EMPTY_DICT, Type } from "../../../wamp/message.ts";
import { parse } from "../../../wamp/parse.ts";
import { Payload } from "../../../wamp/payload.ts";
import { UriTable } from "../../../wamp/uri_table.ts";
import { codecOf, fromText, toText, write } from "../../kit/codec_oracle_io.ts";

const json = codecOf("json");
const TEXT = '[50,1,{},["first", 2],{"k":null}]';

/** A payload in a read buffer, and that buffer. */
function received(): { readonly payload: Payload; readonly buffer: Uint8Array } {
  const buffer = fromText(TEXT);
  const message = parse(json.decoder(new UriTable(1)), buffer, 0, buffer.length);
  assert.ok("payload" in message);
  return { payload: message.payload, buffer };
}

function written(payload: Payload, name: "json" | "msgpack" | "cbor"): Uint8Array {
  return write(codecOf(name), { type: Type.RESULT, request: 1, details: EMPTY_DICT, payload });
}

test("Payload: in its own codec it passes byte for byte", () => {
  assert.equal(toText(written(received().payload, "json")), TEXT);
  assert.equal(toText(received().payload.in(json)), '["first", 2],{"k":null}');
});

test("Payload: what was kept survives the read buffer, in every codec and as values", () => {
  const { payload, buffer } = received();
  const before = codecs.map((codec) => written(payload, codec.name));
  const kept = payload.keep();
  payload.expire();
  buffer.fill(0xdd);
  assert.deepEqual(codecs.map((codec) => written(kept, codec.name)), before);
  assert.deepEqual(codecs.map((codec) => written(kept, codec.name)), before);
  assert.deepEqual(kept.decode(), { args: ["first", 2], kwargs: { k: null } });
  assert.equal(kept.keep(), kept);
  kept.expire();
  assert.equal(toText(written(kept, "json")), TEXT);
});

test("Payload: after expire any use throws", () => {
  const { payload } = received();
  payload.expire();
  const writer = new ByteWriter(16);
  const uses = [
    () => payload.writeTo(writer, json),
    () => payload.writeTo(writer, codecOf("cbor")),
    () => payload.in(json),
    () => payload.decode(),
    () => payload.keep(),
  ];
  for (const use of uses) assert.throws(use, /call keep\(\) to hold it longer/);
});

test("Payload: values that were decoded before keep stay decoded", () => {
  const { payload, buffer } = received();
  const values = payload.decode();
  const kept = payload.keep();
  buffer.fill(0xdd);
  assert.equal(kept.decode(), values);
});

test("Payload: empty arguments are left off the wire", () => {
  assert.equal(Payload.of(), Payload.EMPTY);
  assert.equal(Payload.of([], {}), Payload.EMPTY);
  assert.equal(Payload.of([1]).count, 1);
  assert.equal(Payload.of([], { a: 1 }).count, 2);
  assert.equal(toText(written(Payload.EMPTY, "json")), "[50,1,{}]");
  assert.deepEqual(Payload.EMPTY.decode(), { args: [], kwargs: {} });
  assert.equal(toText(written(Payload.of([], { a: 1 }), "json")), '[50,1,{},[],{"a":1}]');
});

test("Payload: values encoded ahead are not encoded again", () => {
  let asked = 0;
  const payload = Payload.of([{ toJSON: () => ++asked }]);
  assert.equal(toText(payload.in(json)), "[1]");
  assert.equal(toText(written(payload, "json")), "[50,1,{},[1]]");
  assert.equal(asked, 1);
});
