/**
 * The workers of a node that are processes of their own: those of the configuration, and those that the management API starts. What their ends
 * mean for the node says `controller.options.shutdown`. Made by `node.ts`; the management API reaches it as `NodeContext`.
 */
import type { Clock, Log } from "../../router/ports.ts";
import type { Environment } from "../config/environment.ts";
import { isDisabled } from "../config/environment.ts";
import { routerInNode } from "../config/router_place.ts";
import type { NodeConfig, WorkerConfig } from "../config/schema.ts";
import { Child, type Exit, type LoggedLine } from "./child.ts";
import { workerId } from "./default_ids.ts";
import {
  CANNOT_START,
  NO_SUCH_WORKER,
  STOP_WORKER_FAILED,
  WORKER_ALREADY_RUNNING,
  WORKER_NOT_RUNNING,
} from "./error_uris.ts";
import { guestOptions } from "./guest.ts";
import type { Prepared } from "./prepared.ts";
import { Refusal } from "./refusal.ts";
import { workerProcess, type WorkerSettings } from "./worker_process.ts";

export interface ChildrenSettings {
  /** The node directory. */
  readonly directory: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** What routers and containers are told. */
  readonly worker: () => WorkerSettings;
  /** A worker's end ends the node, says the configuration. */
  readonly onShutdown: (end: NodeEnd) => void;
}

/** Why a node ends by itself. */
export interface NodeEnd {
  /** For the log: `worker worker001 ended with 1`. */
  readonly reason: string;
  readonly hasFailed: boolean;
  /** Calls in flight are to be waited for. */
  readonly drains?: boolean;
}

export interface WorkerFacts {
  readonly id: string;
  readonly type: WorkerConfig["type"];
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  readonly status: "starting" | "started" | "stopped";
  /** Milliseconds since 1970. */
  readonly created: number;
}

interface Entry {
  readonly type: WorkerConfig["type"];
  readonly child: Child;
  readonly created: number;
  /** Of its process: resolves when it is ready or has ended. */
  readonly begun: PromiseWithResolvers<Exit | undefined>;
  isReady: boolean;
  /** It ends for good, or is being stopped. */
  isOver: boolean;
}

export class Children {
  readonly #entries = new Map<string, Entry>();
  readonly #settings: ChildrenSettings;
  #config: NodeConfig;
  #own: number | undefined;
  /** Places in the configuration of those that have not been started yet. */
  readonly #toCome: Set<number>;
  #isStopping = false;

