/**
 * Pings, and the time-out of their pongs, for WebSocket and RawSocket alike: how half-open connections end.
 * A paused connection is not judged: its pongs wait in the kernel.
 */
import type { Deadline, DeadlineWheel } from "./deadline.ts";

export interface KeepAliveParts {
  readonly deadlines: DeadlineWheel;
  /** 0: no pings. */
  readonly intervalMs: number;
  /** 0: a pong is waited for as long as the interval, and nothing happens when it does not come. */
  readonly timeoutMs: number;
  /** 4 to 125. */
  readonly payloadBytes: number;
  ping(payload: Uint8Array): void;
  missed(): void;
}

export class KeepAlive {
  /** A ping is out whose pong decides. */
  isWaiting = false;
  readonly #parts: KeepAliveParts;
  #deadline: Deadline | undefined = undefined;
  #isPaused = false;
  #sent = 0;

  constructor(parts: KeepAliveParts) {
    this.#parts = parts;
  }

  start(): void {
    const { deadlines, intervalMs } = this.#parts;
    if (intervalMs === 0) return;
    this.#deadline = deadlines.deadline(() => this.#due());
    this.#deadline.set(intervalMs);
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
    this.#deadline?.set(this.#parts.intervalMs);
  }

  /** A pong counts when it carries the payload of the last ping. */
  pong(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isWaiting || end - start !== this.#parts.payloadBytes) return;
    const expected = this.#payload();
    if (expected.every((byte, i) => byte === bytes[start + i])) this.heard();
  }

  #due(): void {
    const { intervalMs, timeoutMs } = this.#parts;
    if (this.isWaiting) {
      this.isWaiting = false;
      return this.#parts.missed();
    }
    if (this.#isPaused) return this.#deadline?.set(intervalMs);
    this.#sent++;
    this.#parts.ping(this.#payload());
    this.isWaiting = timeoutMs > 0;
    this.#deadline?.set(timeoutMs > 0 ? timeoutMs : intervalMs);
  }

  /** The number of the ping, so that an old pong is not taken for a new one. */
  #payload(): Uint8Array {
    const payload = new Uint8Array(this.#parts.payloadBytes);
    new DataView(payload.buffer).setUint32(0, this.#sent);
    return payload;
  }
}
