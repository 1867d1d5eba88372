/** What a message wants to do that a dynamic role's authorizer has not answered yet. HOT. Called by `inbox.ts`. [WAMP authorization] */
import { isId } from "../wamp/id.ts";
import { type Call, type Dict, EMPTY_DICT, type Message, Type } from "../wamp/message.ts";
import { isDict, optionProblem } from "../wamp/options.ts";
import { isPattern, isProtected, isUri, type Match } from "../wamp/uri.ts";
import * as uris from "../wamp/uris.ts";
import { matchOf } from "./broker.ts";
import type { Deed, DynamicRole } from "./dynamic_role.ts";
import { History } from "./history.ts";
import { MAKES } from "./meta/reflection.ts";
import { isContinued } from "./progressive_call.ts";
import type { Realm } from "./realm.ts";
import { KINDS } from "./reflection.ts";
import type { Session } from "./session.ts";

/** Topics of one pattern's history that are asked for at a time; events of others are not shown. */
const MOST_TOPICS = 256;

/** Meta procedures that do more than they are called for. */
const META: readonly string[] = [
  uris.SESSION_ADD_TESTAMENT,
  uris.SUBSCRIPTION_GET_EVENTS,
  uris.REFLECT_DEFINE,
];
const NOTHING = { args: [], kwargs: EMPTY_DICT };

/** Undefined: nothing. Messages that are refused anyway, whoever sends them, are nobody's business. */
export function deedsOf(
  realm: Realm,
  session: Session,
  role: DynamicRole,
  message: Message,
): readonly Deed[] | undefined {
  switch (message.type) {
    case Type.PUBLISH: {
      const { topic, options } = message;
      if (role.isAnswered("publish", topic)) return undefined;
      if (!isUri(topic, "loose") || isProtected(topic) || optionProblem(message) !== undefined) {
        return undefined;
      }
      return [{ action: "publish", uri: topic, match: "exact", options }];
    }
    case Type.CALL: {
      const { procedure, options } = message;
      if (isContinued(session, message)) return undefined;
      const more = procedure.startsWith("wamp.") ? metaDeeds(realm, role, message) : [];
      if (more.length === 0 && role.isAnswered("call", procedure)) return undefined;
      if (!isUri(procedure, "loose") || optionProblem(message) !== undefined) return undefined;
      const deed: Deed = { action: "call", uri: procedure, match: "exact", options };
      return role.knows(deed) ? more : [deed, ...more];
    }
    case Type.SUBSCRIBE:
      return patternDeed(role, "subscribe", message.topic, message);
    case Type.REGISTER:
      if (isProtected(message.procedure)) return undefined;
      return patternDeed(role, "register", message.procedure, message);
    default:
      return undefined;
  }
}

function patternDeed(
  role: DynamicRole,
  action: "subscribe" | "register",
  uri: string,
  message: Extract<Message, { type: typeof Type.SUBSCRIBE | typeof Type.REGISTER }>,
): readonly Deed[] | undefined {
  const { options } = message;
  const match = matchOf(options);
  if (!isPattern(uri, match, "loose") || optionProblem(message) !== undefined) return undefined;
  const deed: Deed = { action, uri, match, options };
  return role.knows(deed) ? undefined : [deed];
}

/** What a call of the meta API does besides. */
function metaDeeds(realm: Realm, role: DynamicRole, call: Call): Deed[] {
  const { args, kwargs } = META.includes(call.procedure) ? call.payload.decode() : NOTHING;
  return deedsIn(realm, call.procedure, args, kwargs)
    .filter((deed) => !role.knows(deed)).slice(0, MOST_TOPICS);
}

function deedsIn(realm: Realm, procedure: string, args: readonly unknown[], kwargs: Dict): Deed[] {
  switch (procedure) {
    case uris.SESSION_ADD_TESTAMENT:
      return testamentDeeds(args[0], kwargs["publish_options"]);
    case uris.SUBSCRIPTION_GET_EVENTS:
      return historyDeeds(realm, args[0]);
    case uris.REFLECT_DEFINE:
      return definitionDeeds(args[0], args[2] ?? kwargs["kind"] ?? "procedure");
    default:
      return [];
  }
}

/** To say what something is takes the permission to make it. */
function definitionDeeds(uri: unknown, kind: unknown): Deed[] {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined || typeof uri !== "string") return [];
  if (!isUri(uri, "loose") || isProtected(uri)) return [];
  return [{ action: MAKES[known], uri, match: "exact", options: EMPTY_DICT }];
}

function testamentDeeds(topic: unknown, options: unknown): Deed[] {
  if (typeof topic !== "string" || !isUri(topic, "loose") || isProtected(topic)) return [];
  return [{
    action: "publish",
    uri: topic,
    match: "exact",
    options: isDict(options) ? options : {},
  }];
}

function historyDeeds(realm: Realm, id: unknown): Deed[] {
  const subscription = isId(id) ? realm.broker.byId(id) : undefined;
  if (subscription === undefined) return [];
  const deed = (uri: string, match: Match): Deed => ({
    action: "subscribe",
    uri,
    match,
    options: match === "exact" ? {} : { "match": match },
  });
  const { topic, match, history } = subscription;
  const own = deed(topic, match);
  if (match === "exact") return [own];
  // Of those in a store, the ones that were answered before are shown.
  if (!(history instanceof History)) return [own];
  const topics = new Set(history.events(realm.now()).map((event) => event.topic));
  return [
    own,
    ...[...topics].map((one) => ({ ...deed(one, "exact"), isByPattern: true as const })),
  ];
}
