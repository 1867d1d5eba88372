/**
 * Realms by name, and all connections. What an embedder holds; transports attach their connections here.
 */
import { Drain, type Drained } from "./drain.ts";
import type { Gate } from "./join.ts";
import type { PeerFeatures } from "./peer_features.ts";
import type { Clock, Log, MessageHandler, Random, Timer, Transport } from "./ports.ts";
import type { RealmsOnDemand } from "./on_demand.ts";
import { Realm, type RealmOptions } from "./realm.ts";
import * as uris from "../wamp/uris.ts";
import { Session } from "./session.ts";

/** What the router needs of the world. */
export interface RouterPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How often it is looked whether the connections of a listener have ended. */
const LOOK_AGAIN_MS = 20;

export class Router {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Makes realms that are asked for. Undefined: there are those that were added. */
  onDemand: RealmsOnDemand | undefined = undefined;
  readonly #realms = new Map<string, Realm>();
  /** Every connection, joined or not. */
  readonly #sessions = new Set<Session>();
  /** As many as clients have different sets of features; at most two to the number of features. */
  readonly #features = new Map<string, PeerFeatures>();
  #onEmpty: (() => void) | undefined;

  constructor(ports: RouterPorts) {
    this.clock = guarded(ports.clock, ports.log);
    this.random = ports.random;
    this.log = ports.log;
  }

  /** Starts a realm. Throws when there is one of that name. */
  addRealm(options: RealmOptions): Realm {
    if (this.#realms.has(options.name)) {
      throw new Error(
        `Cannot add realm "${options.name}": found one of that name, expected a new name`,
      );
    }
    const realm = new Realm(options, this);
    this.#realms.set(options.name, realm);
    return realm;
  }

  /** Ends a realm: its sessions get GOODBYE with `reason`, and nobody joins it any more. Returns their ids. */
  removeRealm(name: string, reason: string): number[] {
    const realm = this.#realms.get(name);
    if (realm === undefined) return [];
    this.#realms.delete(name);
    const ids = [...realm.sessions.keys()];
    for (const session of [...realm.sessions.values()]) session.goodbye(reason);
    return ids;
  }

  realm(name: string): Realm | undefined {
    return this.#realms.get(name);
  }

  get realms(): Iterable<Realm> {
    return this.#realms.values();
  }

  /** Connections, joined or not. */
  get connectionCount(): number {
    return this.#sessions.size;
  }

  /** For sessions: the same object for all whose clients announce the same. */
  sharedFeatures(features: PeerFeatures): PeerFeatures {
    const key = JSON.stringify(features);
    const known = this.#features.get(key);
    if (known === undefined) this.#features.set(key, features);
    return known ?? features;
  }

  /** Takes on a connection whose framing has been agreed. `gate` decides who it may join as. */
  attach(transport: Transport, gate: Gate): MessageHandler {
    const session = new Session(transport, gate, this);
    this.#sessions.add(session);
    return session;
  }

  /** For sessions: the connection has ended. */
  forget(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }

  /** For sessions: a browser has logged out by one of its connections. */
  logOut(cookie: string, except: Session): void {
    for (const session of [...this.#sessions]) {
      if (session === except || session.transport.details.cookie !== cookie) continue;
      session.goodbye(uris.CLOSE_LOGOUT);
    }
  }

  /** Says GOODBYE to all that came by a listener; resolves when their connections have ended, or after `limitMs`. */
  endListener(listener: string, reason: string, limitMs: number): Promise<void> {
    const connected = () =>
      [...this.#sessions].filter(({ transport }) => transport.details.listener === listener);
    for (const session of connected()) session.goodbye(reason);
    return new Promise((resolve) => {
      let isLate = false;
      const limit = this.clock.after(limitMs, () => isLate = true);
      const look = () => {
        if (connected().length > 0 && !isLate) return void this.clock.after(LOOK_AGAIN_MS, look);
        limit.cancel();
        resolve();
      };
      look();
    });
  }

  /** Takes no new calls, and says GOODBYE to each session once no call of its is in flight; resolves when there is none any more, or after
   * `limitMs`. Who is left gets GOODBYE by `shutdown`. */
  drain(reason: string, limitMs: number): Promise<Drained> {
    for (const realm of this.realms) realm.isDraining = true;
    return new Drain(this.#sessions, reason, this.clock).run(limitMs);
  }

  /** Says GOODBYE to every session; resolves when all connections have ended, or after `limitMs`. */
  shutdown(reason: string, limitMs: number): Promise<void> {
    const sessions = [...this.#sessions];
    for (const session of sessions) session.goodbye(reason);
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer: Timer = this.clock.after(limitMs, resolve);
      this.#onEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** A timer's fault is ours, and nobody above it could catch it: it is logged, and the router goes on. */
function guarded(clock: Clock, log: Log): Clock {
  return {
    now: () => clock.now(),
    after: (ms, run) =>
      clock.after(ms, () => {
        try {
          run();
        } catch (cause) {
          log.error("Router fault in a timer: {error}", {
            error: cause instanceof Error ? cause.stack : String(cause),
          });
        }
      }),
  };
}
