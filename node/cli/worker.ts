/**
 * `realmway run-container`, which only a node calls: a container, told on standard input what to run. Ends by SIGTERM, with its node, or
 * when its components say so: with 0, or with 1 when one failed.
 */
import process from "node:process";
import { systemClock } from "../../transports/clock.ts";
import { logFor, startLogging } from "../log.ts";
import { Container } from "../worker/container.ts";
import { parseJob } from "../worker/container_job.ts";
import { Lines } from "../worker/lines.ts";
import { print } from "./output.ts";
import { watchFaults } from "./process_events.ts";

/** What the terminal sends the whole group is for the node, which then ends its workers in order. */
const FOR_THE_NODE = ["SIGINT", "SIGHUP"] as const;

export async function worker(): Promise<number> {
  for (const signal of FOR_THE_NODE) process.on(signal, () => {});
  const asked = Promise.withResolvers<undefined>();
  process.on("SIGTERM", () => asked.resolve(undefined));
  const job = parseJob(await firstLine(() => asked.resolve(undefined)));
  startLogging({ level: job.logLevel, format: "syslogd", write: print });
  const log = logFor("container");
  watchFaults(log);
  const container = new Container(job, systemClock, log);
  container.start();
  const hasFailed = await Promise.race([container.ended, asked.promise]);
  await container.stop();
  return hasFailed === true ? 1 : 0;
}

/** @param onEnd the node has closed its side, or is gone. */
function firstLine(onEnd: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = new Lines(resolve, Infinity);
    process.stdin.setEncoding("utf8")
      .on("data", (text: string) => lines.add(text))
      .on("error", onEnd)
      .on("end", () => {
        onEnd();
        reject(
          new Error("Cannot run a worker: found nothing to do, expected a node that starts it"),
        );
      });
  });
}
