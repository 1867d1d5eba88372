/**
 * The workers of a node that are processes of their own, and what their ends mean for the node: `controller.options.shutdown`.
 * Called by `node.ts`.
 */
import type { Clock, Log } from "../../router/ports.ts";
import type { Environment } from "../config/environment.ts";
import { isDisabled } from "../config/environment.ts";
import type { NodeConfig } from "../config/schema.ts";
import type { LogLevel } from "../log.ts";
import { containerOptions } from "./container_process.ts";
import { Child, type Exit } from "./child.ts";
import { workerId } from "./default_ids.ts";
import { guestOptions } from "./guest.ts";

export interface ChildrenSettings {
  /** The node directory. */
  readonly directory: string;
  readonly env: Environment;
  /** Of containers. */
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly log: Log;
  /** A worker's end ends the node, says the configuration. */
  readonly onShutdown: (end: NodeEnd) => void;
}

/** Why a node ends by itself. */
export interface NodeEnd {
  /** For the log: `worker worker001 ended with 1`. */
  readonly reason: string;
  readonly hasFailed: boolean;
}

type ChildType = "container" | "guest";

export interface ChildFacts {
  readonly id: string;
  readonly type: ChildType;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
}

export class Children {
  readonly #children: Child[] = [];
  readonly #types = new Map<string, ChildType>();
  readonly #settings: ChildrenSettings;
  readonly #config: NodeConfig;
  /** Those that have not ended for good; a router in the node's process ends only with it. */
  #running = 0;

  constructor(config: NodeConfig, settings: ChildrenSettings) {
    this.#config = config;
    this.#settings = settings;
  }

  start(): void {
    const { directory, env, clock, log, logLevel } = this.#settings;
    for (const [i, worker] of this.#config.workers.entries()) {
      if (isDisabled(worker.options.disabled, env)) {
        log.info("Worker {id} is disabled", { id: workerId(worker, i) });
        continue;
      }
      this.#running++;
      if (worker.type === "router") continue;
      const id = workerId(worker, i);
      const onGone = (exit: Exit) => this.#gone(id, exit);
      const options = worker.type === "guest"
        ? guestOptions(id, worker, directory, env)
        : containerOptions(id, worker, { directory, env, logLevel });
      this.#types.set(id, worker.type);
      this.#children.push(new Child(options, { clock, log, onGone }));
    }
    for (const child of this.#children) child.start();
  }

  /** Those that are not disabled. */
  list(): ChildFacts[] {
    return this.#children.map(({ id, pid }) => ({ id, pid, type: this.#types.get(id) ?? "guest" }));
  }

  async stop(limitMs: number): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop(limitMs)));
  }

  #gone(id: string, { how, hasFailed }: Exit): void {
    this.#running--;
    const modes = this.#config.controller.options.shutdown;
    const isWanted = modes.includes("shutdown_on_worker_exit") ||
      (modes.includes("shutdown_on_worker_exit_with_error") && hasFailed) ||
      (modes.includes("shutdown_on_last_worker_exit") && this.#running === 0);
    if (!isWanted) return;
    const reason = how === undefined
      ? `worker ${id} could not be started`
      : `worker ${id} ended with ${how}`;
    this.#settings.onShutdown({ reason, hasFailed });
  }
}
