/**
 * What waits for the end of the turn: flushes of outboxes, and whatever must not happen inside the call that caused it. HOT.
 * One deferral for all of them, however many connections a turn touches.
 */

export interface TurnTask {
  /** Runs outside of any caller's stack. */
  atTurnEnd(): void;
}

export class Turn {
  readonly #defer: (run: () => void) => void;
  readonly #onFault: (error: unknown) => void;
  readonly #runAll: () => void;
  #tasks: TurnTask[] = [];
  #spare: TurnTask[] = [];

  /** @param defer runs a function after the current turn: a microtask, or setImmediate where microtasks run after every callback. */
  constructor(defer: (run: () => void) => void, onFault: (error: unknown) => void) {
    this.#defer = defer;
    this.#onFault = onFault;
    this.#runAll = () => this.#run();
  }

  add(task: TurnTask): void {
    if (this.#tasks.push(task) === 1) this.#defer(this.#runAll);
  }

  later(run: () => void): void {
    this.add({ atTurnEnd: run });
  }

  #run(): void {
    const tasks = this.#tasks;
    this.#tasks = this.#spare;
    this.#spare = tasks;
    for (const task of tasks) {
      try {
        task.atTurnEnd();
      } catch (error) {
        this.#onFault(error);
      }
    }
    tasks.length = 0;
  }
}
