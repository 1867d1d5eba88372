/** Meta procedures about testaments. [WAMP pubsub_testament] */
import { type Dict, type Publish, Type } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { Payload } from "../../wamp/payload.ts";
import * as uris from "../../wamp/uris.ts";
import { payloadWeight, weightOf } from "../../wamp/weight.ts";
import {
  MOST_TESTAMENT_BYTES,
  MOST_TESTAMENTS,
  type Scope,
  SCOPES,
  Testaments,
} from "../testament.ts";
import { MetaError, type MetaProcedure, textArgument } from "./procedure.ts";

export const testamentProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.SESSION_ADD_TESTAMENT]: (realm, args, kwargs, caller) => {
    const topic = textArgument(args, "topic");
    const list = args[1] ?? [];
    if (!Array.isArray(list)) throw unexpected("argument 2 (args)", "a list");
    const payload = Payload.of(list, dictOf(args[2], "argument 3 (kwargs)"));
    const options = dictOf(kwargs["publish_options"], "publish_options");
    // Payload transparency takes one binary value instead of arguments.
    if ((options["enc_algo"] ?? null) !== null) throw unexpected("publish_options", "no enc_algo");
    const scope = scopeOf(kwargs);
    const publication: Publish = { type: Type.PUBLISH, request: 0, options, topic, payload };
    const refusal = realm.broker.refusalOf(caller, publication);
    if (refusal !== undefined) throw new MetaError(refusal.error, refusal.text);
    const rule = caller.role.rule(topic, "publish");
    // Nobody asked for it when it is published: the session, which may be resumed, must get no PUBLISHED.
    const unanswered = { ...publication, options: { ...options, "acknowledge": false } };
    const weight = weightOf(options) + payloadWeight(payload);
    const testament = { publication: unanswered, rule, weight };
    if (!(caller.testaments ??= new Testaments()).add(scope, testament)) {
      throw new MetaError(
        uris.UNAVAILABLE,
        `Cannot add a testament: a session may have ${MOST_TESTAMENTS}, of ${MOST_TESTAMENT_BYTES} bytes in all`,
      );
    }
    return undefined;
  },
  [uris.SESSION_FLUSH_TESTAMENTS]: (_realm, _args, kwargs, caller) => {
    const scope = scopeOf(kwargs);
    caller.testaments?.flush(scope);
    return undefined;
  },
};

function scopeOf(kwargs: Dict): Scope {
  const asked = kwargs["scope"] ?? "destroyed";
  const scope = SCOPES.find((one) => one === asked);
  if (scope === undefined) throw unexpected("scope", `"detached" or "destroyed"`);
  return scope;
}

function dictOf(value: unknown, name: string): Dict {
  const dict = value ?? {};
  if (!isDict(dict)) throw unexpected(name, "a dictionary");
  return dict;
}

function unexpected(name: string, expected: string): MetaError {
  return new MetaError(uris.INVALID_ARGUMENT, `Cannot read ${name}: expected ${expected}`);
}
