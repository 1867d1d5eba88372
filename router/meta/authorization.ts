/** Meta procedures about what sessions may do, ours: answers of authorizers, and limits. [docs/extensions.md] */
import { isId } from "../../wamp/id.ts";
import type { Dict } from "../../wamp/message.ts";
import * as uris from "../../wamp/uris.ts";
import { type AnswerFilter, DynamicRole } from "../dynamic_role.ts";
import type { Action } from "../permission.ts";
import { MetaError, type MetaProcedure } from "./procedure.ts";

const ACTIONS: readonly Action[] = ["call", "register", "publish", "subscribe"];
const KEYS: readonly string[] = ["session", "authid", "authrole", "uri", "action"];

export const authorizationProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.AUTHORIZATION_FORGET]: (realm, args, kwargs) => {
    // What a caller gets wrong must not forget more, or less, than it meant.
    if (args.length > 0) throw unexpected("arguments", "keywords alone");
    const unknown = Object.keys(kwargs).find((key) => !KEYS.includes(key));
    if (unknown !== undefined) {
      throw unexpected(JSON.stringify(unknown.slice(0, 100)), KEYS.join(", "));
    }
    const id = kwargs["session"] ?? undefined;
    if (id !== undefined && !isId(id)) throw unexpected("session", "an ID");
    const authid = textOf(kwargs, "authid");
    const authrole = textOf(kwargs, "authrole");
    const uri = textOf(kwargs, "uri");
    const action = actionOf(kwargs);
    const filter: AnswerFilter = {
      ...(uri !== undefined && { uri }),
      ...(action !== undefined && { action }),
    };
    let count = 0;
    for (const session of realm.sessions.values()) {
      const { role } = session;
      if (!(role instanceof DynamicRole)) continue;
      if (id !== undefined && session.id !== id) continue;
      if (authid !== undefined && session.authid !== authid) continue;
      if (authrole !== undefined && role.name !== authrole) continue;
      count += role.forget(filter);
    }
    return count;
  },
  [uris.AUTHORIZATION_COUNT_REFUSED]: (realm) =>
    Object.fromEntries(
      [...realm.roles].flatMap(({ name, limits }) =>
        limits === undefined ? [] : [[name, { ...limits.counts }]]
      ),
    ),
};

function textOf(kwargs: Dict, name: string): string | undefined {
  const value = kwargs[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw unexpected(name, "a string");
}

function actionOf(kwargs: Dict): Action | undefined {
  const value = textOf(kwargs, "action");
  const action = ACTIONS.find((one) => one === value);
  if (value !== undefined && action === undefined) throw unexpected("action", ACTIONS.join(", "));
  return action;
}

function unexpected(name: string, expected: string): MetaError {
  return new MetaError(uris.INVALID_ARGUMENT, `Cannot read ${name}: expected ${expected}`);
}
