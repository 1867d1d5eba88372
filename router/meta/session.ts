/** Meta procedures about sessions. [WAMP meta_api_sessions] */
import type { Dict } from "../../wamp/message.ts";
import { isUri } from "../../wamp/uri.ts";
import * as uris from "../../wamp/uris.ts";
import type { Realm } from "../realm.ts";
import type { Session } from "../session.ts";
import { idArgument, MetaError, type MetaProcedure, textArgument } from "./procedure.ts";

/** What others may know of a session: `wamp.session.get` and `on_join`. */
export function sessionDetails(session: Session): Dict {
  const { details } = session.transport;
  return {
    "session": session.id,
    "authid": session.authid,
    "authrole": session.role.name,
    "authmethod": session.admission?.authmethod ?? "",
    "authprovider": session.admission?.authprovider ?? "",
    "transport": {
      "type": details.kind,
      "protocol": details.serializer,
      "peer": details.peer,
      "is_secure": details.isSecure,
    },
  };
}

/** What a dynamic authorizer is told of a session, as with Crossbar.io. */
export function authorizerDetails(session: Session): Dict {
  const { admission } = session;
  return {
    ...sessionDetails(session),
    "realm": admission?.realm ?? "",
    "authextra": admission?.authextra ?? null,
  };
}

export const sessionProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.SESSION_COUNT]: (realm, args) => filtered(realm, args).length,
  [uris.SESSION_LIST]: (realm, args) => filtered(realm, args).map((session) => session.id),
  [uris.SESSION_GET]: (realm, args) => {
    const id = idArgument(args, "session");
    const session = realm.sessions.get(id);
    if (session === undefined) throw noSuchSession(id);
    return sessionDetails(session);
  },
  [uris.SESSION_KILL]: (realm, args, kwargs, caller) => {
    const id = idArgument(args, "session");
    const session = realm.sessions.get(id);
    if (session === undefined || session === caller) throw noSuchSession(id);
    if (session.role.isTrusted) {
      throw new MetaError(uris.NOT_AUTHORIZED, `Cannot kill session ${id}: it is the router's own`);
    }
    kill([session], kwargs);
    return undefined;
  },
  [uris.SESSION_KILL_BY_AUTHID]: (realm, args, kwargs, caller) => {
    const authid = textArgument(args, "authid");
    return kill(others(realm, caller).filter((session) => session.authid === authid), kwargs);
  },
  [uris.SESSION_KILL_BY_AUTHROLE]: (realm, args, kwargs, caller) => {
    const authrole = textArgument(args, "authrole");
    return kill(others(realm, caller).filter((one) => one.role.name === authrole), kwargs).length;
  },
  // DEVIATION: the specification has no meta events and testaments come of it, "since no subscribers would remain": the asker does, as do
  // sessions inside the router, and events that are retained or recorded.
  [uris.SESSION_KILL_ALL]: (realm, _args, kwargs, caller) =>
    kill(others(realm, caller), kwargs).length,
};

/** All sessions, or those whose authrole the first argument lists. */
function filtered(realm: Realm, args: readonly unknown[]): Session[] {
  const roles = args[0];
  const sessions = [...realm.sessions.values()];
  if (roles === undefined || roles === null) return sessions;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string")) {
    throw new MetaError(
      uris.INVALID_ARGUMENT,
      "Cannot read argument 1 (filter_authroles): expected a list of strings",
    );
  }
  return sessions.filter((session) => roles.includes(session.role.name));
}

/** A session inside the router's own process cannot be killed from outside. */
function others(realm: Realm, caller: Session): Session[] {
  return [...realm.sessions.values()].filter((one) => one !== caller && !one.role.isTrusted);
}

/** Says GOODBYE to them and answers with their ids. */
function kill(sessions: readonly Session[], kwargs: Dict): number[] {
  const reason = kwargs["reason"] ?? uris.KILLED;
  if (typeof reason !== "string" || !isUri(reason, "loose")) {
    throw new MetaError(uris.INVALID_URI, "Cannot read reason: expected a URI");
  }
  const message = kwargs["message"];
  if (message !== undefined && message !== null && typeof message !== "string") {
    throw new MetaError(uris.INVALID_ARGUMENT, "Cannot read message: expected a string");
  }
  const ids = sessions.map((session) => session.id);
  for (const session of sessions) session.goodbye(reason, message ?? undefined);
  return ids;
}

function noSuchSession(id: number): MetaError {
  return new MetaError(
    uris.NO_SUCH_SESSION,
    `Cannot find session ${id}: no other session of this realm has that ID`,
  );
}
