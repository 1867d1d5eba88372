/**
 * The broker: SUBSCRIBE, UNSUBSCRIBE, PUBLISH. HOT. Owns all subscriptions of a realm.
 * Called by `realm.ts`; sends through sessions. Nothing here waits, so events keep the order of their publications.
 * [WAMP publish_subscribe] [WAMP pubsub_pattern_based_subscription]
 */
import { isPattern, isProtected, isUri, type Match, type UriRule } from "../wamp/uri.ts";
import { optionProblem } from "../wamp/options.ts";
import type { Payload } from "../wamp/payload.ts";
import { PayloadArena } from "../wamp/payload_arena.ts";
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
import { acknowledgeStored, unstored } from "./acknowledgement.ts";
import { carriedOver, revocation, withForwarders, withPublisher, withTrust } from "./details.ts";
import { Deliveries, type Delivery } from "./delivery.ts";
import { sendEvent, sendEventTo, sendPermitted } from "./event.ts";
import type { Forwarding } from "./forwarding.ts";
import { type EventHistoryOptions, History, type Recorded } from "./history.ts";
import { IdTable } from "./id_table.ts";
import { PatternIndex } from "./pattern_index.ts";
import type { Permission } from "./permission.ts";
import type { Clock, Random, Store } from "./ports.ts";
import { type Audience, Receivers } from "./receivers.ts";
import { cameBack, invalid, publicationRefusal, type Refusal, unauthorized } from "./refusal.ts";
import { Retention, type RetentionOptions } from "./retention.ts";
import type { Session } from "./session.ts";
import type { SlowConsumers } from "./slow_consumers.ts";
import { ShardedSubscriptions } from "./sharded_subscriptions.ts";
import { StoredHistory } from "./stored_history.ts";
import { Subscription } from "./subscription.ts";
import { payloadWeight, weightOf } from "../wamp/weight.ts";

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
  readonly eventHistory: readonly EventHistoryOptions[];
  readonly store: Store | undefined;
  readonly forwarding: Forwarding;
  readonly slowConsumers: SlowConsumers;
}

/** What few publications ask for. */
interface Special {
  /** Goes to the shards that it belongs to. [WAMP pubsub_sharded_subscription] */
  readonly resource: string | undefined;
  /** Is to be confirmed. */
  readonly delivery: Delivery | undefined;
}

export class Broker {
  readonly retention: Retention;
  readonly deliveries: Deliveries;
  readonly #index = new PatternIndex<Subscription>(({ topic }) => topic);
  readonly #byId = new IdTable<Subscription>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #uriRule: UriRule;
  readonly #observer: SubscriptionObserver;
  readonly #store: Store | undefined;
  readonly #forwarding: Forwarding;
  readonly #slow: SlowConsumers;
  readonly #shards = new ShardedSubscriptions();
  /** Of what is recorded in memory. */
  readonly #arena = new PayloadArena();
  /** Scratch of `#dispatch`, which is never re-entered: nothing that sends calls back into the router. */
  readonly #matches: Subscription[] = [];
  #lastId = 0;

