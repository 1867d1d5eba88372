/**
 * A realm's store in one SQLite file. What it is given gathers in a batch, which goes to the worker every 20 ms, at 1,000 rows, or as soon
 * as the last one is done when a publisher waits. HOT: `append`, within the publication.
 * A store that fails says so once, drops and counts what comes, keeps what is retained for later, and tries again every second.
 */
import type { Recorded } from "../../router/history.ts";
import type { Clock, HistoryPage, HistoryQuery, Log, Store, Timer } from "../../router/ports.ts";
import type { Retained } from "../../router/retention.ts";
import type { Answer, StoredHistoryOptions } from "./protocol.ts";
import { Batch, recordedOf, retainedOf } from "./rows.ts";
import { type RetainedByTopic, Unwritten } from "./unwritten.ts";
import { WorkerLink } from "./worker_link.ts";

export interface SqliteStoreOptions {
  /** Absolute. Made when it is not there. */
  readonly file: string;
  readonly histories: readonly StoredHistoryOptions[];
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes that may wait for the disk. Default 64 MiB. */
  readonly maxWaitingBytes?: number;
}

/** Counted since the start. */
export interface StoreStats {
  /** Events of histories that are on disk. */
  writtenEvents: number;
  /** Those that are not, as the disk failed or did not keep up. */
  lostEvents: number;
  /** Times that a topic's retained events were not noted for later, as too many topics wait for the disk. */
  lostRetained: number;
  batches: number;
  /** Times that writing began to fail. */
  failures: number;
}

type Done = (failure: string | undefined) => void;

/** A batch that the worker has. */
interface Flight {
  readonly bytes: number;
  readonly events: number;
  readonly retained: RetainedByTopic;
  waiters: Done[];
  readonly slow: Timer;
}

const BATCH_MS = 20;
const BATCH_ROWS = 1000;
const PROBE_MS = 1000;
/** A batch that takes longer has failed for those who wait. */
const SLOW_MS = 5000;
const EXPIRE_MS = 60_000;
const FIRST_BYTES = 4096;

const CLOSED = "the store is closed";
const FULL = "the disk does not keep up";
const SLOW = `the disk has not answered for ${SLOW_MS / 1000} s`;

export class SqliteStore implements Store {
  readonly file: string;
  readonly stats: StoreStats = {
    writtenEvents: 0,
    lostEvents: 0,
    lostRetained: 0,
    batches: 0,
    failures: 0,
  };
  taken = 0;
  readonly #histories: readonly StoredHistoryOptions[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #maxWaitingBytes: number;
  readonly #link: WorkerLink;
  #batch: Batch = new Batch(FIRST_BYTES);
  readonly #retained: Unwritten;
  /** They wait for what gathers. */
  #waiters: Done[] = [];
  #timer: Timer | undefined;
  /** What gathers leaves as soon as the worker is free. */
  #isDue = false;
  readonly #flights: Flight[] = [];
  #flyingBytes = 0;
  /** Why the last write failed; probes go on until one succeeds. */
  #fault: string | undefined;
  #isSlow = false;
  #hasToldFull = false;
  #hasToldForgotten = false;
  #probe: Timer | undefined;
  #expiry: Timer | undefined;
  #onRetained: ((entries: readonly Retained[]) => void) | undefined;

  constructor(options: SqliteStoreOptions) {
    this.file = options.file;
    this.#histories = options.histories;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? 64 * 1024 * 1024;
    this.#retained = new Unwritten(this.#maxWaitingBytes);
    this.#link = new WorkerLink((fault) => this.#report(fault));
    this.#open();
    if (options.histories.some(({ maxAgeMs }) => maxAgeMs !== Infinity)) this.#expireLater();
  }

  get failure(): string | undefined {
    return this.#fault ?? (this.#isSlow ? SLOW : this.#isFull ? FULL : undefined);
  }

