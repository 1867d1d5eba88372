/** The procedures about realms, roles, links and sessions of a router worker, under Crossbar.io's names and with its shapes. docs/management.md */
import { isUri } from "../../wamp/uri.ts";
import type { Dict } from "../../wamp/message.ts";
import { typeNames } from "../../wamp/message.ts";
import { INVALID_ARGUMENT, KILLED } from "../../wamp/uris.ts";
import type { SqliteStore } from "../store/sqlite_store.ts";
import { ALREADY_RUNNING } from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import {
  type LinkRecord,
  realmByName,
  type RealmRecord,
  type RoleRecord,
} from "../worker/router_worker.ts";
import { numbered } from "../worker/default_ids.ts";
import { checked, checkedRealm, unreadable } from "./piece.ts";
import { time, type WorkerContext, type WorkerProcedures } from "./procedure.ts";
import type { Request } from "./request.ts";

/** That an answer names. */
const MOST_SLOW = 100;

export const realmProcedures: WorkerProcedures = {
  "get_router_realms": ({ worker }) => [...worker.realms.keys()].sort(),
  "get_router_realm": ({ worker }, request) => realmDict(worker.realm(request.text(0, "realm_id"))),
  "get_router_realm_by_name": ({ worker }, request) =>
    realmDict(realmByName(worker, request.text(0, "realm_name"))),
  "get_router_realm_stats": ({ worker }, request) => {
    const id = request.optionalText(0, "realm_id");
    const realms = id === undefined ? [...worker.realms.values()] : [worker.realm(id)];
    return Object.fromEntries(realms.map((realm) => [realm.id, statsOf(realm)]));
  },
  "drain_router": async ({ worker }, request) => {
    const { calls, unanswered } = await worker.drain(request.optionalCount(0, "timeout") ?? 30_000);
    return { "calls": calls, "unanswered": unanswered };
  },
  "get_router_realm_slow_consumers": ({ worker }, request) =>
    slowConsumersOf(worker.realm(request.text(0, "realm_id"))),
  "start_router_realm": startRealm,
  "stop_router_realm": async ({ worker, publish }, request) => {
    const id = request.text(0, "realm_id");
    const { record, sessions } = await worker.stopRealm(id);
    publish("on_realm_stopped", id, request.caller.session);
    return { "id": id, "name": record.config.name, "detached_sessions": sessions };
  },
  "kill_by_authid": ({ worker }, request) => {
    const { realm } = worker.realm(request.text(0, "realm_id"));
    const authid = request.text(1, "authid");
    const reason = request.optionalText(2, "reason") ?? KILLED;
    const message = request.optionalText(3, "message");
    if (!isUri(reason, "loose")) {
      throw new Refusal(INVALID_ARGUMENT, "Cannot read argument 3 (reason): expected a URI");
    }
    const sessions = [...realm.sessions.values()]
      .filter((one) => one.authid === authid && !one.role.isTrusted);
    const ids = sessions.map(({ id }) => id);
    for (const session of sessions) session.goodbye(reason, message);
    return ids;
  },
};

export const roleProcedures: WorkerProcedures = {
  "get_router_realm_roles": ({ worker }, request) =>
    [...worker.realm(request.text(0, "realm_id")).roles.values()].map(roleDict),
  "get_router_realm_role": ({ worker }, request) =>
    roleDict(worker.role(request.text(0, "realm_id"), request.text(1, "role_id"))),
  "start_router_realm_role": async ({ worker, publish }, request) => {
    const realmId = request.text(0, "realm_id");
    const id = request.text(1, "role_id");
    const config = request.dict(2, "role_config");
    worker.expectNoRole(realmId, id, config["name"]);
    const realm = await checkedRealm(worker, realmId, "roles", { ...config, "id": id });
    const role = realm.roles.at(-1);
    if (role === undefined) return unreadable();
    const started = roleDict(await worker.startRole(realmId, id, role));
    publish("on_router_realm_role_started", started, request.caller.session);
    return started;
  },
  "stop_router_realm_role": async ({ worker, publish }, request) => {
    const realm = request.text(0, "realm_id");
    const stopped = roleDict(await worker.stopRole(realm, request.text(1, "role_id")));
    publish("on_router_realm_role_stopped", stopped, request.caller.session);
    return stopped;
  },
};

