/**
 * A component as programs have it, for `component_test.ts`: `component_program.ts URL`. Answers calls and counts what it publishes with
 * acknowledgement, for as long as it is let; prints "ready" for each session, and at the end how many publications were acknowledged.
 */
import process from "node:process";
import { type ApplicationSession, Component, run, SessionClosedError } from "realmway";

// deno-lint-ignore no-console -- its output is what the test reads
const print = (text: string) => console.log(text);

const component = new Component({
  transports: { url: process.argv[2] ?? "", initialRetryDelayMs: 50, maxRetryDelayMs: 200 },
});
let acknowledged = 0;
let isOver = false;

component.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
component.onReady((session) => {
  print("ready");
  void publish(session);
});

/** One after the other, so that at most one is in doubt when the router dies. */
async function publish(session: ApplicationSession): Promise<void> {
  try {
    while (!isOver) {
      await session.publish("com.example.count", [acknowledged], {}, { acknowledge: true });
      acknowledged++;
    }
  } catch (error) {
    if (!(error instanceof SessionClosedError)) throw error;
  }
}

process.once("SIGTERM", () => isOver = true);
await run(component, { logLevel: null });
print(`acknowledged ${acknowledged}`);
