/**
 * Slow consumers by the words of docs/extensions.md. Part of `router_model.ts`. The simulator's limit is below the weight of any event, so
 * that one waits and no arithmetic of bytes is needed.
 */
import type { Dict } from "../../wamp/message.ts";
import type { Wire } from "./fake_transport.ts";
import type { ModelPeer, RouterModel } from "./router_model.ts";

/** A session that has fallen behind. */
interface ModelBehind {
  readonly peer: ModelPeer;
  readonly policy: string;
  queue: Wire[];
  dropped: number;
  /** Publishers that wait for it, with the end of their patience, and those that have waited. */
  readonly held: Map<ModelPeer, ReturnType<RouterModel["after"]>>;
  readonly waited: Set<ModelPeer>;
}

export class SlowModel {
  readonly stats = { fellBehind: 0, droppedEvents: 0, closed: 0, pauses: 0 };
  #behind: ModelBehind[] = [];
  readonly #model: RouterModel;

  constructor(model: RouterModel) {
    this.#model = model;
  }

  /** The peer is not read from. */
  isHeld(peer: ModelPeer): boolean {
    return this.#behind.some(({ held }) => held.has(peer));
  }

  send(peer: ModelPeer, wire: Wire): void {
    if (peer.isDropped) return;
    const policy = this.#options(peer)?.policy;
    if (peer.isReading || policy === undefined) return void peer.expected.push(wire);
    const one = this.#find(peer) ?? this.#fallBehind(peer, policy);
    const isEvent = wire[0] === "EVENT";
    if (policy === "close") {
      peer.isDropped = true;
      this.stats.closed++;
      return this.#forget(one);
    }
    if (policy === "drop-newest") {
      if (isEvent) one.dropped++;
      else peer.expected.push(wire);
      return;
    }
    if (isEvent) {
      const kept = one.queue.filter(([name]) => name !== "EVENT");
      one.dropped += one.queue.length - kept.length;
      one.queue = kept;
    }
    one.queue.push(wire);
  }

  /** The peer reads again. */
  reads(peer: ModelPeer): void {
    peer.isReading = true;
    const one = this.#find(peer);
    if (one === undefined) return;
    peer.expected.push(...one.queue);
    this.stats.droppedEvents += one.dropped;
    this.#forget(one);
    this.#announce("wamp.session.on_caught_up", peer, { "dropped": one.dropped });
  }

  /** Nothing reaches it any more. */
  cut(peer: ModelPeer): void {
    const one = this.#find(peer);
    if (one !== undefined) one.queue = [];
  }

  /** Events are of no use any more; what else waits goes. */
  leave(peer: ModelPeer): void {
    for (const { held, waited } of this.#behind) this.#release(peer, held, waited);
    const one = this.#find(peer);
    if (one === undefined) return;
    peer.expected.push(...one.queue.filter(([name]) => name !== "EVENT"));
    this.stats.droppedEvents += one.dropped;
    this.#forget(one);
  }

  published(publisher: ModelPeer, topic: string): void {
    const { broker, dealer } = this.#model;
    if (publisher.state !== "joined" || publisher.authrole === "trusted") return;
    if (dealer.calls.some((call) => call.callee.peer === publisher)) return;
    const matching = broker.matching(topic);
    for (const { peer, policy, held, waited } of this.#behind) {
      if (policy !== "pause-publisher" || peer === publisher) continue;
      if (held.has(publisher) || waited.has(publisher)) continue;
      if (!matching.some(({ peers }) => peers.includes(peer))) continue;
      const { pauseMs = 0 } = this.#options(peer) ?? {};
      const end = () => this.#release(publisher, held, waited);
      held.set(publisher, this.#model.after(pauseMs, end));
      this.stats.pauses++;
    }
  }

  /** Somebody waits for its answer. */
  called(peer: ModelPeer): void {
    for (const { held, waited } of this.#behind) this.#release(peer, held, waited);
  }

  #options(peer: ModelPeer) {
    return this.#model.options.roles.find(({ name }) => name === peer.authrole)?.slowConsumers;
  }

  #find(peer: ModelPeer): ModelBehind | undefined {
    return this.#behind.find((one) => one.peer === peer);
  }

  #fallBehind(peer: ModelPeer, policy: string): ModelBehind {
    const one = {
      peer,
      policy,
      queue: [],
      dropped: 0,
      held: new Map(),
      waited: new Set<ModelPeer>(),
    };
    this.#behind.push(one);
    this.stats.fellBehind++;
    this.#announce("wamp.session.on_slow", peer, { "policy": policy });
    return one;
  }

  #forget(one: ModelBehind): void {
    this.#behind = this.#behind.filter((other) => other !== one);
    for (const timer of one.held.values()) this.#model.cancel(timer);
    one.held.clear();
  }

  #release(peer: ModelPeer, held: ModelBehind["held"], waited: Set<ModelPeer>): void {
    if (!held.has(peer)) return;
    this.#model.cancel(held.get(peer));
    held.delete(peer);
    waited.add(peer);
  }

  /** Not within what brought it up. */
  #announce(topic: string, { session }: ModelPeer, what: Dict): void {
    this.#model.after(0, () => this.#model.meta.announce(topic, [session, what]));
  }
}
