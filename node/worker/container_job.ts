/** What the node tells a container when it starts: one line of JSON on standard input, which stays open as long as the node lives. */
import { z } from "zod";
import { container } from "../config/schema_container.ts";
import { LOG_LEVELS } from "../log.ts";

const job = z.strictObject({
  "id": z.string(),
  /** The node directory. */
  "directory": z.string(),
  /** Where secrets are looked up; the process itself may have less. */
  "env": z.record(z.string(), z.string()),
  "logLevel": z.enum(LOG_LEVELS),
  "config": container,
});

export type ContainerJob = z.output<typeof job>;

/** Throws when it is none: only a node starts containers. */
export function parseJob(line: string): ContainerJob {
  const value: unknown = JSON.parse(line);
  return job.parse(value, { jitless: true });
}
