/** The record of one subscribed topic or pattern. Owned by `broker.ts`. [WAMP publish_subscribe] */
import type { Match } from "../wamp/uri.ts";
import type { History } from "./history.ts";
import type { StoredHistory } from "./stored_history.ts";
import { SessionList } from "./session_list.ts";

export class Subscription {
  readonly id: number;
  readonly match: Match;
  readonly topic: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly subscribers: SessionList = new SessionList();
  /** Some subscriber's role may not subscribe to all topics that the pattern matches: it receives only those that it may. */
  isNarrowed = false;
  /** Set when the realm records its events: it then exists from start to end, subscribers or not. */
  readonly history: History | StoredHistory | undefined;

  constructor(
    id: number,
    match: Match,
    topic: string,
    created: number,
    history?: History | StoredHistory,
  ) {
    this.id = id;
    this.match = match;
    this.topic = topic;
    this.created = created;
    this.history = history;
  }
}
