/**
 * The broker: SUBSCRIBE, UNSUBSCRIBE, PUBLISH. HOT. Owns all subscriptions of a realm.
 * Called by `realm.ts`; sends through sessions. Nothing here waits, so events keep the order of their publications.
 * [WAMP publish_subscribe] [WAMP pubsub_pattern_based_subscription]
 */
import { isPattern, isReserved, isUri, type Match, type UriRule } from "../wamp/uri.ts";
import { optionProblem } from "../wamp/options.ts";
import { Outgoing } from "../wamp/outgoing.ts";
import type { Payload } from "../wamp/payload.ts";
import * as uris from "../wamp/uris.ts";
import {
  type Dict,
  EMPTY_DICT,
  type Event,
  type Publish,
  type Subscribe,
  Type,
  type Unsubscribe,
} from "../wamp/message.ts";
import { carriedOver, withPublisher } from "./details.ts";
import { PatternIndex } from "./pattern_index.ts";
import type { Permission } from "./permission.ts";
import type { Clock, Random } from "./ports.ts";
import { Receivers } from "./receivers.ts";
import { invalid, publicationRefusal, type Refusal, refused } from "./refusal.ts";
import { Retention, type RetentionOptions } from "./retention.ts";
import type { Session } from "./session.ts";
import { Subscription } from "./subscription.ts";

/** Told of every change to the subscriptions, for the meta API. */
export interface SubscriptionObserver {
  subscribed(session: Session, subscription: Subscription, isNew: boolean): void;
  unsubscribed(session: Session, subscription: Subscription, wasLast: boolean): void;
}

export interface BrokerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly uriRule: UriRule;
  readonly observer: SubscriptionObserver;
  readonly retention: RetentionOptions;
}

export class Broker {
  readonly retention: Retention;
  readonly #index = new PatternIndex<Subscription>();
  readonly #byId = new Map<number, Subscription>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #uriRule: UriRule;
  readonly #observer: SubscriptionObserver;
  /** Scratch of `#dispatch`, which is never re-entered: nothing that sends calls back into the router. */
  readonly #matches: Subscription[] = [];
  #lastId = 0;

  constructor(options: BrokerOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#uriRule = options.uriRule;
    this.#observer = options.observer;
    this.retention = new Retention(options.retention, options.clock);
  }

