/**
 * Pings, and the time-out of their pongs, for WebSocket and RawSocket alike: how half-open connections end.
 * A paused connection is not judged: its pongs wait in the kernel.
 */
import type { Deadline, DeadlineWheel } from "./deadline.ts";

export interface KeepAliveOptions {
  /** 0: no pings. */
  readonly autoPingIntervalMs: number;
  /** 0: a pong is waited for as long as the interval, and nothing happens when it does not come. */
  readonly autoPingTimeoutMs: number;
  /** 4 to 125. */
  readonly autoPingBytes: number;
}

/** The connection that is kept alive. */
export interface KeepAliveOwner {
  ping(payload: Uint8Array): void;
  pongMissed(): void;
}

export class KeepAlive {
  /** A ping is out whose pong decides. */
  isWaiting = false;
  readonly #owner: KeepAliveOwner;
  readonly #deadlines: DeadlineWheel;
  readonly #options: KeepAliveOptions;
  #deadline: Deadline | undefined = undefined;
  #isPaused = false;
  #sent = 0;

  constructor(owner: KeepAliveOwner, deadlines: DeadlineWheel, options: KeepAliveOptions) {
    this.#owner = owner;
    this.#deadlines = deadlines;
    this.#options = options;
  }

  start(): void {
    const { autoPingIntervalMs } = this.#options;
    if (autoPingIntervalMs === 0) return;
    this.#deadline = this.#deadlines.deadline(() => this.#due());
    this.#deadline.set(autoPingIntervalMs);
  }

  stop(): void {
    this.#deadline?.clear();
    this.#deadline = undefined;
    this.isWaiting = false;
  }

  pause(): void {
    this.#isPaused = true;
    this.heard();
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** The peer lives: the next ping is an interval away. */
  heard(): void {
    if (!this.isWaiting) return;
    this.isWaiting = false;
    this.#deadline?.set(this.#options.autoPingIntervalMs);
  }

  /** A pong counts when it carries the payload of the last ping. */
  pong(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isWaiting || end - start !== this.#options.autoPingBytes) return;
    const expected = this.#payload();
    if (expected.every((byte, i) => byte === bytes[start + i])) this.heard();
  }

  #due(): void {
    const { autoPingIntervalMs: intervalMs, autoPingTimeoutMs: timeoutMs } = this.#options;
    if (this.isWaiting) {
      this.isWaiting = false;
      return this.#owner.pongMissed();
    }
    if (this.#isPaused) return this.#deadline?.set(intervalMs);
    this.#sent++;
    this.#owner.ping(this.#payload());
    this.isWaiting = timeoutMs > 0;
    this.#deadline?.set(timeoutMs > 0 ? timeoutMs : intervalMs);
  }

  /** The number of the ping, so that an old pong is not taken for a new one. */
  #payload(): Uint8Array {
    const payload = new Uint8Array(this.#options.autoPingBytes);
    new DataView(payload.buffer).setUint32(0, this.#sent);
    return payload;
  }
}
