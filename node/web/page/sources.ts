/** Sessions, registrations and subscriptions as the meta API tells of them. [WAMP meta_api] */
import type { Session } from "../../../mod.ts";
import * as uris from "../../../wamp/uris.ts";
import type { Source } from "./live_list.ts";

export interface SessionRow {
  readonly id: number;
  readonly authid: string;
  readonly authrole: string;
  /** "websocket, json" */
  readonly transport: string;
  readonly peer: string;
}

/** A registration or a subscription. */
export interface UriRow {
  readonly id: number;
  readonly uri: string;
  readonly match: string;
  /** How a callee is chosen; "" for subscriptions. */
  readonly invoke: string;
  /** Callees or subscribers. */
  readonly count: number;
}

export const sessions: Source<SessionRow> = {
  topics: [uris.SESSION_ON_JOIN, uris.SESSION_ON_LEAVE],
  list: async (session) => numbers(await session.call(uris.SESSION_LIST)),
  async read(session, id) {
    const details = dict(await session.call(uris.SESSION_GET, [id]));
    const transport = dict(details["transport"]);
    const serializer = text(transport["protocol"]);
    return {
      id,
      authid: text(details["authid"]),
      authrole: text(details["authrole"]),
      transport: serializer === "none"
        ? text(transport["type"])
        : `${text(transport["type"])}, ${serializer}`,
      peer: text(transport["peer"]),
    };
  },
  changed: () => undefined,
};

export const registrations: Source<UriRow> = {
  topics: [uris.REGISTRATION_ON_REGISTER, uris.REGISTRATION_ON_UNREGISTER],
  list: (session) => idsOfAllMatches(session, uris.REGISTRATION_LIST),
  read: (session, id) =>
    uriRow(session, id, uris.REGISTRATION_GET, uris.REGISTRATION_COUNT_CALLEES),
  changed: secondId,
};

export const subscriptions: Source<UriRow> = {
  topics: [uris.SUBSCRIPTION_ON_SUBSCRIBE, uris.SUBSCRIPTION_ON_UNSUBSCRIBE],
  list: (session) => idsOfAllMatches(session, uris.SUBSCRIPTION_LIST),
  read: (session, id) =>
    uriRow(session, id, uris.SUBSCRIPTION_GET, uris.SUBSCRIPTION_COUNT_SUBSCRIBERS),
  changed: secondId,
};

async function idsOfAllMatches(session: Session, procedure: string): Promise<number[]> {
  const lists = dict(await session.call(procedure));
  return ["exact", "prefix", "wildcard"].flatMap((match) => numbers(lists[match]));
}

async function uriRow(
  session: Session,
  id: number,
  get: string,
  countAll: string,
): Promise<UriRow> {
  const [details, count] = await Promise.all([
    session.call(get, [id]),
    session.call(countAll, [id]),
  ]);
  const { uri, match, invoke } = dict(details);
  return { id, uri: text(uri), match: text(match), invoke: text(invoke), count: Number(count) };
}

/** The events' arguments are the session's ID and that of the registration or subscription. */
function secondId(args: readonly unknown[]): number | undefined {
  return typeof args[1] === "number" ? args[1] : undefined;
}

function dict(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "number") : [];
}
