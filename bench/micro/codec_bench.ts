/**
 * What a message costs in wamp/: nanoseconds each, best of several rounds, beside the plain libraries.
 * `deno run -A bench/micro/codec_bench.ts [name...]` or `bun run bench/micro/codec_bench.ts [name...]`: only rows with these words.
 */
import process from "node:process";
import { ByteWriter } from "../../wamp/byte_writer.ts";
import type { Codec } from "../../wamp/codec/codec.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { type Dict, EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { parse } from "../../wamp/parse.ts";
import { Payload } from "../../wamp/payload.ts";
import { serialize } from "../../wamp/serialize.ts";
import { UriTable } from "../../wamp/uri_table.ts";
import { decodeUtf8, isUtf8 } from "../../wamp/utf8.ts";
import { oracles } from "../../tests/kit/codec_oracle.ts";

const ROUNDS = 7;
const TOPIC = "com.myapp.topic.temperature";

const only = process.argv.slice(2);
/** Kept from the optimiser. */
let sink = 0;

function row(name: string, run: () => number): void {
  if (!only.every((word) => name.includes(word))) return;
  let count = 1000;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < count; i++) sink ^= run();
    const ms = performance.now() - start;
    if (round > 0) best = Math.min(best, ms * 1e6 / count);
    // About 40 ms a round.
    count = Math.max(1000, Math.min(1_000_000, Math.floor(count * 40 / Math.max(ms, 0.01))));
  }
  process.stdout.write(`${name.padEnd(58)} ${best.toFixed(0).padStart(8)} ns\n`);
}

/** Arguments of about `size` bytes of JSON: what sensors and forms send. */
function argsOf(size: number): { readonly args: unknown[]; readonly kwargs: Dict } {
  const args: unknown[] = ["sensor-17", 21.5, 1234567, true];
  const kwargs: Record<string, unknown> = { unit: "celsius" };
  for (let i = 0; JSON.stringify([args, kwargs]).length < size - 20; i++) {
    if (i % 3 === 0) args.push(`reading number ${i}`);
    else kwargs[`field${i}`] = i % 3 === 1 ? i * 1.25 : "some text that is a little longer";
  }
  return { args, kwargs };
}

function encoded(codec: Codec, message: Message): Uint8Array {
  const writer = new ByteWriter(64);
  serialize(writer, codec, message);
  return writer.toBytes();
}

function messages(size: number) {
  const { args, kwargs } = argsOf(size);
  const payload = Payload.of(args, kwargs);
  const details = { publisher: 7423982374, topic: TOPIC };
  return {
    call: { type: Type.CALL, request: 77, options: EMPTY_DICT, procedure: TOPIC, payload },
    publish: {
      type: Type.PUBLISH,
      request: 77,
      options: { acknowledge: true, exclude_me: false },
      topic: TOPIC,
      payload,
    },
    event: {
      type: Type.EVENT,
      subscription: 5512315355,
      publication: 4429313566,
      details,
      payload,
    },
    signal: {
      type: Type.EVENT,
      subscription: 5512315355,
      publication: 4429313566,
      details: EMPTY_DICT,
      payload,
    },
    invocation: {
      type: Type.INVOCATION,
      request: 77,
      registration: 9823526,
      details: EMPTY_DICT,
      payload,
    },
    result: { type: Type.RESULT, request: 77, details: EMPTY_DICT, payload },
  } as const satisfies Record<string, Message>;
}

/** The message with its payload in the bytes of `codec`, as it is when it was received. */
function received(codec: Codec, message: Message): Message {
  const bytes = encoded(codec, message);
  return parse(codec.decoder(new UriTable(1)), bytes, 0, bytes.length);
}

const TEXT_DECODER = new TextDecoder();
const TEXT_ENCODER = new TextEncoder();

/** A whole message by the library that everybody would take. */
const libraries: Readonly<
  Record<Codec["name"], {
    readonly decode: (bytes: Uint8Array) => unknown;
    readonly encode: (value: unknown) => Uint8Array;
  }>
