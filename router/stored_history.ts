/**
 * The recorded events of one subscription in the realm's store, instead of in memory. Written by `broker.ts`, read page by page for
 * `meta/event_history.ts`. [WAMP pubsub_event_history]
 */
import type { HistoryFilter, Recorded } from "./history.ts";
import type { Store } from "./ports.ts";

/** What one reader may gather, about: the router's memory and turn are everybody's. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Why not all was read. */
export type ReadFailure = "unavailable" | "too large";

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

  /** @param take gets each event in turn, and says whether it was one for who asks; the filter's limit counts these. */
  read(
    filter: HistoryFilter,
    take: (event: Recorded) => boolean,
    done: (failure: ReadFailure | undefined) => void,
  ): void {
    let taken = 0;
    let weight = 0;
    const readOn = (behind: number | undefined) => {
      this.#store.read({ history: this.#number, filter, behind }, (page) => {
        if (page === undefined) return done("unavailable");
        for (const event of page.events) {
          if (!take(event)) continue;
          weight += event.weight;
          if (++taken === filter.limit) return done(undefined);
        }
        if (page.next === undefined) done(undefined);
        else if (weight > MOST_BYTES) done("too large");
        else readOn(page.next);
      });
    };
    readOn(undefined);
  }
}
