/** The real time, for `router/` and everything above it. Its timers do not keep a process alive: listeners and connections do. */
import { clearTimeout, setTimeout } from "node:timers";
import type { Clock } from "../router/ports.ts";
import { type Alarm, TimerQueue } from "./timer_queue.ts";

/** Runtimes fire longer timers at once. The queue sets the alarm again when it rings early. */
const LONGEST_MS = 2 ** 31 - 1;

class SystemAlarm implements Alarm {
  readonly now = Date.now;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  elapsed(): number {
    return performance.now();
  }

  set(ms: number, ring: () => void): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    // Rounded up: the runtimes cut fractions off, and would ring a moment too early.
    this.#timer = setTimeout(ring, Math.min(Math.ceil(ms), LONGEST_MS));
    this.#timer.unref();
  }
}

/** One for the process; it holds nothing but what waits. */
export const systemClock: Clock = new TimerQueue(new SystemAlarm());
