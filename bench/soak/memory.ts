/** The node's memory over the run, and what is too much of it. */

/** What a heap may grow by once it is warm: garbage collectors work in steps. */
const GROWTH = 1.2;
const GROWTH_MIB = 20;
/** A run is warm after so long; a short one when half of it is over. */
const WARM_MS = 60_000;

export class Memory {
  readonly #samples: { readonly at: number; readonly mib: number }[] = [];
  /** Share of the run after which memory is to stay as it is. */
  readonly #warm: number;

  /** @param runMs how long the run is. */
  constructor(runMs: number) {
    this.#warm = Math.min(0.5, WARM_MS / runMs);
  }

  /** @param at share of the run that is over. */
  add(at: number, mib: number): void {
    this.#samples.push({ at, mib });
  }

  /** Most until the run is warm. */
  get first(): number {
    return Math.max(...this.#between(0, this.#warm));
  }

  /** Median of the last fifth. */
  get last(): number {
    return median(this.#between(0.8, 1));
  }

  /** Medians of ten parts of the run, for people to see what it does. */
  get course(): number[] {
    return Array.from({ length: 10 }, (_, i) => median(this.#between(i / 10, (i + 1) / 10)));
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
