/**
 * PUBLISHED of what goes to the store: sent when it is safe there, on a later turn, while the publisher's other requests go on.
 * Used by `broker.ts`. [WAMP publish_subscribe]
 */
import { type Publish, Type } from "../wamp/message.ts";
import * as uris from "../wamp/uris.ts";
import type { Delivery } from "./delivery.ts";
import type { Store } from "./ports.ts";
import type { Session } from "./session.ts";

export function acknowledgeStored(
  store: Store,
  session: Session,
  { request, topic }: Publish,
  publication: number,
  delivery: Delivery | undefined,
): void {
  const { id } = session;
  session.unconfirmed++;
  store.committed((failure) => {
    session.unconfirmed--;
    if (failure === undefined && delivery !== undefined) return delivery.sent();
    delivery?.abandon();
    // The session may have left, and its connection carry another.
    if (session.id !== id) return;
    if (failure === undefined) session.send({ type: Type.PUBLISHED, request, publication });
    else session.sendError(Type.PUBLISH, request, uris.UNAVAILABLE, unstored(topic, failure));
  });
}

export function unstored(topic: string, failure: string): string {
  return `Cannot store the publication to "${topic}": ${failure}`;
}
