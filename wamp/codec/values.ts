/**
 * JavaScript values to tokens and back: the one place that says what a value is on the wire, for all codecs.
 * As `JSON.stringify` would: `toJSON` is asked, `undefined`, functions and symbols are null in lists and left out of
 * dictionaries. Beyond it: `Uint8Array` and `ArrayBuffer` are binary; bigints are integers. A number without a fraction is an
 * integer up to 2^53 and a float beyond; read back, integers beyond 2^53 are bigints.
 * For arguments made or opened in this process and for options: never for a payload on its way through the router.
 */
import { InternTable } from "../intern_table.ts";
import { type Dict, EMPTY_DICT } from "../message.ts";
import type { PayloadValues } from "../payload.ts";
import type { UriTable } from "../uri_table.ts";
import { MAX_ID } from "../id.ts";
import { textOf } from "../utf8.ts";
import { MAX_DEPTH, type TokenSink } from "./codec.ts";

/** A sink that also takes strings of JavaScript, so that they need not be encoded twice. */
export interface ValueSink extends TokenSink {
  text(value: string): void;
  keyText(value: string): void;
}

/** Tells `value` to `sink`. RangeError when it is nested deeper than a peer would accept (or refers to itself). */
export function tellValue(sink: ValueSink, value: unknown, depth = 0): void {
  switch (typeof value) {
    case "string":
      return sink.text(value);
    case "number":
      return tellNumber(sink, value);
    case "boolean":
      return sink.boolean(value);
    case "bigint":
      return tellBigint(sink, value);
    case "object":
      return value === null ? sink.nil() : tellObject(sink, value, depth);
    default:
      return sink.nil();
  }
}

/** Tells the elements of a payload made from values. */
export function tellPayload(sink: ValueSink, values: PayloadValues, count: number): void {
  if (values.opaque !== undefined) {
    sink.binary(values.opaque, 0, values.opaque.length);
    return;
  }
  if (count > 0) tellArray(sink, values.args, 0);
  if (count > 1) tellRecord(sink, values.kwargs, 0);
}

function tellNumber(sink: ValueSink, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) <= MAX_ID) sink.integer(value + 0);
  else sink.float(value);
}

function tellBigint(sink: ValueSink, value: bigint): void {
  if (value >= -MAX_EXACT && value <= MAX_EXACT) sink.integer(Number(value));
  else sink.bigint(value);
}

const MAX_EXACT = BigInt(MAX_ID);

function tellObject(sink: ValueSink, value: object, depth: number): void {
  if (Array.isArray(value)) return tellArray(sink, value, depth);
  if (value instanceof Uint8Array) return sink.binary(value, 0, value.length);
  if (value instanceof ArrayBuffer) return sink.binary(new Uint8Array(value), 0, value.byteLength);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return tellValue(sink, value.toJSON(), deeper(depth));
  }
  tellRecord(sink, value as Dict, depth);
}

function tellArray(sink: ValueSink, list: readonly unknown[], depth: number): void {
  const inner = deeper(depth);
  sink.beginArray(list.length);
  for (let i = 0; i < list.length; i++) tellValue(sink, list[i], inner);
  sink.endArray();
}

function tellRecord(sink: ValueSink, record: Dict, depth: number): void {
  const inner = deeper(depth);
  const keys = Object.keys(record);
  let count = 0;
  for (const key of keys) if (isSaid(record[key])) count++;
  sink.beginMap(count);
  for (const key of keys) {
    const value = record[key];
    if (!isSaid(value)) continue;
    sink.keyText(key);
    tellValue(sink, value, inner);
  }
  sink.endMap();
}

/** True for what every codec's `writeInteger` takes. */
export function isNatural(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_ID;
}

/** False for what a dictionary leaves out. */
export function isSaid(value: unknown): boolean {
  return value !== undefined && typeof value !== "function" && typeof value !== "symbol";
}

function deeper(depth: number): number {
  if (depth === MAX_DEPTH) {
    throw new RangeError(
      `Cannot encode a value: found nesting deeper than ${MAX_DEPTH}, expected less`,
    );
  }
  return depth + 1;
}

