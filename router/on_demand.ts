/**
 * Realms that are made when somebody asks for them who may have them made, and removed once nobody has been in them for a while. How one is
 * made is for the owner of the router to say. Asked by `handshake.ts` when a peer has proved who it is and there is no realm of the name.
 */
import type { Match } from "../wamp/uri.ts";
import { CLOSE_REALM, LIMIT_EXCEEDED, UNAVAILABLE } from "../wamp/uris.ts";
import type { Admission, Refusal } from "./join.ts";
import { PatternIndex } from "./pattern_index.ts";
import type { Timer } from "./ports.ts";
import type { Realm } from "./realm.ts";
import type { Router } from "./router.ts";

export interface RealmTemplate {
  /** Pattern of the realms' names; of all that match the most specific decides, as with permissions. */
  readonly uri: string;
  readonly match: Match;
  /** Roles whose sessions have a realm made by joining it. */
  readonly creators: readonly string[];
  /** That may be there at once. */
  readonly maxRealms: number;
  /** For so long a realm is kept in which nobody is. */
  readonly idleMs: number;
  /** Adds the realm to the router. Undefined: it can have no such name. */
  make(name: string): Promise<Realm | undefined>;
  /** One of its realms is no longer in the router, as nobody was in it. */
  removed(realm: Realm): void;
}

interface Demanded {
  readonly realm: Realm;
  template: RealmTemplate;
  /** Set while nobody is in it. */
  timer: Timer | undefined;
}

interface Making {
  readonly template: RealmTemplate;
  /** What to tell who asked; undefined: to look again. */
  readonly done: Promise<Refusal | undefined>;
}

export class RealmsOnDemand {
  readonly #router: Router;
  readonly #templates = new PatternIndex<RealmTemplate>(({ uri }) => uri);
  readonly #realms = new Map<string, Demanded>();
  readonly #making = new Map<string, Making>();
  #isStopped = false;

  constructor(router: Router) {
    this.#router = router;
  }

  /** Adds a template, or puts it in the place of the one with its pattern. */
  set(template: RealmTemplate): void {
    const { match, uri } = template;
    const before = this.#templates.get(match, uri);
    this.#templates.set(match, uri, template);
    for (const demanded of this.#realms.values()) {
      if (demanded.template === before) demanded.template = template;
    }
  }

  /** No realms are made by it any more. Those that there are go on. */
  remove({ match, uri }: Pick<RealmTemplate, "match" | "uri">): void {
    this.#templates.remove(match, uri);
  }

  /** @returns undefined when the realm is not to be had for this peer: it must not learn whether anybody may have it. */
  demand({ realm: name, authid, authrole }: Admission): Promise<Refusal | undefined> | undefined {
    const template = this.#templates.best(name);
    if (template === undefined || this.#isStopped || !template.creators.includes(authrole)) {
      return undefined;
    }
    const making = this.#making.get(name);
    if (making !== undefined) return making.done;
    if (this.#count(template) >= template.maxRealms) {
      const text = `Cannot make realm "${name}": found as many realms of its template as there ` +
        `may be, ${template.maxRealms}`;
      return Promise.resolve({ refusal: LIMIT_EXCEEDED, text, why: "max_realms is reached" });
    }
    const done = this.#make(name, template, authid);
    this.#making.set(name, { template, done });
    return done;
  }

  /** Somebody else ends the realm. */
  forget(name: string): void {
    const demanded = this.#realms.get(name);
    if (demanded === undefined) return;
    this.#realms.delete(name);
    demanded.realm.onSessions = undefined;
    demanded.timer?.cancel();
  }

  /** Makes none any more, and removes none: the router is about to end. */
  stop(): void {
    this.#isStopped = true;
    for (const name of [...this.#realms.keys()]) this.forget(name);
  }

  async #make(
    name: string,
    template: RealmTemplate,
    authid: string,
  ): Promise<Refusal | undefined> {
    const { log } = this.#router;
    try {
      const realm = await template.make(name);
      if (realm === undefined) return undefined;
      log.info("Realm {realm} was made for {authid}", { realm: name, authid });
      this.#watch(realm, template);
      return undefined;
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      log.error("Cannot make realm {realm} for {authid}: {error}", { realm: name, authid, error });
      return { refusal: UNAVAILABLE, text: `Cannot make realm "${name}": the router has failed` };
    } finally {
      this.#making.delete(name);
    }
  }

  #count(template: RealmTemplate): number {
    const all = [...this.#realms.values(), ...this.#making.values()];
    return all.filter((one) => one.template === template).length;
  }

  #watch(realm: Realm, { match, uri }: RealmTemplate): void {
    // It may have been replaced meanwhile.
    const template = this.#templates.get(match, uri);
    if (this.#isStopped || template === undefined) return;
    const demanded: Demanded = { realm, template, timer: undefined };
    this.#realms.set(realm.name, demanded);
    realm.onSessions = () => this.#look(demanded);
    this.#look(demanded);
  }

  #look(demanded: Demanded): void {
    const { realm, template, timer } = demanded;
    if (isIdle(realm) === (timer !== undefined)) return;
    timer?.cancel();
    demanded.timer = timer === undefined
      ? this.#router.clock.after(template.idleMs, () => this.#end(demanded))
      : undefined;
  }

  #end({ realm, template }: Demanded): void {
    this.forget(realm.name);
    this.#router.removeRealm(realm.name, CLOSE_REALM);
    this.#router.log.info("Realm {realm} was removed: nobody was in it for {ms} ms", {
      realm: realm.name,
      ms: template.idleMs,
    });
    template.removed(realm);
  }
}

/** Sessions of the router's own process (authorizers, links) are in it for the sake of others. */
function isIdle({ sessions }: Realm): boolean {
  for (const session of sessions.values()) if (!session.isInside) return false;
  return true;
}
