/** Where a realm keeps its recorded and retained events, and how much of them. Crossbar.io's shape, with a type of our own: "sqlite". */
import { z } from "zod";
import { bytes, kinds, section, text, whole } from "./fields.ts";

const MOST_EVENTS = { min: 1, max: 1_000_000_000 };
/** Up to a hundred years. */
const AGES = { min: 0, max: 3_155_760_000_000, unit: "ms" };
const MOST_CALLS = { min: 0, max: 1_000_000 };
const WAITS = { min: 1, max: 86_400_000, unit: "ms" };
const HOW =
  'How "uri" matches; in a wildcard pattern an empty component matches any ("com..create")';
const TIB = 1_099_511_627_776;
const GIB = 1_073_741_824;

const history = section("A topic or pattern whose events are recorded", () => ({
  "uri": z.string().describe("Topic or pattern"),
  "match": z.enum(["exact", "prefix", "wildcard"]).default("exact").describe(HOW),
  "limit": whole(MOST_EVENTS, "Events that are kept (default: the store's limit)").optional(),
  "max_bytes": bytes(
    { min: 1, max: TIB },
    "Bytes of all events that are kept; a larger event is not recorded (default: 16 MiB in memory, 1 GiB in SQLite)",
  ).optional(),
  "max_age": whole(AGES, "How long events are kept (default, 0: no end)").optional(),
}));

const queue = section("A procedure, or several, whose calls may wait for a callee", () => ({
  "uri": z.string().describe("Procedure, or pattern of a registration or of procedures"),
  "match": z.enum(["exact", "prefix", "wildcard"]).default("exact").describe(HOW),
  "limit": whole(MOST_CALLS, "Calls that may wait (default: the store's limit)").optional(),
  "timeout": whole(WAITS, "How long a call may wait").default(60_000),
}));

const retention = section("Limits of what is retained of events published with `retain`", () => ({
  "max_topics": whole({ min: 0, max: 10_000_000 }, "Topics with a retained event").default(10_000),
  "max_bytes": bytes({ min: 0, max: 64 * GIB }, "Bytes of all retained events, which are in memory")
    .default(67_108_864),
  "max_age": whole(
    AGES,
    "Life of a retained event whose publisher did not limit it (default, 0: no end)",
  ).optional(),
}));

const shared = () => ({
  "limit": whole(
    MOST_EVENTS,
    "Events that are kept of a topic, and calls that wait for a procedure, without a limit of its own",
  ).default(1000),
  "event-history": z.array(history).default([]).describe(
    "Topics and patterns whose events are recorded, for wamp.subscription.get_events",
  ),
  "retention": retention.prefault({}),
  "call-queue": z.array(queue).default([]).describe(
    "Procedures whose calls may wait while all callees have reached their concurrency",
  ),
});

const memory = section("Events in memory: a restart forgets them", () => ({
  "type": z.literal("memory"),
  ...shared(),
}));

const sqlite = section("Events in a file, which survive a restart and a crash", () => ({
  "type": z.literal("sqlite"),
  "path": text(
    "The file; made when it is not there (default: <realm>.sqlite in the node directory)",
  )
    .optional(),
  "max_waiting": bytes(
    { min: 65_536, max: 64 * GIB },
    "Bytes that may wait for the disk; beyond, events are lost and acknowledged publications refused",
  ).default(67_108_864),
  ...shared(),
}));

export const store = kinds("Where events are kept", [memory, sqlite], ["memory", "sqlite"], {
  "cfxdb": 'write "type": "sqlite" with a "path"',
});

/** Of realms that come and go. */
export const passingStore = kinds(
  "Where events are kept until the realm is removed",
  [memory],
  ["memory"],
  { "sqlite": 'what the realm keeps ends with it; write "type": "memory"' },
);

export type StoreConfig = z.output<typeof store>;
