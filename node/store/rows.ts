/**
 * Events as bytes on their way to the store's worker, and back as what the router knows. HOT on the writing side: it runs within the
 * publication, copies the payload once and builds nothing. `RowReader` reads the same in the worker.
 */
import { Receivers } from "../../router/receivers.ts";
import type { Recorded } from "../../router/history.ts";
import type { Retained } from "../../router/retention.ts";
import { ByteWriter } from "../../wamp/byte_writer.ts";
import { cbor } from "../../wamp/codec/cbor.ts";
import type { Codec } from "../../wamp/codec/codec.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { type Dict, EMPTY_DICT } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { Payload } from "../../wamp/payload.ts";
import type { EventRow, RetainedRow } from "./protocol.ts";

/** By their number in the database. Only ever appended to. */
const CODECS: readonly Codec[] = [json, msgpack, cbor];
/** What is not in bytes yet: details, and payloads made in this process. */
const OWN = msgpack;

export const EVENT = 1;
export const RETAINED = 2;

/** The parts of a recorded or retained event that do not fit a number. */
interface Content {
  readonly details: Dict;
  readonly receivers: Receivers | undefined;
  /** Of retained events. */
  readonly resource?: string | undefined;
  readonly payload: Payload;
}

/** Rows of one batch. Topics stand beside them, each once. */
export class Batch {
  readonly writer: ByteWriter;
  readonly topics: string[] = [];
  /** Events and topics with retained ones. */
  rows = 0;
  events = 0;
  readonly #numbers = new Map<string, number>();

  constructor(expectedBytes: number) {
    this.writer = new ByteWriter(expectedBytes);
  }

  event(history: number, event: Recorded): void {
    const { writer } = this;
    writer.byte(EVENT);
    writer.uint16(history);
    writer.uint64(event.time);
    writer.uint64(event.publication);
    writer.uint32(event.weight);
    writer.uint32(this.#topic(event.topic));
    writeContent(writer, event);
    this.rows++;
    this.events++;
  }

  retained(topic: string, entries: readonly Retained[]): void {
    const { writer } = this;
    writer.byte(RETAINED);
    writer.uint32(this.#topic(topic));
    writer.uint32(entries.length);
    for (const one of entries) {
      writer.uint64(one.publication);
      writer.uint64(one.excluded);
      writer.float64(one.expires);
      writer.uint64(one.order);
      writer.uint32(one.weight);
      writeContent(writer, one);
    }
    this.rows++;
  }

  #topic(topic: string): number {
    const known = this.#numbers.get(topic);
    if (known !== undefined) return known;
    this.#numbers.set(topic, this.topics.length);
    return this.topics.push(topic) - 1;
  }
}

function writeContent(writer: ByteWriter, content: Content): void {
  const { details, receivers, resource, payload } = content;
  const codec = payload.codec ?? OWN;
  writer.byte(CODECS.indexOf(codec));
  writer.byte(payload.count);
  if (details === EMPTY_DICT && receivers === undefined) writer.uint32(0);
  else {
    const values = {
      args: [details, receivers?.lists ?? null, resource ?? null],
      kwargs: EMPTY_DICT,
    };
    sized(writer, () => OWN.writeValues(writer, values, 1));
  }
  if (payload.codec !== undefined) {
    writer.uint32(payload.end - payload.start);
    writer.range(payload.bytes, payload.start, payload.end);
  } else sized(writer, () => payload.writeTo(writer, OWN));
}

/** Four bytes of the size of what `write` writes, then that. */
function sized(writer: ByteWriter, write: () => void): void {
  writer.uint32(0);
  const start = writer.length;
  write();
  const end = writer.length;
  writer.length = start - 4;
  writer.uint32(end - start);
  writer.length = end;
}

export function recordedOf(row: EventRow): Recorded {
  const { time, publication, topic, weight } = row;
  return { time, publication, topic, weight, ...contentOf(row) };
}

export function retainedOf(row: RetainedRow): Retained {
  const { publication, topic, weight, excluded, expires, order } = row;
  const content = contentOf(row);
  const { resource } = content;
  return { publication, topic, weight, excluded, expires, order, only: 0, ...content, resource };
}

function contentOf({ head, codec: number, count, payload: bytes }: EventRow): Content {
  const codec = CODECS[number] ?? OWN;
  const [details, lists, resource] = head.length === 0
    ? []
    : OWN.decodePayload(head, 0, head.length, 1).args;
  return {
    details: isDict(details) ? details : EMPTY_DICT,
    receivers: isDict(lists) ? Receivers.from(lists) : undefined,
    resource: typeof resource === "string" ? resource : undefined,
    payload: count === 0 ? Payload.EMPTY : Payload.kept(codec, bytes, count),
  };
}

/** Reads a batch's rows, in the worker. */
export class RowReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  uint16(): number {
    this.#at += 2;
    return this.#view.getUint16(this.#at - 2);
  }

  uint32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4);
  }

  uint64(): number {
    return this.uint32() * 4294967296 + this.uint32();
  }

  float64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8);
  }

  /** Bytes behind their size. */
  sized(): Uint8Array<ArrayBuffer> {
    const length = this.uint32();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
