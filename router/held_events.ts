/**
 * Events for one session that wait for an answer about their topic, and those behind them, so that they keep their order. Bounded:
 * beyond that, new ones are dropped, as for a subscriber that reads too slowly. Owned by `dynamic_role.ts`.
 */
import type { Event } from "../wamp/message.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import { messageWeight } from "../wamp/weight.ts";

const MOST_EVENTS = 1_000;
const MOST_BYTES = 4 * 1024 * 1024;

interface Held {
  readonly event: Event;
  readonly topic: string;
  readonly subscription: Subscription;
  readonly weight: number;
  /** Undefined while it is asked for. */
  verdict: boolean | undefined;
}

export class HeldEvents {
  readonly #session: Session;
  readonly #unsent: (publication: number) => void;
  #events: Held[] = [];
  #weight = 0;
  #asking = new Set<string>();

  /** @param unsent told of events that are not sent after all. */
  constructor(session: Session, unsent: (publication: number) => void) {
    this.#session = session;
    this.#unsent = unsent;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  /** False when the topic is being asked for already. */
  asks(topic: string): boolean {
    if (this.#asking.has(topic)) return false;
    this.#asking.add(topic);
    return true;
  }

  /** False: there is no room for it. */
  add(
    event: Event,
    topic: string,
    subscription: Subscription,
    verdict: boolean | undefined,
  ): boolean {
    if (this.#events.length >= MOST_EVENTS || this.#weight >= MOST_BYTES) {
      this.#unsent(event.publication);
      return false;
    }
    if (this.isEmpty) {
      // Those of its exact subscriptions line up behind them.
      for (const one of this.#session.subscriptions ?? []) one.isNarrowed = true;
    }
    const kept = { ...event, payload: event.payload.keep() };
    const weight = messageWeight(kept);
    this.#events.push({ event: kept, topic, subscription, weight, verdict });
    this.#weight += weight;
    return true;
  }

  decided(topic: string, verdict: boolean): void {
    this.#asking.delete(topic);
    for (const held of this.#events) {
      if (held.topic === topic) held.verdict ??= verdict;
    }
    let sent = 0;
    for (const { event, subscription, verdict: isPermitted, weight } of this.#events) {
      if (isPermitted === undefined) break;
      sent++;
      this.#weight -= weight;
      if (isPermitted && subscription.has(this.#session)) this.#session.send(event);
      else this.#unsent(event.publication);
    }
    this.#events.splice(0, sent);
  }

  /** The session has left: what was held is for nobody. */
  clear(): void {
    this.#events = [];
    this.#weight = 0;
  }
}
