/** The meta procedure that reads what a realm recorded of its events. [WAMP pubsub_event_history] */
import { MAX_DEPTH } from "../../wamp/codec/codec.ts";
import { isId } from "../../wamp/id.ts";
import type { Dict } from "../../wamp/message.ts";
import type { Payload } from "../../wamp/payload.ts";
import * as uris from "../../wamp/uris.ts";
import { isNestedWithin } from "../../wamp/weight.ts";
import type { Bounds, HistoryFilter, Recorded } from "../history.ts";
import { unauthorized } from "../refusal.ts";
import { timeOf } from "../rfc3339.ts";
import type { Session } from "../session.ts";
import { type ReadFailure, StoredHistory } from "../stored_history.ts";
import type { Subscription } from "../subscription.ts";
import { Later, MetaError, type MetaProcedure } from "./procedure.ts";
import { subscriptionOf } from "./subscription.ts";

/** Of an event in the list of events in the arguments of a RESULT. */
const MOST_LEVELS = MAX_DEPTH - 2;

export const eventHistoryProcedures: Readonly<Record<string, MetaProcedure>> = {
  [uris.SUBSCRIPTION_GET_EVENTS]: (realm, args, kwargs, caller) => {
    const subscription = subscriptionOf(realm, args);
    const { topic, match } = subscription;
    const rule = caller.role.rule(topic, "subscribe", match);
    if (!rule.allow.subscribe) {
      const { error, text } = unauthorized(caller, rule, "read the events of", topic);
      throw new MetaError(error, text);
    }
    // Crossbar.io's callers give the limit as a positional argument.
    const filter = filterOf({ "limit": args[1], ...kwargs });
    if (subscription.history === undefined) {
      throw new MetaError(
        uris.HISTORY_UNAVAILABLE,
        `Cannot read the events of "${subscription.topic}": the realm does not record them`,
      );
    }
    const { history } = subscription;
    const shown: Dict[] = [];
    if (history instanceof StoredHistory) {
      const { id } = caller;
      const take = (event: Recorded) => {
        // Who has left meanwhile may read nothing.
        const isReader = caller.id === id && mayRead(caller, subscription, event);
        const one = isReader ? described(subscription, event) : undefined;
        return one !== undefined && shown.push(one) > 0;
      };
      return new Later((done) =>
        history.read(filter, take, (failure) => done(failure ? unread(topic, failure) : shown))
      );
    }
    for (const event of select(history.events(realm.now()), filter)) {
      const one = mayRead(caller, subscription, event) ? described(subscription, event) : undefined;
      if (one !== undefined && shown.push(one) === filter.limit) break;
    }
    return shown;
  },
};

function unread(topic: string, failure: ReadFailure): MetaError {
  const what = `Cannot read the events of "${topic}"`;
  return failure === "unavailable"
    ? new MetaError(uris.UNAVAILABLE, `${what}: the store does not answer`)
    : new MetaError(
      uris.PAYLOAD_SIZE_EXCEEDED,
      `${what}: they are too many for one answer, expected a lower limit or other bounds`,
    );
}

function filterOf(kwargs: Dict): HistoryFilter {
  const read = <T>(key: string, expected: string, accepts: (value: unknown) => T | undefined) => {
    const value = kwargs[key] ?? undefined;
    const accepted = value === undefined ? undefined : accepts(value);
    if (value === undefined || accepted !== undefined) return accepted;
    throw new MetaError(uris.INVALID_ARGUMENT, `Cannot read ${key}: expected ${expected}`);
  };
  const bounds = (
    name: string,
    expected: string,
    accepts: (value: unknown) => number | undefined,
  ) => ({
    from: read(`from_${name}`, expected, accepts),
    after: read(`after_${name}`, expected, accepts),
    before: read(`before_${name}`, expected, accepts),
    until: read(`until_${name}`, expected, accepts),
  });
  return {
    isReversed: read("reverse", "true or false", booleanOf) ?? false,
    limit: read("limit", "a positive integer", idOf) ?? Infinity,
    topic: read("topic", "a string", textOf),
    times: bounds(
      "time",
      "a timestamp as of RFC 3339",
      (value) => typeof value === "string" ? timeOf(value) : undefined,
    ),
    publications: bounds("publication", "an ID", idOf),
  };
}

const booleanOf = (value: unknown) => typeof value === "boolean" ? value : undefined;
const textOf = (value: unknown) => typeof value === "string" ? value : undefined;
const idOf = (value: unknown) => isId(value) ? value : undefined;

/** What the filter lets pass, in its order. A bound that names a publication which is not recorded lets nothing pass. */
function select(recorded: readonly Recorded[], filter: HistoryFilter): Recorded[] {
  const { topic, times, publications } = filter;
  const at = (id: number | undefined) =>
    id === undefined ? undefined : recorded.findIndex((one) => one.publication === id);
  const positions: Bounds = {
    from: at(publications.from),
    after: at(publications.after),
    before: at(publications.before),
    until: at(publications.until),
  };
  if (Object.values(positions).includes(-1)) return [];
  const selected = recorded.filter((one, position) =>
    (topic === undefined || one.topic === topic) && isWithin(one.time, times) &&
    isWithin(position, positions)
  );
  return filter.isReversed ? selected.reverse() : selected;
}

function isWithin(value: number, { from, after, before, until }: Bounds): boolean {
  return (from === undefined || value >= from) && (after === undefined || value > after) &&
    (before === undefined || value < before) && (until === undefined || value <= until);
}

/** Nobody reads what it would not have been sent. */
function mayRead(caller: Session, subscription: Subscription, event: Recorded): boolean {
  return event.receivers?.includes(caller) !== false &&
    (subscription.match === "exact" || caller.role.rule(event.topic, "subscribe").allow.subscribe);
}

/** Undefined when it is nested so deep that it does not fit into an answer: all others would not come either. */
function described(subscription: Subscription, event: Recorded): Dict | undefined {
  const { args, kwargs } = values(event.payload);
  const shown = {
    "timestamp": new Date(event.time).toISOString(),
    "subscription": subscription.id,
    "publication": event.publication,
    "details": subscription.match === "exact"
      ? event.details
      : { ...event.details, "topic": event.topic },
    ...(args.length > 0 ? { "args": args } : {}),
    ...(Object.keys(kwargs).length > 0 ? { "kwargs": kwargs } : {}),
  };
  return isNestedWithin(MOST_LEVELS, shown) ? shown : undefined;
}

/** Decoded anew for each reader: a payload would hold on to its values as long as it is recorded. */
function values(payload: Payload): { readonly args: readonly unknown[]; readonly kwargs: Dict } {
  const { codec, bytes, start, end, count } = payload;
  const { args, kwargs, opaque } = codec === undefined
    ? payload.decode()
    : codec.decodePayload(bytes, start, end, count);
  return { args: opaque === undefined ? args : [opaque], kwargs };
}
