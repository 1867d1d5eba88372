/**
 * The recorded events of one subscription in the realm's store, instead of in memory. Written by `broker.ts`, read page by page for
 * `meta/event_history.ts`. [WAMP pubsub_event_history]
 */
import type { HistoryFilter, Recorded } from "./history.ts";
import type { Store } from "./ports.ts";

/** What one reader may gather, about: the router's memory and turn are everybody's. */
const MOST_BYTES = 16 * 1024 * 1024;

export type HistoryAnswer =
  | { readonly events: readonly Recorded[] }
  | { readonly failure: "unavailable" | "too large" };

export class StoredHistory {
  readonly #store: Store;
  /** Its place in the realm's list. */
  readonly #number: number;

  constructor(store: Store, number: number) {
    this.#store = store;
    this.#number = number;
  }

  add(event: Recorded): void {
    this.#store.append(this.#number, event);
  }

  /** @param shows whether the one who asks may read an event; the filter's limit counts these. */
  read(
    filter: HistoryFilter,
    shows: (event: Recorded) => boolean,
    done: (answer: HistoryAnswer) => void,
  ): void {
    const events: Recorded[] = [];
    let weight = 0;
    const readOn = (behind: number | undefined) => {
      this.#store.read({ history: this.#number, filter, behind }, (page) => {
        if (page === undefined) return done({ failure: "unavailable" });
        for (const event of page.events) {
          if (!shows(event)) continue;
          events.push(event);
          weight += event.weight;
          if (events.length === filter.limit) return done({ events });
        }
        if (page.next === undefined) done({ events });
        else if (weight > MOST_BYTES) done({ failure: "too large" });
        else readOn(page.next);
      });
    };
    readOn(undefined);
  }
}
