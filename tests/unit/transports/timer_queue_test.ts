import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../../transports/clock.ts";
import { type Alarm, TimerQueue } from "../../../transports/timer_queue.ts";

/** Time that moves by hand, and rings as the runtime's one timer would. */
class FakeAlarm implements Alarm {
  time = 0;
  sets = 0;
  #due = Infinity;
  #ring = () => {};

  now(): number {
    return this.time;
  }

  elapsed(): number {
    return this.time;
  }

  set(ms: number, ring: () => void): void {
    this.sets++;
    this.#due = this.time + ms;
    this.#ring = ring;
  }

  advance(ms: number): void {
    const until = this.time + ms;
    while (this.#due <= until) {
      this.time = Math.max(this.time, this.#due);
      this.#due = Infinity;
      this.#ring();
    }
    this.time = until;
  }
}

test("TimerQueue: runs what is due, in order, and never early, as a list would", () => {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const alarm = new FakeAlarm();
  const queue = new TimerQueue(alarm);
  const waiting = new Map<number, number>();
  const timers = new Map<number, { cancel(): void }>();
  for (let id = 0; id < 5_000; id++) {
    const due = alarm.time + random(200);
    waiting.set(id, due);
    timers.set(
      id,
      queue.after(due - alarm.time, () => {
        assert.ok(alarm.time >= due, "early");
        assert.ok(waiting.delete(id), "cancelled or twice");
        for (const other of waiting.values()) assert.ok(other >= due, "out of order");
      }),
    );
    if (random(3) === 0) {
      const gone = [...waiting.keys()][random(waiting.size)] ?? 0;
      timers.get(gone)?.cancel();
      waiting.delete(gone);
    }
    if (random(4) === 0) alarm.advance(random(30));
  }
  alarm.advance(1_000);
  assert.equal(waiting.size, 0);
});

test("TimerQueue: cancelling twice, or after it ran, changes nothing", () => {
  const alarm = new FakeAlarm();
  const queue = new TimerQueue(alarm);
  const ran: string[] = [];
  const first = queue.after(10, () => ran.push("first"));
  const second = queue.after(20, () => ran.push("second"));
  queue.after(30, () => ran.push("third"));
  second.cancel();
  second.cancel();
  alarm.advance(15);
  first.cancel();
  alarm.advance(100);
  assert.deepEqual(ran, ["first", "third"]);
});

test("TimerQueue: a timer may set and cancel others, at once too", () => {
  const alarm = new FakeAlarm();
  const queue = new TimerQueue(alarm);
  const ran: string[] = [];
  const never = queue.after(10, () => ran.push("never"));
  queue.after(5, () => {
    never.cancel();
    queue.after(0, () => ran.push("at once"));
    queue.after(7, () => ran.push("later"));
  });
  alarm.advance(100);
  assert.deepEqual(ran, ["at once", "later"]);
});

test("TimerQueue: what one timer throws does not stop the others", () => {
  const alarm = new FakeAlarm();
  const queue = new TimerQueue(alarm);
  let ran = 0;
  queue.after(10, () => {
    throw new Error("boom");
  });
  queue.after(10, () => ran++);
  queue.after(20, () => ran++);
  assert.throws(() => alarm.advance(10), /boom/);
  alarm.advance(100);
  assert.equal(ran, 2);
});

test("TimerQueue: timers that all run equally long set the alarm once each time it rings", () => {
  const alarm = new FakeAlarm();
  const queue = new TimerQueue(alarm);
  for (let i = 0; i < 1_000; i++) queue.after(5_000, () => {}).cancel();
  assert.equal(alarm.sets, 1);
  alarm.advance(10_000);
  assert.equal(alarm.sets, 1);
});

test("System clock: timers come in order and not early", async () => {
  const started = performance.now();
  const order: number[] = [];
  await new Promise<void>((resolve) => {
    // Its timers keep no process alive, so something else does.
    const alive = setInterval(() => {}, 1_000);
    systemClock.after(40, () => {
      order.push(40);
      clearInterval(alive);
      resolve();
    });
    systemClock.after(20, () => order.push(20));
    systemClock.after(30, () => order.push(30)).cancel();
  });
  assert.deepEqual(order, [20, 40]);
  assert.ok(performance.now() - started >= 40);
});
