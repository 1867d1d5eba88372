/** What becomes of events that a role's sessions do not read. The policies are `router/slow_transport.ts`'s. */
import { z } from "zod";
import { bytes, section, whole } from "./fields.ts";

/** Bytes, where nothing else is said. */
export const DEFAULT_LIMIT = 1_048_576;

export const roleSlowConsumers = section(
  "What happens to sessions of the role that do not read what they are sent",
  () => ({
    "policy": z.enum(["drop-oldest", "drop-newest", "close", "pause-publisher"]).default(
      "drop-oldest",
    ).describe(
      "drop-oldest: events wait, and the oldest give way to new ones; drop-newest: new events are dropped; close: the " +
        "connection is dropped at the limit; pause-publisher: publishers are not read from for a while, then as drop-oldest",
    ),
    "limit": bytes(
      { min: 4096, max: 1_073_741_824 },
      "Bytes that may wait in the connection, and bytes of events that may wait behind it",
    ).default(DEFAULT_LIMIT),
    "hard_limit": bytes(
      { min: 65_536, max: 1_073_741_824 },
      "Bytes of anything that drop the connection",
    ).default(67_108_864),
    "pause": whole(
      { min: 1, max: 60_000, unit: "ms" },
      "How long a publisher is held up at most, each time that a session falls behind",
    ).default(1000),
  }),
);

export type RoleSlowConsumersConfig = z.output<typeof roleSlowConsumers>;
