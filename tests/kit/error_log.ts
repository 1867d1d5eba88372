/** A log for tests in which nothing may go wrong. */
import type { Log } from "../../router/ports.ts";

/** @param errors gets text and properties of each error; all else is passed over. */
export function errorLog(errors: unknown[]): Log {
  return {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (text, properties) => errors.push([text, properties]),
  };
}
