/** What the node tells a worker when it starts: one line of JSON on standard input, which stays open as long as the node lives. */
import { z } from "zod";
import { keepAuthOrder } from "../config/auth_order.ts";
import { router } from "../config/schema.ts";
import { container } from "../config/schema_container.ts";
import { LOG_LEVELS } from "../log.ts";

const job = z.strictObject({
  "id": z.string(),
  /** The node directory. */
  "directory": z.string(),
  /** Where secrets are looked up; the process itself may have less. */
  "env": z.record(z.string(), z.string()),
  "logLevel": z.enum(LOG_LEVELS),
  "nodeId": z.string(),
  /** When the node was: milliseconds since 1970. */
  "startedAt": z.number(),
  /** How long sessions may take to say goodbye. */
  "goodbyeMs": z.number(),
  /** Unix socket that leads to the management realm. */
  "management": z.string(),
  "config": z.union([container, router]),
});

export type WorkerJob = z.output<typeof job>;

/** Throws when it is none: only a node starts workers. */
export function parseJob(line: string): WorkerJob {
  const value: unknown = JSON.parse(line);
  const parsed = job.parse(value, { jitless: true });
  keepAuthOrder(parsed, value);
  return parsed;
}
