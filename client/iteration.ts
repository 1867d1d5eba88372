/** Events and partial results for `for await`. */
import type { Dict } from "../wamp/message.ts";
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
  const waiting: Omit<ReceivedEvent<Args, Kwargs>, "dropped">[] = [];
  let dropped = 0;
  let isOver = false;
  let wake = () => {};
  const subscription = await session.subscribe<Args, Kwargs>(topic, (args, kwargs, details) => {
    if (waiting.length >= limit) {
      waiting.shift();
      dropped++;
    }
    waiting.push({ args, kwargs, details });
    wake();
  }, options);
  void session.closed.then(() => {
    isOver = true;
    wake();
  });
  async function* iterate(): AsyncGenerator<ReceivedEvent<Args, Kwargs>> {
    try {
      while (true) {
        const next = waiting.shift();
        if (next !== undefined) {
          const event = { ...next, dropped };
          dropped = 0;
          yield event;
        } else if (isOver || !subscription.isActive) return;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      if (subscription.isActive) await subscription.unsubscribe();
    }
  }
  return iterate();
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
  const waiting: PartialResult[] = [];
  let isOver = false;
  let wake = () => {};
  const stop = new AbortController();
  const signal = options.signal === undefined
    ? stop.signal
    : AbortSignal.any([options.signal, stop.signal]);
  const onProgress = (args: readonly unknown[], kwargs: Dict) => {
    waiting.push({ args, kwargs });
    wake();
  };
  const result = session.call<T>(procedure, args, kwargs, { ...options, signal, onProgress });
  const over = () => {
    isOver = true;
    wake();
  };
  result.then(over, over);
  async function* iterate(): AsyncGenerator<PartialResult> {
    try {
      while (true) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (isOver) return;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      if (!isOver) stop.abort();
    }
  }
  return { result, [Symbol.asyncIterator]: iterate };
}
