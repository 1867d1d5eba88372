/**
 * LogTape behind the `Log` port of the router: levels and formats by Crossbar.io's names, human on a terminal, one JSON object a line elsewhere.
 * The command line calls `startLogging`; a program that embeds a node configures LogTape itself (category "realmway"), or stays silent.
 * Log lines go to standard output, as Crossbar.io's do; what ends a command goes to standard error.
 */
import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogLevel as TapeLevel,
  type TextFormatter,
} from "@logtape/logtape";
import { LOG_LEVELS as LEVELS, LOG_ROOT, TAPE_LEVELS, tapeLog } from "../client/tape_log.ts";
import type { Log } from "../router/ports.ts";

export const LOG_LEVELS = ["none", ...LEVELS] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** Crossbar.io's formats (`syslogd` leaves the time to the system's log), and `json`. */
export const LOG_FORMATS = ["color", "nocolor", "syslogd", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Lines begin with their priority, `<3>` for errors, as systemd's journal reads them. Default false. */
  readonly hasPriorities?: boolean;
  /** Takes whole lines. */
  readonly write: (text: string) => void;
}

/** Sends this process's log lines to `write`. Once a process, as LogTape is one for all its users. */
export function startLogging({ level, format, hasPriorities, write }: LogSettings): void {
  const plain = formatterOf(format);
  const formatter = hasPriorities ? prioritized(plain) : plain;
  configureSync({
    reset: true,
    sinks: { "output": (record) => write(formatter(record)) },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["output"], lowestLevel: "warning" },
      ...(level === "none"
        ? []
        : [{ category: [LOG_ROOT], sinks: ["output" as const], lowestLevel: TAPE_LEVELS[level] }]),
    ],
  });
}

/**
 * The port for one part of the program: "router", "transports", "node". Without messages at level trace: authenticators within the process
 * are asked with tickets, and the management API answers with configurations.
 */
export function logFor(category: string): Log {
  const { debug, info, warn, error } = tapeLog(getLogger([LOG_ROOT, category]));
  return { debug, info, warn, error };
}

function formatterOf(format: LogFormat): TextFormatter {
  const category = (names: readonly string[]) => names.slice(1).join(".");
  switch (format) {
    case "json": {
      const format = getJsonLinesFormatter();
      return (record) => format({ ...record, message: record.message.map(worded) });
    }
    case "color":
      return getAnsiColorFormatter({ timestamp: "time", category, value: "bare" });
    case "nocolor":
      return getTextFormatter({ timestamp: "rfc3339", category, value: "bare" });
    case "syslogd":
      return getTextFormatter({ timestamp: "none", category, value: "bare" });
  }
}

/** Of syslog(3). */
const PRIORITIES: Readonly<Record<TapeLevel, number>> = {
  "fatal": 2,
  "error": 3,
  "warning": 4,
  "info": 6,
  "debug": 7,
  "trace": 7,
};

/** Every line of a record, as the journal takes each for itself. */
function prioritized(formatter: TextFormatter): TextFormatter {
  return (record) => {
    const text = formatter(record).trimEnd();
    return text.replaceAll(/^/gm, `<${PRIORITIES[record.level]}>`);
  };
}

/** JSON has no form for an error within a message: its text stands there, all of it stands in the properties. */
function worded(part: unknown): unknown {
  return part instanceof Error ? part.message : part;
}
