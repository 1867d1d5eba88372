/**
 * Notices components that keep their process from doing anything else, and names them. What a component does at once when a message comes, or
 * when it is told of its session's life, is measured, so its name is sure. What it does later (after an await, in a timer) only shows in
 * the process being late: then all components of the process are named.
 */
import type { MessageHandler } from "../../client/transport.ts";
import type { Clock, Log, Timer } from "../../router/ports.ts";

/** Nobody else was served for so long. */
const BLOCKED_MS = 500;
const LOOK_MS = 250;

export class Watchdog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #names: () => readonly string[];
  /** Milliseconds that never go back: the time may be set. */
  readonly #elapsed: () => number;
  #timer: Timer | undefined;
  /** When somebody was last named: the same delay is told once. */
  #toldAt = -Infinity;

  /** @param names of the components that there are. */
  constructor(
    clock: Clock,
    log: Log,
    names: () => readonly string[],
    elapsed: () => number = () => performance.now(),
  ) {
    this.#elapsed = elapsed;
    this.#clock = clock;
    this.#log = log;
    this.#names = names;
  }

  /** Looks on until no component is left. May be called again. */
  watch(): void {
    if (this.#timer !== undefined || this.#names().length === 0) return;
    const due = this.#elapsed() + LOOK_MS;
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      this.#late(this.#elapsed() - due, due);
      this.watch();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Runs a component's code, of which only what it does at once is measured. */
  measured<T>(id: string, run: () => T): T {
    const began = this.#elapsed();
    try {
      return run();
    } finally {
      const now = this.#elapsed();
      if (now - began >= BLOCKED_MS) {
        this.#toldAt = now;
        this.#log.warn("Component {id} blocked its process for {ms} ms", { id, ms: now - began });
      }
    }
  }

  /** A component's session, its handlers measured. */
  measuring(id: string, handler: MessageHandler): MessageHandler {
    const answered = handler.answered?.bind(handler);
    return {
      receive: (message) => this.measured(id, () => handler.receive(message)),
      ...(answered && { answered }),
      fail: (error) => handler.fail(error),
      closed: (how) => handler.closed(how),
    };
  }

  #late(ms: number, due: number): void {
    if (ms < BLOCKED_MS || this.#toldAt >= due) return;
    const ids = this.#names().join(", ");
    this.#log.warn(
      "Something blocked this process for at least {ms} ms; its components are {ids}",
      {
        ms,
        ids,
      },
    );
  }
}
