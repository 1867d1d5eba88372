/** Texts by key, each with an end of its life, in memory alone. The least recently written go when there are too many. */
import type { Clock } from "../../router/ports.ts";

const MOST = 100_000;

export class MemoryValues {
  readonly #clock: Clock;
  readonly #values = new Map<string, { readonly value: string; readonly expires: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): string | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    if (found.expires > this.#clock.now()) return found.value;
    this.#values.delete(key);
    return undefined;
  }

  /** @param expires milliseconds since 1970. */
  set(key: string, value: string, expires: number): void {
    this.#values.delete(key);
    this.#values.set(key, { value, expires });
    if (this.#values.size <= MOST) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** Key, value and end of life of those that live. */
  *living(): Iterable<readonly [string, string, number]> {
    const now = this.#clock.now();
    for (const [key, { value, expires }] of this.#values) {
      if (expires > now) yield [key, value, expires];
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
