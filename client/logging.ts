/** Log lines by LogTape, which is loaded when somebody asks for it. */
import { LOG_LEVELS, LOG_ROOT, TAPE_LEVELS, tapeLog } from "./tape_log.ts";
import type { Log } from "./transport.ts";

/** A level of log lines. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Tells our configuration of LogTape from a program's own. */
const SINK = "realmway-console";

/** Configures LogTape to write the lines of category "realmway" from `level` on to the console, and returns the log for them. The
 * configuration of a program that has configured LogTape itself is left alone: it says where lines go. Throws a TypeError for a level that there is not.
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
  const { configure, getConfig, getConsoleSink } = await import("@logtape/logtape");
  const present = getConfig();
  if (present === null || SINK in present.sinks) {
    await configure({
      reset: true,
      sinks: { [SINK]: getConsoleSink() },
      loggers: [
        { category: ["logtape", "meta"], sinks: [SINK], lowestLevel: "warning" },
        { category: [LOG_ROOT], sinks: [SINK], lowestLevel: TAPE_LEVELS[level] },
      ],
    });
  }
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
