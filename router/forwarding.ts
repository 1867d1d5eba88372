/**
 * What came over router links: the way that a request has come, as `forward_for` names it, one session for each router that passed it on.
 * What names a session of this realm has been here before and goes no further, over however many routers it came back. Owned by
 * `realm.ts`; asked by broker, dealer and meta API only about requests that name a way. See docs/extensions.md, "Router links".
 */
import type { Dict } from "../wamp/message.ts";
import type { Session } from "./session.ts";

export type Way = readonly Dict[];

export class Forwarding {
  readonly #sessions: ReadonlyMap<number, Session>;
  /** Of subscriptions and registrations: by whom, and what. */
  readonly #ways = new WeakMap<Session, WeakMap<object, Way>>();

  /** @param sessions those of the realm, by id. */
  constructor(sessions: ReadonlyMap<number, Session>) {
    this.#sessions = sessions;
  }

  /** @param options checked. */
  hasBeenHere(options: Dict): boolean {
    return wayOf(options)?.some(({ session }) => this.#sessions.has(session as number)) === true;
  }

  /** @param held the subscription or registration that a session made with `options`. */
  note(session: Session, held: object, options: Dict): void {
    const way = wayOf(options);
    if (way === undefined) return void this.#ways.get(session)?.delete(held);
    let ways = this.#ways.get(session);
    if (ways === undefined) this.#ways.set(session, ways = new WeakMap());
    ways.set(held, way);
  }

  /** The shortest way by which others than `asker` hold it; undefined when one of them is no link, or there are none. */
  shortest(held: object, sessions: Iterable<Session>, asker: Session): Way | undefined {
    let shortest: Way | undefined;
    for (const session of sessions) {
      if (session === asker) continue;
      const way = this.#ways.get(session)?.get(held);
      if (way === undefined) return undefined;
      if (shortest === undefined || way.length < shortest.length) shortest = way;
    }
    return shortest;
  }
}

export function wayOf(options: Dict): Way | undefined {
  const way = options["forward_for"];
  return Array.isArray(way) ? way : undefined;
}

/** For meta procedures: details with the way by which others than the asker hold it, if all do so by links. */
export function withWay(details: Dict, way: Way | undefined): Dict {
  return way === undefined ? details : { ...details, "x_forward_for": way };
}
