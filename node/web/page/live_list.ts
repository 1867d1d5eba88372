/**
 * One list of a realm (its sessions, registrations or subscriptions), kept up to date through the meta API.
 * A meta event says that something changed, and the list is asked for anew: what is shown is always what the router answered last, and
 * a lost or repeated event does no harm. Bursts of events cost one request at a time.
 */
import type { Session } from "../../../mod.ts";

/** What there is to know of a kind of list. */
export interface Source<Row> {
  /** Meta events after which the list or one of its rows differs. */
  readonly topics: readonly string[];
  /** IDs of all rows. */
  readonly list: (session: Session) => Promise<readonly number[]>;
  readonly read: (session: Session, id: number) => Promise<Row>;
  /** The row that an event changed, when it is still in the list. */
  readonly changed: (args: readonly unknown[]) => number | undefined;
}

export interface Contents<Row> {
  readonly rows: readonly Row[];
  /** Of the realm; `rows` has the first of them. */
  readonly total: number;
  /** Why the list cannot be shown. */
  readonly problem: string | undefined;
}

/** More rows than anybody reads. */
const MAX_ROWS = 300;
/** Rest between two requests. */
const PAUSE_MS = 150;

export class LiveList<Row> {
  readonly #source: Source<Row>;
  readonly #show: (contents: Contents<Row>) => void;
  #session: Session | undefined = undefined;
  #rows: ReadonlyMap<number, Row> = new Map<number, Row>();
  /** Rows that events have told of since the last request. */
  #changed = new Set<number>();
  #isLoading = false;
  #isStale = false;

  constructor(source: Source<Row>, show: (contents: Contents<Row>) => void) {
    this.#source = source;
    this.#show = show;
  }

  /** Follows the realm through a new session. */
  async follow(session: Session): Promise<void> {
    this.#session = session;
    this.#rows = new Map();
    const changed = (args: readonly unknown[]) => {
      const id = this.#source.changed(args);
      if (id !== undefined) this.#changed.add(id);
      this.#refresh(session);
    };
    try {
      // First the events, then the list: what changes in between is not missed.
      await Promise.all(this.#source.topics.map((topic) => session.subscribe(topic, changed)));
      this.#refresh(session);
    } catch (error) {
      this.#fail(session, error);
    }
  }

  async #refresh(session: Session): Promise<void> {
    this.#isStale = true;
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      while (this.#isStale && this.#session === session) {
        this.#isStale = false;
        await this.#load(session);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      this.#fail(session, error);
    } finally {
      this.#isLoading = false;
      // A session that came meanwhile found the list busy.
      if (this.#session !== undefined && this.#session !== session) this.#refresh(this.#session);
    }
  }

  async #load(session: Session): Promise<void> {
    const known = this.#rows;
    const changed = this.#changed;
    this.#changed = new Set();
    const ids = await this.#source.list(session);
    const rows = await Promise.all(
      ids.slice(0, MAX_ROWS).map(async (id) => {
        try {
          const row = changed.has(id) ? undefined : known.get(id);
          return [id, row ?? await this.#source.read(session, id)] as const;
        } catch (error) {
          // It went between two requests; the event is on its way.
          if (session.isOpen) return undefined;
          throw error;
        }
      }),
    );
    if (this.#session !== session) return;
    const present = rows.filter((row) => row !== undefined);
    this.#rows = new Map(present);
    this.#show({ rows: present.map(([, row]) => row), total: ids.length, problem: undefined });
  }

  #fail(session: Session, error: unknown): void {
    if (this.#session !== session || !session.isOpen) return;
    const problem = error instanceof Error ? error.message : String(error);
    this.#show({ rows: [], total: 0, problem });
  }
}
