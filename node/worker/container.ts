/**
 * The inside of a container: its components, each connected to a router of its own choice, and what their ends mean for each other and for
 * the container: `options.restart`, then `options.shutdown`. Runs in the process that `node/cli/worker.ts` is.
 */
import { attachEncoding } from "../../client/dial_native.ts";
import type { Dial, Transport } from "../../client/transport.ts";
import type { Clock, Log, Timer } from "../../router/ports.ts";
import { TransportHost } from "../../transports/host.ts";
import type { Environment } from "../config/environment.ts";
import type { ContainerComponentConfig, ContainerConfig } from "../config/schema_container.ts";
import { isRestarted } from "../config/schema_process.ts";
import { authenticationOf, remoteOpen } from "../links.ts";
import { ComponentError, textOf } from "./component_error.ts";
import { type ComponentConfig, ComponentHost, type ComponentRecord } from "./component_host.ts";
import { modulePaths } from "./component_program.ts";
import { componentId } from "./default_ids.ts";
import { ALREADY_RUNNING, CANNOT_START, NO_SUCH_OBJECT } from "./error_uris.ts";
import { Refusal } from "./refusal.ts";

const RESTART_GROWTH = 2;

/** What it is to run, and where. */
export interface ContainerJob {
  readonly id: string;
  /** The node directory. */
  readonly directory: string;
  /** Where secrets are looked up. */
  readonly env: Environment;
  readonly config: ContainerConfig;
}

export class Container {
  /** Resolves when the container is to end: whether a component has failed. */
  readonly ended: Promise<boolean>;
  readonly job: ContainerJob;
  /** Told of each component that is ready. @param caller the session that asked for it. */
  onStarted: (component: ComponentRecord, caller: number | undefined) => void = () => {};
  /** Told of each that has stopped, whoever wanted that. */
  onStopped: (component: ComponentRecord) => void = () => {};
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #host: ComponentHost;
  readonly #transports: TransportHost;
  readonly #end: (hasFailed: boolean) => void;
  /** Those that run or are to run again. */
  readonly #left = new Map<string, ContainerComponentConfig>();
  readonly #delays = new Map<string, number>();
  /** Of those that wait to be started anew. */
  readonly #timers = new Map<string, Timer>();
  readonly #shared: Record<string, unknown> | undefined;
  #hasFailed = false;
  #isEnding = false;

