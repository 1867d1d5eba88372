/** MessagePack and CBOR for the browser's WebSocket: by the codecs of bytes. Loaded by `dial_browser.ts` when asked for. */
import { ByteWriter } from "../wamp/byte_writer.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { parse } from "../wamp/parse.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { serialize } from "../wamp/serialize.ts";
import { UriTable } from "../wamp/uri_table.ts";
import type { Frames } from "./dial_browser.ts";

export async function binaryFrames(name: "msgpack" | "cbor"): Promise<Frames> {
  const codec = await load(name);
  const decoder = codec.decoder(new UriTable(Math.random() * 2 ** 32, 256));
  const writer = new ByteWriter(1024);
  return {
    name,
    write(message) {
      writer.length = 0;
      serialize(writer, codec, message);
      return writer.bytes.slice(0, writer.length);
    },
    read(data) {
      if (data instanceof ArrayBuffer) {
        return parse(decoder, new Uint8Array(data), 0, data.byteLength);
      }
      throw new ProtocolError("Cannot read a message: found a text frame, expected binary");
    },
    seal(payload) {
      if (payload.count > 0) payload.in(codec);
    },
  };
}

async function load(name: "msgpack" | "cbor"): Promise<Codec> {
  return name === "msgpack"
    ? (await import("../wamp/codec/msgpack.ts")).msgpack
    : (await import("../wamp/codec/cbor.ts")).cbor;
}
