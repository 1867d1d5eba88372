/**
 * Load with books: clients that publish with acknowledgement and call without pause, and come back when their session is lost. Each
 * publication and each call has one outcome, which is counted; what was acknowledged is remembered, to be looked for later.
 */
import { ApplicationError, connect, ConnectError, JoinError, type Session } from "../../mod.ts";

export const TOPIC = "com.traffic.event";
export const PROCEDURE = "com.traffic.echo";

/** How requests of one kind ended. */
export interface Outcomes {
  done: number;
  /** Answered with an error. */
  refused: number;
  /** Without answer, as the session ended: it may have happened or not, and the client knows that. */
  lost: number;
}

export class Traffic {
  readonly publications: Outcomes = { done: 0, refused: 0, lost: 0 };
  readonly calls: Outcomes = { done: 0, refused: 0, lost: 0 };
  /** Errors of those that were refused. */
  readonly errors = new Map<string, number>();
  /** Serials of publications that were acknowledged. */
  readonly acknowledged: number[] = [];
  /** A call that got somebody else's answer. */
  wrong = 0;
  /** Sessions that were lost, and taken up by another. */
  reconnects = 0;
  /** Attempts to join that came to nothing; each is followed by another. */
  failedToJoin = 0;
  readonly #open: () => Promise<Session>;
  readonly #procedure: string;
  readonly #waiting = new Set<() => void>();
  #serial = 0;
  #isOver = false;
  #work: Promise<unknown> = Promise.resolve();

  /** @param url where clients connect; asked for each time. @param procedure that they call, with one argument that it returns. */
  constructor(url: () => string, procedure = PROCEDURE) {
    this.#procedure = procedure;
    this.#open = () => connect({ url: url(), realm: "realm1" });
  }

  start(clients: number): this {
    this.#work = Promise.all(Array.from({ length: clients }, () => this.#client()));
    return this;
  }

  /** Resolves when so many requests more have been answered, whatever with. */
  async progress(requests: number): Promise<void> {
    const until = this.#answered + requests;
    while (this.#answered < until) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when every request has its outcome. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  /** For a test's diagnostics. @param arrived serials of events that are known to have come, or to be kept. */
  figures(arrived: ReadonlySet<number>): string {
    const told = ({ done, refused, lost }: Outcomes) =>
      `${done} answered, ${refused} refused, ${lost} ended with their session`;
    const missing = this.missing(arrived).length;
    return `publications: ${told(this.publications)}; of those acknowledged ${missing} missing. ` +
      `Calls: ${told(this.calls)}. Sessions lost: ${this.reconnects}`;
  }

  /** Acknowledged, and yet not among these. */
  missing(arrived: ReadonlySet<number>): number[] {
    return this.acknowledged.filter((serial) => !arrived.has(serial));
  }

  get #answered(): number {
    const { publications, calls } = this;
    return publications.done + publications.refused + calls.done + calls.refused;
  }

  async #client(): Promise<void> {
    while (!this.#isOver) {
      let session: Session;
      try {
        session = await this.#open();
      } catch (error) {
        if (!(error instanceof ConnectError || error instanceof JoinError)) throw error;
        // Nobody is there, or not for long: another time.
        this.failedToJoin++;
        continue;
      }
      while (!this.#isOver && session.isOpen) {
        await Promise.all([this.#publish(session), this.#call(session)]);
      }
      if (session.isOpen) await session.leave();
      else this.reconnects++;
    }
  }

  async #publish(session: Session): Promise<void> {
    const serial = ++this.#serial;
    const isDone = await this.#count(
      this.publications,
      session.publish(TOPIC, [serial], {}, { acknowledge: true }),
    );
    if (isDone) this.acknowledged.push(serial);
  }

  async #call(session: Session): Promise<void> {
    const serial = ++this.#serial;
    const answer = session.call<number>(this.#procedure, [serial]).then((value) => {
      if (value !== serial) this.wrong++;
    });
    await this.#count(this.calls, answer);
  }

  async #count(outcomes: Outcomes, answer: Promise<unknown>): Promise<boolean> {
    try {
      await answer;
      outcomes.done++;
      return true;
    } catch (error) {
      if (error instanceof ApplicationError) {
        outcomes.refused++;
        this.errors.set(error.uri, (this.errors.get(error.uri) ?? 0) + 1);
      } else outcomes.lost++;
      return false;
    } finally {
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}

/** A session that has all events and answers all calls. */
export async function steady(url: string): Promise<{
  readonly session: Session;
  readonly arrived: Set<number>;
}> {
  const session = await connect({ url, realm: "realm1" });
  const arrived = new Set<number>();
  await session.subscribe(TOPIC, ([serial]) => void arrived.add(Number(serial)));
  await session.register(PROCEDURE, ([value]) => value, { invoke: "roundrobin" });
  return { session, arrived };
}

/** Of a realm that keeps all events of the traffic. */
export const STORE = {
  "type": "sqlite",
  "event-history": [{ "uri": TOPIC, "limit": 1_000_000 }],
};

/** Serials of all events that the node has kept. */
export async function recorded(url: string): Promise<Set<number>> {
  await using session = await connect({ url, realm: "realm1" });
  await session.subscribe(TOPIC, () => {});
  const id = await session.call<number>("wamp.subscription.lookup", [TOPIC]);
  const events = await session.call<{ args: [number] }[]>("wamp.subscription.get_events", [id]);
  return new Set(events.map(({ args: [serial] }) => serial));
}
