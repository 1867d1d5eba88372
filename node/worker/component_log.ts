/** The log of one component: what its session and its object report carries the component's id, and says why within the text. */
import type { Log } from "../../router/ports.ts";

type Properties = Readonly<Record<string, unknown>>;

export function componentLog(log: Log, id: string): Log {
  const named = (text: string, properties: Properties): [string, Properties] => {
    const isUnsaid = "error" in properties && !text.includes("{error}");
    return [`Component {id}: ${text}${isUnsaid ? ": {error}" : ""}`, { id, ...properties }];
  };
  return {
    debug: (text, properties) =>
      log.debug(`Component {id}: ${text}`, () => ({ id, ...properties() })),
    info: (text, properties) => log.info(...named(text, properties)),
    warn: (text, properties) => log.warn(...named(text, properties)),
    error: (text, properties) => log.error(...named(text, properties)),
  };
}
