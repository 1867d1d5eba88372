/** Bytes in and out of the real codecs, for their tests. */
import assert from "node:assert/strict";
import { ByteWriter } from "../../wamp/byte_writer.ts";
import type { Codec } from "../../wamp/codec/codec.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { parse } from "../../wamp/parse.ts";
import { Payload, type PayloadValues } from "../../wamp/payload.ts";
import { serialize } from "../../wamp/serialize.ts";
import { UriTable } from "../../wamp/uri_table.ts";

const decoders = new Map(codecs.map((codec) => [codec, codec.decoder(new UriTable(7))]));

export function codecOf(name: Codec["name"]): Codec {
  const codec = codecs.find((one) => one.name === name);
  assert.ok(codec);
  return codec;
}

/** Reads a message that stands in the middle of a buffer, between bytes that are tempting to read on into. */
export function read(codec: Codec, bytes: Uint8Array): Message {
  const decoder = decoders.get(codec);
  assert.ok(decoder);
  const buffer = new Uint8Array(bytes.length + 16).fill(codec.name === "json" ? 0x5d : 0x00);
  buffer.set(bytes, 7);
  return parse(decoder, buffer, 7, 7 + bytes.length);
}

export function write(codec: Codec, message: Message): Uint8Array {
  const writer = new ByteWriter(8);
  serialize(writer, codec, message);
  return writer.toBytes();
}

/** The arguments of a RESULT whose list of arguments is `bytes`. */
export function readArguments(codec: Codec, bytes: Uint8Array): PayloadValues {
  return resultOf(codec, bytes).payload.decode();
}

/** The list of arguments that `bytes` of `from` are in `to`. */
export function convert(from: Codec, bytes: Uint8Array, to: Codec): Uint8Array {
  return new Uint8Array(resultOf(from, bytes).payload.in(to));
}

/** A RESULT with `bytes` for its list of arguments. */
function resultOf(codec: Codec, bytes: Uint8Array): Message & { readonly payload: Payload } {
  const head = write(codec, {
    type: Type.RESULT,
    request: 1,
    details: EMPTY_DICT,
    payload: Payload.of([]),
  });
  const writer = new ByteWriter(64);
  if (codec.name === "json") {
    writer.range(head, 0, head.length - 1);
    writer.ascii(",");
    writer.range(bytes, 0, bytes.length);
    writer.ascii("]");
  } else {
    writer.range(head, 0, head.length);
    writer.bytes[0] = (head[0] ?? 0) + 1;
    writer.range(bytes, 0, bytes.length);
  }
  const message = read(codec, writer.toBytes());
  assert.equal(message.type, Type.RESULT);
  return message as Message & { readonly payload: Payload };
}

export function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(" ", "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
