/** Time that moves when a test says so. Timers run in the order of their due times, then of their making. */
import type { Clock, Timer } from "../../router/ports.ts";

interface Pending extends Timer {
  readonly due: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  /** How far the time of day is behind. */
  #behind = 0;
  /** Sorted by due time. */
  readonly #pending: Pending[] = [];

  now(): number {
    return this.#now - this.#behind;
  }

  /** Sets the time of day back by `ms`, as an operator does; timers do not mind. */
  setBack(ms: number): void {
    this.#behind += ms;
  }

  /** Timers that have neither run nor been cancelled: an idle router has none. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  after(ms: number, run: () => void): Timer {
    const pending = this.#pending;
    const timer: Pending = {
      due: this.#now + ms,
      run,
      cancel: () => {
        const at = pending.indexOf(timer);
        if (at >= 0) pending.splice(at, 1);
      },
    };
    let at = pending.length;
    while (at > 0 && (pending[at - 1]?.due ?? 0) > timer.due) at--;
    pending.splice(at, 0, timer);
    return timer;
  }

  /** Moves the time on by `ms`, running what falls due on the way, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (
      let next = this.#pending[0];
      next !== undefined && next.due <= end;
      next = this.#pending[0]
    ) {
      this.#pending.shift();
      this.#now = next.due;
      next.run();
    }
    this.#now = end;
  }
}