export const linkProcedures: WorkerProcedures = {
  "get_router_realm_links": ({ worker }, request) =>
    [...worker.realm(request.text(0, "realm_id")).links.keys()].sort(),
  "get_router_realm_link": ({ worker }, request) =>
    linkDict(worker.link(request.text(0, "realm_id"), request.text(1, "link_id"))),
  "start_router_realm_link": async ({ worker, publish }, request) => {
    const realmId = request.text(0, "realm_id");
    const id = request.text(1, "link_id");
    const config = request.dict(2, "link_config");
    worker.expectNoLink(realmId, id);
    const realm = await checkedRealm(worker, realmId, "rlinks", { ...config, "id": id });
    const link = realm.rlinks.at(-1);
    if (link === undefined) return unreadable();
    const { session, authid } = request.caller;
    const started = linkDict(await worker.startLink(realmId, id, link, authid ?? `${session}`));
    publish("on_router_realm_link_started", started, session);
    return started;
  },
  "stop_router_realm_link": async ({ worker, publish }, request) => {
    const realm = request.text(0, "realm_id");
    const stopped = linkDict(await worker.stopLink(realm, request.text(1, "link_id")));
    publish("on_router_realm_link_stopped", stopped, request.caller.session);
    return stopped;
  },
};

/** With the roles and links of its configuration. */
async function startRealm(
  { worker, publish, rivalOf }: WorkerContext,
  request: Request,
): Promise<Dict> {
  const id = request.text(0, "realm_id");
  const config = request.dict(1, "realm_config");
  worker.expectNoRealm(id, config["name"]);
  const { realms } = await checked(worker, (draft) => {
    return ["realms", draft.realms.push({ ...config, "id": id }) - 1];
  });
  const realm = realms.at(-1);
  if (realm === undefined) return unreadable();
  const rival = await rivalOf(realm.name);
  if (rival !== undefined) {
    const text = `Cannot start realm "${id}": found "${realm.name}" on worker "${rival}", too, ` +
      "expected each realm on one router";
    throw new Refusal(ALREADY_RUNNING, text);
  }
  const record = await worker.startRealm(id, realm);
  for (const [i, link] of realm.rlinks.entries()) {
    await worker.startLink(id, link.id ?? numbered("link", i), link, request.caller.authid);
  }
  publish("on_realm_started", id, request.caller.session);
  return realmDict(record);
}

function realmDict({ id, config, created, roles, links, template }: RealmRecord): Dict {
  return {
    "id": id,
    "config": config,
    "category": "standalone",
    "created": time(created),
    "roles": [...roles.keys()],
    "has_router": true,
    "has_service_session": true,
    "rlinks": [...links.keys()],
    ...(template !== undefined && { "template": template }),
  };
}

function roleDict({ id, config }: RoleRecord): Dict {
  return { "id": id, "config": config };
}

function linkDict({ id, config, started, startedBy, link }: LinkRecord): Dict {
  return {
    "id": id,
    "config": config,
    "started": time(started),
    "started_by": startedBy ?? null,
    "connected": link.isConnected,
  };
}

function statsOf({ realm, roles, store }: RealmRecord): Dict {
  const { fellBehind, droppedEvents, closed, pauses } = realm.slowConsumers.stats;
  return {
    "roles": roles.size,
    "sessions": realm.sessions.size,
    "messages": { "sent": byType(realm.sent), "received": byType(realm.received) },
    "slow_consumers": {
      "behind": realm.slowConsumers.size,
      "fell_behind": fellBehind,
      "dropped_events": droppedEvents,
      "closed": closed,
      "pauses": pauses,
    },
    ...(store && { "store": storeStatsOf(store) }),
  };
}

function storeStatsOf({ failure, stats }: SqliteStore): Dict {
  return {
    "failure": failure ?? null,
    "failures": stats.failures,
    "written_events": stats.writtenEvents,
    "lost_events": stats.lostEvents,
    "lost_retained": stats.lostRetained,
  };
}

/** Sessions that have not taken all that they were sent, the furthest behind first. */
function slowConsumersOf({ realm }: RealmRecord): Dict[] {
  return [...realm.sessions.values()].flatMap((session) => {
    const { id, authid, role, transport } = session;
    const waiting = transport.waiting ?? 0;
    const isBehind = realm.slowConsumers.has(session);
    return waiting === 0 && !isBehind ? [] : [{
      "session": id,
      "authid": authid,
      "authrole": role.name,
      "peer": transport.details.peer,
      "waiting": waiting,
      "behind": isBehind,
    }];
  }).sort((a, b) => b.waiting - a.waiting).slice(0, MOST_SLOW);
}

/** Of types that came up. */
function byType(counts: Float64Array): Dict {
  return Object.fromEntries(
    [...typeNames].flatMap(([type, name]) => {
      const count = counts[type] ?? 0;
      return count === 0 ? [] : [[name.toLowerCase(), count]];
    }),
  );
}