  subscribe(session: Session, message: Subscribe): void {
    const { request, topic } = message;
    const problem = optionProblem(message);
    if (problem !== undefined) {
      return session.sendError(Type.SUBSCRIBE, request, uris.INVALID_ARGUMENT, problem);
    }
    const match = matchOf(message.options);
    if (!isPattern(topic, match, this.#uriRule)) {
      return session.sendError(
        Type.SUBSCRIBE,
        request,
        uris.INVALID_URI,
        invalid("subscribe to", topic),
      );
    }
    if (!session.role.rule(topic).allow.subscribe) {
      return session.sendError(
        Type.SUBSCRIBE,
        request,
        uris.NOT_AUTHORIZED,
        refused(session, "subscribe to", topic),
      );
    }
    let subscription = this.#index.get(match, topic);
    const isNew = subscription === undefined;
    if (subscription === undefined) {
      subscription = new Subscription(++this.#lastId, match, topic, this.#clock.now());
      this.#index.set(match, topic, subscription);
      this.#byId.set(subscription.id, subscription);
    }
    const isAdded = subscription.subscribers.add(session);
    if (isAdded) (session.subscriptions ??= new Set()).add(subscription);
    if (session.role.mayReachBeyond(match, topic)) subscription.isNarrowed = true;
    session.send({ type: Type.SUBSCRIBED, request, subscription: subscription.id });
    if (message.options["get_retained"] === true) this.retention.replay(session, subscription);
    if (isAdded) this.#observer.subscribed(session, subscription, isNew);
  }

  unsubscribe(session: Session, message: Unsubscribe): void {
    const subscription = this.#byId.get(message.subscription);
    if (subscription === undefined || !subscription.subscribers.has(session)) {
      return session.sendError(
        Type.UNSUBSCRIBE,
        message.request,
        uris.NO_SUCH_SUBSCRIPTION,
        `Cannot unsubscribe from ${message.subscription}: this session has no such subscription`,
      );
    }
    session.send({ type: Type.UNSUBSCRIBED, request: message.request, details: EMPTY_DICT });
    session.subscriptions?.delete(subscription);
    this.#remove(session, subscription);
  }

  publish(session: Session, message: Publish): void {
    const { options, topic } = message;
    const rule = session.role.rule(topic);
    if (options === EMPTY_DICT) {
      if (!rule.allow.publish || !this.#isPublishable(session, topic)) return;
      const details = rule.disclose.publisher === true
        ? withPublisher(session, EMPTY_DICT)
        : EMPTY_DICT;
      this.#dispatch(
        topic,
        this.#random.publicationId(),
        details,
        message.payload,
        session,
        undefined,
      );
      return;
    }
    this.#publishWithOptions(session, message, rule);
  }

  /** Why the session may not publish this; undefined when it may. */
  refusalOf(session: Session, message: Publish): Refusal | undefined {
    return publicationRefusal(session, message, session.role.rule(message.topic), this.#uriRule);
  }

  /** Publishes on behalf of the router itself. `payload` is called only when somebody listens. */
  announce(topic: string, payload: () => Payload): void {
    if (this.matching(topic).length === 0) return;
    this.#dispatch(
      topic,
      this.#random.publicationId(),
      EMPTY_DICT,
      payload(),
      undefined,
      undefined,
    );
  }

  /** The session is gone: its subscriptions go with it. */
  leave(session: Session): void {
    const held = session.subscriptions;
    if (held === undefined) return;
    session.subscriptions = undefined;
    for (const subscription of held) this.#remove(session, subscription);
  }

  // What the meta API asks.

  get subscriptions(): Iterable<Subscription> {
    return this.#byId.values();
  }

  byId(id: number): Subscription | undefined {
    return this.#byId.get(id);
  }

  lookup(match: Match, topic: string): Subscription | undefined {
    return this.#index.get(match, topic);
  }

  matching(topic: string): Subscription[] {
    const found: Subscription[] = [];
    this.#index.matching(topic, found);
    return found;
  }

  #publishWithOptions(session: Session, message: Publish, rule: Permission): void {
    const { request, options, topic } = message;
    const isAcknowledged = options["acknowledge"] === true;
    const refusal = publicationRefusal(session, message, rule, this.#uriRule);
    if (refusal !== undefined) {
      if (isAcknowledged) session.sendError(Type.PUBLISH, request, refusal.error, refusal.text);
      return;
    }
    let details = carriedOver(options);
    if (options["disclose_me"] === true || rule.disclose.publisher === true) {
      details = withPublisher(session, details);
    }
    const publication = this.#random.publicationId();
    const excluded = options["exclude_me"] === false ? undefined : session;
    const receivers = Receivers.from(options);
    this.#dispatch(topic, publication, details, message.payload, excluded, receivers);
    if (options["x_retain_clear"] === true) this.retention.clear(topic);
    if (options["retain"] === true) {
      this.retention.retain({ message, id: publication, details, excluded, receivers });
    }
    if (isAcknowledged) session.send({ type: Type.PUBLISHED, request, publication });
  }

  /** An unacknowledged publication that is refused gets no answer. */
  #isPublishable(session: Session, topic: string): boolean {
    return isUri(topic, this.#uriRule) && (!isReserved(topic) || session.role.isTrusted);
  }

  #dispatch(
    topic: string,
    publication: number,
    details: Dict,
    payload: Payload,
    excluded: Session | undefined,
    receivers: Receivers | undefined,
  ): void {
    const matches = this.#matches;
    matches.length = 0;
    this.#index.matching(topic, matches);
    // A pattern's subscribers must be told the topic. [WAMP pubsub_pattern_based_subscription]
    let withTopic: Dict | undefined;
    for (let i = 0; i < matches.length; i++) {
      const subscription = matches[i];
      if (subscription === undefined) continue;
      const own = subscription.match === "exact"
        ? details
        : withTopic ??= { ...details, "topic": topic };
      const event: Event = {
        type: Type.EVENT,
        subscription: subscription.id,
        publication,
        details: own,
        payload,
      };
      const { sessions } = subscription.subscribers;
      send(
        event,
        subscription.isNarrowed ? permitted(sessions, topic) : sessions,
        excluded,
        receivers,
      );
    }
  }

  #remove(session: Session, subscription: Subscription): void {
    if (!subscription.subscribers.remove(session)) return;
    const wasLast = subscription.subscribers.size === 0;
    if (wasLast) {
      this.#index.remove(subscription.match, subscription.topic);
      this.#byId.delete(subscription.id);
    }
    this.#observer.unsubscribed(session, subscription, wasLast);
  }
}

/** A pattern does not pass a more specific denial: an event reaches those who may subscribe to its topic. [WAMP authorization] */
function permitted(sessions: readonly Session[], topic: string): readonly Session[] {
  return sessions.filter((session) => session.role.rule(topic).allow.subscribe);
}

/* PERF: an event for one peer is encoded straight into its outbox; only a fan-out is framed apart and shared
 * (plain: always shared). */
function send(
  event: Event,
  sessions: readonly Session[],
  excluded: Session | undefined,
  receivers: Receivers | undefined,
): void {
  if (sessions.length === 1) {
    const only = sessions[0];
    if (only !== undefined && only !== excluded && receivers?.includes(only) !== false) {
      only.send(event);
    }
    return;
  }
  const outgoing = new Outgoing(event);
  for (let i = 0; i < sessions.length; i++) {
    const session = sessions[i];
    if (session === undefined || session === excluded) continue;
    if (receivers === undefined || receivers.includes(session)) session.deliver(outgoing);
  }
}

export function matchOf(options: Dict): Match {
  const match = options["match"];
  return match === "prefix" || match === "wildcard" ? match : "exact";
}
