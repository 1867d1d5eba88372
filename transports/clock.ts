/** The real time, for `router/` and everything above it. Its timers do not keep a process alive: listeners and connections do. */
import { clearTimeout, setTimeout } from "node:timers";
import type { Clock, Timer } from "../router/ports.ts";

/** Runtimes fire longer timers at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  after(ms: number, run: () => void): Timer {
    const due = performance.now() + ms;
    const next = () => {
      const left = due - performance.now();
      if (left > LONGEST_MS) timer = setTimeout(next, LONGEST_MS).unref();
      else run();
    };
    let timer = setTimeout(ms > LONGEST_MS ? next : run, Math.min(ms, LONGEST_MS)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
