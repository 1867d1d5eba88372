/**
 * The inside of a container: its components, each connected to a router of its own choice, and what their ends mean for each other and for
 * the container: `options.restart`, then `options.shutdown`. Runs in the process that `node/cli/worker.ts` is.
 */
import { attachEncoding } from "../../client/dial_native.ts";
import type { Dial, Transport } from "../../client/transport.ts";
import type { Clock, Log, Timer } from "../../router/ports.ts";
import { TransportHost } from "../../transports/host.ts";
import type { ContainerComponentConfig } from "../config/schema_container.ts";
import { isRestarted } from "../config/schema_process.ts";
import { authenticationOf, remoteOpen } from "../links.ts";
import { ComponentError, textOf } from "./component_error.ts";
import { type ComponentConfig, ComponentHost } from "./component_host.ts";
import { modulePaths } from "./component_program.ts";
import { componentId } from "./default_ids.ts";
import type { ContainerJob } from "./container_job.ts";

const RESTART_GROWTH = 2;

export class Container {
  /** Resolves when the container is to end: whether a component has failed. */
  readonly ended: Promise<boolean>;
  readonly #job: ContainerJob;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #host: ComponentHost;
  readonly #transports: TransportHost;
  readonly #end: (hasFailed: boolean) => void;
  /** Those that run or are to run again. */
  readonly #left = new Map<string, ContainerComponentConfig>();
  readonly #delays = new Map<string, number>();
  readonly #timers = new Set<Timer>();
  readonly #shared: Record<string, unknown> | undefined;
  #hasFailed = false;
  #isEnding = false;

  constructor(job: ContainerJob, clock: Clock, log: Log) {
    this.#job = job;
    this.#clock = clock;
    this.#log = log;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ended = promise;
    this.#end = resolve;
    this.#shared = job.config.options.expose_shared ? {} : undefined;
    const places = {
      directory: job.directory,
      paths: modulePaths(job.config.options, job.directory),
    };
    this.#host = new ComponentHost({
      clock,
      log,
      places,
      onStopped: (id, hasFailed) => this.#stopped(id, hasFailed),
    });
    this.#transports = new TransportHost({
      clock,
      onFault: (error) => log.error("Fault in a connection: {error}", { error }),
    });
  }

  /** Starts all components side by side, as one may wait long for its router. */
  start(): void {
    const components = this.#job.config.components.map((config, i) =>
      [componentId(config, i), config] as const
    );
    for (const [id, config] of components) this.#left.set(id, config);
    for (const [id] of components) void this.#start(id);
    if (components.length === 0) this.#endUnlessManual();
  }

  /** All components leave. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#host.stopAll();
  }

  async #start(id: string): Promise<void> {
    const config = this.#left.get(id);
    if (config === undefined || this.#isEnding) return;
    try {
      await this.#host.start(await this.#componentOf(id, config));
    } catch (cause) {
      if (this.#isEnding) return;
      const uri = cause instanceof ComponentError ? cause.uri : undefined;
      this.#log.error("{why} ({uri})", { why: textOf(cause), uri, component: id });
      this.#stopped(id, true);
    }
  }

  async #componentOf(id: string, config: ContainerComponentConfig): Promise<ComponentConfig> {
    const { directory, env } = this.#job;
    const open = await remoteOpen(config.transport, { host: this.#transports, directory });
    const dial: Dial = async ({ signal }, attach) => {
      let opened: Transport | undefined;
      await open((transport) => attachEncoding(opened = transport, attach), signal);
      if (opened === undefined) throw new Error("found no transport, expected one");
      return opened;
    };
    return {
      code: config,
      context: {
        id,
        realm: config.realm,
        extra: config.extra,
        ...(this.#shared && { shared: this.#shared }),
      },
      dial,
      authentication: config.authentication &&
        await authenticationOf(config.authentication, { directory, env }),
      retries: {
        most: config.max_retries < 0 ? Infinity : config.max_retries,
        firstDelayMs: config.initial_retry_delay,
        longestDelayMs: config.max_retry_delay,
      },
      shown: config,
    };
  }

  /** A component has stopped, or could not be started. */
  #stopped(id: string, hasFailed: boolean): void {
    if (this.#isEnding) return;
    const { restart, shutdown } = this.#job.config.options;
    const isOver = shutdown === "shutdown-on-any-component-stopped" ||
      (shutdown === "shutdown-on-any-component-failed" && hasFailed);
    if (!isOver && isRestarted(restart, hasFailed)) return this.#startLater(id);
    this.#left.delete(id);
    this.#hasFailed ||= hasFailed;
    if (isOver) this.#endBecause(`component ${id} ${hasFailed ? "failed" : "stopped"}`);
    else if (this.#left.size === 0) this.#endUnlessManual();
  }

  #startLater(id: string): void {
    const { initial_retry_delay: firstMs, max_retry_delay: longestMs } = this.#job.config.options;
    const delayMs = this.#delays.get(id) ?? firstMs;
    this.#delays.set(id, Math.min(delayMs * RESTART_GROWTH, longestMs));
    this.#log.info("Starting component {id} anew in {delayMs} ms", { id, delayMs });
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      void this.#start(id);
    });
    this.#timers.add(timer);
  }

  /** No component is left. */
  #endUnlessManual(): void {
    const { shutdown, restart } = this.#job.config.options;
    const isManual = shutdown === "shutdown-manual" ||
      (shutdown === undefined && restart === "restart-always");
    const isForFailures = shutdown === "shutdown-on-any-component-failed";
    if (!isManual && !isForFailures) this.#endBecause("no component is left");
  }

  #endBecause(why: string): void {
    this.#isEnding = true;
    this.#log.info("The container ends: {why}", { why });
    this.#end(this.#hasFailed);
  }
}
