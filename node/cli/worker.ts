/**
 * `realmway run-worker`, which only a node calls: a container or a router, told on standard input what to run. Ends by SIGTERM, with its node, when
 * the management API says so, or when its components do: with 0, or with 1 when one failed.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { connect } from "../../client/connect.ts";
import type { Session } from "../../client/session.ts";
import { systemClock } from "../../transports/clock.ts";
import { MANAGEMENT_REALM } from "../config/schema_management.ts";
import { logFor, startLogging } from "../log.ts";
import { Lines } from "../worker/lines.ts";
import { parseJob } from "../worker/worker_job.ts";
import { containerRun, routerRun } from "../management/worker_run.ts";
import { print } from "./output.ts";
import { watchFaults } from "./process_events.ts";

/** What the terminal sends the whole group is for the node, which then ends its workers in order. */
const FOR_THE_NODE = ["SIGINT", "SIGHUP"] as const;

export async function worker(): Promise<number> {
  for (const signal of FOR_THE_NODE) process.on(signal, () => {});
  const asked = Promise.withResolvers<undefined>();
  const orphaned = Promise.withResolvers<undefined>();
  process.on("SIGTERM", () => asked.resolve(undefined));
  const job = parseJob(await firstLine(() => orphaned.resolve(undefined)));
  const { management, config } = job;
  startLogging({ level: job.logLevel, format: "syslogd", write: print });
  const log = logFor(config.type);
  watchFaults(log);
  let isOrphan = false;
  void orphaned.promise.then(() => {
    isOrphan = true;
    // Nobody else is left who could.
    void rm(dirname(management), { recursive: true, force: true });
    asked.resolve(undefined);
  });
  const session = await joined(management);
  const parts = { job, session, clock: systemClock, log };
  const run = config.type === "router"
    ? await routerRun({ ...parts, config })
    : await containerRun({ ...parts, config });
  try {
    const hasFailed = await Promise.race([run.ended, asked.promise]);
    return hasFailed === true ? 1 : 0;
  } finally {
    await run.stop();
    // Nobody reads what it would wait for to be written.
    if (isOrphan) process.exit(0);
  }
}

function joined(management: string): Promise<Session> {
  return connect({
    url: `unix+rs:${management}`,
    realm: MANAGEMENT_REALM,
    serializers: ["cbor"],
    log: logFor("management"),
  });
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
