/**
 * The last events of one subscription that the realm was told to record, whether or not anybody listens. In memory, within limits;
 * `stored_history.ts` is the other kind. Written by `broker.ts`, read by `meta/event_history.ts`. [WAMP pubsub_event_history]
 */
import type { Dict } from "../wamp/message.ts";
import type { Payload } from "../wamp/payload.ts";
import type { Match } from "../wamp/uri.ts";
import type { Receivers } from "./receivers.ts";

export interface EventHistoryOptions {
  readonly uri: string;
  /** Default "exact". */
  readonly match?: Match;
  /** Events, from 1. */
  readonly limit: number;
  /** Bytes of all events together. Default 16 MiB, or 1 GiB in a store. A larger event is not recorded. */
  readonly maxBytes?: number;
  /** Default: no end. */
  readonly maxAgeMs?: number;
}

/** One publication; the histories of all subscriptions that it matched share it. */
export interface Recorded {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly publication: number;
  readonly topic: string;
  /** EVENT.Details for exact subscriptions. */
  readonly details: Dict;
  readonly payload: Payload;
  /** Without lists of session ids: those are not recorded. */
  readonly receivers: Receivers | undefined;
  readonly weight: number;
}

/** What `wamp.subscription.get_events` asks for. */
export interface HistoryFilter {
  readonly isReversed: boolean;
  /** Of what is shown. */
  readonly limit: number;
  readonly topic: string | undefined;
  /** Milliseconds since 1970. */
  readonly times: Bounds;
  /** One that names a publication which is not recorded lets nothing pass. */
  readonly publications: Bounds;
}

export interface Bounds {
  readonly from: number | undefined;
  readonly after: number | undefined;
  readonly before: number | undefined;
  readonly until: number | undefined;
}

/** Free slots at the front, before they are given back. */
const MOST_FREE = 64;

export class History {
  readonly #limit: number;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  /** In the order of publication, from `#first` on. */
  #slots: (Recorded | undefined)[] = [];
  #first = 0;
  #weight = 0;

  constructor(options: EventHistoryOptions) {
    this.#limit = options.limit;
    this.#maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
    this.#maxAgeMs = options.maxAgeMs ?? Infinity;
  }

  add(event: Recorded): void {
    if (event.weight > this.#maxBytes) return;
    this.#slots.push(event);
    this.#weight += event.weight;
    while (this.#slots.length - this.#first > this.#limit || this.#weight > this.#maxBytes) {
      this.#drop();
    }
    this.#expire(event.time);
  }

  /** In the order of publication. */
  events(now: number): readonly Recorded[] {
    this.#expire(now);
    // Where the clock was set back, what is too old may stand behind what is not.
    return this.#slots.slice(this.#first)
      .filter((one) => one !== undefined)
      .filter(({ time }) => now - time < this.#maxAgeMs);
  }

  #expire(now: number): void {
    for (;;) {
      const oldest = this.#slots[this.#first];
      if (oldest === undefined || now - oldest.time < this.#maxAgeMs) return;
      this.#drop();
    }
  }

  #drop(): void {
    this.#weight -= this.#slots[this.#first]?.weight ?? 0;
    this.#slots[this.#first++] = undefined;
    if (this.#first < MOST_FREE || this.#first * 2 < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#first);
    this.#first = 0;
  }
}
