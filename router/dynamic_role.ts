/**
 * The role of one session whose requests somebody else decides: what it was told, and what is asked now. Answers are kept for the
 * session that they were given about, by action, URI and match policy, so nothing passes from one authid to another.
 * Made by `session.ts` when the session joins; asked by `inbox.ts` before a request goes on, then by broker and dealer. HOT.
 * [WAMP authorization]
 */
import { type Dict, EMPTY_DICT, type Event } from "../wamp/message.ts";
import type { Match } from "../wamp/uri.ts";
import { ask, type AuthorizerOptions, type Decision } from "./authorizer.ts";
import { HeldEvents } from "./held_events.ts";
import type { Action, Permission, Rights, Role } from "./permission.ts";
import type { Clock, Log, Timer } from "./ports.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";

/** Answers kept for each action: beyond that the oldest are asked for anew. */
const MOST_KEPT = 4096;

/** What is not decided is refused. */
const UNDECIDED: Permission = {
  uri: "",
  match: "prefix",
  allow: { call: false, register: false, publish: false, subscribe: false },
  disclose: { caller: undefined, publisher: undefined },
};

/** Longer URIs are asked for each time: a session could make the router keep much of them. */
const KEPT_URI_LENGTH = 255;
/** Failures are told once in so many milliseconds: a peer could fill the log with them. */
const LOG_EVERY_MS = 1_000;

/** One thing that a session wants to do. */
export interface Deed {
  readonly action: Action;
  readonly uri: string;
  readonly match: Match;
  readonly options: Dict;
  /** A topic that reaches the session by a pattern: the answer holds as long as the session. */
  readonly isByPattern?: true;
}

/** Which answers to forget; what is absent lets every answer pass. */
export interface AnswerFilter {
  readonly action?: Action;
  readonly uri?: string;
}

