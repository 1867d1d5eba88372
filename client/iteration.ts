/** Events and partial results for `for await`. */
import type { Dict } from "../wamp/message.ts";
import { either } from "./abort.ts";
import type { CallOptions } from "./caller.ts";
import { Queue } from "./queue.ts";
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
  checkLimit(limit);
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
  /** So many were dropped before this one, because they were not taken in time. */
  readonly dropped: number;
}

/** How partial results are waited for. */
export interface ProgressOptions extends Omit<CallOptions, "onProgress"> {
  /** So many partial results wait to be taken; beyond, the oldest is dropped. Default 1,024. */
  readonly limit?: number;
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
  { limit = 1_024, ...options }: ProgressOptions = {},
): Progress<T> {
  checkLimit(limit);
  const stop = new AbortController();
  const signal = either(stop.signal, options.signal);
  let dropped = 0;
  const parts = new Queue<Omit<PartialResult, "dropped">>(() => stop.abort());
  const onProgress = (args: readonly unknown[], kwargs: Dict) => {
    if (parts.size >= limit) {
      parts.dropOldest();
      dropped++;
    }
    parts.put({ args, kwargs });
  };
  const result = session.call<T>(procedure, args, kwargs, { ...options, signal, onProgress });
  const over = () => parts.end();
  result.then(over, over);
  const seen = (part: Omit<PartialResult, "dropped">) => {
    const given = { ...part, dropped };
    dropped = 0;
    return given;
  };
  return { result, [Symbol.asyncIterator]: () => parts.iterator(seen) };
}

function checkLimit(limit: number): void {
  if (limit >= 1) return;
  throw new RangeError(`Cannot wait in a queue: found limit ${limit}, expected 1 or more`);
}
