/**
 * The lazy codecs against their plain forms (`tests/kit/codec_oracle*.ts`) on random messages, whole and damaged.
 * A failure prints its seed: `new RandomCodec(seed)` plays the round again. REALMWAY_SOAK multiplies the rounds.
 *
 * Differences that are meant to be:
 * - JSON: the head's integers are plain digits; `JSON.parse` also takes 1.0, 1e3 and -0 for integers.
 * - Keys that are floats or containers (MessagePack, CBOR): the oracle has no opinion.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { Codec, TokenSink } from "../../../wamp/codec/codec.ts";
import { codecs } from "../../../wamp/codec/codecs.ts";
import type { Message } from "../../../wamp/message.ts";
import { Payload } from "../../../wamp/payload.ts";
import { ProtocolError } from "../../../wamp/protocol_error.ts";
import { decodeUtf8, isUtf8 } from "../../../wamp/utf8.ts";
import { NoOpinion, oracles, plain } from "../../kit/codec_oracle.ts";
import { read, toHex, write } from "../../kit/codec_oracle_io.ts";
import { plainMessage, plainParsed } from "../../kit/codec_oracle_messages.ts";
import { RandomCodec } from "../../kit/codec_oracle_random.ts";

const ROUNDS = 400 * Number(process.env["REALMWAY_SOAK"] ?? 1);
function withSeeds(name: string, round: (random: RandomCodec) => void): void {
  for (let i = 0; i < ROUNDS; i++) {
    const seed = i * 7919 + name.length;
    try {
      round(new RandomCodec(seed));
    } catch (cause) {
      throw new Error(`${name}, seed ${seed}: ${String(cause)}`, { cause });
    }
  }
}

/** The message again, its payload made from values instead of bytes. */
function ofValues(message: Message): Message {
  if (!("payload" in message)) return message;
  const { args, kwargs, opaque } = message.payload.decode();
  return {
    ...message,
    payload: opaque === undefined ? Payload.of(args, kwargs) : Payload.opaque(opaque),
  };
}

class TokenLog implements TokenSink {
  readonly tokens: unknown[] = [];
  nil(): void {
    this.tokens.push("nil");
  }
  boolean(value: boolean): void {
    this.tokens.push(value);
  }
  integer(value: number): void {
    assert.ok(Number.isInteger(value) && Math.abs(value) <= 2 ** 53);
    this.tokens.push(["integer", value]);
  }
  bigint(value: bigint): void {
    this.tokens.push(["bigint", value]);
  }
  float(value: number): void {
    this.tokens.push(["float", value]);
  }
  string(bytes: Uint8Array, start: number, end: number): void {
    this.tokens.push(["string", decodeUtf8(bytes, start, end)]);
  }
  binary(bytes: Uint8Array, start: number, end: number): void {
    this.tokens.push(["binary", bytes.slice(start, end)]);
  }
  beginArray(count: number): void {
    this.tokens.push(["array", count]);
  }
  endArray(): void {
    this.tokens.push("end");
  }
  beginMap(count: number): void {
    this.tokens.push(["map", count]);
  }
  key(bytes: Uint8Array, start: number, end: number): void {
    this.tokens.push(["key", decodeUtf8(bytes, start, end)]);
  }
  endMap(): void {
    this.tokens.push("end");
  }
}

function tokens(message: Message): unknown[] {
  const log = new TokenLog();
  if ("payload" in message) {
    const { codec, bytes, start, end, count } = message.payload;
    codec?.walk(bytes, start, end, count, log);
  }
  return log.tokens;
}

