/**
 * Retained events: the latest of each topic that its publisher marked, for subscribers that ask. In memory, within limits: beyond them
 * the topics that were published to longest ago lose theirs. Publications for some subscribers only do not displace the latest one for
 * all. What expires or clears a retained event is ours (`docs/extensions.md`). A store is told of every change, and says once, at the
 * start, what was retained before. Owned by `broker.ts`. [WAMP pubsub_event_retention]
 */
import { type Dict, type Event, type Publish, Type } from "../wamp/message.ts";
import type { Payload } from "../wamp/payload.ts";
import { matches } from "./pattern_index.ts";
import type { Clock, Store } from "./ports.ts";
import type { Receivers } from "./receivers.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import { payloadWeight, weightOf } from "../wamp/weight.ts";

export interface RetentionOptions {
  /** Topics with a retained event. Default 10,000. */
  readonly maxTopics?: number;
  /** Bytes of all retained events. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Life of a retained event whose publisher did not limit it. Default: no end. */
  readonly maxAgeMs?: number;
}

/** Expired events are looked for at most so often. */
const SWEEP_MS = 1_000;
/** Events for some subscribers only that a topic keeps besides the latest one for all. */
const MOST_LIMITED = 64;

export interface Retained {
  readonly topic: string;
  readonly publication: number;
  /** EVENT.Details for exact subscriptions. */
  readonly details: Dict;
  readonly payload: Payload;
  /** The session that did not receive it as it was its own; 0 for none. */
  readonly excluded: number;
  readonly receivers: Receivers | undefined;
  /** Of subscribers that are shards, it is for those that this resource belongs to. */
  readonly resource: string | undefined;
  /** The one session that it is kept for, as a later one replaced it for all others; 0 for none. */
  readonly only: number;
  readonly expires: number;
  readonly weight: number;
  /** Counts publications. */
  readonly order: number;
}

/** A publication that was accepted. */
export interface Publication {
  readonly message: Publish;
  readonly id: number;
  readonly details: Dict;
  readonly excluded: Session | undefined;
  readonly receivers: Receivers | undefined;
}

export class Retention {
  readonly #clock: Clock;
  readonly #maxTopics: number;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  /** Latest first; topics in the order of their latest publication. */
  readonly #topics = new Map<string, readonly Retained[]>();
  readonly #store: Store | undefined;
  /** False while the store may still bring what was retained before. */
  #isRestored: boolean;
  #weight = 0;
  #lastOrder = 0;
  /** No event expires before. */
  #earliest = Infinity;
  #sweptAt = -Infinity;

