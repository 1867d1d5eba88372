/** Sessions of the node's own, one in each realm, for as long as that lasts: made when wanted, and the same for all who want one. */
import type { Session } from "../client/session.ts";
import type { InsideSettings } from "./inside.ts";

export class InsideSessions {
  readonly #settings: Omit<InsideSettings, "realm">;
  readonly #sessions = new Map<string, Promise<Session>>();

  constructor(settings: Omit<InsideSettings, "realm">) {
    this.#settings = settings;
  }

  in(realm: string): Promise<Session> {
    const known = this.#sessions.get(realm);
    if (known !== undefined) return known;
    // Loaded with the first of them: most nodes have none, and it takes the whole client library.
    const joining = import("./inside.ts")
      .then(({ joinInside }) => joinInside({ ...this.#settings, realm }));
    this.#sessions.set(realm, joining);
    const forget = () => this.#sessions.delete(realm);
    joining.then((session) => session.closed).then(forget, forget);
    return joining;
  }
}
