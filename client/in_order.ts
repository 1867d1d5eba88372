/** Does things in the order in which they were asked for, though some of them must wait for something. Used by `sealing.ts` and `dial_browser.ts`. */
export class InOrder {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** How many things have been asked for and not done. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @param ready never rejects; undefined: nothing to wait for but what was asked for before. With nothing to wait for at all, `act` runs
   * before this returns. */
  do(ready: Promise<void> | undefined, act: () => void): void {
    if (ready === undefined && this.#waiting === 0) return act();
    this.#waiting++;
    this.#last = this.#last.then(() => ready).then(() => {
      this.#waiting--;
      act();
    });
  }
}
