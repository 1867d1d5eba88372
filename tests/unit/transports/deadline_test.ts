import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../../router/ports.ts";
import { systemClock } from "../../../transports/clock.ts";
import { DeadlineWheel } from "../../../transports/deadline.ts";

/** A clock of one pending timer, which is all that a wheel uses. */
class Ticks implements Clock {
  ms = 0;
  timers = 0;
  #pending: { ms: number; run: () => void } | undefined;
  now(): number {
    return this.ms;
  }
  after(ms: number, run: () => void) {
    assert.equal(this.#pending, undefined, "a wheel has one timer");
    this.#pending = { ms, run };
    this.timers++;
    return { cancel: () => this.#pending = undefined };
  }
  tick(): boolean {
    const pending = this.#pending;
    if (pending === undefined) return false;
    this.#pending = undefined;
    this.ms += pending.ms;
    pending.run();
    return true;
  }
}

test("Deadline: fires once, not before its time and at most two ticks after it", () => {
  const clock = new Ticks();
  const wheel = new DeadlineWheel(clock, 100);
  for (const ms of [0, 1, 99, 100, 101, 2500, 51_100, 51_200, 51_300, 200_000]) {
    const start = clock.ms;
    const fired: number[] = [];
    const deadline = wheel.deadline(() => fired.push(clock.ms - start));
    deadline.set(ms);
    assert.equal(deadline.isSet, true);
    while (clock.tick());
    assert.equal(fired.length, 1);
    assert.ok((fired[0] ?? 0) >= ms && (fired[0] ?? 0) <= ms + 200, `${ms} fired at ${fired[0]}`);
    assert.equal(deadline.isSet, false);
  }
});

test("Deadline: moves to later and to earlier, and fires after a move only then", () => {
  const clock = new Ticks();
  const wheel = new DeadlineWheel(clock, 10);
  const fired: number[] = [];
  const deadline = wheel.deadline(() => fired.push(clock.ms));
  deadline.set(100);
  deadline.set(500);
  for (let i = 0; i < 40; i++) clock.tick();
  assert.deepEqual(fired, []);
  deadline.set(20);
  for (let i = 0; i < 100; i++) clock.tick();
  assert.deepEqual(fired, [430]);
});

test("Deadline: a cleared one never fires, and the timer stops when none is set", () => {
  const clock = new Ticks();
  const wheel = new DeadlineWheel(clock, 10);
  const deadline = wheel.deadline(() => assert.fail("cleared"));
  deadline.set(50);
  deadline.clear();
  deadline.clear();
  assert.equal(deadline.isSet, false);
  assert.equal(clock.tick(), true);
  assert.equal(clock.tick(), false);
  deadline.set(10);
  deadline.clear();
  assert.equal(clock.timers, 2);
});

test("Deadline: one that fires may set and clear itself and others of the same tick", () => {
  const clock = new Ticks();
  const wheel = new DeadlineWheel(clock, 10);
  const fired: string[] = [];
  const again = wheel.deadline(() => {
    fired.push("again");
    if (fired.length < 3) again.set(20);
  });
  const victim = wheel.deadline(() => fired.push("victim"));
  const killer = wheel.deadline(() => {
    fired.push("killer");
    victim.clear();
  });
  again.set(20);
  victim.set(20);
  killer.set(20);
  while (clock.tick());
  assert.deepEqual(fired, ["killer", "again", "again"]);
});

test("Deadline: random programs fire as a plain list of due times would", () => {
  const clock = new Ticks();
  const wheel = new DeadlineWheel(clock, 10);
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  const due: (number | undefined)[] = new Array(200).fill(undefined);
  const deadlines = due.map((_, i) =>
    wheel.deadline(() => {
      const expected = due[i];
      assert.ok(expected !== undefined, `deadline ${i} fired without being set`);
      assert.ok(clock.ms >= expected && clock.ms <= expected + 20);
      due[i] = undefined;
    })
  );
  for (let step = 0; step < 20_000; step++) {
    const i = random(due.length);
    const action = random(4);
    if (action === 0) {
      deadlines[i]?.clear();
      due[i] = undefined;
    } else if (action === 1) {
      const ms = random(random(2) === 0 ? 300 : 12_000);
      deadlines[i]?.set(ms);
      due[i] = clock.ms + ms;
    } else {
      clock.tick();
      for (const one of due) assert.ok(one === undefined || one + 20 >= clock.ms, "missed");
    }
  }
  while (clock.tick());
  assert.deepEqual(due.filter((one) => one !== undefined), []);
});

test("Clock: a timer runs, a cancelled one does not", async () => {
  const ran: string[] = [];
  systemClock.after(1, () => ran.push("cancelled")).cancel();
  // Keeps the process alive: the clock's own timers do not.
  const alive = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  clearInterval(alive);
  assert.deepEqual(ran, []);
});
