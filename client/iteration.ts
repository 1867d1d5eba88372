/** Events and partial results for `for await`. */
import type { Dict } from "../wamp/message.ts";
import { either } from "./abort.ts";
import type { CallOptions } from "./caller.ts";
import type { Session } from "./session.ts";
import type { EventDetails, SubscribeOptions } from "./subscription.ts";

type Caller = Pick<Session, "call">;
type Subscriber = Pick<Session, "subscribe"> & { readonly closed: Promise<unknown> };

/** One event. */
export interface ReceivedEvent<
  Args extends readonly unknown[] = readonly unknown[],
  Kwargs extends object = Dict,
> {
  readonly args: Args;
  readonly kwargs: Kwargs;
  readonly details: EventDetails;
  /** So many were dropped before this one, because they were not taken in time. */
  readonly dropped: number;
}

/** How events are waited for. */
export interface EventsOptions extends SubscribeOptions {
  /** So many events wait to be taken; beyond, the oldest is dropped. Default 1,024. */
  readonly limit?: number;
}

/** Subscribes, and gives the topic's events one by one. Leaving the loop unsubscribes; the end of the session ends the loop. Rejects as
 * `session.subscribe` does.
 *
 * @example
 * ```ts
 * import { events, type Session } from "realmway";
 *
 * async function firstThree(session: Session): Promise<void> {
 *   let count = 0;
 *   for await (const { args: [text] } of await events(session, "com.example.greeting")) {
 *     console.log(text);
 *     if (++count === 3) break; // unsubscribes
 *   }
 * }
 * console.assert(typeof firstThree === "function");
 * ```
 */
export async function events<
  Args extends readonly unknown[] = readonly unknown[],
  Kwargs extends object = Dict,
>(
  session: Subscriber,
  topic: string,
  { limit = 1_024, ...options }: EventsOptions = {},
): Promise<AsyncIterableIterator<ReceivedEvent<Args, Kwargs>>> {
  if (!(limit >= 1)) {
    throw new RangeError(`Cannot wait for events: found limit ${limit}, expected 1 or more`);
  }
  let dropped = 0;
  const taken = new Queue<Omit<ReceivedEvent<Args, Kwargs>, "dropped">>(async () => {
    if (subscription.isActive) await subscription.unsubscribe();
  });
  const subscription = await session.subscribe<Args, Kwargs>(topic, (args, kwargs, details) => {
    if (taken.size >= limit) {
      taken.dropOldest();
      dropped++;
    }
    taken.put({ args, kwargs, details });
  }, options);
  subscription.onEnd = () => taken.end();
  void session.closed.then(() => taken.end());
  return taken.iterator((event) => {
    const seen = { ...event, dropped };
    dropped = 0;
    return seen;
  });
}

/** One partial result. */
export interface PartialResult {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

/** Partial results one by one, and the result. */
export interface Progress<T> extends AsyncIterable<PartialResult> {
  readonly result: Promise<T>;
}

/** Calls a procedure and gives its partial results as they come. Leaving the loop before the end cancels the call.
 *
 * @example
 * ```ts
 * import { progress, type Session } from "realmway";
 *
 * async function download(session: Session): Promise<unknown> {
 *   const parts = progress<string>(session, "com.example.download", ["file"]);
 *   for await (const { args: [percent] } of parts) console.log(`${percent} %`);
 *   return await parts.result;
 * }
 * console.assert(typeof download === "function");
 * ```
 */
export function progress<T = unknown>(
  session: Caller,
  procedure: string,
  args?: readonly unknown[],
  kwargs?: Dict,
  options: Omit<CallOptions, "onProgress"> = {},
): Progress<T> {
  const stop = new AbortController();
  const signal = either(stop.signal, options.signal);
  const parts = new Queue<PartialResult>(() => stop.abort());
  const onProgress = (args: readonly unknown[], kwargs: Dict) => parts.put({ args, kwargs });
  const result = session.call<T>(procedure, args, kwargs, { ...options, signal, onProgress });
  const over = () => parts.end();
  result.then(over, over);
  return { result, [Symbol.asyncIterator]: () => parts.iterator((part) => part) };
}

/** What waits to be taken, and those who wait for it. */
class Queue<T> {
  readonly #stop: () => void | Promise<void>;
  readonly #items: T[] = [];
  #waiters: (() => void)[] = [];
  #isOver = false;

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

  /** @param give what is made of an item when it is taken. */
  iterator<Given>(give: (item: T) => Given): AsyncIterableIterator<Given> {
    const iterator: AsyncIterableIterator<Given> = {
      next: async () => {
        for (;;) {
          const item = this.#items.shift();
          if (item !== undefined) return { value: give(item), done: false };
          if (this.#isOver) return { value: undefined, done: true };
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
