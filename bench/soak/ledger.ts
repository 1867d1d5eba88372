/**
 * The books: who is there, which calls are open, which events must still come. All sessions live in one process, so it is known who
 * must get what; what does not fit is a fault.
 */
import type { Session } from "../../mod.ts";

/** An answer or an event later than this is a fault, even on a loaded machine. */
export const PATIENCE_MS = 30_000;
const MAX_FAULTS = 20;

/** One subscription, from its confirmation until its owner begins to leave. */
export class Reader {
  readonly #ledger: Ledger;
  readonly #seen = new Set<number>();
  /** Publications that were acknowledged and have not come yet. */
  readonly #missing = new Set<number>();
  #onComplete: (() => void) | undefined = undefined;
  /** True when the session broke: what was to come is lost with it. */
  isGone = false;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  receive(serial: number): void {
    this.#ledger.counts.events++;
    if (this.#seen.has(serial)) this.#ledger.fault(`Event ${serial} came twice`);
    this.#seen.add(serial);
    this.#missing.delete(serial);
    if (this.#missing.size === 0) this.#onComplete?.();
  }

  expect(serial: number): void {
    if (this.isGone) return;
    this.#ledger.counts.eventsOwed++;
    if (!this.#seen.has(serial)) this.#missing.add(serial);
  }

  /** Resolves when all that is owed has come. */
  async complete(): Promise<void> {
    if (this.#missing.size > 0 && !this.isGone) {
      const came = new Promise<void>((resolve) => this.#onComplete = resolve);
      await limited(came).catch(() => {
        if (!this.isGone) this.#ledger.fault(`${this.#missing.size} events never came`);
      });
    }
    this.isGone = true;
  }
}

export interface Procedure {
  readonly uri: string;
  /** Its callee stays for the whole run: a call of it never fails. */
  readonly isSteady: boolean;
}

export class Ledger {
  readonly counts = {
    sessions: 0,
    cut: 0,
    calls: 0,
    results: 0,
    errors: 0,
    lost: 0,
    publications: 0,
    events: 0,
    eventsOwed: 0,
  };
  readonly faults: string[] = [];
  /** By topic. */
  readonly readers = new Map<string, Set<Reader>>();
  readonly procedures = new Map<string, Procedure>();
  #lastSerial = 0;

  fault(text: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(text);
  }

  /** A call is answered once: by its result, by an error that its callee's fate explains, or it ends with its caller's session. */
  async call(session: Session, { uri, isSteady }: Procedure, mayBeCut: () => boolean) {
    const { counts } = this;
    const sent = [counts.calls++, "é".repeat(counts.calls % 50)];
    try {
      const { length, 0: first } = await limited(session.call<readonly unknown[]>(uri, [sent]));
      if (length !== 2 || first !== sent[0]) this.fault(`A call of ${uri} got a wrong result`);
      counts.results++;
    } catch (error) {
      if (mayBeCut()) counts.lost++;
      else if (!isSteady && explained(error)) counts.errors++;
      else this.fault(`A call of ${uri} failed: ${error}`);
    }
  }

  /** Publishes with acknowledgement: from then on every reader of the topic that was there owes the event. */
  async publish(session: Session, topic: string, mayBeCut: () => boolean): Promise<void> {
    const serial = ++this.#lastSerial;
    const readers = [...this.readers.get(topic) ?? []];
    const payload = { text: "x".repeat(serial % 400) };
    const options = { acknowledge: true, excludeMe: false } as const;
    try {
      await limited(session.publish(topic, [serial], payload, options));
    } catch (error) {
      if (!mayBeCut()) this.fault(`A publication to ${topic} failed: ${error}`);
      return;
    }
    this.counts.publications++;
    for (const reader of readers) reader.expect(serial);
  }
}

/** Errors that a call gets when its callee leaves before or during it. */
const PARTING = /\.(?:no_such_procedure|canceled|no_available_callee|network_failure|unavailable)$/;

function explained(error: unknown): boolean {
  return error instanceof Error && "uri" in error && PARTING.test(String(error.uri));
}

/** What takes longer than anybody should wait rejects. */
export function limited<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
