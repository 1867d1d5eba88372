/** Signals that end a program; loaded where there are any. Bundlers for browsers take `signals_browser.ts` in its place (package.json). */
import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Calls `stop` at the first signal. The next one ends the process, as it would without this. */
export function onStopSignals(stop: () => void, until: AbortSignal): void {
  const forget = () => {
    for (const signal of SIGNALS) process.removeListener(signal, stopOnce);
  };
  const stopOnce = () => {
    forget();
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, stopOnce);
  until.addEventListener("abort", forget);
}
