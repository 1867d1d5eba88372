/** The broker by the words of the specification. Part of `router_model.ts`. */
import type { Dict } from "../../wamp/message.ts";
import type { Match } from "../../wamp/uri.ts";
import { nodeOf } from "../../router/shard.ts";
import { type ModelPeer, type RouterModel, Unknown, Violation } from "./router_model.ts";
import {
  isReservedUri,
  isValidPattern,
  isValidUri,
  optionsAreValid,
  passedOn,
} from "./router_model_options.ts";
import { inOrder, patternMatches } from "./router_model_patterns.ts";

export interface ModelSubscription {
  readonly id: Unknown;
  readonly match: Match;
  readonly pattern: string;
  readonly created: number;
  readonly peers: ModelPeer[];
  /** Node keys of those who gave one. */
  readonly nodes: Map<ModelPeer, string>;
  /** What the realm records of it, if it does: then it is there from start to end. */
  readonly history?: { readonly limit: number; readonly events: ModelEvent[] };
}

export interface ModelEvent {
  readonly time: number;
  readonly topic: string;
  readonly publication: Unknown;
  readonly details: Dict;
  readonly payload: readonly unknown[];
  /** Of the PUBLISH. */
  readonly options: Dict;
}

/** A publication whose events are waited for. */
interface ModelDelivery {
  readonly publisher: ModelPeer;
  /** Of the publisher, when it published. */
  readonly session: Unknown;
  readonly request: number;
  readonly publication: Unknown;
  /** Events under way. */
  readonly waiting: Map<ModelPeer, number>;
  timer: ReturnType<RouterModel["after"]> | undefined;
}

interface ModelRetained {
  readonly topic: string;
  readonly publication: Unknown;
  readonly details: Dict;
  readonly payload: readonly unknown[];
  readonly isReceiver: (peer: ModelPeer, subscription: ModelSubscription) => boolean;
  /** But for its publisher. */
  readonly isForAll: boolean;
  readonly expires: number;
}

export class BrokerModel {
  readonly subscriptions: ModelSubscription[] = [];
  readonly deliveries: ModelDelivery[] = [];
  /** All that ever were, latest first. */
  #retained: ModelRetained[] = [];
  readonly #model: RouterModel;

  constructor(model: RouterModel) {
    this.#model = model;
    for (const { uri: pattern, match = "exact", limit } of model.options.eventHistory ?? []) {
      const id = new Unknown("subscription");
      const history = { limit, events: [] };
      this.subscriptions.push({
        id,
        match,
        pattern,
        created: model.now,
        peers: [],
        nodes: new Map(),
        history,
      });
    }
  }

  subscribe(peer: ModelPeer, request: number, options: Dict, pattern: string): void {
    const model = this.#model;
    const refuse = (error: string) => model.sendError(peer, 32, request, error);
    if (!optionsAreValid(options)) return refuse("wamp.error.invalid_argument");
    const match = (options["match"] ?? "exact") as Match;
    if (!isValidPattern(match, pattern)) return refuse("wamp.error.invalid_uri");
    if (!model.permission(peer, pattern).allow("subscribe")) {
      return refuse("wamp.error.not_authorized");
    }
    let subscription = this.subscriptions.find((one) =>
      one.match === match && one.pattern === pattern
    );
    const isNew = subscription === undefined;
    if (subscription === undefined) {
      const id = new Unknown("subscription");
      subscription = { id, match, pattern, created: model.now, peers: [], nodes: new Map() };
      this.subscriptions.push(subscription);
    }
    const isAdded = !subscription.peers.includes(peer);
    if (isAdded) {
      subscription.peers.push(peer);
      peer.subscriptions.push(subscription);
    }
    subscription.nodes.delete(peer);
    if (typeof options["nkey"] === "string") subscription.nodes.set(peer, options["nkey"]);
    model.send(peer, "SUBSCRIBED", request, subscription.id);
    if (options["get_retained"] === true) this.#replay(peer, subscription);
    if (isNew) model.meta.subscriptionCreated(peer, subscription);
    if (isAdded) {
      model.meta.announce("wamp.subscription.on_subscribe", [peer.session, subscription.id]);
    }
  }

  unsubscribe(peer: ModelPeer, request: number, id: number): void {
    const subscription = peer.subscriptions.find((one) => one.id.value === id);
    if (subscription === undefined) {
      return this.#model.sendError(peer, 34, request, "wamp.error.no_such_subscription");
    }
    this.#model.send(peer, "UNSUBSCRIBED", request);
    this.#remove(peer, subscription);
  }