  constructor(options: BrokerOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.deliveries = new Deliveries(options.clock);
    this.#uriRule = options.uriRule;
    this.#observer = options.observer;
    this.#store = options.store;
    this.#forwarding = options.forwarding;
    this.#slow = options.slowConsumers;
    this.retention = new Retention(options.retention, options.clock, options.store);
    options.eventHistory.forEach((history, number) => this.#record(history, number));
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
    const rule = session.role.rule(topic, "subscribe", match);
    if (!rule.allow.subscribe) {
      const { error, text } = unauthorized(session, rule, "subscribe to", topic);
      return session.sendError(Type.SUBSCRIBE, request, error, text);
    }
    if (this.#forwarding.hasBeenHere(message.options)) {
      const text = cameBack("subscribe to", topic);
      return session.sendError(Type.SUBSCRIBE, request, uris.UNAVAILABLE, text);
    }
    let subscription = this.#index.get(match, topic);
    const limited = subscription?.has(session) === true
      ? undefined
      : session.limits?.refusal("subscriptions", session.subscriptions?.size ?? 0);
    if (limited !== undefined) {
      const text = `Cannot subscribe to "${topic}": ${limited}`;
      return session.sendError(Type.SUBSCRIBE, request, uris.LIMIT_EXCEEDED, text);
    }
    const isNew = subscription === undefined;
    if (subscription === undefined) subscription = this.#create(match, topic);
    const isAdded = subscription.add(session);
    if (isAdded) (session.subscriptions ??= new Set()).add(subscription);
    // Asking again changes what was asked for.
    if (message.options !== EMPTY_DICT || !isAdded) {
      this.#forwarding.note(session, subscription, message.options);
      this.#shards.note(subscription, session, message.options);
    }
    if (session.role.mayReachBeyond(match, topic)) subscription.isNarrowed = true;
    session.send({ type: Type.SUBSCRIBED, request, subscription: subscription.id });
    if (message.options["get_retained"] === true) this.#replay(session, subscription);
    if (isAdded) this.#observer.subscribed(session, subscription, isNew);
  }

  unsubscribe(session: Session, message: Unsubscribe): void {
    const subscription = this.#byId.get(message.subscription);
    if (subscription === undefined || !subscription.has(session)) {
      return session.sendError(
        Type.UNSUBSCRIBE,
        message.request,
        uris.NO_SUCH_SUBSCRIPTION,
        `Cannot unsubscribe from ${message.subscription}: this session has no such subscription`,
      );
    }
    session.send({ type: Type.UNSUBSCRIBED, request: message.request, details: EMPTY_DICT });
    this.#remove(session, subscription);
  }

  /** Takes a subscription from one of its subscribers, telling it if it knows how to listen. [WAMP pubsub_subscription_revocation] */
  revoke(subscriber: Session, subscription: Subscription, reason: string | undefined): void {
    if (subscriber.features.acceptsRevocation.subscriber) {
      const details = revocation("subscription", subscription.id, reason);
      subscriber.send({ type: Type.UNSUBSCRIBED, request: 0, details });
    }
    this.#remove(subscriber, subscription);
  }

  publish(session: Session, message: Publish): void {
    const { options, topic } = message;
    const rule = session.role.rule(topic, "publish");
    if (options === EMPTY_DICT && rule.validate === undefined) {
      if (!rule.allow.publish || !this.#isPublishable(session, topic)) return;
      const details = rule.disclose.publisher === true
        ? withPublisher(session, EMPTY_DICT)
        : EMPTY_DICT;
      this.#dispatch(
        topic,
        this.#random.publicationId(),
        withTrust(rule, details),
        message.payload,
        session,
        undefined,
      );
      if (this.#slow.hasAny) this.#slow.hold(session, this.#matches);
      return;
    }
    this.#publishWithOptions(session, message, rule);
  }

  /** What a session asked for while it could; it may not be asked about any more. @param rule that was found then. */
  publishTestament(session: Session, message: Publish, rule: Permission): void {
    this.#publishWithOptions(session, message, rule);
  }

  /** Why the session may not publish this; undefined when it may. */
  refusalOf(session: Session, message: Publish): Refusal | undefined {
    return publicationRefusal(
      session,
      message,
      session.role.rule(message.topic, "publish"),
      this.#uriRule,
    );
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
    this.deliveries.leave(session);
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
    const refusal = publicationRefusal(session, message, rule, this.#uriRule) ??
      this.#returned(message) ?? this.deliveries.refusalOf(session, message);
    if (refusal !== undefined) {
      if (isAcknowledged) session.sendError(Type.PUBLISH, request, refusal.error, refusal.text);
      return;
    }
    let details = withForwarders(options, carriedOver(options));
    if (options["disclose_me"] === true || rule.disclose.publisher === true) {
      details = withPublisher(session, details);
    }
    details = withTrust(rule, details);
    const publication = this.#random.publicationId();
    const excluded = options["exclude_me"] === false ? undefined : session;
    const receivers = Receivers.from(options);
    const store = isAcknowledged ? this.#store : undefined;
    const takenBefore = store?.taken;
    if (store?.failure !== undefined && this.#isToBeStored(message, receivers)) {
      return session.sendError(
        Type.PUBLISH,
        request,
        uris.UNAVAILABLE,
        unstored(topic, store.failure),
      );
    }
    const { rkey } = options;
    const delivery = isAcknowledged
      ? this.deliveries.begin(session, message, publication, receivers)
      : undefined;
    const special = typeof rkey === "string" || delivery !== undefined
      ? { resource: typeof rkey === "string" ? rkey : undefined, delivery }
      : undefined;
    this.#dispatch(topic, publication, details, message.payload, excluded, receivers, special);
    if (this.#slow.hasAny) this.#slow.hold(session, this.#matches);
    if (options["x_retain_clear"] === true) this.retention.clear(topic);
    if (options["retain"] === true) {
      this.retention.retain({ message, id: publication, details, excluded, receivers });
    }
    if (store !== undefined && store.taken !== takenBefore) {
      return acknowledgeStored(store, session, message, publication, delivery);
    }
    if (delivery !== undefined) delivery.sent();
    else if (isAcknowledged) session.send({ type: Type.PUBLISHED, request, publication });
  }

  #replay(session: Session, subscription: Subscription): void {
    this.retention.replay(session, subscription, (resource) => {
      const shard = this.#shards.audience(subscription, resource, undefined);
      return shard?.includes(session) !== false;
    });
  }

  #isToBeStored({ topic, options }: Publish, receivers: Receivers | undefined): boolean {
    return options["retain"] === true || options["x_retain_clear"] === true ||
      (receivers?.namesSessions !== true &&
        this.matching(topic).some(({ history }) => history !== undefined));
  }

  #returned({ options, topic }: Publish): Refusal | undefined {
    if (!this.#forwarding.hasBeenHere(options)) return undefined;
    return { error: uris.UNAVAILABLE, text: cameBack("publish to", topic) };
  }

  /** An unacknowledged publication that is refused gets no answer. */
  #isPublishable(session: Session, topic: string): boolean {
    return isUri(topic, this.#uriRule) && (!isProtected(topic) || session.role.isTrusted);
  }

  #dispatch(
    topic: string,
    publication: number,
    details: Dict,
    payload: Payload,
    excluded: Session | undefined,
    receivers: Receivers | undefined,
    special?: Special,
  ): void {
    const matches = this.#matches;
    matches.length = 0;
    this.#index.matching(topic, matches);
    // A pattern's subscribers must be told the topic. [WAMP pubsub_pattern_based_subscription]
    let withTopic: Dict | undefined;
    let recorded: Recorded | undefined;
    for (let i = 0; i < matches.length; i++) {
      const subscription = matches[i];
      if (subscription === undefined) continue;
      if (subscription.history !== undefined && receivers?.namesSessions !== true) {
        recorded ??= this.#recorded(topic, publication, details, payload, receivers);
        subscription.history.add(recorded);
      }
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
      if (special !== undefined) {
        this.#sendSpecially(event, topic, subscription, excluded, receivers, special);
        continue;
      }
      const only = subscription.onlySubscriber;
      if (only !== undefined && !subscription.isNarrowed) {
        sendEventTo(event, only, excluded, receivers);
        continue;
      }
      const { subscribers } = subscription;
      if (subscription.isNarrowed) sendPermitted(event, topic, subscription, excluded, receivers);
      else sendEvent(event, subscribers, excluded, receivers);
    }
  }

  /** To some shards only, or to be confirmed. */
  #sendSpecially(
    event: Event,
    topic: string,
    subscription: Subscription,
    excluded: Session | undefined,
    receivers: Receivers | undefined,
    { resource, delivery }: Special,
  ): void {
    const send = (sent: Event, audience: Audience | undefined) => {
      const shard = resource === undefined
        ? audience
        : this.#shards.audience(subscription, resource, audience);
      if (subscription.isNarrowed) sendPermitted(sent, topic, subscription, excluded, shard);
      else sendEvent(sent, subscription.subscribers, excluded, shard);
    };
    if (delivery === undefined) return send(event, receivers);
    const details = { ...event.details, "x_acknowledged_delivery": true };
    send({ ...event, details }, delivery.confirming);
    send(event, delivery.others);
  }

