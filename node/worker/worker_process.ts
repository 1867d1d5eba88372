/** From a container's or router's configuration to the child process that it is. Called by `children.ts`. */
import type { Environment } from "../config/environment.ts";
import type { RouterConfig } from "../config/schema.ts";
import type { ContainerConfig } from "../config/schema_container.ts";
import type { LogLevel } from "../log.ts";
import type { ChildOptions } from "./child.ts";
import type { WorkerJob } from "./worker_job.ts";
import { processEnvironment } from "./guest.ts";
import { workerCommand } from "./own_program.ts";

export interface WorkerSettings {
  /** The node directory. */
  readonly directory: string;
  /** The node's environment. */
  readonly env: Environment;
  readonly logLevel: LogLevel;
  readonly nodeId: string;
  readonly startedAt: number;
  readonly goodbyeMs: number;
  /** Unix socket that leads to the management realm. */
  readonly management: string;
}

/** Throws StartError where this program cannot start itself. */
export function workerProcess(
  id: string,
  config: ContainerConfig | RouterConfig,
  { env, ...settings }: WorkerSettings,
): ChildOptions {
  const { options } = config;
  const all = processEnvironment({ inherit: true, vars: {} }, env);
  const job: WorkerJob = { ...settings, "id": id, "env": all, config };
  const [program, ...rest] = workerCommand();
  const { cpu_affinity: cpus } = options;
  const [command, args] = cpus === undefined
    ? [program, rest]
    : ["taskset", ["--cpu-list", cpus.join(","), program, ...rest]];
  return {
    id,
    command,
    args,
    cwd: settings.directory,
    env: processEnvironment(options.env, env),
    // Left open: its end tells the worker that the node is gone, however that came about.
    input: { text: `${JSON.stringify(job)}\n`, isClosed: false },
    stdout: "log",
    stderr: "log",
    restart: options.restart,
    firstDelayMs: options.initial_retry_delay,
    longestDelayMs: options.max_retry_delay,
  };
}
