/**
 * What sessions of a role may take of the router, and what a session beyond that is told. What concerns one session's messages is
 * enforced by `inbox.ts`, subscriptions and registrations by broker and dealer, sessions by `handshake.ts`. Ours (`docs/extensions.md`).
 */
import type { Clock } from "./ports.ts";
import type { Session } from "./session.ts";

export interface RoleLimits {
  /** Sessions of the role, in its realm. */
  readonly sessions?: number | undefined;
  /** Sessions of the role with the same authid. */
  readonly sessionsPerAuthid?: number | undefined;
  /** What happens to one more of an authid. Default "refuse". */
  readonly beyondPerAuthid?: "refuse" | "kick-oldest" | undefined;
  /** Of one session. */
  readonly subscriptions?: number | undefined;
  readonly registrations?: number | undefined;
  /** Calls of one session that callees are busy with, or that wait for one. */
  readonly calls?: number | undefined;
  /** Messages a second of one session, and how many it may save up (default: those of a second). */
  readonly messageRate?: { readonly perSecond: number; readonly burst?: number } | undefined;
  /** Bytes of one message's arguments. */
  readonly messageBytes?: number | undefined;
}

/** What a limit is about, as counted and as shown. */
export const LIMITED = [
  "sessions",
  "sessions_per_authid",
  "subscriptions",
  "registrations",
  "calls",
  "message_rate",
  "message_size",
] as const;
export type Limited = typeof LIMITED[number];

/** How often limits refused something, and how often an older session was kicked. */
export type LimitCounts = Record<Limited | "kicked", number>;

/** The limits of one role, and what came of them. */
export class Limits {
  readonly options: RoleLimits;
  readonly counts: LimitCounts = {
    sessions: 0,
    sessions_per_authid: 0,
    subscriptions: 0,
    registrations: 0,
    calls: 0,
    message_rate: 0,
    message_size: 0,
    kicked: 0,
  };
  /** Where the number of sessions is limited. */
  readonly quota: SessionQuota | undefined;
  readonly #role: string;

  constructor(options: RoleLimits, role: string) {
    this.options = options;
    this.quota = SessionQuota.of(options);
    this.#role = role;
  }

  /** Why a session may have no more than `count`; undefined when it may. Counts what is refused. */
  refusal(what: "subscriptions" | "registrations", count: number): string | undefined {
    return count >= (this.options[what] ?? Infinity) ? this.refuse(what) : undefined;
  }

  /** Counts a refusal, and says why. */
  refuse(what: Limited): string {
    this.counts[what]++;
    const { sessions, sessionsPerAuthid, subscriptions, registrations, calls, messageRate } =
      this.options;
    const may = (text: string) => `a session of role "${this.#role}" may ${text}`;
    switch (what) {
      case "sessions":
        return `role "${this.#role}" may have ${sessions} sessions`;
      case "sessions_per_authid":
        return `role "${this.#role}" may have ${sessionsPerAuthid} sessions of one authid`;
      case "subscriptions":
        return may(`have ${subscriptions} subscriptions`);
      case "registrations":
        return may(`have ${registrations} registrations`);
      case "calls":
        return may(`have ${calls} calls in flight`);
      case "message_rate":
        return may(`send ${messageRate?.perSecond} messages a second`);
      case "message_size":
        return may(`send arguments of ${this.options.messageBytes} bytes`);
    }
  }
}

/** True when messages of a session must be looked at one by one. */
export function needsInbox(limits: Limits | undefined): boolean {
  if (limits === undefined) return false;
  const { calls, messageRate, messageBytes } = limits.options;
  return calls !== undefined || messageRate !== undefined || messageBytes !== undefined;
}

/** Sessions of a role, counted where that is limited. */
export class SessionQuota {
  readonly #limits: RoleLimits;
  readonly #byAuthid = new Map<string, Set<Session>>();
  #count = 0;

  private constructor(limits: RoleLimits) {
    this.#limits = limits;
  }

  static of(limits: RoleLimits): SessionQuota | undefined {
    const isLimited = limits.sessions !== undefined || limits.sessionsPerAuthid !== undefined;
    return isLimited ? new SessionQuota(limits) : undefined;
  }

  /** The sessions that have to leave before another one of `authid` may join, the oldest first. */
  inTheWay(authid: string): Session[] {
    const { sessionsPerAuthid = Infinity, beyondPerAuthid } = this.#limits;
    const sessions = this.#byAuthid.get(authid);
    if (beyondPerAuthid !== "kick-oldest" || sessions === undefined) return [];
    return [...sessions].slice(0, Math.max(0, sessions.size - sessionsPerAuthid + 1));
  }

  /** The limit that keeps another one out, once `leaving` have left. */
  exceeded(authid: string, leaving: number): "sessions" | "sessions_per_authid" | undefined {
    const { sessions = Infinity, sessionsPerAuthid = Infinity } = this.#limits;
    if ((this.#byAuthid.get(authid)?.size ?? 0) - leaving >= sessionsPerAuthid) {
      return "sessions_per_authid";
    }
    return this.#count - leaving >= sessions ? "sessions" : undefined;
  }

  joined(session: Session): void {
    this.#count++;
    const sessions = this.#byAuthid.get(session.authid);
    if (sessions === undefined) this.#byAuthid.set(session.authid, new Set([session]));
    else sessions.add(session);
  }

  left(session: Session): void {
    const sessions = this.#byAuthid.get(session.authid);
    if (sessions?.delete(session) !== true) return;
    this.#count--;
    if (sessions.size === 0) this.#byAuthid.delete(session.authid);
  }
}

/** A token bucket: `burst` messages at once, refilled at so many a second. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(
    { perSecond, burst = Math.max(1, perSecond) }: NonNullable<RoleLimits["messageRate"]>,
    clock: Clock,
  ) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  /** False: there is none. */
  take(): boolean {
    if (this.#tokens < 1) this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Milliseconds until there is one. */
  get waitMs(): number {
    return Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs));
  }

  #fill(): void {
    const now = this.#clock.now();
    // A clock that is set back refills nothing.
    const passed = Math.max(0, now - this.#filledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + passed * this.#perMs);
    this.#filledAt = now;
  }
}