  constructor(job: ContainerJob, clock: Clock, log: Log) {
    this.job = job;
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
      onStopped: (component, hasFailed) => {
        this.onStopped(component);
        this.#stopped(component.id, hasFailed);
      },
    });
    this.#transports = new TransportHost({
      clock,
      onFault: (error) => log.error("Fault in a connection: {error}", { error }),
    });
  }

  /** Starts all components side by side, as one may wait long for its router. One that has none waits to be given some. */
  start(): void {
    const components = this.job.config.components.map((config, i) =>
      [componentId(config, i), config] as const
    );
    for (const [id, config] of components) this.#left.set(id, config);
    for (const [id] of components) void this.#start(id);
  }

  /** All components leave. @returns their ids. */
  async stop(): Promise<string[]> {
    this.#isEnding = true;
    for (const timer of this.#timers.values()) timer.cancel();
    return await this.#host.stopAll();
  }

  /** Stops all components, and ends. @returns the ids of those that ran. */
  async shutdown(): Promise<string[]> {
    const ids = await this.stop();
    this.#endBecause("the management API was asked for it");
    return ids;
  }

  list(): ComponentRecord[] {
    return this.#host.list();
  }

  /** Throws a `ComponentError` when it does not run. */
  get(id: string): ComponentRecord {
    return this.#host.get(id);
  }

  /** Throws a `Refusal` when there is one of that id, or none may start any more. */
  expectNone(id: string): void {
    if (this.#isEnding) {
      throw new Refusal(CANNOT_START, `Cannot start component "${id}": its container is ending`);
    }
    if (!this.#left.has(id)) return;
    const text = `Cannot start component "${id}": found one of that id running`;
    throw new Refusal(ALREADY_RUNNING, text);
  }

  /** Resolves when it is ready. Rejects with a `ComponentError` or a `Refusal`; nothing of it is left then. @param caller who asks. */
  async startComponent(
    id: string,
    config: ContainerComponentConfig,
    caller: number | undefined,
  ): Promise<void> {
    this.expectNone(id);
    this.#left.set(id, config);
    try {
      await this.#bringUp(id, config, caller);
    } catch (cause) {
      this.#left.delete(id);
      throw cause;
    }
  }

  /** Resolves when it has left its realm. Counts as stopped, not as failed, and is not started anew. */
  async stopComponent(id: string): Promise<ComponentRecord> {
    const { record } = await this.#take(id);
    this.#delays.delete(id);
    const { shutdown } = this.job.config.options;
    if (shutdown === "shutdown-on-any-component-stopped") {
      this.#endBecause(`component ${id} stopped`);
    } else if (this.#left.size === 0) this.#endUnlessManual();
    return record;
  }

  /** Resolves to what it was, when it is ready again. */
  async restartComponent(id: string, caller: number | undefined): Promise<ComponentRecord> {
    const { record, config } = await this.#take(id);
    await this.startComponent(id, config, caller);
    return record;
  }

  /** Stops one that runs, or is to run again, whatever that means for the container. */
  async #take(id: string): Promise<{
    readonly record: ComponentRecord;
    readonly config: ContainerComponentConfig;
  }> {
    const config = this.#left.get(id);
    const timer = this.#timers.get(id);
    if (config !== undefined && timer !== undefined) {
      timer.cancel();
      this.#timers.delete(id);
      this.#left.delete(id);
      const startedAt = this.#clock.now();
      return { record: { id, state: "stopping", startedAt, uptimeMs: 0, config }, config };
    }
    const record = this.#host.get(id);
    if (config === undefined) {
      throw new Refusal(NO_SUCH_OBJECT, `Cannot stop component "${id}": it is being stopped`);
    }
    // First: it may be about to start, and whoever starts it looks here.
    this.#left.delete(id);
    await this.#host.stop(id);
    this.onStopped(record);
    return { record, config };
  }

  async #bringUp(
    id: string,
    config: ContainerComponentConfig,
    caller: number | undefined,
  ): Promise<void> {
    await this.#host.start(await this.#componentOf(id, config));
    this.onStarted(this.#host.get(id), caller);
  }

  async #start(id: string): Promise<void> {
    const config = this.#left.get(id);
    if (config === undefined || this.#isEnding) return;
    try {
      await this.#bringUp(id, config, undefined);
    } catch (cause) {
      // Who stopped it meanwhile knows.
      if (this.#isEnding || this.#left.get(id) !== config) return;
      const uri = cause instanceof ComponentError ? cause.uri : undefined;
      this.#log.error("{why} ({uri})", { why: textOf(cause), uri, component: id });
      this.#stopped(id, true);
    }
  }

  async #componentOf(id: string, config: ContainerComponentConfig): Promise<ComponentConfig> {
    const { directory, env } = this.job;
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
      place: placeOf(config.transport),
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
    const { restart, shutdown } = this.job.config.options;
    const isOver = shutdown === "shutdown-on-any-component-stopped" ||
      (shutdown === "shutdown-on-any-component-failed" && hasFailed);
    if (!isOver && isRestarted(restart, hasFailed)) return this.#startLater(id);
    this.#left.delete(id);
    this.#hasFailed ||= hasFailed;
    if (isOver) this.#endBecause(`component ${id} ${hasFailed ? "failed" : "stopped"}`);
    else if (this.#left.size === 0) this.#endUnlessManual();
  }

  #startLater(id: string): void {
    const { initial_retry_delay: firstMs, max_retry_delay: longestMs } = this.job.config.options;
    const delayMs = this.#delays.get(id) ?? firstMs;
    this.#delays.set(id, Math.min(delayMs * RESTART_GROWTH, longestMs));
    this.#log.info("Starting component {id} anew in {delayMs} ms", { id, delayMs });
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(id);
      void this.#start(id);
    });
    this.#timers.set(id, timer);
  }

  /** No component is left. */
  #endUnlessManual(): void {
    const { shutdown, restart } = this.job.config.options;
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

function placeOf(transport: ContainerComponentConfig["transport"]): string {
  const { endpoint } = transport;
  const at = endpoint?.type === "unix"
    ? `unix:${endpoint.path}`
    : endpoint && `tcp:${endpoint.host}:${endpoint.port}`;
  if (transport.type === "rawsocket") return at ?? "";
  return at === undefined ? transport.url : `${transport.url} at ${at}`;
}
