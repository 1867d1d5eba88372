/**
 * Who among the subscribers may receive a publication: publisher exclusion, black- and whitelisting.
 * Made only for publications that ask for it. [WAMP pubsub_publisher_exclusion] [WAMP pubsub_subscriber_blackwhite_listing]
 */
import type { Dict } from "../wamp/message.ts";
import type { Session } from "./session.ts";
import { weightOf } from "../wamp/weight.ts";

const KEYS = [
  "eligible",
  "eligible_authid",
  "eligible_authrole",
  "exclude",
  "exclude_authid",
  "exclude_authrole",
] as const;

/** Asked once for each subscriber that an event may go to. */
export interface Audience {
  includes(session: Session): boolean;
}

export class Receivers implements Audience {
  readonly #eligible: ReadonlySet<unknown> | undefined;
  readonly #eligibleAuthids: ReadonlySet<unknown> | undefined;
  readonly #eligibleAuthroles: ReadonlySet<unknown> | undefined;
  readonly #excluded: ReadonlySet<unknown> | undefined;
  readonly #excludedAuthids: ReadonlySet<unknown> | undefined;
  readonly #excludedAuthroles: ReadonlySet<unknown> | undefined;

  private constructor(options: Dict) {
    this.#eligible = setOf(options["eligible"]);
    this.#eligibleAuthids = setOf(options["eligible_authid"]);
    this.#eligibleAuthroles = setOf(options["eligible_authrole"]);
    this.#excluded = setOf(options["exclude"]);
    this.#excludedAuthids = setOf(options["exclude_authid"]);
    this.#excludedAuthroles = setOf(options["exclude_authrole"]);
  }

  /** As options of a PUBLISH. */
  get lists(): Dict {
    const lists: Record<(typeof KEYS)[number], ReadonlySet<unknown> | undefined> = {
      "eligible": this.#eligible,
      "eligible_authid": this.#eligibleAuthids,
      "eligible_authrole": this.#eligibleAuthroles,
      "exclude": this.#excluded,
      "exclude_authid": this.#excludedAuthids,
      "exclude_authrole": this.#excludedAuthroles,
    };
    return Object.fromEntries(
      KEYS.flatMap((key) => lists[key] === undefined ? [] : [[key, [...lists[key]]]]),
    );
  }

  /** Undefined when the options restrict nothing. An empty whitelist means nobody. */
  static from(options: Dict): Receivers | undefined {
    return KEYS.some((key) => Array.isArray(options[key])) ? new Receivers(options) : undefined;
  }

  /** Some list has ids of sessions, which mean nothing later. */
  get namesSessions(): boolean {
    return this.#eligible !== undefined || this.#excluded !== undefined;
  }

  /** About how many bytes the lists take. */
  get weight(): number {
    const lists = [
      this.#eligibleAuthids,
      this.#eligibleAuthroles,
      this.#excludedAuthids,
      this.#excludedAuthroles,
    ];
    return lists.reduce((weight, list) => weight + weightOf([...list ?? []]), 0);
  }

  includes(session: Session): boolean {
    return this.#eligible?.has(session.id) !== false &&
      this.#eligibleAuthids?.has(session.authid) !== false &&
      this.#eligibleAuthroles?.has(session.role.name) !== false &&
      this.#excluded?.has(session.id) !== true &&
      this.#excludedAuthids?.has(session.authid) !== true &&
      this.#excludedAuthroles?.has(session.role.name) !== true;
  }
}

function setOf(list: unknown): ReadonlySet<unknown> | undefined {
  return Array.isArray(list) ? new Set(list) : undefined;
}