  constructor(config: NodeConfig, settings: ChildrenSettings) {
    this.#config = config;
    this.#settings = settings;
    this.#own = routerInNode(config, settings.env);
    this.#toCome = new Set(config.workers.keys());
    if (this.#own !== undefined) this.#toCome.delete(this.#own);
  }

  /** From now on this is what their ends are judged by. */
  set config(config: NodeConfig) {
    this.#config = config;
    this.#own = routerInNode(config, this.#settings.env);
  }

  /** Starts those of the configuration that are of these types. Resolves when each is ready, or has ended without. */
  start(types: readonly WorkerConfig["type"][]): Promise<unknown> {
    const { env, log } = this.#settings;
    const started: Promise<unknown>[] = [];
    for (const i of this.#toCome) {
      const worker = this.#config.workers[i];
      if (worker === undefined || !types.includes(worker.type)) continue;
      this.#toCome.delete(i);
      const id = workerId(worker, i);
      if (isDisabled(worker.options.disabled, env)) log.info("Worker {id} is disabled", { id });
      else started.push(this.#begin(id, worker).begun.promise);
    }
    return Promise.all(started);
  }

  /** Those that are not disabled. */
  list(): WorkerFacts[] {
    return [...this.#entries.keys()].map((id) => this.get(id));
  }

  /** Throws a `Refusal`. */
  get(id: string): WorkerFacts {
    const { child: { pid }, type, created, isReady } = this.#entry(id);
    const status = pid === undefined ? "stopped" : isReady ? "started" : "starting";
    return { id, type, pid, status, created };
  }

  /** One that was not in the configuration. Resolves when it is ready; rejects with a `Refusal`. */
  async add(id: string, worker: WorkerConfig): Promise<WorkerFacts> {
    this.expectNone(id);
    const { begun } = this.#begin(id, worker);
    const exit = await begun.promise;
    if (exit === undefined) return this.get(id);
    const how = exit.how === undefined ? "it could not be run" : `it ended with ${exit.how}`;
    const last = this.lines(id, 1)[0]?.line;
    const text = `Cannot start worker "${id}": ${how}${last === undefined ? "" : ` (${last})`}`;
    throw new Refusal(CANNOT_START, text);
  }

  /** One of a changed configuration, in place of the one of its id where there is one. Throws StartError. */
  prepareStart(id: string, worker: WorkerConfig): Prepared {
    // What is wrong with it is to be found out now.
    this.#optionsOf(id, worker);
    const commit = async () => {
      await this.#end(id);
      void this.#begin(id, worker);
    };
    return { commit, abandon: () => {} };
  }

  prepareStop(id: string): Prepared {
    return { commit: () => this.#end(id), abandon: () => {} };
  }

  async #end(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.isOver = true;
    await entry.child.stop(this.#config.controller.options.shutdown_timeout);
    this.#entries.delete(id);
  }

  /** Throws a `Refusal` when there is one of that id that runs, or will. */
  expectNone(id: string): void {
    const entry = this.#entries.get(id);
    if (this.#isStopping) {
      throw new Refusal(CANNOT_START, `Cannot start worker "${id}": the node is stopping`);
    }
    if (entry === undefined || entry.isOver) return;
    throw new Refusal(
      WORKER_ALREADY_RUNNING,
      `Cannot start worker "${id}": found one of that id running`,
    );
  }

  /** Throws a `Refusal` when it has ended for good, or is being stopped. */
  expectRunning(id: string): void {
    if (!this.#entry(id).isOver) return;
    throw new Refusal(WORKER_NOT_RUNNING, `Cannot stop worker "${id}": it has ended`);
  }

  /** Ends it for good. @param limitMs how long it may take; 0: it is killed. Resolves to what it was; rejects with a `Refusal`. */
  async remove(id: string, limitMs: number): Promise<WorkerFacts> {
    this.expectRunning(id);
    const entry = this.#entry(id);
    const facts = this.get(id);
    entry.isOver = true;
    try {
      await entry.child.stop(limitMs);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Refusal(STOP_WORKER_FAILED, `Cannot stop worker "${id}": ${why}`, { cause });
    }
    this.#entries.delete(id);
    return facts;
  }

  /** The latest lines of its output. Throws a `Refusal`. */
  lines(id: string, limit: number): readonly LoggedLine[] {
    return this.#entry(id).child.lines(limit);
  }

  /** The procedures of one are there. */
  ready(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.isReady = true;
    entry.begun.resolve(undefined);
  }

  /** All of these types, side by side. */
  async stop(types: readonly WorkerConfig["type"][], limitMs: number): Promise<void> {
    this.#isStopping = true;
    const wanted = [...this.#entries.values()].filter(({ type }) => types.includes(type));
    await Promise.all(wanted.map(({ child }) => child.stop(limitMs)));
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new Refusal(NO_SUCH_WORKER, `Cannot find worker "${id}": this node has none of that id`);
  }

  #begin(id: string, worker: WorkerConfig): Entry {
    const { clock, log } = this.#settings;
    const child = new Child(this.#optionsOf(id, worker), {
      clock,
      log,
      onSpawned: () => {
        if (worker.type === "guest") this.ready(id);
      },
      onEnded: (exit) => {
        entry.isReady = false;
        entry.begun.resolve(exit);
      },
      onGone: (exit) => {
        entry.isOver = true;
        this.#gone(id, exit);
      },
    });
    const entry: Entry = {
      type: worker.type,
      child,
      created: clock.now(),
      begun: Promise.withResolvers(),
      isReady: false,
      isOver: false,
    };
    this.#entries.set(id, entry);
    child.start();
    return entry;
  }

  #optionsOf(id: string, worker: WorkerConfig) {
    const { directory, env, worker: settings } = this.#settings;
    if (worker.type === "guest") return guestOptions(id, worker, directory, env);
    return workerProcess(id, worker, settings());
  }

  #gone(id: string, { how, hasFailed }: Exit): void {
    const modes = this.#config.controller.options.shutdown;
    // A router in the node's process ends only with it.
    const isLast = this.#own === undefined && this.#toCome.size === 0 &&
      [...this.#entries.values()].every(({ isOver }) => isOver);
    const isWanted = modes.includes("shutdown_on_worker_exit") ||
      (modes.includes("shutdown_on_worker_exit_with_error") && hasFailed) ||
      (modes.includes("shutdown_on_last_worker_exit") && isLast);
    if (!isWanted || this.#isStopping) return;
    const reason = how === undefined
      ? `worker ${id} could not be started`
      : `worker ${id} ended with ${how}`;
    this.#settings.onShutdown({ reason, hasFailed });
  }
}