  append(history: number, event: Recorded): void {
    const options = this.#histories[history];
    if (options === undefined || event.weight > options.maxBytes) return;
    if (this.#fault !== undefined || this.#isFull) return this.#lose();
    this.taken++;
    this.#batch.event(history, event);
    this.#gathered();
  }

  retain(topic: string, entries: readonly Retained[]): void {
    if (!this.#retained.set(topic, entries)) {
      if (this.failure !== undefined) return this.#forget();
      this.#flush();
      this.#retained.set(topic, entries);
    }
    this.taken++;
    if (this.#fault === undefined && !this.#isFull) this.#gathered();
  }

  committed(done: Done): void {
    const last = this.#flights.at(-1);
    if (this.#fault === undefined && this.#isEmpty && last !== undefined) {
      last.waiters.push(done);
      return;
    }
    this.#waiters.push(done);
    this.#isDue = true;
    if (this.#flights.length === 0) this.#flushIn(0);
  }

  read(query: HistoryQuery, done: (page: HistoryPage | undefined) => void): void {
    // A reader sees all that was published until now, unless the disk is far behind.
    if (!this.#isFull) this.#flush();
    this.#link.ask({ kind: "read", query, now: this.#clock.now() }, ({ events, next }) => {
      done(events && { events: events.map(recordedOf), next });
    });
  }

  retained(done: (entries: readonly Retained[]) => void): void {
    this.#onRetained = done;
    this.#load();
  }

  /** Resolves when the file has been opened and read, or could not be. */
  async ready(): Promise<void> {
    await this.#answer({ kind: "expire", now: this.#clock.now() });
  }

  /** Writes what waits, for at most `limitMs`, and ends the worker. */
  async close(limitMs: number): Promise<void> {
    for (const one of [this.#probe, this.#expiry]) one?.cancel();
    this.#flush();
    // Who publishes now comes too late.
    this.#fault = CLOSED;
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => timer = this.#clock.after(limitMs, resolve));
    await Promise.race([this.#answer({ kind: "close" }), limit]);
    for (const one of [timer, this.#timer, this.#probe, ...this.#flights.map(({ slow }) => slow)]) {
      one?.cancel();
    }
    this.#link.end();
  }

  get #isEmpty(): boolean {
    return this.#batch.rows === 0 && this.#retained.size === 0;
  }

  get #isFull(): boolean {
    return this.#flyingBytes + this.#batch.writer.length >= this.#maxWaitingBytes;
  }

  #gathered(): void {
    if (this.#batch.rows + this.#retained.size >= BATCH_ROWS) this.#flush();
    else this.#timer ??= this.#clock.after(BATCH_MS, () => this.#flush());
  }

  #flushIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.#flush());
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isDue = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    if (this.#fault !== undefined) return this.#tell(waiters, this.#fault);
    if (this.#isEmpty) return this.#tell(waiters, undefined);
    const batch = this.#batch;
    const retained = this.#retained.take();
    for (const [topic, entries] of retained) batch.retained(topic, entries);
    const { bytes, length } = batch.writer;
    this.#batch = new Batch(Math.max(FIRST_BYTES, length));
    const slow = this.#clock.after(SLOW_MS, () => this.#slowed(flight));
    const flight: Flight = { bytes: length, events: batch.events, retained, waiters, slow };
    this.#flights.push(flight);
    this.#flyingBytes += length;
    const rows = bytes.subarray(0, length);
    this.#link.ask({ kind: "write", topics: batch.topics, rows }, ({ failure }) => {
      this.#landed(flight, failure);
    });
  }

  #landed(flight: Flight, failure: string | undefined): void {
    flight.slow.cancel();
    this.#flights.splice(this.#flights.indexOf(flight), 1);
    this.#flyingBytes -= flight.bytes;
    if (this.#flights.length === 0) this.#isSlow = false;
    if (!this.#isFull) this.#hasToldFull = this.#hasToldForgotten = false;
    if (failure === undefined) {
      this.stats.batches++;
      this.stats.writtenEvents += flight.events;
    } else {
      this.stats.lostEvents += flight.events;
      this.#keepForLater(flight.retained);
      this.#failed(failure);
    }
    this.#tell(flight.waiters, failure);
    if (this.#isDue && this.#flights.length === 0) this.#flush();
    // What was retained while there was no room.
    else if (this.#fault === undefined && !this.#isFull && !this.#isEmpty) this.#gathered();
  }

  /** Unless there is a later word on a topic. */
  #keepForLater(retained: Flight["retained"]): void {
    for (const [topic, entries] of retained) {
      const isKnown = this.#retained.has(topic) ||
        this.#flights.some((later) => later.retained.has(topic));
      if (!isKnown && !this.#retained.set(topic, entries)) this.#forget();
    }
  }

  #slowed(flight: Flight): void {
    if (!this.#isSlow) this.#log.warn(`The store {file} is slow: ${SLOW}`, { file: this.file });
    this.#isSlow = true;
    const { waiters } = flight;
    flight.waiters = [];
    this.#tell(waiters, SLOW);
  }

  #lose(): void {
    this.stats.lostEvents++;
    if (this.#fault !== undefined || this.#hasToldFull) return;
    this.#hasToldFull = true;
    this.#log.warn("The store {file} loses events: {reason}", { file: this.file, reason: FULL });
  }

  /** After a restart the topic has what the file has of it. */
  #forget(): void {
    this.stats.lostRetained++;
    if (this.#hasToldForgotten) return;
    this.#hasToldForgotten = true;
    this.#log.warn(
      "The store {file} cannot note what becomes of retained events: too many topics wait for the disk",
      { file: this.file },
    );
  }

  #failed(fault: string): void {
    if (this.#fault === CLOSED) return;
    if (this.#fault === undefined) {
      this.stats.failures++;
      this.#log.error(
        "Cannot use the store {file}: {fault}. Nothing is recorded until it can be used again",
        { file: this.file, fault },
      );
    }
    this.#fault = fault;
    this.stats.lostEvents += this.#batch.events;
    this.#batch = new Batch(FIRST_BYTES);
    this.#flushIn(0);
    this.#probe?.cancel();
    this.#probe = this.#clock.after(PROBE_MS, () => this.#try());
  }

  #try(): void {
    if (this.#link.isDead) {
      this.#link.restart();
      this.#open();
    }
    this.#link.ask({ kind: "probe", now: this.#clock.now() }, ({ failure }) => {
      if (failure !== undefined || this.#fault === CLOSED) return this.#failed(failure ?? CLOSED);
      this.#probe?.cancel();
      this.#fault = undefined;
      const { lostEvents } = this.stats;
      this.#log.info(
        "The store {file} works again; {lostEvents} events were lost since the start",
        {
          file: this.file,
          lostEvents,
        },
      );
      this.#load();
      if (!this.#isEmpty) this.#gathered();
    });
  }

  #open(): void {
    const { file } = this;
    const [histories, now] = [this.#histories, this.#clock.now()];
    this.#link.ask({ kind: "open", now, file, histories }, ({ failure }) => {
      if (failure !== undefined) this.#failed(failure);
    });
  }

  /** Tells the realm what was retained, once it can be read. */
  #load(): void {
    if (this.#onRetained === undefined) return;
    this.#link.ask({ kind: "retained", now: this.#clock.now() }, ({ retained }) => {
      const tell = this.#onRetained;
      if (retained === undefined || tell === undefined) return;
      this.#onRetained = undefined;
      // What is about to be written is newer.
      const isNewer = (topic: string) =>
        this.#retained.has(topic) || this.#flights.some((flight) => flight.retained.has(topic));
      tell(retained.filter(({ topic }) => !isNewer(topic)).map(retainedOf));
    });
  }

  #expireLater(): void {
    this.#expiry = this.#clock.after(EXPIRE_MS, () => {
      if (this.#fault === undefined) {
        this.#link.ask({ kind: "expire", now: this.#clock.now() }, ({ failure }) => {
          if (failure !== undefined) this.#failed(failure);
        });
      }
      this.#expireLater();
    });
  }

  #answer(request: { kind: "close" } | { kind: "expire"; now: number }): Promise<Answer> {
    return new Promise((resolve) => this.#link.ask(request, resolve));
  }

  #tell(waiters: readonly Done[], failure: string | undefined): void {
    for (const done of waiters) {
      try {
        done(failure);
      } catch (cause) {
        this.#report(cause);
      }
    }
  }

  /** A fault of ours in what an answer led to: the router goes on. */
  #report(cause: unknown): void {
    this.#log.error("Router fault in an answer of the store: {error}", {
      error: cause instanceof Error ? cause.stack : String(cause),
    });
  }
}
