/** What a subscribing program holds: the Subscription and the details of each event. `subscriber.ts` makes both. */
import type { Dict } from "../wamp/message.ts";
import type { Match } from "../wamp/uri.ts";
import { numberIn, textIn } from "./details.ts";
import type { Subscriber } from "./subscriber.ts";

/** Receives events. What it throws, and what its promise rejects with, is logged. */
export type EventHandler<
  Args extends readonly unknown[] = readonly unknown[],
  Kwargs extends object = Dict,
> = (args: Args, kwargs: Kwargs, details: EventDetails) => unknown;

/** How a topic is subscribed to. All are optional. */
export interface SubscribeOptions {
  /** "prefix": all topics that begin so. "wildcard": empty components of the topic match anything. Default "exact". */
  readonly match?: Match;
  /** Asks for the event that the broker keeps for the topic, if it keeps one. */
  readonly getRetained?: boolean;
  /** Makes this session part of a node that shares the topic's work with others: of events with a `resourceKey` it receives those that
   * belong to its node. See docs/extensions.md, "Sharding". */
  readonly nodeKey?: string;
}

/** What is known of an event besides its arguments.
 *
 * @example
 * ```ts
 * import type { EventDetails } from "realmway";
 *
 * function note(_args: readonly unknown[], _kwargs: object, details: EventDetails): void {
 *   const { topic, publication, publisher = "somebody", isRetained } = details;
 *   console.log(`${topic}: event ${publication} of ${publisher}${isRetained ? ", kept" : ""}`);
 * }
 * console.assert(note.length === 3);
 * ```
 */
export class EventDetails {
  /** The topic it was published to; not the pattern that was subscribed to. */
  readonly topic: string;
  /** ID of the publication. */
  readonly publication: number;
  /** EVENT.Details as received. */
  readonly wire: Dict;

  constructor(topic: string, publication: number, wire: Dict) {
    this.topic = topic;
    this.publication = publication;
    this.wire = wire;
  }

  /** Session ID of the publisher, if disclosed. */
  get publisher(): number | undefined {
    return numberIn(this.wire, "publisher");
  }

  get publisherAuthid(): string | undefined {
    return textIn(this.wire, "publisher_authid");
  }

  get publisherAuthrole(): string | undefined {
    return textIn(this.wire, "publisher_authrole");
  }

  get trustlevel(): number | undefined {
    return numberIn(this.wire, "trustlevel");
  }

  /** True when the broker had kept the event from before the subscription. */
  get isRetained(): boolean {
    return this.wire["retained"] === true;
  }
}

/** One handler's subscription. Several of one session may share an ID, as the broker knows one per session and topic.
 *
 * @example
 * ```ts
 * import type { Session } from "realmway";
 *
 * async function first(session: Session): Promise<void> {
 *   const subscription = await session.subscribe("com.example.counter", async ([count]) => {
 *     console.log(count);
 *     await subscription.unsubscribe();
 *   });
 *   console.assert(subscription.isActive);
 * }
 * console.assert(typeof first === "function");
 * ```
 */
export class Subscription {
  readonly id: number;
  /** The topic or pattern subscribed to. */
  readonly topic: string;
  readonly match: Match;
  readonly handler: EventHandler;
  /** Called when the subscription has ended before the session: by `unsubscribe`, or by the broker. */
  onEnd: (() => void) | undefined;
  readonly #subscriber: Subscriber;

  /** Made by `session.subscribe`. */
  constructor(
    id: number,
    topic: string,
    match: Match,
    handler: EventHandler,
    subscriber: Subscriber,
  ) {
    this.id = id;
    this.topic = topic;
    this.match = match;
    this.handler = handler;
    this.#subscriber = subscriber;
  }

  /** False after `unsubscribe`, when the broker revoked it, and when the session is closed. */
  get isActive(): boolean {
    return this.#subscriber.has(this);
  }

  /** The handler is called no more from now on; resolves when the broker has confirmed that, if it had to be asked. */
  unsubscribe(): Promise<void> {
    return this.#subscriber.unsubscribe(this);
  }
}