/** Builds values from tokens. A map becomes a plain object, its keys own properties whatever their names. */
export class ValueBuilder implements TokenSink {
  readonly #uris: UriTable | undefined;
  /** What is being built around `#list` or `#record`, outermost first. */
  readonly #outer: (unknown[] | Record<string, unknown>)[] = [];
  /** Exactly one of them is what the next value goes into. */
  #list: unknown[] | undefined = [];
  #record: Record<string, unknown> | undefined;
  #key = "";

  /** @param uris interns strings and keys: for options, which are the same again and again. */
  constructor(uris?: UriTable) {
    this.#uris = uris;
  }

  /** The values told so far, outside of any array or map. */
  get values(): readonly unknown[] {
    return this.#list ?? [];
  }

  nil(): void {
    this.#put(null);
  }
  boolean(value: boolean): void {
    this.#put(value);
  }
  integer(value: number): void {
    this.#put(value);
  }
  bigint(value: bigint): void {
    this.#put(value);
  }
  float(value: number): void {
    this.#put(value);
  }
  string(bytes: Uint8Array, start: number, end: number): void {
    this.#put(this.#text(bytes, start, end));
  }
  binary(bytes: Uint8Array, start: number, end: number): void {
    // Not `slice`: that of a Buffer does not copy.
    this.#put(new Uint8Array(bytes.subarray(start, end)));
  }
  key(bytes: Uint8Array, start: number, end: number): void {
    this.#key = this.#text(bytes, start, end);
  }

  beginArray(_count: number): void {
    const list: unknown[] = [];
    this.#enter(list);
    this.#list = list;
    this.#record = undefined;
  }
  endArray(): void {
    this.#leave();
  }
  beginMap(_count: number): void {
    const record: Record<string, unknown> = {};
    this.#enter(record);
    this.#list = undefined;
    this.#record = record;
  }
  endMap(): void {
    this.#leave();
  }

  #put(value: unknown): void {
    if (this.#list !== undefined) this.#list.push(value);
    else if (this.#record !== undefined) {
      if (this.#key === "__proto__") {
        // An assignment would change the prototype.
        Object.defineProperty(this.#record, this.#key, {
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        });
      } else this.#record[this.#key] = value;
    }
  }

  #enter(inner: unknown[] | Record<string, unknown>): void {
    this.#put(inner);
    if (this.#list !== undefined) this.#outer.push(this.#list);
    else if (this.#record !== undefined) this.#outer.push(this.#record);
  }

  #leave(): void {
    const outer = this.#outer.pop();
    if (Array.isArray(outer)) {
      this.#list = outer;
      this.#record = undefined;
    } else {
      this.#list = undefined;
      this.#record = outer;
    }
  }

  #text(bytes: Uint8Array, start: number, end: number): string {
    // The bytes were checked before.
    return this.#uris?.intern(bytes, start, end) ?? textOf(bytes, start, end);
  }
}

/** Entries of a generation in a table of options. Few differ: most clients ask for the same things in all their messages. */
const OPTIONS = 512;

/**
 * Options and details by their bytes, for one codec: the same object again for the same bytes, frozen as it is shared.
 *
 * PERF: plain: build the dictionary each time, 400 ns for two booleans (bench row "parse publish"). Found by its bytes: 5 times
 * as fast (Deno 2.9.6, Bun 1.4.5; November 2026).
 */
export function dictTable(
  uris: UriTable,
  walk: (bytes: Uint8Array, start: number, end: number, count: number, sink: TokenSink) => void,
): InternTable<Dict> {
  return new InternTable<Dict>(uris.seed, OPTIONS, (bytes, start, end) => {
    const builder = new ValueBuilder(uris);
    walk(bytes, start, end, 1, builder);
    const dict = builder.values[0] as Dict;
    return Object.keys(dict).length === 0 ? EMPTY_DICT : freeze(dict);
  });
}

/** Freezes `value` and what is in it, but for binary values, which cannot be. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

/** Arguments, or the one opaque value, from the values of a payload's elements. Opaque text is handed out as its UTF-8. */
export function payloadValues(values: readonly unknown[]): PayloadValues {
  const [first = [], kwargs = {}] = values;
  if (Array.isArray(first)) return { args: first, kwargs: kwargs as Dict };
  const opaque = first instanceof Uint8Array ? first : new TextEncoder().encode(String(first));
  return { args: [], kwargs: {}, opaque };
}
