/** Log lines by LogTape, which is loaded when somebody asks for it. */
import { LOG_LEVELS, LOG_ROOT, TAPE_LEVELS, tapeLog } from "./tape_log.ts";
import type { Log } from "./transport.ts";

/** A level of log lines. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Configures LogTape to write the lines of category "realmway" from `level` on to the console, and returns the log for them. Programs that
 * configure LogTape themselves use `logger` alone. Throws a TypeError for a level that there is not.
 *
 * @example
 * ```ts
 * import { startLogging } from "realmway";
 *
 * const log = await startLogging("warn");
 * log.info("Not shown: {reason}", { reason: "info is below warn" });
 * ```
 */
export async function startLogging(level: LogLevel = "info"): Promise<Log> {
  if (!LOG_LEVELS.includes(level)) {
    const known = LOG_LEVELS.join(", ");
    throw new TypeError(`Cannot start logging: found level "${level}", expected one of ${known}`);
  }
  const { configure, getConsoleSink } = await import("@logtape/logtape");
  await configure({
    reset: true,
    sinks: { "console": getConsoleSink() },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["console"], lowestLevel: "warning" },
      { category: [LOG_ROOT], sinks: ["console"], lowestLevel: TAPE_LEVELS[level] },
    ],
  });
  return await logger("component");
}

/** A log that writes to LogTape under ["realmway", `category`]; the texts' {placeholders} are filled in only for lines that are shown.
 *
 * @example
 * ```ts
 * import { Component, logger } from "realmway";
 *
 * const component = new Component({ log: await logger("sensors") });
 * console.assert(component.session === undefined);
 * ```
 */
export async function logger(category: string): Promise<Log> {
  const { getLogger } = await import("@logtape/logtape");
  return tapeLog(getLogger([LOG_ROOT, category]));
}
