/** Log lines by LogTape, which is loaded when somebody asks for it. */
import type { Log } from "./transport.ts";

/** Autobahn's levels, the gravest first. */
export const LOG_LEVELS = ["critical", "error", "warn", "info", "debug", "trace"] as const;
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
  const lowestLevel = level === "critical" ? "fatal" : level === "warn" ? "warning" : level;
  await configure({
    reset: true,
    sinks: { "console": getConsoleSink() },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["console"], lowestLevel: "warning" },
      { category: ["realmway"], sinks: ["console"], lowestLevel },
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
  const tape = getLogger(["realmway", category]);
  return {
    debug: (text, properties) => {
      if (tape.isEnabledFor("debug")) tape.debug(text, { ...properties() });
    },
    info: (text, properties) => tape.info(text, { ...properties }),
    warn: (text, properties) => tape.warning(text, { ...properties }),
    error: (text, properties) => tape.error(text, { ...properties }),
  };
}
