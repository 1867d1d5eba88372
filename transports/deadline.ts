/**
 * Many coarse deadlines on one timer: time-outs and pings of 10,000 connections, moved with every message.
 * A wheel of slots, one per tick. Moving a deadline to later only writes a number; its entry is found early and put on again.
 * Time is counted in ticks of the timer, so it stands still while the process does: a stall does not time out peers whose bytes
 * wait in the kernel.
 */
import type { Clock } from "../router/ports.ts";

/** One moment that may be set, moved and cleared any number of times. */
export interface Deadline {
  /** Arms or moves it: `run` is called once, no earlier than `ms` from now and up to two ticks later. */
  set(ms: number): void;
  clear(): void;
  readonly isSet: boolean;
}

const SLOTS = 512;

export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: (Entry | undefined)[] = new Array(SLOTS).fill(undefined);
  #tick = 0;
  #count = 0;
  #isTicking = false;

  /** @param tickMs how coarse the deadlines are. */
  constructor(clock: Clock, tickMs = 100) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** A new deadline, not armed. `run` must not throw. */
  deadline(run: () => void): Deadline {
    return new Entry(this, run);
  }

  /** For entries: puts `entry` into the slot of its due tick, or the farthest one. */
  arm(entry: Entry, ms: number): void {
    // The current tick has partly passed already: one more, so as never to be early.
    const due = this.#tick + Math.ceil(ms / this.#tickMs) + 1;
    entry.due = due;
    if (entry.isSet) {
      if (entry.visit <= due) return;
      this.#unlink(entry);
    } else {
      this.#count++;
    }
    this.#link(entry);
    if (!this.#isTicking) this.#startTick();
  }

  /** For entries. */
  disarm(entry: Entry): void {
    if (!entry.isSet) return;
    this.#unlink(entry);
    this.#count--;
  }

  #startTick(): void {
    this.#isTicking = true;
    this.#clock.after(this.#tickMs, () => this.#advance());
  }

  #advance(): void {
    this.#isTicking = false;
    if (this.#count === 0) return;
    this.#startTick();
    const slot = ++this.#tick % SLOTS;
    for (let entry = this.#slots[slot]; entry !== undefined; entry = this.#slots[slot]) {
      this.#unlink(entry);
      if (entry.due > this.#tick) {
        this.#link(entry);
      } else {
        this.#count--;
        entry.run();
      }
    }
  }

  #link(entry: Entry): void {
    entry.visit = Math.min(entry.due, this.#tick + SLOTS - 1);
    const slot = entry.visit % SLOTS;
    const head = this.#slots[slot];
    if (head !== undefined) head.previous = entry;
    entry.next = head;
    this.#slots[slot] = entry;
    entry.isSet = true;
  }

  #unlink(entry: Entry): void {
    if (entry.previous === undefined) this.#slots[entry.visit % SLOTS] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.isSet = false;
  }
}

class Entry implements Deadline {
  readonly #wheel: DeadlineWheel;
  readonly run: () => void;
  isSet = false;
  /** Tick at which it is due, and the one whose slot holds it: the same or an earlier one. */
  due = 0;
  visit = 0;
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;

  constructor(wheel: DeadlineWheel, run: () => void) {
    this.#wheel = wheel;
    this.run = run;
  }

  set(ms: number): void {
    this.#wheel.arm(this, ms);
  }

  clear(): void {
    this.#wheel.disarm(this);
  }
}
