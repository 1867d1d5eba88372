/** What a worker's process runs, with its procedures on the node's management realm. Called by the command `run-worker`. */
import type { Session } from "../../client/session.ts";
import type { Clock, Log } from "../../router/ports.ts";
import type { RouterConfig } from "../config/schema.ts";
import type { ContainerConfig } from "../config/schema_container.ts";
import { logFor } from "../log.ts";
import { systemRandom } from "../random.ts";
import { Container } from "../worker/container.ts";
import { RouterRun } from "../worker/router_run.ts";
import type { WorkerJob } from "../worker/worker_job.ts";
import { serveContainer, serveRouter } from "./worker_procedures.ts";

export interface WorkerRunParts<Config> {
  readonly job: WorkerJob;
  readonly config: Config;
  /** Has joined the management realm. */
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Log;
}

export interface WorkerRun {
  /** Resolves when it wants to end: whether something has failed. Rejects when a component of a router cannot be started. */
  readonly ended: Promise<boolean>;
  /** Resolves when nothing of it is left, and what was asked of it is answered. */
  stop(): Promise<void>;
}

/** Resolves when it listens; its components may take longer. Rejects as `RouterRun.start`. */
export async function routerRun(
  { job, config, session, clock, log }: WorkerRunParts<RouterConfig>,
): Promise<WorkerRun> {
  const { id, directory, env, nodeId, startedAt, goodbyeMs } = job;
  const run = new RouterRun(id, config, {
    directory,
    env,
    clock,
    random: systemRandom,
    log,
    routerLog: logFor("router"),
    nodeId,
    startedAt,
    goodbyeMs: () => goodbyeMs,
    management: () => Promise.reject(new Error("Cannot join the management realm from here")),
  });
  const asked = Promise.withResolvers<boolean>();
  const shutdown = (): Promise<null> => {
    asked.resolve(false);
    return Promise.resolve(null);
  };
  const parts = { nodeId, now: () => clock.now() };
  await run.start();
  const served = await serveRouter(session, run.worker, parts, shutdown);
  const begun = run.startComponents().then(() => served.publish("on_worker_ready", { "id": id }));
  return {
    ended: Promise.race([asked.promise, begun.then(() => asked.promise)]),
    stop: async () => {
      await Promise.all([run.stop(), served.leave()]);
    },
  };
}

export async function containerRun(
  { job, config, session, clock, log }: WorkerRunParts<ContainerConfig>,
): Promise<WorkerRun> {
  const { id, directory, env, nodeId } = job;
  const container = new Container({ id, directory, env, config }, clock, log);
  const served = await serveContainer(session, container, { nodeId, now: () => clock.now() });
  container.start();
  served.publish("on_worker_ready", { "id": id });
  return {
    ended: container.ended,
    stop: async () => {
      await Promise.all([container.stop(), served.leave()]);
    },
  };
}
