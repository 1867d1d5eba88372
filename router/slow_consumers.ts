/**
 * The sessions of a realm that do not read what they are sent, by the policies of their roles: counts them, tells the operator and the meta
 * API, and holds up publishers where a policy says so. Owned by `realm.ts`; `slow_transport.ts` is each session's part.
 */
import { Payload } from "../wamp/payload.ts";
import * as uris from "../wamp/uris.ts";
import type { Clock, Log, Timer, Transport } from "./ports.ts";
import type { Session } from "./session.ts";
import { type SlowConsumerOptions, SlowTransport } from "./slow_transport.ts";
import type { Subscription } from "./subscription.ts";

/** Counted since the start. */
export interface SlowConsumerStats {
  /** Times that a session fell behind. */
  fellBehind: number;
  droppedEvents: number;
  closed: number;
  /** Times that a publisher was held up. */
  pauses: number;
}

export interface SlowConsumersOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly announce: (topic: string, payload: () => Payload) => void;
}

export class SlowConsumers {
  readonly stats: SlowConsumerStats = { fellBehind: 0, droppedEvents: 0, closed: 0, pauses: 0 };
  readonly #options: SlowConsumersOptions;
  readonly #slow = new Set<Session>();
  /** Sessions that publishers are to wait for, and those that have waited long enough. */
  readonly #behind = new Map<Session, Behind>();

  constructor(options: SlowConsumersOptions) {
    this.#options = options;
  }

  /** The transport of a session that has joined under a role with a policy. */
  transportFor(
    session: Session,
    transport: Transport,
    options: SlowConsumerOptions,
  ): SlowTransport {
    const { policy, pauseMs } = options;
    const { id } = session;
    return new SlowTransport(transport, options, {
      fellBehind: () => {
        this.stats.fellBehind++;
        this.#slow.add(session);
        if (policy === "pause-publisher") this.#behind.set(session, new Behind(pauseMs));
        this.#tell(() => this.#fellBehind(id, session, policy));
      },
      caughtUp: (dropped) => {
        this.stats.droppedEvents += dropped;
        this.#release(session);
        this.#tell(() => this.#caughtUp(id, dropped));
      },
      closed: (dropped) => {
        this.stats.closed++;
        this.stats.droppedEvents += dropped;
        this.#release(session);
        this.#tell(() => this.#closed(id, dropped));
      },
      left: (dropped) => {
        this.stats.droppedEvents += dropped;
      },
    });
  }

  /** How many sessions are behind now, by the policies of their roles. */
  get size(): number {
    return this.#slow.size;
  }

  /** The session is behind now. */
  has(session: Session): boolean {
    return this.#slow.has(session);
  }

  /** Publishers wait for somebody. */
  get hasAny(): boolean {
    return this.#behind.size > 0;
  }

  /** Holds up who publishes to a session that is behind: not the router's own sessions, nor those that others wait for. */
  hold(publisher: Session, subscriptions: readonly Subscription[]): void {
    if (!publisher.isJoined || publisher.role.isTrusted || publisher.isServing) return;
    for (const [session, behind] of this.#behind) {
      if (session === publisher || behind.hasWaited(publisher)) continue;
      if (!subscriptions.some((subscription) => subscription.has(session))) continue;
      if (!behind.hold(publisher, this.#options.clock)) continue;
      publisher.heldBy = this;
      this.stats.pauses++;
    }
  }

  leave(session: Session): void {
    this.#release(session);
    for (const behind of this.#behind.values()) behind.release(session);
  }

  /** A publisher is called: it must be heard. */
  heed(publisher: Session): void {
    publisher.heldBy = undefined;
    for (const behind of this.#behind.values()) behind.release(publisher);
  }

  /** It is not behind any more. */
  #release(session: Session): void {
    this.#slow.delete(session);
    const behind = this.#behind.get(session);
    this.#behind.delete(session);
    behind?.releaseAll();
  }

  #fellBehind(id: number, session: Session, policy: string): void {
    this.#options.log.warn("Session {session} does not read its events: {policy}", {
      session: id,
      policy,
      peer: session.transport.details.peer,
    });
    this.#options.announce(uris.SESSION_ON_SLOW, () => Payload.of([id, { "policy": policy }]));
  }

  #caughtUp(id: number, dropped: number): void {
    this.#options.log.info("Session {session} has caught up; {dropped} events were dropped", {
      session: id,
      dropped,
    });
    this.#options.announce(
      uris.SESSION_ON_CAUGHT_UP,
      () => Payload.of([id, { "dropped": dropped }]),
    );
  }

  #closed(id: number, dropped: number): void {
    this.#options.log.warn("Session {session} is closed, as it does not read", {
      session: id,
      dropped,
    });
  }

  /** Not within the publication that brought it up. */
  #tell(run: () => void): void {
    this.#options.clock.after(0, run);
  }
}

/** One session that is behind, and who waits for it. */
class Behind {
  readonly #pauseMs: number;
  readonly #held = new Map<Session, Timer>();
  readonly #waited = new WeakSet<Session>();

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
  }

  /** Once for each time that the session falls behind. */
  hasWaited(publisher: Session): boolean {
    return this.#waited.has(publisher);
  }

  hold(publisher: Session, clock: Clock): boolean {
    if (this.#held.has(publisher)) return false;
    publisher.pause();
    this.#held.set(publisher, clock.after(this.#pauseMs, () => this.release(publisher)));
    return true;
  }

  release(publisher: Session): void {
    const timer = this.#held.get(publisher);
    if (timer === undefined) return;
    timer.cancel();
    this.#held.delete(publisher);
    this.#waited.add(publisher);
    publisher.resume();
  }

  releaseAll(): void {
    for (const publisher of [...this.#held.keys()]) this.release(publisher);
  }
}
