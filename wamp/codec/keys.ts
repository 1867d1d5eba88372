/**
 * Keys that are no strings, which MessagePack and CBOR allow, told as strings: null, booleans and numbers as in JSON; binary
 * values, and lists and dictionaries as the bytes they came in, as U+0000 and Base64. Text in the clear would double its
 * escapes with every key within a key.
 */
import { encodeBase64 } from "../base64.ts";
import { ByteWriter } from "../byte_writer.ts";
import type { TokenSink } from "./codec.ts";
import { JsonSink } from "./json_write.ts";

/** Takes tokens and does nothing: to move over a value. */
export const NOTHING: TokenSink = {
  nil() {},
  boolean() {},
  integer() {},
  bigint() {},
  float() {},
  string() {},
  binary() {},
  beginArray() {},
  endArray() {},
  beginMap() {},
  key() {},
  endMap() {},
};

/** Tells the one scalar that it is told as a key. */
export class KeySink implements TokenSink {
  readonly #sink: TokenSink;
  readonly #writer = new ByteWriter(32);
  readonly #json = new JsonSink(this.#writer);

  constructor(sink: TokenSink) {
    this.#sink = sink;
  }

  nil(): void {
    this.#json.nil();
    this.#tell();
  }
  boolean(value: boolean): void {
    this.#json.boolean(value);
    this.#tell();
  }
  integer(value: number): void {
    this.#json.integer(value);
    this.#tell();
  }
  bigint(value: bigint): void {
    this.#json.bigint(value);
    this.#tell();
  }
  float(value: number): void {
    this.#json.float(value);
    this.#tell();
  }
  string(bytes: Uint8Array, start: number, end: number): void {
    this.#sink.key(bytes, start, end);
  }
  key(bytes: Uint8Array, start: number, end: number): void {
    this.#sink.key(bytes, start, end);
  }
  binary(bytes: Uint8Array, start: number, end: number): void {
    if (this.#sink === NOTHING) return;
    this.#writer.byte(0);
    encodeBase64(this.#writer, bytes, start, end);
    this.#sink.key(this.#writer.bytes, 0, this.#writer.length);
  }
  beginArray(): void {}
  endArray(): void {}
  beginMap(): void {}
  endMap(): void {}

  /** What the JSON sink wrote, without its comma. */
  #tell(): void {
    this.#sink.key(this.#writer.bytes, 0, this.#writer.length - 1);
  }
}
