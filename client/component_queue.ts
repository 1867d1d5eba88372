/**
 * What a program asks of its component while there is no session: refused at once or, where the program wants it, kept for the next
 * session, so many requests for so long. A request is given to one session once: what then becomes of it is that session's. Owned by
 * `component.ts`.
 */
import { CLOSE_NORMAL, TIMEOUT, TRANSPORT_LOST } from "../wamp/uris.ts";
import type { ApplicationSession } from "./application_session.ts";
import type { CallOptions } from "./caller.ts";
import { SessionClosedError } from "./errors.ts";
import type { Clock } from "./transport.ts";

/** How requests wait for a session. */
export interface ComponentQueueOptions {
  /** So many may wait; others reject at once. Default 1,000. */
  readonly limit?: number;
  /** So long may each wait, in milliseconds. Default 30,000. */
  readonly maxWaitMs?: number;
}

interface Waiting {
  /** Gives the request to the session. */
  send(session: ApplicationSession): void;
  refuse(reason: string, message: string): void;
}

export class ComponentQueue {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #maxWaitMs: number;
  /** In order. */
  readonly #waiting = new Set<Waiting>();
  #session: ApplicationSession | undefined;
  #hasEnded = false;

  /** Throws a TypeError for numbers that make no sense. @param options undefined: nothing waits. */
  constructor(options: ComponentQueueOptions | undefined, clock: Clock) {
    const { limit = 1_000, maxWaitMs = 30_000 } = options ?? { limit: 0 };
    if (!Number.isInteger(limit) || (options !== undefined && limit < 1)) {
      throw new TypeError(`Cannot use queue.limit: found ${limit}, expected a whole number from 1`);
    }
    if (!(maxWaitMs > 0 && maxWaitMs < 2 ** 31)) {
      const expected = "milliseconds, more than 0 and less than 2^31";
      throw new TypeError(`Cannot use queue.maxWaitMs: found ${maxWaitMs}, expected ${expected}`);
    }
    this.#clock = clock;
    this.#limit = limit;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Does it in the present session, or in the next one. @param what "call \"com.example.add2\"" A call waits no longer than its `timeoutMs`. */
  do<T>(
    what: string,
    act: (session: ApplicationSession) => T | Promise<T>,
    { signal, timeoutMs }: Pick<CallOptions, "signal" | "timeoutMs"> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const session = this.#session;
      if (session?.isOpen) return resolve(act(session));
      const refuse = (reason: string, message: string) =>
        reject(new SessionClosedError(what, { reason, message, by: "client" }));
      if (this.#hasEnded) return refuse(CLOSE_NORMAL, "the component has ended");
      if (this.#waiting.size >= this.#limit) {
        const others = this.#limit === 0 ? "no session now" : `${this.#limit} others wait`;
        return refuse(TRANSPORT_LOST, others);
      }
      const abort = () => {
        release();
        reject(signal?.reason);
      };
      const waitMs = Math.min(this.#maxWaitMs, timeoutMs || this.#maxWaitMs);
      const timer = this.#clock.after(
        waitMs,
        () => waiting.refuse(TIMEOUT, `no session within ${waitMs} ms`),
      );
      const waiting: Waiting = {
        send: (session) => {
          release();
          try {
            resolve(act(session));
          } catch (error) {
            reject(error);
          }
        },
        refuse: (reason, message) => {
          release();
          refuse(reason, message);
        },
      };
      const release = () => {
        timer.cancel();
        signal?.removeEventListener("abort", abort);
        this.#waiting.delete(waiting);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** A session is there: what waits is sent, in its order, before anything that is asked for from now on. */
  joined(session: ApplicationSession): void {
    this.#session = session;
    for (const waiting of this.#waiting) {
      // One that ends meanwhile leaves the others to the next.
      if (!session.isOpen) return;
      waiting.send(session);
    }
  }

  /** There will be no session any more. */
  end(): void {
    this.#hasEnded = true;
    for (const waiting of this.#waiting) waiting.refuse(CLOSE_NORMAL, "the component has ended");
  }
}
