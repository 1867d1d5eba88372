/**
 * The store's file: recorded events with the limits of their histories, and retained events, in SQLite. Synchronous, so it runs in
 * `store_worker.ts`. Every write is one transaction that is on disk when it returns; what throws has left nothing behind.
 *
 * The file is locked for this process (two nodes cannot share one) and written ahead (WAL): a killed node leaves a whole file.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { HistoryFilter } from "../../router/history.ts";
import type { HistoryQuery } from "../../router/ports.ts";
import type { EventRow, RetainedRow, StoredHistoryOptions, StoredValue } from "./protocol.ts";
import { EVENT, RowReader } from "./rows.ts";

/** Of this file's tables, in `user_version`. */
const VERSION = 1;
const PAGE_EVENTS = 256;
const PAGE_BYTES = 1024 * 1024;
/** Written to see whether there is room: a few bytes fit where nothing else does. */
const PROBE_BYTES = 65_536;

const SCHEMA = `
CREATE TABLE history (id INTEGER PRIMARY KEY, match TEXT NOT NULL, uri TEXT NOT NULL, UNIQUE (match, uri));
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, history INTEGER NOT NULL, time REAL NOT NULL, publication REAL NOT NULL, topic TEXT NOT NULL,
  weight INTEGER NOT NULL, codec INTEGER NOT NULL, count INTEGER NOT NULL, head BLOB NOT NULL, payload BLOB NOT NULL
);
CREATE INDEX event_of_history ON event (history);
CREATE INDEX event_by_publication ON event (history, publication);
CREATE TABLE retained (
  topic TEXT NOT NULL, position INTEGER NOT NULL, publication REAL NOT NULL, excluded REAL NOT NULL, expires REAL, ordering REAL NOT NULL,
  weight INTEGER NOT NULL, codec INTEGER NOT NULL, count INTEGER NOT NULL, head BLOB NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (topic, position)
);
CREATE TABLE value (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE probe (bytes BLOB NOT NULL);
PRAGMA user_version = ${VERSION};
`;

interface OpenHistory extends StoredHistoryOptions {
  readonly id: number;
  events: number;
  bytes: number;
}

type Row = Record<string, unknown>;

export class StoreDatabase {
  readonly #database: DatabaseSync;
  #histories: readonly OpenHistory[] = [];
  readonly #insertEvent: StatementSync;
  readonly #insertRetained: StatementSync;
  readonly #deleteRetained: StatementSync;
  readonly #oldest: StatementSync;
  readonly #deleteUpTo: StatementSync;

