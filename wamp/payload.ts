/**
 * The application's arguments on their way through the router: as they came, unopened. HOT.
 * Two origins: a slice of a received message, checked by the decoder to be well-formed, or values made in this process
 * (the meta API, embedded sessions, clients). Who routes neither knows nor cares which.
 * A slice is valid only until the receiver of its message returns, as read buffers are reused; who needs it longer
 * calls `keep()`. `expire()` is how transports make that rule bite in tests.
 * [WAMP messages: structure]
 */
import type { Codec } from "./codec/codec.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { type Dict, EMPTY_DICT } from "./message.ts";
import type { PayloadArena } from "./payload_arena.ts";

const NO_BYTES = new Uint8Array(0);
const NO_ARGS: readonly unknown[] = Object.freeze([]);

export interface PayloadValues {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  /** Set when the payload is one binary value instead of arguments: payload transparency (`enc_algo`). */
  readonly opaque?: Uint8Array;
}

export class Payload {
  /** The codec of `bytes`; undefined for a payload made from values. */
  readonly codec: Codec | undefined;
  /** The received frame; the payload's elements are `bytes[start..end)`, separators between them included. `borrowed` alone changes them. */
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Elements of the message that the payload takes: 0, 1 (args, or one opaque value) or 2 (args and kwargs). */
  count: number;
  /** True when the bytes belong to a read buffer and die when the receiver returns. */
  readonly isBorrowed: boolean;
  #values: PayloadValues | undefined;
  #converted: Payload[] | undefined;
  #isExpired = false;

  private constructor(
    codec: Codec | undefined,
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
    isBorrowed: boolean,
    values: PayloadValues | undefined,
  ) {
    this.codec = codec;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.count = count;
    this.isBorrowed = isBorrowed;
    this.#values = values;
  }

  /** No arguments at all. */
  static readonly EMPTY: Payload = new Payload(undefined, NO_BYTES, 0, 0, 0, false, {
    args: NO_ARGS,
    kwargs: EMPTY_DICT,
  });

  /** A payload of values, encoded when it is first sent. Empty arguments are left off the wire, as the specification asks. */
  static of(args: readonly unknown[] = NO_ARGS, kwargs: Dict = EMPTY_DICT): Payload {
    const hasKwargs = kwargs !== EMPTY_DICT && Object.keys(kwargs).length > 0;
    if (args.length === 0 && !hasKwargs) return Payload.EMPTY;
    return new Payload(undefined, NO_BYTES, 0, 0, hasKwargs ? 2 : 1, false, { args, kwargs });
  }

  /** One binary value instead of arguments (`enc_algo`, payload transparency). */
  static opaque(value: Uint8Array): Payload {
    const values = { args: NO_ARGS, kwargs: EMPTY_DICT, opaque: value };
    return new Payload(undefined, NO_BYTES, 0, 0, 1, false, values);
  }

  /** For decoders: `count` well-formed elements in `bytes[start..end)`, borrowed from a read buffer.
   * @param spent the payload of the decoder's last message, which is valid no longer.
   *
   * PERF: the last message's payload is filled anew (plain: a new one for each). It is as dead as the bytes that it pointed to, and was
   * a fifth of what a call allocated. Together with `router/in_flight.ts`, garbage collection fell from 17 to 7 % of a call's CPU over
   * WebSocket JSON on Deno 2.9.6, and resident memory under load from 171 to 95 MB; CPU 3.3 to 2.8 us (noisy). 2026-11-21.
   * An expired one is left dead, so that tests with `poisons` catch whoever held it. */
  static borrowed(
    codec: Codec,
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
    spent?: Payload,
  ): Payload {
    if (spent === undefined || spent.#isExpired) {
      return new Payload(codec, bytes, start, end, count, true, undefined);
    }
    spent.bytes = bytes;
    spent.start = start;
    spent.end = end;
    spent.count = count;
    spent.#values = undefined;
    spent.#converted = undefined;
    return spent;
  }

  /** `count` well-formed elements of `codec` in bytes that nobody will change. */
  static kept(codec: Codec, bytes: Uint8Array, count: number): Payload {
    return new Payload(codec, bytes, 0, bytes.length, count, false, undefined);
  }

  /** Appends the payload's elements as `codec` writes them, without the separator before the first. */
  writeTo(writer: ByteWriter, codec: Codec): void {
    if (this.#isExpired) throw new Error(EXPIRED);
    if (this.count === 0) return;
    if (this.codec === codec) writer.range(this.bytes, this.start, this.end);
    else if (this.#isWorthConverting()) {
      const converted = this.#convert(codec);
      writer.range(converted.bytes, converted.start, converted.end);
    } else this.#encode(writer, codec);
  }

  /** The same elements as bytes of `codec`; converted once per codec. Valid as long as the payload is. */
  in(codec: Codec): Uint8Array {
    if (this.#isExpired) throw new Error(EXPIRED);
    if (this.codec === codec) return this.bytes.subarray(this.start, this.end);
    const converted = this.#convert(codec);
    return converted.bytes.subarray(converted.start, converted.end);
  }

  /** Arguments as values; decoded once. For the meta API, embedded sessions and clients: never on the routing path. */
  decode(): PayloadValues {
    if (this.#isExpired) throw new Error(EXPIRED);
    if (this.#values === undefined) {
      if (this.codec === undefined) throw new Error("Payload has neither bytes nor values");
      this.#values = this.codec.decodePayload(this.bytes, this.start, this.end, this.count);
    }
    return this.#values;
  }

  /** A payload that outlives the receiver of its message: one copy, or itself when it borrows nothing. */
  keep(): Payload {
    if (this.#isExpired) throw new Error(EXPIRED);
    if (!this.isBorrowed) return this;
    // Not `slice`: that of a Buffer does not copy.
    const copy = new Uint8Array(this.bytes.subarray(this.start, this.end));
    return new Payload(this.codec, copy, 0, copy.length, this.count, false, this.#values);
  }

  /** As `keep`, in memory that it shares with others. */
  keepIn(arena: PayloadArena): Payload {
    if (this.#isExpired) throw new Error(EXPIRED);
    if (!this.isBorrowed) return this;
    arena.put(this.bytes, this.start, this.end);
    const { bytes, start } = arena;
    const end = start + this.end - this.start;
    return new Payload(this.codec, bytes, start, end, this.count, false, this.#values);
  }

  /** For transports in test builds: what was borrowed is gone, and any later use throws. */
  expire(): void {
    if (this.isBorrowed) this.#isExpired = true;
  }

  /** What was kept is sent to many, at different times. What is passed on at once goes straight to its peer. */
  #isWorthConverting(): boolean {
    return this.#converted !== undefined || (this.codec !== undefined && !this.isBorrowed);
  }

  #convert(codec: Codec): Payload {
    const known = this.#converted?.find((one) => one.codec === codec);
    if (known !== undefined) return known;
    const writer = codec.newWriter(this.end - this.start + 64);
    this.#encode(writer, codec);
    const made = new Payload(codec, writer.bytes, 0, writer.length, this.count, false, undefined);
    (this.#converted ??= []).push(made);
    return made;
  }

  #encode(writer: ByteWriter, codec: Codec): void {
    if (this.codec === undefined) codec.writeValues(writer, this.decode(), this.count);
    else codec.transcode(writer, this);
  }
}

const EXPIRED =
  "Cannot use a payload after its message was received: call keep() to hold it longer";
