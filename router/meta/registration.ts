/** Meta procedures about registrations. [WAMP meta_api_registrations] */
import type { Dict } from "../../wamp/message.ts";
import * as uris from "../../wamp/uris.ts";
import { withWay } from "../forwarding.ts";
import type { Realm } from "../realm.ts";
import type { Registration } from "../registration.ts";
import {
  idArgument,
  idsByMatch,
  matchArgument,
  MetaError,
  type MetaProcedure,
  removalOf,
  textArgument,
} from "./procedure.ts";

export function registrationDetails(registration: Registration): Dict {
  return {
    "id": registration.id,
    "created": new Date(registration.created).toISOString(),
    "uri": registration.procedure,
    "match": registration.match,
    "invoke": registration.invoke,
  };
}

export const registrationProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.REGISTRATION_LIST]: (realm) => idsByMatch(realm.dealer.registrations),
  [uris.REGISTRATION_LOOKUP]: (realm, args) =>
    realm.dealer.lookup(matchArgument(args), textArgument(args, "procedure"))?.id ?? null,
  [uris.REGISTRATION_MATCH]: (realm, args) =>
    realm.dealer.best(textArgument(args, "procedure"))?.id ?? null,
  [uris.REGISTRATION_GET]: (realm, args, _, caller) => {
    const found = registration(realm, args);
    const callees = found.callees.map(({ session }) => session);
    return withWay(
      registrationDetails(found),
      realm.forwarding.shortest(found, callees, caller),
    );
  },
  [uris.REGISTRATION_LIST_CALLEES]: (realm, args) =>
    registration(realm, args).callees.map((callee) => callee.session.id),
  [uris.REGISTRATION_COUNT_CALLEES]: (realm, args) => registration(realm, args).callees.length,
  [uris.REGISTRATION_REMOVE_CALLEE]: (realm, args, kwargs) => {
    const found = registration(realm, args);
    const { session, reason } = removalOf(realm, args, kwargs);
    if (found.callee(session) === undefined) {
      throw new MetaError(
        uris.NO_SUCH_REGISTRATION,
        `Cannot remove session ${session.id}: it is no callee of ${found.id}`,
      );
    }
    realm.dealer.revoke(session, found, reason);
    return undefined;
  },
};

function registration(realm: Realm, args: readonly unknown[]): Registration {
  const id = idArgument(args, "registration");
  const found = realm.dealer.byId(id);
  if (found !== undefined) return found;
  throw new MetaError(
    uris.NO_SUCH_REGISTRATION,
    `Cannot find registration ${id}: this realm has none of that ID`,
  );
}
