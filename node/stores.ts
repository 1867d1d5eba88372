/** From the configuration's `store` of a realm to the router's options, and to the file behind it. Used by `node.ts`. */
import { resolve } from "node:path";
import type { RealmOptions } from "../router/realm.ts";
import type { Clock, Log } from "../router/ports.ts";
import type { RealmConfig } from "./config/schema_realm.ts";
import type { StoreConfig } from "./config/schema_store.ts";
import type { SqliteStore } from "./store/sqlite_store.ts";

const GIB = 1_073_741_824;

/** What of a realm's events and calls is kept, wherever. */
export function storeOptions(
  config: StoreConfig,
): Required<Pick<RealmOptions, "eventHistory" | "retention" | "callQueue">> {
  const { max_topics: maxTopics, max_bytes: maxBytes, max_age: maxAgeMs = 0 } = config.retention;
  return {
    callQueue: {
      procedures: config["call-queue"].map(({ uri, match, limit = config.limit, timeout }) => (
        { uri, match, limit, timeoutMs: timeout }
      )),
    },
    retention: { maxTopics, maxBytes, ...(maxAgeMs > 0 && { maxAgeMs }) },
    eventHistory: config["event-history"].map((history) => {
      const { uri, match, limit = config.limit, max_bytes: maxBytes, max_age: maxAgeMs = 0 } =
        history;
      return {
        uri,
        match,
        limit,
        ...(maxBytes !== undefined && { maxBytes }),
        ...(maxAgeMs > 0 && { maxAgeMs }),
      };
    }),
  };
}

/** The realm's file, opened; undefined when its events are in memory. A file that cannot be used is no reason not to start. */
export async function openStore(
  realm: RealmConfig,
  { directory, clock, log }: {
    readonly directory: string;
    readonly clock: Clock;
    readonly log: Log;
  },
): Promise<SqliteStore | undefined> {
  const { name, store } = realm;
  if (store?.type !== "sqlite") return undefined;
  // Loaded only where it is wanted.
  const { SqliteStore } = await import("./store/sqlite_store.ts");
  const histories = storeOptions(store).eventHistory.map((
    { uri, match = "exact", limit, maxBytes = GIB, maxAgeMs = Infinity },
  ) => ({ uri, match, limit, maxBytes, maxAgeMs }));
  return new SqliteStore({
    file: resolve(directory, storeFile(name, store.path)),
    histories,
    clock,
    log,
    maxWaitingBytes: store.max_waiting,
  });
}

/** Relative to the node directory. */
export function storeFile(realm: string, path: string | undefined): string {
  return path ?? `${realm}.sqlite`;
}
