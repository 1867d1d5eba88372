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

const isDelay = (value: number) => value >= 0 && value < 2 ** 31;
const DELAY = "milliseconds, from 0 and less than 2^31";

const RULES: readonly [keyof RetryOptions, (value: number) => boolean, string][] = [
  ["maxRetries", (value) => Number.isInteger(value) && value >= -1, "a whole number from -1"],
  ["maxRetryDelayMs", isDelay, DELAY],
  ["initialRetryDelayMs", isDelay, DELAY],
  ["retryDelayGrowth", (value) => value >= 1 && value < Infinity, "a number from 1"],
  ["retryDelayJitter", (value) => value >= 0 && value <= 1, "a share from 0 to 1"],
];

export class Retry {
  readonly #options: Required<RetryOptions>;
  readonly #random: () => number;
  #failures = 0;
  #wasTried = false;
  #delayMs: number;
  #isGivenUp = false;

  /** Throws a TypeError for numbers that make no sense. @param random from 0 to 1. @param place "transports[0]" */
  constructor(options: RetryOptions, random: () => number, place = "transports") {
    for (const [key, isRight, expected] of RULES) {
      const value = options[key];
      if (value !== undefined && !isRight(value)) {
        throw new TypeError(`Cannot use ${place}.${key}: found ${value}, expected ${expected}`);
      }
    }
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