  constructor(file: string, histories: readonly StoredHistoryOptions[], now: number) {
    // Events may be nobody else's business; the files beside it get the same rights.
    closeSync(openSync(file, "a", 0o600));
    const database = new DatabaseSync(file);
    this.#database = database;
    try {
      database.exec(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; " +
          "PRAGMA journal_size_limit = 4194304; PRAGMA busy_timeout = 1000",
      );
      this.#prepareFile(file);
      this.#insertEvent = database.prepare(
        "INSERT INTO event (history, time, publication, topic, weight, codec, count, head, payload) " +
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      );
      this.#insertRetained = database.prepare(
        "INSERT INTO retained (topic, position, publication, excluded, expires, ordering, weight, codec, count, head, payload) " +
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      );
      this.#deleteRetained = database.prepare("DELETE FROM retained WHERE topic = ?");
      this.#oldest = database.prepare(
        "SELECT seq, time, weight FROM event WHERE history = ? ORDER BY seq LIMIT 1000",
      );
      this.#deleteUpTo = database.prepare("DELETE FROM event WHERE history = ? AND seq <= ?");
      this.#transaction(() => {
        database.prepare("DELETE FROM retained WHERE expires <= ?").run(now);
        this.#openHistories(histories, now);
      });
    } catch (cause) {
      database.close();
      throw cause;
    }
  }

  write(topics: readonly string[], rows: Uint8Array<ArrayBuffer>): void {
    const reader = new RowReader(rows);
    const touched = new Map<OpenHistory, number>();
    try {
      this.#transaction(() => {
        while (reader.hasMore) {
          if (reader.byte() === EVENT) this.#writeEvent(reader, topics, touched);
          else this.#writeRetained(reader, topics);
        }
        for (const [history, time] of touched) this.#trim(history, time);
      });
    } catch (cause) {
      this.#count();
      throw cause;
    }
  }

  read({ history: number, filter, behind }: HistoryQuery, now: number) {
    const history = this.#histories[number];
    const bounds = history && this.#boundsOf(history, filter, behind, now);
    const events: EventRow[] = [];
    if (bounds === undefined) return { events, next: undefined };
    const order = filter.isReversed ? "DESC" : "ASC";
    const statement = this.#database.prepare(
      `SELECT * FROM event WHERE ${bounds.where.join(" AND ")} ORDER BY seq ${order} LIMIT ?`,
    );
    let bytes = 0;
    for (const row of statement.iterate(...bounds.values, PAGE_EVENTS)) {
      const event = { ...contentOf(row), time: numberOf(row, "time") };
      events.push(event);
      bytes += event.weight;
      if (events.length === PAGE_EVENTS || bytes > PAGE_BYTES) {
        return { events, next: numberOf(row, "seq") };
      }
    }
    return { events, next: undefined };
  }

  retained(now: number): RetainedRow[] {
    const statement = this.#database.prepare(
      "SELECT * FROM retained WHERE expires IS NULL OR expires > ? ORDER BY ordering",
    );
    return statement.all(now).map((row) => ({
      ...contentOf(row),
      time: 0,
      excluded: numberOf(row, "excluded"),
      expires: row["expires"] === null ? Infinity : numberOf(row, "expires"),
      order: numberOf(row, "ordering"),
    }));
  }

  values(now: number): StoredValue[] {
    this.#transaction(() => {
      this.#database.prepare("DELETE FROM value WHERE expires <= ?").run(now);
    });
    return this.#database.prepare("SELECT * FROM value").all().map((row) => ({
      key: textOf(row, "key"),
      value: textOf(row, "value"),
      expires: numberOf(row, "expires"),
    }));
  }

  set(values: readonly StoredValue[]): void {
    const insert = this.#database.prepare(
      "INSERT OR REPLACE INTO value (key, value, expires) VALUES (?, ?, ?)",
    );
    const remove = this.#database.prepare("DELETE FROM value WHERE key = ?");
    this.#transaction(() => {
      for (const { key, value, expires } of values) {
        if (value === undefined) remove.run(key);
        else insert.run(key, value, expires);
      }
    });
  }

  /** Forgets what is too old, also in histories that nothing was written to. */
  expire(now: number): void {
    this.#transaction(() => {
      for (const history of this.#histories) {
        if (history.maxAgeMs !== Infinity) this.#trim(history, now);
      }
    });
  }

  /** Throws where there is no room for anything. */
  probe(): void {
    const insert = this.#database.prepare("INSERT INTO probe (bytes) VALUES (zeroblob(?))");
    this.#transaction(() => insert.run(PROBE_BYTES));
    this.#transaction(() => this.#database.exec("DELETE FROM probe"));
  }

  close(): void {
    this.#database.close();
  }

  #prepareFile(file: string): void {
    const row = this.#database.prepare("PRAGMA user_version").get() ?? {};
    const version = numberOf(row, "user_version");
    if (version === VERSION) return;
    const tables = this.#database.prepare("SELECT name FROM sqlite_schema LIMIT 1").get();
    if (version !== 0 || tables !== undefined) {
      throw new Error(
        `Cannot use ${file}: found a database of version ${version}, expected a store's, of version ${VERSION}`,
      );
    }
    this.#transaction(() => this.#database.exec(SCHEMA));
  }

  /** Those of the list; events of others go. */
  #openHistories(options: readonly StoredHistoryOptions[], now: number): void {
    const insert = this.#database.prepare(
      "INSERT INTO history (match, uri) VALUES (?, ?) ON CONFLICT DO UPDATE SET uri = excluded.uri RETURNING id",
    );
    this.#histories = options.map((one) => {
      const id = numberOf(insert.get(one.match, one.uri) ?? {}, "id");
      return { ...one, id, events: 0, bytes: 0 };
    });
    if (options.length === 0) {
      this.#database.exec("DELETE FROM event; DELETE FROM history");
      return;
    }
    const ids = this.#histories.map(({ id }) => id).join(", ");
    this.#database.exec(`DELETE FROM event WHERE history NOT IN (${ids})`);
    this.#database.exec(`DELETE FROM history WHERE id NOT IN (${ids})`);
    this.#count();
    for (const history of this.#histories) this.#trim(history, now);
  }

  #count(): void {
    const statement = this.#database.prepare(
      "SELECT count(*) AS events, coalesce(sum(weight), 0) AS bytes FROM event WHERE history = ?",
    );
    for (const history of this.#histories) {
      const row = statement.get(history.id) ?? {};
      history.events = numberOf(row, "events");
      history.bytes = numberOf(row, "bytes");
    }
  }

  #writeEvent(
    reader: RowReader,
    topics: readonly string[],
    touched: Map<OpenHistory, number>,
  ): void {
    const history = this.#histories[reader.uint16()];
    const time = reader.uint64();
    const publication = reader.uint64();
    const weight = reader.uint32();
    const topic = topics[reader.uint32()] ?? "";
    const [codec, count, head, payload] = content(reader);
    if (history === undefined) return;
    this.#insertEvent.run(
      history.id,
      time,
      publication,
      topic,
      weight,
      codec,
      count,
      head,
      payload,
    );
    history.events++;
    history.bytes += weight;
    touched.set(history, time);
  }

  #writeRetained(reader: RowReader, topics: readonly string[]): void {
    const topic = topics[reader.uint32()] ?? "";
    this.#deleteRetained.run(topic);
    const entries = reader.uint32();
    for (let position = 0; position < entries; position++) {
      const publication = reader.uint64();
      const excluded = reader.uint64();
      const expires = reader.float64();
      const order = reader.uint64();
      const weight = reader.uint32();
      const [codec, count, head, payload] = content(reader);
      this.#insertRetained.run(
        topic,
        position,
        publication,
        excluded,
        expires === Infinity ? null : expires,
        order,
        weight,
        codec,
        count,
        head,
        payload,
      );
    }
  }

  /** Down to the history's limits, from the oldest on. */
  #trim(history: OpenHistory, now: number): void {
    for (;;) {
      let last = 0;
      let isDone = false;
      for (const row of this.#oldest.all(history.id)) {
        const isWithin = history.events <= history.limit && history.bytes <= history.maxBytes &&
          now - numberOf(row, "time") < history.maxAgeMs;
        if (isWithin) {
          isDone = true;
          break;
        }
        history.events--;
        history.bytes -= numberOf(row, "weight");
        last = numberOf(row, "seq");
      }
      if (last === 0) return;
      this.#deleteUpTo.run(history.id, last);
      if (isDone) return;
    }
  }

  /** Undefined when nothing can pass. */
  #boundsOf(history: OpenHistory, filter: HistoryFilter, behind: number | undefined, now: number) {
    const where = ["history = ?"];
    const values: (number | string)[] = [history.id];
    const add = (condition: string, value: number | string | undefined) => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    add("time > ?", history.maxAgeMs === Infinity ? undefined : now - history.maxAgeMs);
    add("topic = ?", filter.topic);
    add("time >= ?", filter.times.from);
    add("time > ?", filter.times.after);
    add("time < ?", filter.times.before);
    add("time <= ?", filter.times.until);
    add(filter.isReversed ? "seq < ?" : "seq > ?", behind);
    const { from, after, before, until } = filter.publications;
    const find = this.#database.prepare(
      "SELECT seq FROM event WHERE history = ? AND publication = ?",
    );
    for (
      const [condition, publication] of [
        ["seq >= ?", from],
        ["seq > ?", after],
        ["seq < ?", before],
        ["seq <= ?", until],
      ] as const
    ) {
      if (publication === undefined) continue;
      const row = find.get(history.id, publication);
      if (row === undefined) return undefined;
      add(condition, numberOf(row, "seq"));
    }
    return { where, values };
  }

  #transaction(run: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      run();
      this.#database.exec("COMMIT");
    } catch (cause) {
      try {
        this.#database.exec("ROLLBACK");
      } catch {
        // Some faults have rolled back already; the one that counts is on its way up.
      }
      throw cause;
    }
  }
}

function content(reader: RowReader) {
  return [reader.byte(), reader.byte(), reader.sized(), reader.sized()] as const;
}

function contentOf(row: Row) {
  return {
    topic: textOf(row, "topic"),
    publication: numberOf(row, "publication"),
    weight: numberOf(row, "weight"),
    codec: numberOf(row, "codec"),
    count: numberOf(row, "count"),
    head: bytesOf(row, "head"),
    payload: bytesOf(row, "payload"),
  };
}

function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw wrong(column, value, "a number");
  return value;
}

function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw wrong(column, value, "text");
  return value;
}

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrong(column, value, "bytes");
  return value;
}

function wrong(column: string, found: unknown, expected: string): Error {
  return new Error(`Cannot read column ${column}: found ${typeof found}, expected ${expected}`);
}
