/**
 * The subscriber of a session: which handlers an EVENT goes to. HOT.
 * The broker answers every SUBSCRIBE to one topic with one ID and keeps no count; so the handlers are counted here, and the last one
 * that goes takes the subscription with it. [WAMP pubsub] [WAMP pubsub_subscription_revocation]
 */
import { type Dict, EMPTY_DICT, type Event, Type } from "../wamp/message.ts";
import type { Match } from "../wamp/uri.ts";
import { readValues } from "./call_result.ts";
import { numberIn, textIn } from "./details.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import {
  EventDetails,
  type EventHandler,
  type SubscribeOptions,
  Subscription,
} from "./subscription.ts";
import { hasNamedParts, namedTopic } from "./uri_pattern.ts";

const NOBODY: readonly Subscription[] = [];

export class Subscriber {
  readonly #link: Link;
  readonly #requests: Requests;
  /** By subscription ID. A list is replaced, never changed: a handler may unsubscribe while its event is delivered. */
  readonly #subscriptions = new Map<number, readonly Subscription[]>();
  /** SUBSCRIBEs without answer, by match and topic. */
  readonly #asking = new Map<string, Set<Promise<Subscription>>>();

  constructor(link: Link, requests: Requests) {
    this.#link = link;
    this.#requests = requests;
  }

  has(subscription: Subscription): boolean {
    return this.#at(subscription.id).includes(subscription);
  }

  subscribe(
    topic: string,
    handler: EventHandler,
    options: SubscribeOptions | undefined,
  ): Promise<Subscription> {
    if (hasNamedParts(topic)) {
      const named = namedTopic(topic, handler, options);
      return this.subscribe(named.uri, named.handler, named.options);
    }
    const match = options?.match ?? "exact";
    const key = `${match} ${topic}`;
    const asking = this.#asking.get(key) ?? new Set();
    this.#asking.set(key, asking);
    const promise = this.#ask(topic, match, handler, options);
    const forget = () => {
      asking.delete(promise);
      if (asking.size === 0) this.#asking.delete(key);
    };
    asking.add(promise);
    promise.then(forget, forget);
    return promise;
  }

  async unsubscribe(subscription: Subscription): Promise<void> {
    const { id, topic, match } = subscription;
    const others = this.#at(id).filter((one) => one !== subscription);
    if (others.length === this.#at(id).length) return;
    this.#subscriptions.set(id, others);
    subscription.onEnd?.();
    if (others.length > 0) return;
    // A SUBSCRIBE to the topic is on its way: its answer will bring this very ID, which UNSUBSCRIBE would end.
    const asking = this.#asking.get(`${match} ${topic}`);
    if (asking !== undefined) await Promise.allSettled(asking);
    if (this.#subscriptions.get(id) !== others) return;
    this.#subscriptions.delete(id);
    await this.#askToEnd(id, topic);
  }

  event(message: Event): void {
    const subscriptions = this.#at(message.subscription);
    const first = subscriptions[0];
    // Events cross UNSUBSCRIBE on the wire.
    if (first === undefined) return;
    try {
      const { args, kwargs } = readValues(message.payload);
      const topic = textIn(message.details, "topic") ?? first.topic;
      const details = new EventDetails(topic, message.publication, message.details);
      if (message.details["x_acknowledged_delivery"] === true) {
        return this.#deliverConfirmed(subscriptions, args, kwargs, details);
      }
      this.#deliver(first, args, kwargs, details);
      // The list is replaced when it changes, never changed.
      for (let i = 1; i < subscriptions.length; i++) {
        const other = subscriptions[i];
        if (other !== undefined) this.#deliver(other, args, kwargs, details);
      }
    } catch (error) {
      this.#link.log.error("Event of {topic} cannot be read", { topic: first.topic, error });
    }
  }

  /** The broker took a subscription away: UNSUBSCRIBED without a request. */
  revoked(details: Dict): void {
    const id = numberIn(details, "subscription");
    const topic = this.#at(id ?? 0)[0]?.topic;
    if (id === undefined || topic === undefined) return;
    const ended = this.#at(id);
    this.#subscriptions.delete(id);
    for (const one of ended) one.onEnd?.();
    const reason = details["reason"];
    this.#link.log.warn("Broker revoked the subscription to {topic}", { topic, reason });
  }

  close(): void {
    this.#subscriptions.clear();
  }

  #at(id: number): readonly Subscription[] {
    return this.#subscriptions.get(id) ?? NOBODY;
  }

  #deliver(
    subscription: Subscription,
    args: readonly unknown[],
    kwargs: Dict,
    details: EventDetails,
  ): void {
    try {
      const result = subscription.handler(args, kwargs, details);
      if (result instanceof Promise) {
        result.catch((error: unknown) => this.#handlerFailed(details, error));
      }
    } catch (error) {
      this.#handlerFailed(details, error);
    }
  }

  /** The broker is told when all handlers are through; not when one has failed. */
  #deliverConfirmed(
    subscriptions: readonly Subscription[],
    args: readonly unknown[],
    kwargs: Dict,
    details: EventDetails,
  ): void {
    const { publication } = details;
    const handled = subscriptions.map(async ({ handler }) => {
      await handler(args, kwargs, details);
    });
    Promise.all(handled).then(
      () => this.#link.tell({ type: Type.EVENT_RECEIVED, publication }),
      (error: unknown) => this.#handlerFailed(details, error),
    );
  }

  #handlerFailed(details: EventDetails, error: unknown): void {
    this.#link.log.error("Handler of event {topic} failed", { topic: details.topic, error });
  }

  #ask(
    topic: string,
    match: Match,
    handler: EventHandler,
    options: SubscribeOptions | undefined,
  ): Promise<Subscription> {
    return new Promise((resolve, reject) => {
      const request = this.#link.nextRequest;
      this.#link.ask({ type: Type.SUBSCRIBE, request, options: subscribeOptions(options), topic });
      const answered = (id: number) => {
        const subscription = new Subscription(id, topic, match, handler, this);
        this.#subscriptions.set(id, [...this.#at(id), subscription]);
        resolve(subscription);
      };
      this.#requests.add(request, Type.SUBSCRIBE, `subscribe to "${topic}"`, answered, reject);
    });
  }

  #askToEnd(subscription: number, topic: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = this.#link.nextRequest;
      this.#link.ask({ type: Type.UNSUBSCRIBE, request, subscription, options: EMPTY_DICT });
      const what = `unsubscribe from "${topic}"`;
      this.#requests.add(request, Type.UNSUBSCRIBE, what, () => resolve(), reject);
    });
  }
}

/** SUBSCRIBE.Options */
function subscribeOptions(options: SubscribeOptions | undefined): Dict {
  if (options === undefined) return EMPTY_DICT;
  const wire: Record<string, unknown> = {};
  if (options.match !== undefined && options.match !== "exact") wire["match"] = options.match;
  if (options.nodeKey !== undefined) wire["nkey"] = options.nodeKey;
  if (options.getRetained !== undefined) wire["get_retained"] = options.getRetained;
  return wire;
}
