/**
 * The end of a router that loses no call: who waits for no answer and gives none is told to leave at once, who does once its calls are
 * answered, callees when nobody waits for them any more; and none before its publications are acknowledged that the store is still busy with. Meanwhile new calls are refused, but for those that a callee needs in order
 * to answer. Made by `router.ts`, which says GOODBYE to whoever is left.
 */
import type { Clock, Timer } from "./ports.ts";
import type { Session } from "./session.ts";

export interface Drained {
  /** Calls that were in flight at the beginning. */
  readonly calls: number;
  /** Calls that had no answer when the time was over. */
  readonly unanswered: number;
}

/** How often it is looked which calls are answered. */
const LOOK_MS = 20;

export class Drain {
  readonly #sessions: ReadonlySet<Session>;
  readonly #reason: string;
  readonly #clock: Clock;

  /** @param sessions all that there are, at any time. */
  constructor(sessions: ReadonlySet<Session>, reason: string, clock: Clock) {
    this.#sessions = sessions;
    this.#reason = reason;
    this.#clock = clock;
  }

  /** Resolves when no call is in flight any more, or after `limitMs`. */
  run(limitMs: number): Promise<Drained> {
    // Nobody can come back to them.
    for (const session of [...this.#sessions]) {
      if (session.isDetached) session.goodbye(this.#reason);
    }
    const calls = this.#openCalls();
    return new Promise((resolve) => {
      let looking: Timer | undefined;
      const end = (unanswered: number) => {
        looking?.cancel();
        limit.cancel();
        resolve({ calls, unanswered });
      };
      const limit = this.#clock.after(limitMs, () => end(this.#openCalls()));
      const look = () => {
        this.#sendAway();
        const isBusy = this.#openCalls() > 0 || this.#isUnconfirmed();
        if (!isBusy) end(0);
        else looking = this.#clock.after(LOOK_MS, look);
      };
      look();
    });
  }

  #openCalls(): number {
    let count = 0;
    for (const session of this.#sessions) count += session.openCalls;
    return count;
  }

  #isUnconfirmed(): boolean {
    for (const { unconfirmed } of this.#sessions) if (unconfirmed > 0) return true;
    return false;
  }

  /** Whom nobody needs any more. Sessions inside the process end with it. */
  #sendAway(): void {
    for (const session of [...this.#sessions]) {
      const { openCalls, unconfirmed, registrations, isJoined, isServing } = session;
      const isWaiting = openCalls > 0 || unconfirmed > 0;
      const isNeeded = isWaiting || isServing || (registrations?.size ?? 0) > 0;
      if (isJoined && !isNeeded && !session.isInside) session.goodbye(this.#reason);
    }
  }
}
