/** Meta procedures about what a realm offers, as far as the asker may use it. [WAMP interface-reflection] */
import { MAX_DEPTH } from "../../wamp/codec/codec.ts";
import type { Dict } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { isProtected, isUri } from "../../wamp/uri.ts";
import * as uris from "../../wamp/uris.ts";
import { isNestedWithin } from "../../wamp/weight.ts";
import type { Action } from "../permission.ts";
import type { Realm } from "../realm.ts";
import { type Kind, KINDS } from "../reflection.ts";
import { reserved } from "../refusal.ts";
import type { Session } from "../session.ts";
import { MetaError, type MetaProcedure, textArgument } from "./procedure.ts";

/** Of a description in the dictionary in the arguments of a RESULT. */
const MOST_LEVELS = MAX_DEPTH - 2;

/** Who may do one of these with a URI may know of it. Everybody may know of errors. */
const USES: Readonly<Record<Kind, readonly Action[]>> = {
  procedure: ["call", "register"],
  topic: ["subscribe", "publish"],
  error: [],
};
/** Who may do this may say what it is; errors come from callees. */
export const MAKES: Readonly<Record<Kind, Action>> = {
  procedure: "register",
  topic: "publish",
  error: "register",
};

export const reflectionProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.REFLECTION_PROCEDURE_LIST]: (realm, _args, _kwargs, caller) =>
    list(realm, "procedure", caller),
  [uris.REFLECTION_TOPIC_LIST]: (realm, _args, _kwargs, caller) => list(realm, "topic", caller),
  [uris.REFLECTION_ERROR_LIST]: (realm, _args, _kwargs, caller) => list(realm, "error", caller),
  [uris.REFLECTION_PROCEDURE_DESCRIBE]: (realm, args, _kwargs, caller) =>
    describe(realm, "procedure", textArgument(args, "procedure"), caller),
  [uris.REFLECTION_TOPIC_DESCRIBE]: (realm, args, _kwargs, caller) =>
    describe(realm, "topic", textArgument(args, "topic"), caller),
  [uris.REFLECTION_ERROR_DESCRIBE]: (realm, args, _kwargs, caller) =>
    describe(realm, "error", textArgument(args, "error"), caller),
  [uris.REFLECT_DESCRIBE]: (realm, args, _kwargs, caller) => {
    const uri = textArgument(args, "uri");
    for (const kind of KINDS) {
      const found = describe(realm, kind, uri, caller);
      if (found !== null) return found;
    }
    return null;
  },
  [uris.REFLECT_DEFINE]: (realm, args, kwargs, caller) => {
    const uri = textArgument(args, "uri");
    const kind = kindOf(args[2] ?? kwargs["kind"]);
    if (!isUri(uri, "loose")) {
      throw new MetaError(uris.INVALID_URI, "Cannot read argument 1 (uri): it is no valid URI");
    }
    if (isProtected(uri) && !caller.role.isTrusted) {
      throw new MetaError(uris.INVALID_URI, reserved("define", uri));
    }
    if (!caller.role.rule(uri, MAKES[kind]).allow[MAKES[kind]]) {
      throw new MetaError(
        uris.NOT_AUTHORIZED,
        `Cannot define ${kind} "${uri}": the role may not ${MAKES[kind]} it`,
      );
    }
    const description = args[1] ?? null;
    if (description === null) return realm.reflection.undefine(kind, uri);
    if (!isDict(description) || !isNestedWithin(MOST_LEVELS, description)) {
      throw new MetaError(
        uris.INVALID_ARGUMENT,
        `Cannot read argument 2 (description): expected a dictionary of at most ${MOST_LEVELS} levels, or null to undefine`,
      );
    }
    if (realm.reflection.define(caller, kind, uri, description)) return true;
    throw new MetaError(
      uris.UNAVAILABLE,
      `Cannot define ${kind} "${uri}": the realm has as many definitions as it keeps`,
    );
  },
};

/** URIs and patterns that exist or are defined, in order. */
function list(realm: Realm, kind: Kind, caller: Session): readonly string[] {
  const known = new Set(realm.reflection.of(kind).keys());
  for (const { uri } of live(realm, kind)) known.add(uri);
  return [...known].filter((uri) => mayKnow(caller, kind, uri)).sort();
}

/** Null when there is nothing that the caller may know. */
function describe(realm: Realm, kind: Kind, uri: string, caller: Session): Dict | null {
  if (!mayKnow(caller, kind, uri)) return null;
  const definition = realm.reflection.of(kind).get(uri);
  const records = [...live(realm, kind)].filter((record) => record.uri === uri);
  if (definition === undefined && records.length === 0) return null;
  return {
    "uri": uri,
    "kind": kind,
    ...(definition && { "description": definition.description }),
    ...(records.length > 0 && { "live": records.map(({ details }) => details) }),
  };
}

function* live(realm: Realm, kind: Kind): Iterable<{ uri: string; details: Dict }> {
  if (kind === "procedure") {
    for (const { procedure: uri, match, invoke, callees } of realm.dealer.registrations) {
      yield { uri, details: { "match": match, "invoke": invoke, "callees": callees.length } };
    }
  } else if (kind === "topic") {
    for (const { topic: uri, match, subscriberCount } of realm.broker.subscriptions) {
      yield { uri, details: { "match": match, "subscribers": subscriberCount } };
    }
  }
}

function mayKnow(session: Session, kind: Kind, uri: string): boolean {
  if (USES[kind].length === 0) return true;
  return USES[kind].some((action) => session.role.rule(uri, action).allow[action]);
}

function kindOf(value: unknown): Kind {
  const kind = KINDS.find((one) => one === (value ?? "procedure"));
  if (kind !== undefined) return kind;
  throw new MetaError(
    uris.INVALID_ARGUMENT,
    `Cannot read argument 3 (kind): expected "procedure", "topic" or "error"`,
  );
}