  constructor(options: RetentionOptions, clock: Clock, store?: Store) {
    this.#clock = clock;
    this.#store = store;
    this.#maxTopics = options.maxTopics ?? 10_000;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#maxAgeMs = options.maxAgeMs ?? Infinity;
    this.#isRestored = store === undefined;
    store?.retained((entries) => this.#restore(entries));
  }

  get topicCount(): number {
    return this.#topics.size;
  }

  clear(topic: string): void {
    if (this.#isRestored && !this.#topics.has(topic)) return;
    this.#keep(topic, []);
    this.#save(topic);
  }

  retain({ message, id, details, excluded, receivers }: Publication): void {
    this.#sweep();
    const { topic, options } = message;
    const { x_retain_ms: lifeMs, rkey } = options;
    const payload = message.payload.keep();
    const entry: Retained = {
      topic,
      publication: id,
      details: { ...details, "retained": true },
      payload,
      excluded: excluded?.id ?? 0,
      receivers,
      resource: typeof rkey === "string" ? rkey : undefined,
      only: 0,
      expires: this.#clock.now() + (typeof lifeMs === "number" ? lifeMs : this.#maxAgeMs),
      weight: topic.length + weightOf(options) + payloadWeight(payload),
      order: ++this.#lastOrder,
    };
    // What it would have replaced is out of date.
    if (entry.weight > this.#maxBytes) return this.clear(topic);
    const older = this.#living(topic);
    this.#earliest = Math.min(this.#earliest, entry.expires);
    const left = isForAll(entry) ? leftFor(excluded, older) : older;
    this.#replace(topic, bounded([entry, ...left]));
    this.#save(topic);
    this.#evict();
  }

  /** Sends the session what it would have received, the latest of each topic, in the order of publication.
   * @param isShardOf whether what is for the shard of a resource is for the session. */
  replay(
    session: Session,
    subscription: Subscription,
    isShardOf: (resource: string) => boolean,
  ): void {
    const { id, match, topic: pattern } = subscription;
    const isFor = (one: Retained) =>
      admits(one, session) && (one.resource === undefined || isShardOf(one.resource));
    if (match === "exact") {
      const found = this.#living(pattern).find(isFor);
      if (found !== undefined) session.send(event(id, found, found.details));
      return;
    }
    const found: Retained[] = [];
    for (const topic of this.#topics.keys()) {
      if (!matches(match, pattern, topic)) continue;
      const latest = this.#living(topic).find(isFor);
      if (latest !== undefined) found.push(latest);
    }
    for (const one of found.sort((a, b) => a.order - b.order)) {
      const own = event(id, one, { ...one.details, "topic": one.topic });
      const isPermitted = session.role.receives(one.topic, subscription);
      if (isPermitted === true) session.send(own);
      else if (isPermitted === undefined) session.role.hold(own, one.topic, subscription);
    }
  }

  #living(topic: string): readonly Retained[] {
    const entries = this.#topics.get(topic);
    if (entries === undefined) return [];
    const now = this.#clock.now();
    const living = entries.filter((one) => one.expires > now);
    if (living.length < entries.length) {
      this.#keep(topic, living);
      this.#save(topic);
    }
    return living;
  }

  /** What has expired takes no room from what has not. */
  #sweep(): void {
    const now = this.#clock.now();
    // The clock may have been set back.
    if (now < this.#earliest || Math.abs(now - this.#sweptAt) < SWEEP_MS) return;
    this.#sweptAt = now;
    this.#earliest = Infinity;
    for (const topic of this.#topics.keys()) {
      for (const { expires } of this.#living(topic)) {
        this.#earliest = Math.min(this.#earliest, expires);
      }
    }
  }

  /** The topic's entries from now on; it counts as published to last. */
  #replace(topic: string, entries: readonly Retained[]): void {
    this.#keep(topic, []);
    this.#keep(topic, entries);
  }

  #keep(topic: string, entries: readonly Retained[]): void {
    for (const one of this.#topics.get(topic) ?? []) this.#weight -= one.weight;
    for (const one of entries) this.#weight += one.weight;
    if (entries.length === 0) this.#topics.delete(topic);
    else this.#topics.set(topic, entries);
  }

  #evict(): void {
    for (const topic of this.#topics.keys()) {
      if (this.#topics.size <= this.#maxTopics && this.#weight <= this.#maxBytes) return;
      this.#keep(topic, []);
      this.#save(topic);
    }
  }

  /** What is for one session only does not outlive it. */
  #save(topic: string): void {
    if (this.#store === undefined) return;
    const entries = this.#topics.get(topic) ?? [];
    this.#store.retain(topic, entries.filter((one) => one.only === 0));
  }

  /** Takes what an earlier router retained, unless its topic has had a publication meanwhile. @param entries of each topic, latest first. */
  #restore(entries: readonly Retained[]): void {
    this.#isRestored = true;
    const now = this.#clock.now();
    const known = new Set(this.#topics.keys());
    const byTopic = new Map<string, Retained[]>();
    for (const one of entries.toSorted((a, b) => a.order - b.order)) {
      if (one.expires <= now || known.has(one.topic)) continue;
      const order = ++this.#lastOrder;
      this.#earliest = Math.min(this.#earliest, one.expires);
      const older = byTopic.get(one.topic) ?? [];
      byTopic.delete(one.topic);
      byTopic.set(one.topic, [{ ...one, order }, ...older]);
    }
    for (const [topic, own] of byTopic) this.#keep(topic, own);
    this.#evict();
  }
}

/** All receive a new event without lists, but for its publisher: what that is left of the older ones. */
function leftFor(publisher: Session | undefined, older: readonly Retained[]): Retained[] {
  const left: Retained[] = [];
  if (publisher === undefined) return left;
  for (const one of older) {
    if (!admits(one, publisher)) continue;
    left.push({ ...one, only: publisher.id });
    if (isForAll(one)) break;
  }
  return left;
}

/** Without the oldest of those that are not for all, if there are too many of them. */
function bounded(entries: readonly Retained[]): readonly Retained[] {
  if (entries.length <= MOST_LIMITED) return entries;
  const isLimited = (one: Retained) => !isForAll(one) || one.only !== 0;
  return entries.toSpliced(entries.findLastIndex(isLimited), 1);
}

/** But for its publisher. */
function isForAll({ receivers, resource }: Retained): boolean {
  return receivers === undefined && resource === undefined;
}

function admits(entry: Retained, session: Session): boolean {
  return (entry.only === 0 || entry.only === session.id) && entry.excluded !== session.id &&
    entry.receivers?.includes(session) !== false;
}

function event(subscription: number, { publication, payload }: Retained, details: Dict): Event {
  return { type: Type.EVENT, subscription, publication, details, payload };
}