  /** False: the peer has no such subscription. */
  revoke(peer: ModelPeer, subscription: ModelSubscription, reason: unknown): boolean {
    if (!subscription.peers.includes(peer)) return false;
    if (peer.announces("subscriber", "subscription_revocation")) {
      const details = { "subscription": subscription.id, ...(reason ? { "reason": reason } : {}) };
      this.#model.send(peer, "UNSUBSCRIBED", 0, details);
    }
    this.#remove(peer, subscription);
    return true;
  }

  /** EVENT_RECEIVED. */
  confirm(peer: ModelPeer, publication: number): void {
    if (!peer.announces("subscriber", "x_acknowledged_event_delivery")) throw new Violation();
    const delivery = this.deliveries.find((one) => one.publication.value === publication);
    const open = delivery?.waiting.get(peer);
    if (delivery === undefined || open === undefined) return;
    if (open > 1) delivery.waiting.set(peer, open - 1);
    else this.#delivered(delivery, peer);
  }

  leave(peer: ModelPeer): void {
    for (const delivery of [...this.deliveries]) {
      if (delivery.waiting.has(peer)) this.#delivered(delivery, peer);
    }
    for (const subscription of [...peer.subscriptions]) this.#remove(peer, subscription);
  }

  publish(
    peer: ModelPeer,
    request: number,
    options: Dict,
    topic: string,
    payload: readonly unknown[],
  ): void {
    const model = this.#model;
    const isAcknowledged = options["acknowledge"] === true;
    const refusal = this.refusalOf(peer, options, topic);
    if (refusal !== undefined) {
      if (isAcknowledged) model.sendError(peer, 16, request, refusal);
      return;
    }
    const permission = model.permission(peer, topic);
    const isDisclosed = options["disclose_me"] === true || permission.disclose.publisher === true;
    const details = {
      ...passedOn(options),
      ...(isDisclosed ? identity("publisher", peer) : {}),
      ...permission.trust,
    };
    const publication = new Unknown("publication");
    const publisher = peer.session;
    const isReceiver = (receiver: ModelPeer) =>
      (receiver.session !== publisher || options["exclude_me"] === false) &&
      isAddressed(receiver, options);
    const waiting = isAcknowledged && options["x_acknowledged_delivery"] === true
      ? new Map<ModelPeer, number>()
      : undefined;
    this.dispatch(topic, publication, details, payload, isReceiver, options, waiting);
    model.slow.published(peer, topic);
    if (options["x_retain_clear"] === true) {
      this.#retained = this.#retained.filter((one) => one.topic !== topic);
    }
    if (options["retain"] === true) {
      const expires = model.now + ((options["x_retain_ms"] ?? Infinity) as number);
      const isForAll = !Object.keys(options).some((key) =>
        /^(eligible|exclude)(_auth|$)|^rkey$/.test(key)
      );
      this.#retained.unshift({
        topic,
        publication,
        details,
        payload,
        isReceiver: (receiver, subscription) =>
          isReceiver(receiver) && isInShard(receiver, subscription, options["rkey"]),
        isForAll,
        expires,
      });
    }
    if (waiting !== undefined && waiting.size > 0) {
      const session = peer.session;
      const delivery: ModelDelivery = {
        publisher: peer,
        session,
        request,
        publication,
        waiting,
        timer: undefined,
      };
      this.deliveries.push(delivery);
      delivery.timer = model.after((options["x_delivery_timeout_ms"] ?? 10_000) as number, () => {
        this.deliveries.splice(this.deliveries.indexOf(delivery), 1);
        if (peer.session === session) model.sendError(peer, 16, request, "wamp.error.timeout");
      });
    } else if (isAcknowledged) model.send(peer, "PUBLISHED", request, publication);
  }

  /** One subscriber is through. */
  #delivered(delivery: ModelDelivery, subscriber: ModelPeer): void {
    const { publisher, session, request, publication, waiting, timer } = delivery;
    waiting.delete(subscriber);
    if (waiting.size > 0) return;
    this.#model.cancel(timer);
    this.deliveries.splice(this.deliveries.indexOf(delivery), 1);
    if (publisher.session === session) {
      this.#model.send(publisher, "PUBLISHED", request, publication);
    }
  }

  /** The error that a publication is refused with. */
  refusalOf(peer: ModelPeer, options: Dict, topic: string): string | undefined {
    if (!optionsAreValid(options)) return "wamp.error.invalid_argument";
    if (!isValidUri(topic)) return "wamp.error.invalid_uri";
    if (isReservedUri(topic) && peer.authrole !== "trusted") return "wamp.error.invalid_uri";
    if (options["ppt_scheme"] && !peer.announces("publisher", "payload_passthru_mode")) {
      throw new Violation();
    }
    const permission = this.#model.permission(peer, topic);
    if (!permission.allow("publish")) return "wamp.error.not_authorized";
    if (options["disclose_me"] === true && permission.disclose.publisher === false) {
      return "wamp.error.option_disallowed.disclose_me";
    }
    return undefined;
  }

  dispatch(
    topic: string,
    publication: Unknown,
    details: Dict,
    payload: readonly unknown[],
    isReceiver: (peer: ModelPeer) => boolean,
    options: Dict,
    waiting?: Map<ModelPeer, number>,
  ): void {
    for (const subscription of this.matching(topic)) {
      const { history } = subscription;
      if (history !== undefined && !("eligible" in options || "exclude" in options)) {
        const time = this.#model.now;
        history.events.push({ time, topic, publication, details, payload, options });
      }
      const own = subscription.match === "exact" ? details : { ...details, "topic": topic };
      for (const peer of subscription.peers) {
        if (
          isReceiver(peer) && isInShard(peer, subscription, options["rkey"]) &&
          this.mayReceive(peer, subscription, topic)
        ) {
          const confirms = waiting !== undefined &&
            peer.announces("subscriber", "x_acknowledged_event_delivery");
          if (confirms) waiting.set(peer, (waiting.get(peer) ?? 0) + 1);
          const flagged = confirms ? { ...own, "x_acknowledged_delivery": true } : own;
          this.#model.send(peer, "EVENT", subscription.id, publication, flagged, ...payload);
        }
      }
    }
  }

  /** A pattern brings no topic that its subscriber may not subscribe to. */
  mayReceive(peer: ModelPeer, subscription: ModelSubscription, topic: string): boolean {
    return subscription.match === "exact" ||
      this.#model.permission(peer, topic).allow("subscribe");
  }

  matching(topic: string): ModelSubscription[] {
    return inOrder(
      this.subscriptions.filter((one) => patternMatches(one.match, one.pattern, topic)),
    );
  }

  /** The latest of each topic that the peer would have received, oldest first. */
  #replay(peer: ModelPeer, subscription: ModelSubscription): void {
    const { id, match, pattern } = subscription;
    const seen = new Set<string>();
    const found = this.#retained.filter(({ topic, isReceiver, isForAll, expires }) => {
      if (!patternMatches(match, pattern, topic) || seen.has(topic)) return false;
      if (!isReceiver(peer, subscription)) return false;
      const isExpired = expires <= this.#model.now;
      // What was replaced for all does not come back.
      if (!isExpired || isForAll) seen.add(topic);
      return !isExpired && this.mayReceive(peer, subscription, topic);
    });
    for (const { topic, publication, details, payload } of found.toReversed()) {
      const own = {
        ...details,
        "retained": true,
        ...(match === "exact" ? {} : { "topic": topic }),
      };
      this.#model.send(peer, "EVENT", id, publication, own, ...payload);
    }
  }

  #remove(peer: ModelPeer, subscription: ModelSubscription): void {
    subscription.peers.splice(subscription.peers.indexOf(peer), 1);
    subscription.nodes.delete(peer);
    peer.subscriptions.splice(peer.subscriptions.indexOf(subscription), 1);
    const isLast = subscription.peers.length === 0 && subscription.history === undefined;
    if (isLast) this.subscriptions.splice(this.subscriptions.indexOf(subscription), 1);
    const args = [peer.session, subscription.id];
    this.#model.meta.announce("wamp.subscription.on_unsubscribe", args);
    if (isLast) this.#model.meta.announce("wamp.subscription.on_delete", args);
  }
}

/** Of those who gave node keys, an event about a resource goes to one node. */
function isInShard(peer: ModelPeer, { nodes }: ModelSubscription, resource: unknown): boolean {
  const own = nodes.get(peer);
  return typeof resource !== "string" || own === undefined ||
    own === nodeOf(nodes.values(), resource);
}

/** The six statements of subscriber black- and whitelisting. */
export function isAddressed(peer: ModelPeer, options: Dict): boolean {
  const of = { "": peer.session.value, "_authid": peer.authid, "_authrole": peer.authrole };
  return Object.entries(of).every(([suffix, value]) => {
    const eligible = options[`eligible${suffix}`] as unknown[] | undefined;
    const excluded = options[`exclude${suffix}`] as unknown[] | undefined;
    return (eligible === undefined || eligible.includes(value)) &&
      (excluded === undefined || !excluded.includes(value));
  });
}

export function identity(role: string, peer: ModelPeer): Dict {
  return {
    [role]: peer.session,
    [`${role}_authid`]: peer.authid,
    [`${role}_authrole`]: peer.authrole,
  };
}
