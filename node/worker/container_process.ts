/** From a container's configuration to the child process that it is. Called by `children.ts`. */
import type { Environment } from "../config/environment.ts";
import type { ContainerConfig } from "../config/schema_container.ts";
import type { LogLevel } from "../log.ts";
import type { ChildOptions } from "./child.ts";
import type { ContainerJob } from "./container_job.ts";
import { processEnvironment } from "./guest.ts";
import { workerCommand } from "./own_program.ts";

export interface ContainerSettings {
  /** The node directory. */
  readonly directory: string;
  /** The node's environment. */
  readonly env: Environment;
  readonly logLevel: LogLevel;
}

/** Throws StartError where this program cannot start itself. */
export function containerOptions(
  id: string,
  config: ContainerConfig,
  { directory, env, logLevel }: ContainerSettings,
): ChildOptions {
  const { options } = config;
  const all = processEnvironment({ inherit: true, vars: {} }, env);
  const job: ContainerJob = { "id": id, directory, "env": all, logLevel, config };
  const [program, ...rest] = workerCommand();
  const { cpu_affinity: cpus } = options;
  const [command, args] = cpus === undefined
    ? [program, rest]
    : ["taskset", ["--cpu-list", cpus.join(","), program, ...rest]];
  return {
    id,
    command,
    args,
    cwd: directory,
    env: processEnvironment(options.env, env),
    // Left open: its end tells the container that the node is gone, however that came about.
    input: { text: `${JSON.stringify(job)}\n`, isClosed: false },
    stdout: "log",
    stderr: "log",
    restart: options.restart,
    firstDelayMs: options.initial_retry_delay,
    longestDelayMs: options.max_retry_delay,
  };
}
