/** Who of a subscription's sessions is sent an event. HOT. Called by `broker.ts`. */
import type { Event } from "../wamp/message.ts";
import { Outgoing } from "../wamp/outgoing.ts";
import type { Audience } from "./receivers.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";

/** A pattern does not pass a more specific denial: an event reaches those who may subscribe to its topic. [WAMP authorization] */
export function sendPermitted(
  event: Event,
  topic: string,
  subscription: Subscription,
  excluded: Session | undefined,
  receivers: Audience | undefined,
): void {
  const permitted = subscription.subscribers.filter((session) => {
    if (session === excluded) return false;
    const isPermitted = session.role.receives(topic, subscription);
    // An audience may count whom it includes, so it is asked last.
    if (isPermitted === false || receivers?.includes(session) === false) return false;
    if (isPermitted === undefined) session.role.hold(event, topic, subscription);
    return isPermitted === true;
  });
  sendEvent(event, permitted, undefined, undefined);
}

/* PERF: an event for one peer is encoded straight into its outbox; only a fan-out is framed apart and shared
 * (plain: always shared). */
export function sendEventTo(
  event: Event,
  only: Session,
  excluded: Session | undefined,
  receivers: Audience | undefined,
): void {
  if (only !== excluded && receivers?.includes(only) !== false) only.send(event);
}

export function sendEvent(
  event: Event,
  sessions: readonly Session[],
  excluded: Session | undefined,
  receivers: Audience | undefined,
): void {
  if (sessions.length === 1) {
    const only = sessions[0];
    if (only !== undefined) sendEventTo(event, only, excluded, receivers);
    return;
  }
  if (sessions.length === 0) return;
  const outgoing = new Outgoing(event);
  let count = 0;
  for (let i = 0; i < sessions.length; i++) {
    const session = sessions[i];
    if (session === undefined || session === excluded) continue;
    if (receivers !== undefined && !receivers.includes(session)) continue;
    session.deliver(outgoing);
    count++;
  }
  sessions[0]?.countSent(event.type, count);
}
