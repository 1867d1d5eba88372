/** Options and details are bounded, as reading them holds everybody up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_DICT_BYTES } from "../../../wamp/codec/dict_size.ts";
import { Type } from "../../../wamp/message.ts";
import { Payload } from "../../../wamp/payload.ts";
import { DecodeError } from "../../../wamp/protocol_error.ts";
import { codecOf, read, write } from "../../kit/codec_oracle_io.ts";

for (const name of ["json", "msgpack", "cbor"] as const) {
  test(`Codec ${name}: options beyond 256 KiB are refused, and nothing below`, () => {
    const codec = codecOf(name);
    const publish = (size: number) =>
      write(codec, {
        type: Type.PUBLISH,
        request: 1,
        options: { "_x": "y".repeat(size) },
        topic: "com.topic",
        payload: Payload.EMPTY,
      });
    assert.equal(read(codec, publish(MAX_DICT_BYTES - 100)).type, Type.PUBLISH);
    assert.throws(
      () => read(codec, publish(MAX_DICT_BYTES)),
      (error) =>
        error instanceof DecodeError && /PUBLISH\.Options.+at most 262144/.test(error.message),
    );
  });
}