for (const codec of codecs) {
  const oracle = oracles[codec.name];
  const isJson = codec.name === "json";

  test(`Codec ${codec.name}: random messages are read as the plain codec reads them`, () => {
    withSeeds("read", (random) => {
      const bytes = oracle.encode(random.message(isJson));
      const value = oracle.decode(bytes);
      compareLibrary(codec, bytes, value);
      assert.deepStrictEqual(plainParsed(read(codec, bytes)), plainMessage(value));
    });
  });

  test(`Codec ${codec.name}: what is written reads back the same, from bytes and from values`, () => {
    withSeeds("write", (random) => {
      const message = read(codec, oracle.encode(random.message(isJson)));
      const expected = plainParsed(message);
      for (const made of [message, ofValues(message)]) {
        const bytes = write(codec, made);
        assert.deepStrictEqual(plainMessage(oracle.decode(bytes)), expected);
        compareLibrary(codec, bytes, oracle.decode(bytes));
        assert.deepStrictEqual(plainParsed(read(codec, bytes)), expected);
      }
    });
  });

  test(`Codec ${codec.name}: damaged bytes are refused exactly when the plain codec refuses them`, () => {
    withSeeds("damage", (random) => {
      const whole = oracle.encode(random.message(isJson));
      for (let i = 0; i < 20; i++) compareDamaged(codec, random.mutate(whole));
    });
  });

  for (const other of codecs) {
    if (other === codec) continue;
    test(`Codec ${codec.name}: payloads survive the way to ${other.name} and back, token by token`, () => {
      withSeeds("transcode", (random) => {
        const message = read(codec, oracle.encode(random.message(isJson || other.name === "json")));
        const translated = read(other, write(other, message));
        assert.deepStrictEqual(tokens(translated), tokens(message));
        assert.deepStrictEqual(plainParsed(translated), plainParsed(message));
        const back = read(codec, write(codec, translated));
        assert.deepStrictEqual(tokens(back), tokens(message));
      });
    });
  }
}

/** @msgpack/msgpack refuses the key "__proto__", cborg drops a byte order mark that begins a string. */
function compareLibrary(codec: Codec, bytes: Uint8Array, value: unknown): void {
  const text = new TextDecoder("latin1").decode(bytes);
  if (codec.isBinary && (/__proto__|\u00ef\u00bb\u00bf/).test(text)) return;
  const found = oracles[codec.name].libraryDecode(bytes);
  assert.deepStrictEqual(plain(found), plain(value), "oracle and library");
}

function compareDamaged(codec: Codec, bytes: Uint8Array): void {
  // The transport has checked that JSON is UTF-8.
  if (!codec.isBinary && !isUtf8(bytes, 0, bytes.length)) return;
  const hex = toHex(bytes);
  const expected = attempt(() => plainMessage(oracles[codec.name].decode(bytes)));
  const found = attempt(() => plainParsed(read(codec, bytes)));
  if (found.error !== undefined) {
    assert.ok(found.error instanceof ProtocolError, `${hex}: ${String(found.error)}`);
    if (expected.error !== undefined || isOddInteger(codec, bytes, found.error)) return;
    assert.fail(`${hex}: refused (${found.error.message}), and the oracle read it`);
  }
  if (expected.error instanceof NoOpinion) return;
  if (expected.error !== undefined) {
    assert.fail(`${hex}: read, and the oracle refused it (${String(expected.error)})`);
  }
  assert.deepStrictEqual(found.value, expected.value, hex);
  // What goes on to another peer is what came, and reads the same; but options are written anew, as JSON.stringify would.
  const message = read(codec, bytes);
  const forwarded = plainMessage(oracles[codec.name].decode(write(codec, message)));
  assert.deepStrictEqual(asWritten(forwarded, codec), asWritten(expected.value, codec), hex);
  // And in other codecs it is a message, too.
  for (const other of codecs) plainMessage(oracles[other.name].decode(write(other, message)));
}

/** Minus zero is zero, and JSON has neither NaN nor infinities. */
function asWritten(value: unknown, codec: Codec): unknown {
  if (typeof value === "number") {
    return codec.name === "json" && !Number.isFinite(value) ? null : value + 0;
  }
  if (Array.isArray(value)) return value.map((inner) => asWritten(inner, codec));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, asWritten(inner, codec)]),
  );
}

function attempt(make: () => unknown[]): { readonly value?: unknown[]; readonly error?: unknown } {
  try {
    return { value: make() };
  } catch (error) {
    return { error };
  }
}

function isOddInteger(codec: Codec, bytes: Uint8Array, error: ProtocolError): boolean {
  return codec.name === "json" && error.message.includes("an integer from 0 to 2^53") &&
    (/[[,]\s*(?:-0|\d+(?:\.|[eE]))/).test(new TextDecoder().decode(bytes));
}
