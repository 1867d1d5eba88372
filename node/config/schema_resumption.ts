/** Sessions that may be resumed after their connection broke: ours, Crossbar.io has no such key. */
import { bytes, section, whole } from "./fields.ts";

const DAY_MS = 86_400_000;
const GIB = 1_073_741_824;

export const resumption = section(
  "Clients that ask for it may resume their session after the connection broke (default: no session outlives its connection)",
  () => ({
    "timeout": whole(
      { min: 100, max: DAY_MS, unit: "ms" },
      "How long a session without a connection is kept",
    ).default(30_000),
    "max_detached": whole(
      { min: 1, max: 1_000_000 },
      "Sessions that may wait for a connection; those of later broken connections end at once",
    ).default(1_000),
    "max_bytes": bytes(
      { min: 1_024, max: GIB },
      "Bytes of messages that are kept of each session, to be sent again",
    ).default(1_048_576),
    "max_age": whole(
      { min: 100, max: DAY_MS, unit: "ms" },
      "How long messages are kept while there is a connection: longer than a break stays unnoticed",
    ).default(60_000),
  }),
);
