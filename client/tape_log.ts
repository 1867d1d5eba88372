/** LogTape behind the `Log` port, and its names for the levels of Autobahn and Crossbar.io. LogTape itself is loaded by who uses this. */
import type { Logger, LogLevel as TapeLevel } from "@logtape/logtape";
import type { Log } from "./transport.ts";

/** The gravest first. */
export const LOG_LEVELS = ["critical", "error", "warn", "info", "debug", "trace"] as const;

export const TAPE_LEVELS: Readonly<Record<typeof LOG_LEVELS[number], TapeLevel>> = {
  "critical": "fatal",
  "error": "error",
  "warn": "warning",
  "info": "info",
  "debug": "debug",
  "trace": "trace",
};

/** Where log lines of this program belong. */
export const LOG_ROOT = "realmway";

/** Properties of lines below the level are not even made. */
export function tapeLog(logger: Logger): Log {
  const trace: Log["trace"] = (text, properties) => {
    if (logger.isEnabledFor("trace")) logger.trace(text, { ...properties() });
  };
  return {
    get trace() {
      return logger.isEnabledFor("trace") ? trace : undefined;
    },
    debug: (text, properties) => {
      if (logger.isEnabledFor("debug")) logger.debug(text, { ...properties() });
    },
    info: (text, properties) => logger.info(text, { ...properties }),
    warn: (text, properties) => logger.warning(text, { ...properties }),
    error: (text, properties) => logger.error(text, { ...properties }),
  };
}
