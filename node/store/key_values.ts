/**
 * Texts by key, each with an end of its life, that survive a restart: for what a node remembers of its peers, such as cookies. All of it is
 * in memory, so reading is a look-up; what changes goes to one SQLite file within 20 ms, by a worker. A disk that fails is told once,
 * and what it lacks is written when it works again.
 */
import type { Clock, Log, Timer } from "../../router/ports.ts";
import type { Answer, Ask, StoredValue } from "./protocol.ts";
import { WorkerLink } from "./worker_link.ts";

export interface KeyValuesOptions {
  /** Absolute. Made when it is not there. A file of its own: no realm's store. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

const BATCH_MS = 20;
const RETRY_MS = 1000;
const SWEEP_MS = 60_000;

export class KeyValues {
  readonly #options: KeyValuesOptions;
  readonly #link: WorkerLink;
  readonly #values = new Map<string, StoredValue>();
  /** Not on disk yet. */
  #changed = new Map<string, StoredValue>();
  #timer: Timer | undefined;
  #sweeper: Timer | undefined;
  #failure: string | undefined;

  private constructor(options: KeyValuesOptions) {
    this.#options = options;
    this.#link = new WorkerLink((error) =>
      options.log.error("Fault in {file}: {error}", { file: options.file, error })
    );
  }

  /** Reads the file. One that cannot be used is told in the log and counts as empty; it is tried again. */
  static async open(options: KeyValuesOptions): Promise<KeyValues> {
    const opened = new KeyValues(options);
    await opened.#open();
    opened.#sweepLater();
    return opened;
  }

  /** Why the file is not written now; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The living entries' number, and perhaps of some that have just died. */
  get size(): number {
    return this.#values.size;
  }

  get(key: string): string | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    if (found.expires > this.#options.clock.now()) return found.value;
    this.delete(key);
    return undefined;
  }

  /** @param expires milliseconds since 1970. */
  set(key: string, value: string, expires: number): void {
    const entry = { key, value, expires };
    this.#values.set(key, entry);
    this.#change(entry);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#change({ key, value: undefined, expires: 0 });
  }

  /** Writes what waits, for at most `limitMs`, and ends the worker. */
  async close(limitMs: number): Promise<void> {
    this.#sweeper?.cancel();
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(limitMs, resolve);
    });
    await Promise.race([this.#write(), limit]);
    await Promise.race([this.#ask({ kind: "close" }), limit]);
    for (const one of [timer, this.#timer]) one?.cancel();
    this.#link.end();
  }

  #change(entry: StoredValue): void {
    this.#changed.set(entry.key, entry);
    this.#timer ??= this.#options.clock.after(BATCH_MS, () => void this.#write());
  }

  async #open(): Promise<void> {
    const { file, clock } = this.#options;
    const now = clock.now();
    const { failure } = await this.#ask({ kind: "open", now, file, histories: [] });
    const read = failure === undefined ? await this.#ask({ kind: "values", now }) : { failure };
    if (read.failure !== undefined) return this.#failed(read.failure);
    if (this.#failure !== undefined) {
      this.#options.log.info("The file {file} works again", { file });
    }
    this.#failure = undefined;
    for (const value of "values" in read ? read.values ?? [] : []) {
      if (!this.#values.has(value.key) && !this.#changed.has(value.key)) {
        this.#values.set(value.key, value);
      }
    }
  }

  async #write(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#failure !== undefined) {
      if (this.#link.isDead) this.#link.restart();
      await this.#open();
      if (this.#failure !== undefined) return;
    }
    const changed = this.#changed;
    if (changed.size === 0) return;
    this.#changed = new Map();
    const { failure } = await this.#ask({ kind: "set", values: [...changed.values()] });
    if (failure === undefined) return;
    // What was changed meanwhile is newer.
    this.#changed = new Map([...changed, ...this.#changed]);
    this.#failed(failure);
  }

  #failed(failure: string): void {
    const { file, log, clock } = this.#options;
    if (this.#failure === undefined) log.error("Cannot use {file}: {failure}", { file, failure });
    this.#failure = failure;
    this.#timer?.cancel();
    this.#timer = clock.after(RETRY_MS, () => void this.#write());
  }

  #sweepLater(): void {
    const { clock } = this.#options;
    this.#sweeper = clock.after(SWEEP_MS, () => {
      const now = clock.now();
      for (const { key, expires } of this.#values.values()) if (expires <= now) this.delete(key);
      this.#sweepLater();
    });
  }

  #ask(request: Ask): Promise<Answer> {
    return new Promise((resolve) => this.#link.ask(request, resolve));
  }
}
