/** The node's memory over the run, and what is too much of it. */

/** What a heap may grow by once it is warm: garbage collectors work in steps. */
const GROWTH = 1.2;
const GROWTH_MIB = 20;

export class Memory {
  readonly #samples: { readonly at: number; readonly mib: number }[] = [];

  /** @param at share of the run that is over. */
  add(at: number, mib: number): void {
    this.#samples.push({ at, mib });
  }

  /** Most in the first fifth of the run. */
  get first(): number {
    return Math.max(...this.#between(0, 0.2));
  }

  /** Median of the last fifth. */
  get last(): number {
    const sorted = this.#between(0.8, 1).sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? NaN;
  }

  get most(): number {
    return Math.max(...this.#between(0, 1));
  }

  /** What is wrong; undefined when nothing is. */
  fault(): string | undefined {
    const limit = this.first * GROWTH + GROWTH_MIB;
    if (this.last <= limit) return undefined;
    const [first, last, most] = [this.first, this.last, limit].map((mib) => mib.toFixed(0));
    return `The node grew from ${first} to ${last} MiB, expected at most ${most} MiB`;
  }

  #between(from: number, to: number): number[] {
    return this.#samples.filter(({ at }) => at >= from && at <= to).map(({ mib }) => mib);
  }
}
