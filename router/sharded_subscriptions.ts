/**
 * Subscribers that gave a node key: of them, an event with a resource key reaches those of one node only. Owned by `broker.ts`, and asked
 * only about publications with such a key. See docs/extensions.md, "Sharding". [WAMP pubsub_sharded_subscription]
 */
import type { Dict } from "../wamp/message.ts";
import type { Audience } from "./receivers.ts";
import type { Session } from "./session.ts";
import { nodeOf } from "./shard.ts";
import type { Subscription } from "./subscription.ts";

export class ShardedSubscriptions {
  /** Node keys by session, of subscriptions where somebody has one. */
  readonly #nodes = new WeakMap<Subscription, Map<Session, string>>();

  /** @param options of SUBSCRIBE: a later one without `nkey` takes the session out of its node. */
  note(subscription: Subscription, session: Session, options: Dict): void {
    const { nkey } = options;
    if (typeof nkey !== "string") return this.leave(subscription, session);
    const nodes = this.#nodes.get(subscription);
    if (nodes === undefined) this.#nodes.set(subscription, new Map([[session, nkey]]));
    else nodes.set(session, nkey);
  }

  leave(subscription: Subscription, session: Session): void {
    this.#nodes.get(subscription)?.delete(session);
  }

  /** Those of `audience` that an event about `resource` goes to. */
  audience(
    subscription: Subscription,
    resource: string,
    audience: Audience | undefined,
  ): Audience | undefined {
    const nodes = this.#nodes.get(subscription);
    if (nodes === undefined || nodes.size === 0) return audience;
    const node = nodeOf(new Set(nodes.values()), resource);
    return {
      includes: (session) =>
        (nodes.get(session) ?? node) === node && audience?.includes(session) !== false,
    };
  }
}
