/**
 * Our own vectors: every message type in every codec, made with the codecs' public libraries and, where those differ from what
 * is written here (floats), by hand. Each is read, and written again in all codecs, byte for byte.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Codec } from "../../wamp/codec/codec.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { Type, typeNames } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { oracles } from "../kit/codec_oracle.ts";
import { codecOf, fromHex, fromText, read, write } from "../kit/codec_oracle_io.ts";
import { plainMessage, plainParsed } from "../kit/codec_oracle_messages.ts";

type Vector = Readonly<Record<"name" | "json" | "msgpack" | "cbor", string>>;

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(fileURLToPath(new URL("./messages.json", import.meta.url).href), "utf8"),
);

test("Vectors: every message type has one", () => {
  const known = new Set(vectors.map((vector) => vector.name.split(/[ ,]/)[0]));
  for (const code of Object.values(Type)) assert.ok(known.has(typeNames.get(code)), String(code));
});

for (const vector of vectors) {
  test(`Vector ${vector.name}: the same message and the same bytes in all codecs`, () => {
    const expected = plainMessage(oracles.json.decode(bytesOf(vector, "json")));
    for (const source of codecs) {
      const message = read(source, bytesOf(vector, source.name));
      assert.deepStrictEqual(plainParsed(message), expected, source.name);
      for (const target of codecs) {
        assert.deepEqual(write(target, message), bytesOf(vector, target.name), target.name);
      }
    }
  });
}

test("Vectors: payloads made from values are written as those that came", () => {
  for (const vector of vectors) {
    // A float without a fraction is an integer to JavaScript.
    if (vector.name.includes("without a fraction")) continue;
    const message = read(codecOf("msgpack"), bytesOf(vector, "msgpack"));
    if (!("payload" in message)) continue;
    const { args, kwargs, opaque } = message.payload.decode();
    const payload = opaque === undefined ? Payload.of(args, kwargs) : Payload.opaque(opaque);
    for (const codec of codecs) {
      const found = write(codec, { ...message, payload });
      assert.deepEqual(found, bytesOf(vector, codec.name), `${vector.name} ${codec.name}`);
    }
  }
});

function bytesOf(vector: Vector, name: Codec["name"]): Uint8Array {
  if (name === "json") return fromText(vector.json);
  return fromHex(vector[name]);
}