  #recorded(
    topic: string,
    publication: number,
    details: Dict,
    payload: Payload,
    receivers: Receivers | undefined,
  ): Recorded {
    // A store copies it at once.
    const kept = this.#store === undefined ? payload.keepIn(this.#arena) : payload;
    const weight = topic.length + weightOf(details) + payloadWeight(kept) +
      (receivers?.weight ?? 0);
    const time = this.#clock.now();
    return { time, publication, topic, details, payload: kept, receivers, weight };
  }

  /** A subscription that nobody need have for its events to be recorded. */
  #record(options: EventHistoryOptions, number: number): void {
    const { uri, match = "exact", limit } = options;
    if (!isPattern(uri, match, this.#uriRule)) throw new Error(invalid("record events of", uri));
    if (this.#index.get(match, uri) !== undefined) {
      throw new Error(`Cannot record events of "${uri}": found it twice with match "${match}"`);
    }
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new Error(
        `Cannot record events of "${uri}": found limit ${limit}, expected a positive integer`,
      );
    }
    const store = this.#store;
    this.#create(match, uri, store ? new StoredHistory(store, number) : new History(options));
  }

  #create(match: Match, topic: string, history?: History | StoredHistory): Subscription {
    const now = this.#clock.now();
    const subscription = new Subscription(++this.#lastId, match, topic, now, history);
    this.#index.set(match, topic, subscription);
    this.#byId.add(subscription);
    return subscription;
  }

  #remove(session: Session, subscription: Subscription): void {
    session.subscriptions?.delete(subscription);
    if (!subscription.remove(session)) return;
    this.#shards.leave(subscription, session);
    this.#forwarding.note(session, subscription, EMPTY_DICT);
    const wasLast = subscription.subscriberCount === 0 && subscription.history === undefined;
    if (wasLast) {
      this.#index.remove(subscription.match, subscription.topic);
      this.#byId.remove(subscription);
    }
    this.#observer.unsubscribed(session, subscription, wasLast);
  }
}

export function matchOf(options: Dict): Match {
  const match = options["match"];
  return match === "prefix" || match === "wildcard" ? match : "exact";
}
