/**
 * Slows down who guesses credentials: attempts from one address are refused beyond a number of failures, and those at one authid wait longer
 * and longer, since refusing them would let anybody lock others out. Counts how attempts end. Wraps the gate of a service.
 */
import type { Decision, Gate, Refusal } from "../router/join.ts";
import type { Clock } from "../router/ports.ts";
import * as uris from "../wamp/uris.ts";

export interface ThrottleOptions {
  /** Failures from one address in a period, before others are refused. */
  readonly addressFailures: number;
  /** Failures at one authid in a period, before attempts wait. */
  readonly authidFailures: number;
  readonly periodMs: number;
  /** Also peers on this machine, and behind a proxy on it that does not tell who they are. */
  readonly countsLoopback: boolean;
}

/** Counted since the start. */
export interface AuthStats {
  admitted: number;
  /** Wrong credentials, and principals that are not known. */
  denied: number;
  /** Faults of ours: an authenticator that is not there. */
  failed: number;
  /** Refused for other reasons: no matching method, no such realm. */
  refused: number;
  /** Refused without a look at their credentials. */
  throttled: number;
  /** Made to wait. */
  delayed: number;
}

export function newAuthStats(): AuthStats {
  return { admitted: 0, denied: 0, failed: 0, refused: 0, throttled: 0, delayed: 0 };
}

const FIRST_DELAY_MS = 100;
/** Well within the time that a handshake has. */
const LONGEST_DELAY_MS = 4_000;
/** Addresses and authids that are remembered; the oldest are forgotten first. */
const MOST = 20_000;

const DENIALS: readonly string[] = [uris.AUTHENTICATION_DENIED, uris.NO_SUCH_PRINCIPAL];

/** One for all services of a node: who is refused here tries there. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #clock: Clock;
  readonly #addresses: Failures;
  readonly #authids: Failures;

  constructor(options: ThrottleOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#addresses = new Failures(options.periodMs, clock);
    this.#authids = new Failures(options.periodMs, clock);
  }

  guard(gate: Gate, stats: AuthStats): Gate {
    return {
      ...gate,
      admit: (hello, details, session) => {
        const address = addressIn(details.peer);
        const isExempt = !this.#options.countsLoopback && isLoopback(address);
        const authid = hello.details["authid"];
        const attempt = {
          address,
          authid: typeof authid === "string" ? `${hello.realm} ${authid}`.slice(0, 200) : undefined,
        };
        const admit = () => gate.admit(hello, details, session);
        if (isExempt) return this.#watch(admit(), undefined, stats);
        const refusal = this.#refusal(address);
        if (refusal !== undefined) {
          stats.throttled++;
          return refusal;
        }
        // Counted before it is known how it ends, so that many at once do not slip through.
        this.#addresses.add(address, 1);
        const delayMs = this.#delayOf(attempt.authid);
        if (delayMs === 0) return this.#watch(admit(), attempt, stats);
        stats.delayed++;
        return this.#wait(delayMs).then(() => this.#watch(admit(), attempt, stats));
      },
    };
  }

  #refusal(address: string): Refusal | undefined {
    if (this.#addresses.count(address) < this.#options.addressFailures) return undefined;
    const seconds = Math.ceil(this.#addresses.leftMs(address) / 1000);
    return {
      refusal: uris.LIMIT_EXCEEDED,
      text:
        `Cannot authenticate: found too many failed attempts from this address, try again in ${seconds} s`,
      why: "too many failed attempts from the address",
    };
  }

  #delayOf(authid: string | undefined): number {
    if (authid === undefined) return 0;
    const beyond = this.#authids.count(authid) - this.#options.authidFailures;
    if (beyond < 0) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** Math.min(beyond, 10), LONGEST_DELAY_MS);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  #watch(
    decision: Decision | Promise<Decision>,
    attempt: Attempt | undefined,
    stats: AuthStats,
  ): Decision | Promise<Decision> {
    if (decision instanceof Promise) {
      return decision.then((one) => this.#watchOne(one, attempt, stats));
    }
    return this.#watchOne(decision, attempt, stats);
  }

  #watchOne(decision: Decision, attempt: Attempt | undefined, stats: AuthStats): Decision {
    if ("answer" in decision) {
      const { answer } = decision;
      return {
        ...decision,
        answer: async (given) => {
          const step = await answer(given);
          this.#watchOne(step, attempt, stats);
          return step;
        },
      };
    }
    const refusal = "refusal" in decision ? decision.refusal : undefined;
    const isDenied = refusal !== undefined && DENIALS.includes(refusal);
    if (refusal === undefined) stats.admitted++;
    else if (isDenied) stats.denied++;
    else if (refusal === uris.AUTHENTICATION_FAILED) stats.failed++;
    else stats.refused++;
    if (attempt === undefined) return decision;
    if (!isDenied) this.#addresses.add(attempt.address, -1);
    else if (attempt.authid !== undefined) this.#authids.add(attempt.authid, 1);
    return decision;
  }
}

interface Attempt {
  readonly address: string;
  readonly authid: string | undefined;
}

/** Numbers by key that are forgotten after a period. */
class Failures {
  readonly #periodMs: number;
  readonly #clock: Clock;
  readonly #counts = new Map<string, { count: number; readonly until: number }>();

  constructor(periodMs: number, clock: Clock) {
    this.#periodMs = periodMs;
    this.#clock = clock;
  }

  count(key: string): number {
    return this.#living(key)?.count ?? 0;
  }

  /** Until they are forgotten. */
  leftMs(key: string): number {
    const found = this.#living(key);
    return found === undefined ? 0 : found.until - this.#clock.now();
  }

  add(key: string, count: number): void {
    const found = this.#living(key);
    if (found !== undefined) {
      found.count = Math.max(0, found.count + count);
      return;
    }
    if (count <= 0) return;
    this.#counts.set(key, { count, until: this.#clock.now() + this.#periodMs });
    if (this.#counts.size <= MOST) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  #living(key: string) {
    const found = this.#counts.get(key);
    if (found === undefined || found.until > this.#clock.now()) return found;
    this.#counts.delete(key);
    return undefined;
  }
}

/** Without its port: "tcp4:192.0.2.1:50000" is "192.0.2.1"; of IPv6 the network that one customer has. */
function addressIn(peer: string): string {
  const [, kind, rest = ""] = /^(tcp4|tcp6|unix):?(.*)$/.exec(peer) ?? [];
  if (kind === undefined || kind === "unix") return "unix";
  const address = rest.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return kind === "tcp6" && !isLoopback(address) ? networkOf(address) : address;
}

/** The first 64 bits: a customer has all of them. */
function networkOf(address: string): string {
  const [front = "", back] = address.split("::");
  const groups = (text: string | undefined) => text ? text.split(":") : [];
  const missing = 8 - groups(front).length - groups(back).length;
  const all = back === undefined
    ? groups(front)
    : [...groups(front), ...Array<string>(Math.max(0, missing)).fill("0"), ...groups(back)];
  return all.slice(0, 4).join(":");
}

function isLoopback(address: string): boolean {
  return address === "unix" || address === "::1" || /^(::ffff:)?127\./.test(address);
}
