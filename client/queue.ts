/** A queue between who gives and who takes by `for await`. Used by `iteration.ts` and `invocation.ts`. */

/** What waits to be taken, and those who wait for it. */
export class Queue<T> {
  readonly #stop: () => void | Promise<void>;
  readonly #items: T[] = [];
  #waiters: (() => void)[] = [];
  #isOver = false;
  #failure: { readonly error: unknown } | undefined = undefined;

  /** @param stop called when nobody wants more, unless it is over. */
  constructor(stop: () => void | Promise<void>) {
    this.#stop = stop;
  }

  get size(): number {
    return this.#items.length;
  }

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  dropOldest(): void {
    this.#items.shift();
  }

  /** What waits may still be taken. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What waits may still be taken, then `error` is thrown. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.end();
  }

  /** @param give what is made of an item when it is taken. */
  iterator<Given>(give: (item: T) => Given): AsyncIterableIterator<Given> {
    const iterator: AsyncIterableIterator<Given> = {
      next: async () => {
        for (;;) {
          const item = this.#items.shift();
          if (item !== undefined) return { value: give(item), done: false };
          if (this.#isOver) {
            const failure = this.#failure;
            this.#failure = undefined;
            if (failure !== undefined) throw failure.error;
            return { value: undefined, done: true };
          }
          await new Promise<void>((resolve) => this.#waiters.push(resolve));
        }
      },
      return: async () => {
        const wasOver = this.#isOver;
        this.#items.length = 0;
        this.end();
        if (!wasOver) await this.#stop();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
