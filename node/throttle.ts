/**
 * Slows down who guesses credentials: attempts from one address are refused beyond a number of failures, and those at one authid wait longer
 * and longer, since refusing them would let anybody lock others out. Counts how attempts end. Wraps the gate of a service.
 */
import type { Challenge, Denial } from "../auth/authmethod.ts";
import { saslprep } from "../auth/saslprep.ts";
import type { Decision, Gate } from "../router/join.ts";
import type { Clock } from "../router/ports.ts";
import type { Hello } from "../wamp/message.ts";
import * as uris from "../wamp/uris.ts";
import { addressIn, isLoopback } from "./peer_address.ts";

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
/** As much of an authid as is looked at. UTF-16 units. */
const MOST_NAME = 200;

/** Refusals that say nothing about credentials. All others count as failures: authenticators have reasons of their own. */
const HARMLESS: readonly string[] = [
  uris.AUTHENTICATION_FAILED,
  uris.AUTHENTICATION_REQUIRED,
  uris.NO_MATCHING_AUTH_METHOD,
  uris.NO_SUCH_REALM,
  uris.NO_SUCH_ROLE,
  uris.INVALID_URI,
  uris.INVALID_ARGUMENT,
  uris.PROTOCOL_VIOLATION,
  uris.LIMIT_EXCEEDED,
];

/** One for all services of a node: who is refused here tries there. */
export class Throttle {
  #options: ThrottleOptions;
  readonly #clock: Clock;
  readonly #addresses: Failures;
  readonly #authids: Failures;
  readonly #judged = new Map<string, Judged>();

  constructor(options: ThrottleOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#addresses = new Failures(options.periodMs, clock);
    this.#authids = new Failures(options.periodMs, clock);
  }

  /** Failures that were counted still count, as long as they were to. */
  configure(options: ThrottleOptions): void {
    this.#options = options;
    this.#addresses.periodMs = options.periodMs;
    this.#authids.periodMs = options.periodMs;
  }

  guard(gate: Gate, stats: AuthStats): Gate {
    return {
      ...gate,
      admit: (hello, details, session) => {
        const address = addressIn(details.peer);
        const isExempt = !this.#options.countsLoopback && isLoopback(address);
        const attempt = {
          address: isExempt ? undefined : address,
          authid: isExempt ? undefined : nameIn(hello),
          stats,
        };
        const judge = () => this.#judge(attempt, () => gate.admit(hello, details, session));
        const delayMs = this.#isRefused(attempt) ? 0 : this.#delayOf(attempt.authid);
        if (delayMs === 0) return judge();
        stats.delayed++;
        return this.#wait(delayMs).then(judge);
      },
    };
  }

  /** A look at what the peer has shown. Of one address only as many are taken at a time as may yet fail, and others wait for their end,
   * so that many at once neither slip through nor are refused. */
  #judge<S extends Decision>(
    attempt: Attempt,
    look: Look<S>,
  ): Judgement<S> | Promise<Judgement<S>> {
    const { address } = attempt;
    if (address === undefined) return this.#look(attempt, look);
    if (this.#isRefused(attempt)) {
      attempt.stats.throttled++;
      this.#wake(address);
      return this.#refusal(address);
    }
    const judged = this.#judged.get(address) ?? { count: 0, waiting: [] };
    this.#judged.set(address, judged);
    if (this.#addresses.count(address) + judged.count >= this.#options.addressFailures) {
      const turn = new Promise<void>((resolve) => judged.waiting.push(resolve));
      return turn.then(() => this.#judge(attempt, look));
    }
    judged.count++;
    return this.#look(attempt, look);
  }

  #look<S extends Decision>(attempt: Attempt, look: Look<S>): Judgement<S> | Promise<Judgement<S>> {
    try {
      const step = look();
      if (!(step instanceof Promise)) return this.#end(attempt, step);
      return step.then((one) => this.#end(attempt, one)).catch((error) => {
        this.#free(attempt.address);
        throw error;
      });
    } catch (error) {
      this.#free(attempt.address);
      throw error;
    }
  }

  #end<S extends Decision>(attempt: Attempt, step: S): Judgement<S> {
    if ("answer" in step) {
      const { authmethod, extra, answer } = step;
      this.#free(attempt.address);
      return {
        authmethod,
        extra,
        answer: (given) => this.#judge(attempt, () => answer(given)),
      };
    }
    const { stats, address, authid } = attempt;
    const isDenied = isDenial(step);
    if (!("refusal" in step)) stats.admitted++;
    else if (isDenied) stats.denied++;
    else if (step.refusal === uris.AUTHENTICATION_FAILED) stats.failed++;
    else stats.refused++;
    if (isDenied && address !== undefined) this.#addresses.add(address);
    if (isDenied && authid !== undefined) this.#authids.add(authid);
    this.#free(address);
    return step;
  }

  #free(address: string | undefined): void {
    if (address === undefined) return;
    const judged = this.#judged.get(address);
    if (judged === undefined) return;
    judged.count--;
    this.#wake(address);
  }

  /** The next one that waits. */
  #wake(address: string): void {
    const judged = this.#judged.get(address);
    if (judged === undefined) return;
    const next = judged.waiting.shift();
    if (next !== undefined) next();
    else if (judged.count === 0) this.#judged.delete(address);
  }

  #isRefused({ address }: Attempt): boolean {
    return address !== undefined &&
      this.#addresses.count(address) >= this.#options.addressFailures;
  }

  #refusal(address: string): Denial {
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
}

/** What has been shown, and found wrong. A method that had nothing to go by has not looked at anything. */
function isDenial(step: Decision): boolean {
  return "refusal" in step && !HARMLESS.includes(step.refusal) &&
    !("mayTryNext" in step && step.mayTryNext === true);
}

/** Whom the peer says it is: in whatever realm, and however it is written (scram prepares names), or each spelling were guessed at anew. */
function nameIn({ details }: Hello): string | undefined {
  const authid = details["authid"];
  if (typeof authid !== "string") return undefined;
  const name = authid.slice(0, MOST_NAME);
  return saslprep(name) ?? name;
}

type Look<S extends Decision> = () => S | Promise<S>;
type Judgement<S extends Decision> = S | Challenge | Denial;

/** Of one address, at this moment. */
interface Judged {
  count: number;
  readonly waiting: (() => void)[];
}

interface Attempt {
  /** Undefined: exempt. */
  readonly address: string | undefined;
  readonly authid: string | undefined;
  readonly stats: AuthStats;
}

/** Numbers by key that are forgotten after a period. */
class Failures {
  periodMs: number;
  readonly #clock: Clock;
  readonly #counts = new Map<string, { count: number; readonly until: number }>();

  constructor(periodMs: number, clock: Clock) {
    this.periodMs = periodMs;
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

  add(key: string): void {
    const found = this.#living(key);
    if (found !== undefined) {
      found.count++;
      return;
    }
    this.#counts.set(key, { count: 1, until: this.#clock.now() + this.periodMs });
    if (this.#counts.size <= MOST) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  #living(key: string) {
    const found = this.#counts.get(key);
    if (found === undefined) return undefined;
    const left = found.until - this.#clock.now();
    // A clock that was set back bans nobody for longer.
    if (left > 0 && left <= this.periodMs) return found;
    this.#counts.delete(key);
    return undefined;
  }
}
