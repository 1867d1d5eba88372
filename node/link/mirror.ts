/**
 * Keeps one side of a link as the other side has it: what sessions of the far realm subscribe to or register there is established at the
 * near realm too, as long as it lasts. Learns of it by the far router's meta API. What is established, and what then crosses, is in
 * `event_mirror.ts` and `call_mirror.ts`.
 */
import { type Dict, EMPTY_DICT, type Event } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import type { Match } from "../../wamp/uri.ts";
import type { Log } from "../../router/ports.ts";
import { staysAtHome, wayOf } from "./forwarding.ts";
import { LinkError, type LinkPeer } from "./link_peer.ts";

/** The part of the meta API that tells of one kind of thing. */
export interface MetaUris {
  readonly list: string;
  readonly get: string;
  /** Sessions that hold it. */
  readonly members: string;
  readonly sessionGet: string;
  /** Their second argument is an id, or details with one. */
  readonly changes: readonly string[];
}

/** Something of the far realm that the near realm is to have too. */
export interface Wanted {
  readonly uri: string;
  readonly match: Match;
  readonly invoke: string;
  /** Realms that it has come through already. */
  readonly way: ReturnType<typeof wayOf>;
}

export interface MirrorOptions {
  /** Where it is established. */
  readonly near: LinkPeer;
  /** Where it exists. */
  readonly far: LinkPeer;
  /** Sessions of these do not count. */
  readonly excludedAuthids: readonly string[];
  readonly log: Log;
}

/** What differs between subscriptions and registrations. */
export interface Mirrored {
  readonly what: string;
  readonly uris: MetaUris;
  /** Resolves to its id at the near realm. Rejects with LinkError where that realm refuses. */
  establish(wanted: Wanted): Promise<number>;
  withdraw(id: number): void;
  /** Of the near realm: what it refused may be possible after such an event. */
  readonly retryAfter?: string;
}

interface Held {
  readonly id: number;
  readonly key: string;
}

export class Mirror {
  readonly #options: MirrorOptions;
  readonly #mirrored: Mirrored;
  /** What the near realm has, by its id at the far one. */
  readonly #held = new Map<number, Held>();
  /** Refused by the near realm, perhaps only for now. */
  readonly #refused = new Set<number>();
  /** Being looked at; true where it changed meanwhile. */
  readonly #busy = new Map<number, boolean>();
  readonly #isExcluded = new Map<number, boolean>();

  constructor(mirrored: Mirrored, options: MirrorOptions) {
    this.#mirrored = mirrored;
    this.#options = options;
  }

  /** Resolves when all that exists by now is established. Rejects with LinkError when the far router has no meta API for us. */
  async start(): Promise<void> {
    const { near, far } = this.#options;
    const { uris, retryAfter } = this.#mirrored;
    if (retryAfter !== undefined) await near.subscribe(retryAfter, EMPTY_DICT, () => this.#retry());
    const changed = (event: Event) => this.#changed(event);
    await Promise.all(uris.changes.map((topic) => far.subscribe(topic, EMPTY_DICT, changed)));
    const lists = await far.ask(uris.list);
    const ids = isDict(lists) ? Object.values(lists).flat() : [];
    await Promise.all(ids.filter((id) => typeof id === "number").map((id) => this.#look(id)));
  }

  #retry(): void {
    for (const id of this.#refused) this.#look(id);
  }

  #changed({ payload }: Event): void {
    const about = payload.decode().args[1];
    const id = isDict(about) ? about["id"] : about;
    if (typeof id === "number") this.#look(id);
  }

  /** One look at a time for each: the last one sees the latest state. */
  async #look(id: number): Promise<void> {
    if (this.#busy.has(id)) {
      this.#busy.set(id, true);
      return;
    }
    try {
      do {
        this.#busy.set(id, false);
        await this.#adapt(id, await this.#wanted(id));
      } while (this.#busy.get(id) === true);
    } catch (cause) {
      this.#options.log.error("Fault in a router link: {error}", {
        error: cause instanceof Error ? cause.stack : String(cause),
      });
    } finally {
      this.#busy.delete(id);
    }
  }

  async #adapt(id: number, wanted: Wanted | undefined): Promise<void> {
    const held = this.#held.get(id);
    const key = wanted && JSON.stringify(wanted);
    if (held?.key === key) return;
    this.#refused.delete(id);
    if (held !== undefined) {
      this.#held.delete(id);
      this.#mirrored.withdraw(held.id);
    }
    const { near, log } = this.#options;
    if (wanted === undefined || key === undefined || !near.isOpen) return;
    try {
      this.#held.set(id, { id: await this.#mirrored.establish(wanted), key });
    } catch (cause) {
      if (!(cause instanceof LinkError)) throw cause;
      this.#refused.add(id);
      log.debug("The {side} realm of a link refuses a {what}: {problem}", () => ({
        side: near.side,
        what: this.#mirrored.what,
        problem: cause.message,
      }));
    }
  }

  /** Undefined when nobody but this link has it, or it is gone. */
  async #wanted(id: number): Promise<Wanted | undefined> {
    const { far } = this.#options;
    const { uris } = this.#mirrored;
    try {
      const [details, members] = await Promise.all([
        far.ask(uris.get, id),
        far.ask(uris.members, id),
      ]);
      if (!isDict(details) || !Array.isArray(members)) return undefined;
      const { uri } = details;
      if (typeof uri !== "string" || staysAtHome(uri)) return undefined;
      for (const member of members) {
        if (member !== far.id && !await this.#excludes(member)) return wantedOf(uri, details);
      }
    } catch (cause) {
      if (!(cause instanceof LinkError)) throw cause;
    }
    return undefined;
  }

  async #excludes(session: unknown): Promise<boolean> {
    const { far, excludedAuthids } = this.#options;
    if (excludedAuthids.length === 0 || typeof session !== "number") return false;
    const known = this.#isExcluded.get(session);
    if (known !== undefined) return known;
    const details = await far.ask(this.#mirrored.uris.sessionGet, session);
    const authid = isDict(details) ? details["authid"] : undefined;
    const isExcluded = typeof authid === "string" && excludedAuthids.includes(authid);
    this.#isExcluded.set(session, isExcluded);
    return isExcluded;
  }
}

function wantedOf(uri: string, details: Dict): Wanted {
  const { match, invoke } = details;
  return {
    uri,
    match: match === "prefix" || match === "wildcard" ? match : "exact",
    invoke: typeof invoke === "string" ? invoke : "single",
    way: wayOf(details, "x_forward_for"),
  };
}