export interface DynamicRoleSettings {
  readonly role: Role;
  readonly authorizer: AuthorizerOptions;
  readonly session: Session;
  /** What the authorizer is told of the session. */
  readonly details: () => Dict;
  /** Told of events that are not sent after all. */
  readonly unsent: (publication: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

type Answers = Map<string, Permission>;

export class DynamicRole implements Rights {
  readonly name: string;
  readonly isTrusted = false;
  readonly #settings: DynamicRoleSettings;
  readonly #answers: Readonly<Record<Action, Answers>> = {
    call: new Map(),
    register: new Map(),
    publish: new Map(),
    subscribe: new Map(),
  };
  /** About topics that reach the session by a pattern. */
  readonly #topics: Answers = new Map();
  readonly #held: HeldEvents;
  readonly #asking = new Set<Timer>();
  #details: Dict | undefined = undefined;
  /** When a failure was told last, and how many were not since. */
  #toldAt = -Infinity;
  #untold = 0;
  /** Counts invalidations: an answer to an older question is used once. */
  #era = 0;

  constructor(settings: DynamicRoleSettings) {
    this.name = settings.role.name;
    this.#settings = settings;
    this.#held = new HeldEvents(settings.session, settings.unsent);
  }

  rule(uri: string, action: Action, match: Match = "exact"): Permission {
    const answers = this.#answers[action];
    if (match !== "exact") return answers.get(keyOf(uri, match)) ?? UNDECIDED;
    return answers.get(uri) ?? (action === "subscribe" ? this.#topics.get(uri) : undefined) ??
      UNDECIDED;
  }

  /** Leave to subscribe to a pattern says nothing of the topics that match: each is asked for when it comes. */
  mayReachBeyond(match: Match): boolean {
    return match !== "exact" || !this.#held.isEmpty;
  }

  /** The authorizer was told the pattern. */
  registersBeyond(): boolean {
    return false;
  }

  receives(topic: string, subscription: Subscription): boolean | undefined {
    const verdict = subscription.match === "exact" ? true : this.#verdictOn(topic);
    // A refusal need not keep its place.
    return verdict === false || this.#held.isEmpty ? verdict : undefined;
  }

  /** For an event that cannot be sent yet: its topic is asked for, or it stands behind others. */
  hold(event: Event, topic: string, subscription: Subscription): void {
    const held = this.#held;
    const verdict = subscription.match === "exact" ? true : this.#verdictOn(topic);
    if (!held.add(event, topic, subscription, verdict)) return;
    if (verdict !== undefined || !held.asks(topic)) return;
    const deed = { action: "subscribe", uri: topic, match: "exact", options: EMPTY_DICT } as const;
    this.decide(
      { ...deed, isByPattern: true },
      (permission) => held.decided(topic, permission.allow.subscribe),
    );
  }

  /** Of a URI, the answer about it is known. */
  isAnswered(action: "call" | "publish", uri: string): boolean {
    return this.#answers[action].has(uri);
  }

  knows({ action, uri, match, isByPattern }: Deed): boolean {
    return this.#answers[action].has(keyOf(uri, match)) ||
      (isByPattern === true && this.#topics.has(uri));
  }

  /** Asks about a deed. `done` is called once, perhaps before this returns; the answer stands until `forgetOnce`, or longer if it says so. */
  decide(deed: Deed, done: (permission: Permission) => void): void {
    const { role, authorizer, clock } = this.#settings;
    const { action, uri, match, options, isByPattern = false } = deed;
    const details = this.#details ??= Object.freeze(this.#settings.details());
    const era = this.#era;
    const question: { asking?: Timer | undefined } = {};
    const answered = (decision: Decision) => {
      if (question.asking !== undefined) this.#asking.delete(question.asking);
      const { failure } = decision;
      const { trustlevel } = role;
      const permission = trustlevel === undefined
        ? decision.permission
        : { ...decision.permission, trustlevel };
      if (failure !== undefined) this.#tell(deed, failure);
      const isLasting = failure === undefined && era === this.#era;
      if (isLasting && decision.isLasting) {
        keep(this.#answers[action], keyOf(uri, match), permission);
      } else if (isLasting && isByPattern) keep(this.#topics, uri, permission);
      done(permission);
    };
    const asking = ask(authorizer, { session: details, uri, action, options }, clock, answered);
    question.asking = asking;
    if (asking !== undefined) this.#asking.add(asking);
  }

  /** Puts an answer where broker and dealer find it, for one message. Returns what takes it away again. */
  lend({ action, uri, match }: Deed, permission: Permission): () => void {
    const answers = this.#answers[action];
    const key = keyOf(uri, match);
    const before = answers.get(key);
    if (before === permission) return () => {};
    answers.set(key, permission);
    return () => {
      if (answers.get(key) !== permission) return;
      if (before === undefined) answers.delete(key);
      else answers.set(key, before);
    };
  }

  /** The session has left: what is still answered is of no interest. */
  abandon(): void {
    for (const asking of this.#asking) asking.cancel();
    this.#asking.clear();
    this.#held.clear();
  }

  /** Forgets answers, so that the next requests are asked for anew. Returns how many. */
  forget({ action, uri }: AnswerFilter): number {
    this.#era++;
    let count = 0;
    for (
      const [name, answers] of [
        ...Object.entries(this.#answers),
        ["subscribe", this.#topics] as const,
      ]
    ) {
      if (action !== undefined && action !== name) continue;
      for (const [key, permission] of answers) {
        if (uri !== undefined && permission.uri !== uri) continue;
        answers.delete(key);
        count++;
      }
    }
    return count;
  }

  #tell({ action, uri }: Deed, failure: unknown): void {
    const { clock, log, session } = this.#settings;
    const now = clock.now();
    if (now - this.#toldAt < LOG_EVERY_MS) {
      this.#untold++;
      return;
    }
    log.warn("Cannot authorize {action} of {uri} for session {session}: {problem}", {
      action,
      uri,
      session: session.id,
      authrole: this.name,
      problem: failure instanceof Error ? failure.message : String(failure),
      ...(this.#untold > 0 && { more: this.#untold }),
    });
    this.#toldAt = now;
    this.#untold = 0;
  }

  /** What was answered about a topic that reaches the session by a pattern. */
  #verdictOn(topic: string): boolean | undefined {
    return (this.#topics.get(topic) ?? this.#answers.subscribe.get(topic))?.allow.subscribe;
  }
}

/** No URI has a space. */
function keyOf(uri: string, match: Match): string {
  return match === "exact" ? uri : `${match} ${uri}`;
}

function keep(answers: Answers, key: string, permission: Permission): void {
  if (key.length > KEPT_URI_LENGTH) return;
  if (answers.size >= MOST_KEPT) {
    const [oldest] = answers.keys();
    if (oldest !== undefined) answers.delete(oldest);
  }
  answers.set(key, permission);
}
