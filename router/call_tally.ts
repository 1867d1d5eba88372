/**
 * Calls of one session that somebody is busy with, where that is limited: also those that it has cancelled, or that timed out, while their
 * callees go on, for otherwise CALL and CANCEL in turn would keep any number of callees busy. Not for ever, as a callee that hangs must not
 * keep its callers from calling others. Owned by `inbox.ts`, told by `invocation.ts`.
 */
import type { Invocation } from "./invocation.ts";
import type { Clock } from "./ports.ts";
import type { Session } from "./session.ts";

/** How long a call counts for which the caller waits no more, from its beginning. */
const LINGER_MS = 30_000;
/** Entries looked through at the earliest. */
const FEW = 32;

export class CallTally {
  readonly #session: Session;
  readonly #clock: Clock;
  /** Those that were running when last looked at, and newer ones. */
  #running: { readonly invocation: Invocation; readonly since: number }[] = [];
  #lookAt = FEW;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** A callee has got a call of the session, or its part of one to all. */
  note(invocation: Invocation): void {
    this.#running.push({ invocation, since: this.#clock.now() });
    if (this.#running.length >= this.#lookAt) this.#look();
  }

  /** True when there are `limit` of them. */
  reaches(limit: number): boolean {
    const { calls, waitingCalls, gatherings } = this.#session;
    const waiting = waitingCalls?.size ?? 0;
    // Calls that were made under another role are in the session's tables alone.
    const known = (calls?.size ?? 0) + (gatherings?.size ?? 0) + waiting;
    if (known >= limit) return true;
    if (this.#running.length + waiting < limit) return false;
    this.#look();
    const running = new Set(
      this.#running.map(({ invocation }) => invocation.gathering ?? invocation),
    );
    return running.size + waiting >= limit;
  }

  #look(): void {
    const now = this.#clock.now();
    this.#running = this.#running.filter(({ invocation, since }) => {
      const { id, caller, callee, gathering } = invocation;
      const isRunning = callee.session.invocations?.get(id) === invocation;
      const isAwaited = caller !== undefined || gathering?.isOpen === true;
      return isRunning && (isAwaited || now - since < LINGER_MS);
    });
    this.#lookAt = Math.max(FEW, 2 * this.#running.length);
  }
}
