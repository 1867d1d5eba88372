/** The record of one subscribed topic or pattern. Owned by `broker.ts`. HOT. [WAMP publish_subscribe] */
import type { Match } from "../wamp/uri.ts";
import type { History } from "./history.ts";
import type { Session } from "./session.ts";
import { SessionList } from "./session_list.ts";
import type { StoredHistory } from "./stored_history.ts";

export class Subscription {
  readonly id: number;
  readonly match: Match;
  readonly topic: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Some subscriber's role may not subscribe to all topics that the pattern matches: it receives only those that it may. */
  isNarrowed = false;
  /** Set when the realm records its events: it then exists from start to end, subscribers or not. */
  readonly history: History | StoredHistory | undefined;
  /**
   * One subscriber, as most subscriptions have, or several.
   *
   * PERF: plain: a list whatever their number. Its three objects took 260 bytes of each subscription on Deno, and as many cache misses
   * of each event: see docs/performance.md, "A million subscriptions".
   */
  #subscribers: Session | SessionList | undefined = undefined;

  constructor(
    id: number,
    match: Match,
    topic: string,
    created: number,
    history?: History | StoredHistory,
  ) {
    this.id = id;
    this.match = match;
    this.topic = topic;
    this.created = created;
    this.history = history;
  }

  /** The only subscriber; undefined when there are several, or none. */
  get onlySubscriber(): Session | undefined {
    return this.#subscribers instanceof SessionList ? undefined : this.#subscribers;
  }

  /** Walk them by index; do not keep them. */
  get subscribers(): readonly Session[] {
    const subscribers = this.#subscribers;
    if (subscribers === undefined) return NOBODY;
    return subscribers instanceof SessionList ? subscribers.sessions : [subscribers];
  }

  get subscriberCount(): number {
    const subscribers = this.#subscribers;
    if (subscribers === undefined) return 0;
    return subscribers instanceof SessionList ? subscribers.size : 1;
  }

  has(session: Session): boolean {
    const subscribers = this.#subscribers;
    return subscribers instanceof SessionList ? subscribers.has(session) : subscribers === session;
  }

  /** False when it was there already. */
  add(session: Session): boolean {
    const subscribers = this.#subscribers;
    if (subscribers instanceof SessionList) return subscribers.add(session);
    if (subscribers === session) return false;
    if (subscribers === undefined) this.#subscribers = session;
    else this.#subscribers = new SessionList([subscribers, session]);
    return true;
  }

  /** False when it was not there. */
  remove(session: Session): boolean {
    const subscribers = this.#subscribers;
    if (subscribers instanceof SessionList) {
      if (!subscribers.remove(session)) return false;
      if (subscribers.size === 1) this.#subscribers = subscribers.sessions[0];
      return true;
    }
    if (subscribers !== session) return false;
    this.#subscribers = undefined;
    return true;
  }
}

const NOBODY: readonly Session[] = Object.freeze([]);
