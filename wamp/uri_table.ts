/** Strings that come again and again on the wire (topics, procedures, names of options), interned from their bytes. HOT. */
import { InternTable } from "./intern_table.ts";
import { decodeUtf8 } from "./utf8.ts";

export class UriTable {
  readonly #strings: InternTable<string>;
  /** The table's secret, for tables that live beside it. */
  readonly seed: number;

  /** @param seed any 32 bits that peers do not know. @param capacity strings of a generation; a power of two. */
  constructor(seed: number, capacity = 16384) {
    this.seed = seed;
    this.#strings = new InternTable(seed, capacity, decodeUtf8);
  }

  /** The string whose UTF-8 is `bytes[start..end)`; undefined when that is no valid UTF-8. */
  intern(bytes: Uint8Array, start: number, end: number): string | undefined {
    return this.#strings.intern(bytes, start, end);
  }
}
