/** When a transport is tried again: a growing, jittered delay that a success takes back to its beginning. Used by `component.ts`. */

/** Delays in milliseconds. */
export interface RetryOptions {
  /** Attempts after the first one that fail in a row before the transport is given up; -1: for ever. Default -1. */
  readonly maxRetries?: number;
  /** Default 300,000. */
  readonly maxRetryDelayMs?: number;
  /** Default 1,500. */
  readonly initialRetryDelayMs?: number;
  /** Each delay is so many times the one before. Default 1.5. */
  readonly retryDelayGrowth?: number;
  /** Each delay is more or less by up to this share of it, at random. Default 0.1. */
  readonly retryDelayJitter?: number;
}

export class Retry {
  readonly #options: Required<RetryOptions>;
  readonly #random: () => number;
  #failures = 0;
  #wasTried = false;
  #delayMs: number;
  #isGivenUp = false;

  /** @param random from 0 to 1. */
  constructor(options: RetryOptions, random: () => number) {
    this.#options = {
      maxRetries: options.maxRetries ?? -1,
      maxRetryDelayMs: options.maxRetryDelayMs ?? 300_000,
      initialRetryDelayMs: options.initialRetryDelayMs ?? 1_500,
      retryDelayGrowth: options.retryDelayGrowth ?? 1.5,
      retryDelayJitter: options.retryDelayJitter ?? 0.1,
    };
    this.#random = random;
    this.#delayMs = this.#options.initialRetryDelayMs;
  }

  get canTry(): boolean {
    const { maxRetries } = this.#options;
    return !this.#isGivenUp && (maxRetries < 0 || this.#failures <= maxRetries);
  }

  /** Milliseconds to wait before the next attempt; 0 for the first ever. */
  get nextDelayMs(): number {
    if (!this.#wasTried) return 0;
    const share = (this.#random() * 2 - 1) * this.#options.retryDelayJitter;
    return Math.min(this.#options.maxRetryDelayMs, this.#delayMs * (1 + share));
  }

  failed(): void {
    this.#wasTried = true;
    const { retryDelayGrowth, maxRetryDelayMs } = this.#options;
    if (this.#failures > 0) {
      this.#delayMs = Math.min(maxRetryDelayMs, this.#delayMs * retryDelayGrowth);
    }
    this.#failures++;
  }

  succeeded(): void {
    this.#wasTried = true;
    this.#failures = 0;
    this.#delayMs = this.#options.initialRetryDelayMs;
  }

  giveUp(): void {
    this.#isGivenUp = true;
  }
}
