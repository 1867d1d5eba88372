/** Runs components until they are done: the last line of most programs. */
import type { Component } from "./component.ts";
import { type LogLevel, startLogging } from "./logging.ts";
import type { Log } from "./transport.ts";

/** How components are run. */
export interface RunOptions {
  /** Starts logging at this level; null: the program sees to its log itself. Default "info". */
  readonly logLevel?: LogLevel | null;
  /** Stops the components at SIGINT and SIGTERM; a second signal ends the process. Default true, without effect in browsers. */
  readonly handlesSignals?: boolean;
}

/** Starts components and resolves when all have ended. Rejects, also then, with the error of the one that failed, or with an
 * AggregateError of several.
 *
 * @example
 * ```ts
 * import { Component, run } from "realmway";
 *
 * const component = new Component({ transports: { url: "ws://127.0.0.1:1/ws", maxRetries: 0 } });
 * const failure = await run(component, { logLevel: null }).catch((error: Error) => error);
 * console.assert(failure instanceof Error); // nobody listens there
 * ```
 */
export async function run(
  components: Component | readonly Component[],
  { logLevel = "info", handlesSignals = true }: RunOptions = {},
): Promise<void> {
  const log: Log | undefined = logLevel === null ? undefined : await startLogging(logLevel);
  const all = "start" in components ? [components] : components;
  const ended = new AbortController();
  if (handlesSignals && "process" in globalThis) {
    const { onStopSignals } = await import("./signals.ts");
    onStopSignals(() => all.map((component) => component.stop()), ended.signal);
  }
  try {
    const results = await Promise.allSettled(all.map((component) => component.start(log)));
    const errors = results.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    if (errors.length > 1) throw new AggregateError(errors, "Several components have failed");
    if (errors.length === 1) throw errors[0];
  } finally {
    ended.abort();
  }
}
