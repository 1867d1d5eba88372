/** Meta procedures about subscriptions. [WAMP meta_api_subscriptions] */
import type { Dict } from "../../wamp/message.ts";
import * as uris from "../../wamp/uris.ts";
import { withWay } from "../forwarding.ts";
import type { Realm } from "../realm.ts";
import type { Subscription } from "../subscription.ts";
import {
  idArgument,
  idsByMatch,
  matchArgument,
  MetaError,
  type MetaProcedure,
  removalOf,
  textArgument,
} from "./procedure.ts";

export function subscriptionDetails(subscription: Subscription): Dict {
  return {
    "id": subscription.id,
    "created": new Date(subscription.created).toISOString(),
    "uri": subscription.topic,
    "match": subscription.match,
  };
}

export const subscriptionProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.SUBSCRIPTION_LIST]: (realm) => idsByMatch(realm.broker.subscriptions),
  [uris.SUBSCRIPTION_LOOKUP]: (realm, args) =>
    realm.broker.lookup(matchArgument(args), textArgument(args, "topic"))?.id ?? null,
  [uris.SUBSCRIPTION_MATCH]: (realm, args) => {
    const ids = realm.broker.matching(textArgument(args, "topic")).map((one) => one.id);
    return ids.length > 0 ? ids : null;
  },
  [uris.SUBSCRIPTION_GET]: (realm, args, _, caller) => {
    const found = subscriptionOf(realm, args);
    return withWay(
      subscriptionDetails(found),
      realm.forwarding.shortest(found, found.subscribers, caller),
    );
  },
  [uris.SUBSCRIPTION_LIST_SUBSCRIBERS]: (realm, args) =>
    subscriptionOf(realm, args).subscribers.map((session) => session.id),
  [uris.SUBSCRIPTION_COUNT_SUBSCRIBERS]: (realm, args) =>
    subscriptionOf(realm, args).subscriberCount,
  [uris.SUBSCRIPTION_REMOVE_SUBSCRIBER]: (realm, args, kwargs) => {
    const subscription = subscriptionOf(realm, args);
    const { session, reason } = removalOf(realm, args, kwargs);
    if (!subscription.has(session)) {
      throw new MetaError(
        uris.NO_SUCH_SUBSCRIPTION,
        `Cannot remove session ${session.id}: it is no subscriber of ${subscription.id}`,
      );
    }
    realm.broker.revoke(session, subscription, reason);
    return undefined;
  },
};

export function subscriptionOf(realm: Realm, args: readonly unknown[]): Subscription {
  const id = idArgument(args, "subscription");
  const found = realm.broker.byId(id);
  if (found !== undefined) return found;
  throw new MetaError(
    uris.NO_SUCH_SUBSCRIPTION,
    `Cannot find subscription ${id}: this realm has none of that ID`,
  );
}
