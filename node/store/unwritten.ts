/**
 * Topics whose retained events are to be written, with all that they retain: the last word counts. Bounded by the names of the topics;
 * what they retain is in the router's memory anyway, within its own bounds. Owned by `sqlite_store.ts`.
 */
import type { Retained } from "../../router/retention.ts";

export type RetainedByTopic = ReadonlyMap<string, readonly Retained[]>;

/** About what a topic takes besides the letters of its name. */
const TOPIC_BYTES = 100;

export class Unwritten {
  readonly #maxBytes: number;
  #topics = new Map<string, readonly Retained[]>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#topics.size;
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** False: there is no room for another topic. */
  set(topic: string, entries: readonly Retained[]): boolean {
    if (!this.#topics.has(topic)) {
      if (this.#bytes >= this.#maxBytes) return false;
      this.#bytes += TOPIC_BYTES + 2 * topic.length;
    }
    this.#topics.set(topic, entries);
    return true;
  }

  /** All of them, which are then gone. */
  take(): RetainedByTopic {
    const topics = this.#topics;
    this.#topics = new Map();
    this.#bytes = 0;
    return topics;
  }
}