> = {
  json: {
    decode: (bytes) => JSON.parse(TEXT_DECODER.decode(bytes)),
    encode: (value) => TEXT_ENCODER.encode(JSON.stringify(value)),
  },
  msgpack: { decode: oracles.msgpack.libraryDecode, encode: oracles.msgpack.encode },
  cbor: { decode: oracles.cbor.libraryDecode, encode: oracles.cbor.encode },
};

for (const size of [16, 128, 1024]) {
  for (const codec of codecs) {
    const decoder = codec.decoder(new UriTable(1));
    const all = messages(size);
    for (const name of ["call", "publish", "event"] as const) {
      const bytes = encoded(codec, all[name]);
      row(`parse ${name} ${codec.name} ${size}`, () => {
        return parse(decoder, bytes, 0, bytes.length).type;
      });
    }
    const call = encoded(codec, all.call);
    row(`library decode call ${codec.name} ${size}`, () => {
      return (libraries[codec.name].decode(call) as unknown[]).length;
    });
    for (const name of ["event", "signal", "invocation", "result"] as const) {
      const message = received(codec, all[name]);
      const writer = new ByteWriter(4096);
      row(`serialize ${name} ${codec.name} ${size}`, () => {
        writer.length = 0;
        serialize(writer, codec, message);
        return writer.length;
      });
    }
    const plain = [36, 1, 2, {}, argsOf(size).args, argsOf(size).kwargs];
    row(
      `library encode event ${codec.name} ${size}`,
      () => libraries[codec.name].encode(plain).length,
    );
  }
}

for (const size of [16, 128, 1024]) {
  for (const codec of codecs) {
    const { payload } = received(codec, messages(size).call) as Message & {
      readonly payload: Payload;
    };
    for (const other of codecs) {
      if (other === codec) continue;
      const writer = new ByteWriter(4096);
      row(`transcode ${codec.name} to ${other.name} ${size}`, () => {
        writer.length = 0;
        other.transcode(writer, payload);
        return writer.length;
      });
    }
    row(`values decode ${codec.name} ${size}`, () => {
      return codec.decodePayload(payload.bytes, payload.start, payload.end, 2).args.length;
    });
    const values = { args: argsOf(size).args, kwargs: argsOf(size).kwargs };
    const writer = new ByteWriter(4096);
    row(`values encode ${codec.name} ${size}`, () => {
      writer.length = 0;
      codec.writeValues(writer, values, 2);
      return writer.length;
    });
    row(`payload keep ${codec.name} ${size}`, () => payload.keep().end);
  }
}

{
  const table = new UriTable(1);
  const bytes = new TextEncoder().encode(TOPIC);
  row("uri intern", () => table.intern(bytes, 0, bytes.length)?.length ?? 0);
  row("uri decodeUtf8", () => decodeUtf8(bytes, 0, bytes.length)?.length ?? 0);
  const many = Array.from({ length: 50_000 }, (_, i) => new TextEncoder().encode(`${TOPIC}.${i}`));
  let next = 0;
  row("uri intern of 50,000 in turn (none stays)", () => {
    const one = many[next++ % many.length] as Uint8Array;
    return table.intern(one, 0, one.length)?.length ?? 0;
  });
  for (const size of [128, 1024]) {
    const ascii = new TextEncoder().encode("x".repeat(size));
    row(`utf8 check ascii ${size}`, () => Number(isUtf8(ascii, 0, ascii.length)));
    const wide = new TextEncoder().encode("größe ".repeat(size / 8));
    row(`utf8 check mixed ${wide.length}`, () => Number(isUtf8(wide, 0, wide.length)));
  }
  for (const size of [8, 16, 24, 32, 48, 64, 96, 128, 1024]) {
    const source = new Uint8Array(size + 8);
    const writer = new ByteWriter(4096);
    row(`copy ${size}`, () => {
      writer.length = 0;
      writer.range(source, 4, size + 4);
      return writer.length;
    });
  }
}

if (sink === 0.5) process.stdout.write(`${sink}\n`);
