/**
 * Many timers on one of the runtime's: call time-outs, time limits of joining sessions. HOT.
 * A binary heap by due time. The runtime's timer is set for the earliest; one that is cancelled leaves it set, as another is likely
 * to need it, and it finds nothing due.
 *
 * PERF: plain: a timer of the runtime each, at 2 us and 2.6 KB on Deno (bench/micro/router_bench.ts, "CALL ..., timeout": 3.7x on
 * Deno 2.9.6, 1.2x on Bun 1.4.5, 2026-11-21).
 */
import type { Clock, Timer } from "../router/ports.ts";

/** The runtime's time and its one timer. */
export interface Alarm {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that never go back. */
  elapsed(): number;
  /** Calls `TimerQueue.ring` after `ms`, once; a later `set` replaces it. */
  set(ms: number, ring: () => void): void;
}

class Entry implements Timer {
  readonly due: number;
  readonly run: () => void;
  /** Place in the heap; -1 when it is not in it. */
  at = -1;
  readonly #queue: TimerQueue;

  constructor(queue: TimerQueue, due: number, run: () => void) {
    this.#queue = queue;
    this.due = due;
    this.run = run;
  }

  cancel(): void {
    if (this.at >= 0) this.#queue.remove(this);
  }
}

export class TimerQueue implements Clock {
  readonly #alarm: Alarm;
  readonly #heap: Entry[] = [];
  readonly #ring = () => this.#due();
  /** When the alarm will ring. */
  #armedFor = Infinity;

  constructor(alarm: Alarm) {
    this.#alarm = alarm;
  }

  now(): number {
    return this.#alarm.now();
  }

  after(ms: number, run: () => void): Timer {
    const entry = new Entry(this, this.#alarm.elapsed() + ms, run);
    this.#rise(entry, this.#heap.length);
    if (entry.due < this.#armedFor) this.#arm(entry.due);
    return entry;
  }

  /** For entries. */
  remove(entry: Entry): void {
    const hole = entry.at;
    entry.at = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#rise(last, hole);
    this.#sink(last);
  }

  #due(): void {
    this.#armedFor = Infinity;
    const now = this.#alarm.elapsed();
    try {
      for (
        let first = this.#heap[0];
        first !== undefined && first.due <= now;
        first = this.#heap[0]
      ) {
        this.remove(first);
        first.run();
      }
    } finally {
      // What one timer throws must not stop the others.
      const next = this.#heap[0];
      if (next !== undefined && next.due < this.#armedFor) this.#arm(next.due);
    }
  }

  #arm(due: number): void {
    this.#armedFor = due;
    this.#alarm.set(Math.max(0, due - this.#alarm.elapsed()), this.#ring);
  }

  /** Puts `entry` at `at` or above. */
  #rise(entry: Entry, at: number): void {
    const heap = this.#heap;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.due <= entry.due) break;
      heap[at] = parent;
      parent.at = at;
      at = above;
    }
    heap[at] = entry;
    entry.at = at;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let { at } = entry;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const child = right !== undefined && left !== undefined && right.due < left.due
        ? right
        : left;
      if (child === undefined || child.due >= entry.due) break;
      const below = child.at;
      heap[at] = child;
      child.at = at;
      at = below;
    }
    heap[at] = entry;
    entry.at = at;
  }
}
