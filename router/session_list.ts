/**
 * A set of sessions that is mostly walked: an array, and an index once it is large. HOT. Used by subscriptions.
 * The order is that of joining until somebody leaves; nobody may rely on it.
 */
import type { Session } from "./session.ts";

/** Up to this size a scan finds a member; an index would cost each small subscription a Map. */
const SCAN_LIMIT = 16;

export class SessionList {
  /** Walk it by index; do not keep it. */
  readonly sessions: Session[];
  #positions: Map<Session, number> | undefined = undefined;

  /** @param sessions the first ones, all different; the list's own from now on. */
  constructor(sessions: Session[]) {
    this.sessions = sessions;
  }

  get size(): number {
    return this.sessions.length;
  }

  has(session: Session): boolean {
    return this.#find(session) >= 0;
  }

  /** False when it was there already. */
  add(session: Session): boolean {
    if (this.has(session)) return false;
    const at = this.sessions.push(session) - 1;
    if (this.#positions !== undefined) this.#positions.set(session, at);
    else if (this.sessions.length > SCAN_LIMIT) {
      this.#positions = new Map(this.sessions.map((one, position) => [one, position]));
    }
    return true;
  }

  /** False when it was not there. */
  remove(session: Session): boolean {
    const at = this.#find(session);
    if (at < 0) return false;
    const last = this.sessions.pop();
    if (last !== undefined && last !== session) {
      this.sessions[at] = last;
      this.#positions?.set(last, at);
    }
    this.#positions?.delete(session);
    return true;
  }

  #find(session: Session): number {
    return this.#positions === undefined
      ? this.sessions.indexOf(session)
      : this.#positions.get(session) ?? -1;
  }
}
