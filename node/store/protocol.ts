/**
 * What the router's thread and the store's worker say to each other. Every request has one answer of its `id`, in the order of the
 * requests. Rows travel as bytes in a transferred buffer (`rows.ts`), since objects would be cloned one by one.
 */
import type { HistoryQuery } from "../../router/ports.ts";
import type { Match } from "../../wamp/uri.ts";

/** One history and its limits; named by its place in the list. */
export interface StoredHistoryOptions {
  readonly uri: string;
  readonly match: Match;
  /** Events. */
  readonly limit: number;
  readonly maxBytes: number;
  /** Infinity for no end. */
  readonly maxAgeMs: number;
}

export type Ask =
  | {
    readonly kind: "open";
    readonly now: number;
    readonly file: string;
    readonly histories: readonly StoredHistoryOptions[];
  }
  | {
    readonly kind: "write";
    readonly topics: readonly string[];
    readonly rows: Uint8Array<ArrayBuffer>;
  }
  | { readonly kind: "read"; readonly query: HistoryQuery; readonly now: number }
  | { readonly kind: "retained"; readonly now: number }
  /** Opens the file anew and writes to it, to see whether it can be written again. */
  | { readonly kind: "probe"; readonly now: number }
  /** Forgets what is too old in all histories. */
  | { readonly kind: "expire"; readonly now: number }
  | { readonly kind: "values"; readonly now: number }
  | { readonly kind: "set"; readonly values: readonly StoredValue[] }
  | { readonly kind: "close" };

/** A text by its key. */
export interface StoredValue {
  readonly key: string;
  /** Undefined: forget it. */
  readonly value: string | undefined;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export type Request = Ask & { readonly id: number };

export interface Answer {
  readonly id: number;
  /** Why it could not be done. */
  readonly failure?: string;
  readonly events?: readonly EventRow[];
  readonly next?: number;
  readonly retained?: readonly RetainedRow[];
  readonly values?: readonly StoredValue[];
}

/** A recorded or retained event as the database has it. */
export interface EventRow {
  readonly topic: string;
  readonly publication: number;
  readonly weight: number;
  /** Milliseconds since 1970; 0 of retained events. */
  readonly time: number;
  /** Details and lists of receivers, see `rows.ts`; empty for none. */
  readonly head: Uint8Array;
  readonly codec: number;
  readonly count: number;
  readonly payload: Uint8Array;
}

export interface RetainedRow extends EventRow {
  readonly excluded: number;
  readonly expires: number;
  readonly order: number;
}
