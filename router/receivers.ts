/**
 * Who among the subscribers may receive a publication: publisher exclusion, black- and whitelisting.
 * Made only for publications that ask for it. [WAMP pubsub_publisher_exclusion] [WAMP pubsub_subscriber_blackwhite_listing]
 */
import type { Dict } from "../wamp/message.ts";
import type { Session } from "./session.ts";

const KEYS = [
  "eligible",
  "eligible_authid",
  "eligible_authrole",
  "exclude",
  "exclude_authid",
  "exclude_authrole",
] as const;

export class Receivers {
  readonly #lists: readonly (ReadonlySet<unknown> | undefined)[];

  private constructor(lists: readonly (ReadonlySet<unknown> | undefined)[]) {
    this.#lists = lists;
  }

  /** Undefined when the options restrict nothing. An empty whitelist means nobody. */
  static from(options: Dict): Receivers | undefined {
    const lists = KEYS.map((key) => {
      const list = options[key];
      return Array.isArray(list) ? new Set(list) : undefined;
    });
    return lists.some((list) => list !== undefined) ? new Receivers(lists) : undefined;
  }

  includes(session: Session): boolean {
    const [eligible, authids, authroles, exclude, excludedAuthids, excludedAuthroles] = this.#lists;
    const authrole = session.role.name;
    return (eligible === undefined || eligible.has(session.id)) &&
      (authids === undefined || authids.has(session.authid)) &&
      (authroles === undefined || authroles.has(authrole)) &&
      exclude?.has(session.id) !== true &&
      excludedAuthids?.has(session.authid) !== true &&
      excludedAuthroles?.has(authrole) !== true;
  }
}
