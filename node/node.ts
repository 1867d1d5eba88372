/**
 * A running node: the router, its realms and the listeners that lead to them, from a checked configuration. Starts entirely or not at all.
 * Called by the command line and, for programs that embed a node, by `embed.ts`.
 */
import { hostname } from "node:os";
import process from "node:process";
import type { Session } from "../client/session.ts";
import type { Drained } from "../router/drain.ts";
import type { Router } from "../router/router.ts";
import type { Clock, Log, Random } from "../router/ports.ts";
import type { Address } from "../transports/byte_stream.ts";
import { systemClock } from "../transports/clock.ts";
import type { TransportStats } from "../transports/host.ts";
import { type Config, opened } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import { fileProblems } from "./config/files.ts";
import { ConfigError } from "./config/problems.ts";
import { routerInNode } from "./config/router_place.ts";
import type { NodeConfig } from "./config/schema.ts";
import { formatPath } from "./config/source.ts";
import { configWarnings } from "./config/warnings.ts";
import { logFor, type LogLevel } from "./log.ts";
import type { StoreStats } from "./store/sqlite_store.ts";
import type { Management } from "./management/management.ts";
import { systemRandom } from "./random.ts";
import { type Contents, contentsOf } from "./reload/contents.ts";
import { type Layout, layoutOf } from "./reload/layout.ts";
import { Reloader } from "./reload/reloader.ts";
import { StartError } from "./start_error.ts";
import type { AuthStats } from "./throttle.ts";
import { Children, type NodeEnd } from "./worker/children.ts";
import { workerId } from "./worker/default_ids.ts";
import { RouterRun } from "./worker/router_run.ts";
import type { WorkerSettings } from "./worker/worker_process.ts";

export interface NodeSettings {
  /** The node directory, absolute: paths of the configuration are relative to it. */
  readonly directory: string;
  /** Where `"$VARIABLE"` of the configuration is looked up. Default: `process.env`. */
  readonly env?: Environment;
  /** Default: LogTape, category "realmway". */
  readonly log?: Log;
  /** Least important lines that containers log. Default: "info". */
  readonly workerLogLevel?: LogLevel;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: the system's. */
  readonly random?: Random;
  /** Called once all of the node but its management socket, its containers and its guests runs: another node on the same ports may end now. */
  readonly replaces?: (() => Promise<void>) | undefined;
  /** Reads the configuration anew and gives it to `Node.reload`, when the management API asks for it. Default: that is refused. */
  readonly onReload?: (() => Promise<readonly string[]>) | undefined;
  /** Answers requests for paths of their own in place of the service for "/". */
  readonly root?: (request: Request) => Response | Promise<Response>;
}

/** A transport of a node that accepts connections. */
export interface NodeListener {
  /** Of the configuration, or "transport001". */
  readonly id: string;
  readonly type: string;
  readonly address: Address;
  /** What clients and browsers connect to, the most useful first. */
  readonly urls: readonly string[];
  readonly stats: TransportStats;
  /** How attempts to authenticate ended. */
  readonly authStats: AuthStats;
}

/** The file of a realm's events. */
export interface NodeStore {
  readonly realm: string;
  readonly store: {
    readonly file: string;
    /** Why nothing can be stored now; undefined while all is well. */
    readonly failure: string | undefined;
    readonly stats: Readonly<StoreStats>;
  };
}

export interface Node {
  readonly router: Router;
  readonly listeners: readonly NodeListener[];
  /** Of realms whose events are in a file. */
  readonly stores: readonly NodeStore[];
  /** Resolves when a worker's end ends the node (`controller.options.shutdown`), or the management API was asked to stop it; whoever started
   * it stops it then. */
  readonly shutdownWanted: Promise<NodeEnd>;
  /** Joins the node's management realm as one who may do everything there: see `RouterController`, and docs/management.md. */
  management(authid: string): Promise<Session>;
  /**
   * Puts another configuration into effect: of realms, roles, transports, links, components and workers what differs is started, changed or stopped,
   * and all else goes on. Rejects when something of it cannot be had or cannot be changed, and then nothing has changed. @returns what has, in words.
   */
  reload(config: Config): Promise<readonly string[]>;
  /** Accepts nobody any more, takes no new calls, and says goodbye to each session once no call of its is in flight. Resolves when there is none
   * any more, or after `limitMs` (default: `drain_timeout`). Call `stop` then. */
  drain(limitMs?: number): Promise<Drained>;
  /** Says goodbye to all sessions and closes everything. Resolves when that is done; may be called twice. */
  stop(): Promise<void>;
}

/** See `startNode` in `embed.ts`. */
export async function runNode(config: NodeConfig, settings: NodeSettings): Promise<Node> {
  const problems = await fileProblems(config, settings.directory);
  if (problems.length > 0) throw new ConfigError("the configuration", problems);
  const node = new RunningNode(config, settings, await contentsOf(config, settings.directory));
  try {
    await node.start();
  } catch (cause) {
    await node.stop();
    throw cause;
  }
  return node;
}

class RunningNode implements Node {
  readonly router: Router;
  #config: NodeConfig;
  readonly #settings: NodeSettings;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #children: Children;
  readonly #run: RouterRun;
  readonly #reloader: Reloader;
  /** Whether it runs anything: whether the configuration has a router for this process. */
  readonly #hasRouter: boolean;
  readonly #startedAt: number;
  readonly #askToStop: (end: NodeEnd) => void;
  #management: Promise<Management> | undefined;
  #workerSocket = "";
  readonly shutdownWanted: Promise<NodeEnd>;
  #stopping: Promise<void> | undefined;
  /** It drains or stops. */
  #isEnding = false;

  constructor(config: NodeConfig, settings: NodeSettings, contents: Contents) {
    const { log, clock = systemClock, random = systemRandom } = settings;
    this.#config = config;
    this.#settings = settings;
    this.#log = log ?? logFor("node");
    this.#clock = clock;
    const { promise, resolve } = Promise.withResolvers<NodeEnd>();
    this.shutdownWanted = promise;
    this.#askToStop = resolve;
    this.#startedAt = clock.now();
    const { directory, env = process.env } = settings;
    this.#children = new Children(config, {
      directory,
      env,
      clock,
      log: this.#log,
      worker: () => this.#workerSettings(),
      onShutdown: resolve,
    });
    const place = routerInNode(config, env);
    const worker = place === undefined ? undefined : config.workers[place];
    this.#hasRouter = worker !== undefined;
    this.#run = new RouterRun(
      workerId(worker ?? {}, place ?? 0),
      worker?.type === "router" ? worker : undefined,
      {
        directory,
        env,
        clock,
        random,
        log: this.#log,
        routerLog: log ?? logFor("router"),
        nodeId: config.controller.id,
        startedAt: this.#startedAt,
        goodbyeMs: () => this.#goodbyeMs,
        root: settings.root,
        management: async () => (await this.#manage()).router,
      },
    );
    this.router = this.#run.router;
    this.#reloader = new Reloader(layoutOf(config, { env, contents }), {
      directory,
      env,
      log: this.#log,
      worker: this.#run.worker,
      children: this.#children,
      management: async () => (await this.#manage()).worker,
      onChanged: (next) => this.#changed(next),
    });
  }

  get listeners(): readonly NodeListener[] {
    return this.#run.worker.listeners;
  }

  get stores(): readonly NodeStore[] {
    return this.#run.worker.stores;
  }

  async start(): Promise<void> {
    for (const { path, text } of configWarnings(this.#config)) {
      this.#log.warn("Configuration at {path}: {text}", { path: formatPath(path), text });
    }
    await this.#run.start();
    const hasProcesses = this.#config.workers.some(({ type }, i) =>
      type !== "guest" && !(type === "router" && i === routerInNode(this.#config, this.#env))
    );
    if (this.#config.controller.management !== undefined || hasProcesses) await this.#manage();
    // What follows may want to join the realms of all routers.
    await this.#children.start(["router"]);
    await this.#run.startComponents();
    await this.#settings.replaces?.();
    await (await this.#management)?.listen();
    void this.#children.start(["container", "guest"]);
    (await this.#management)?.announce("on_ready", { "id": this.#nodeId });
  }

  async management(authid: string): Promise<Session> {
    return (await this.#manage()).join(authid);
  }

  get #nodeId(): string {
    return this.#config.controller.id ?? hostname();
  }

  get #env(): Environment {
    return this.#settings.env ?? process.env;
  }

  get #goodbyeMs(): number {
    return this.#config.controller.options.shutdown_timeout;
  }

  #workerSettings(): WorkerSettings {
    return {
      directory: this.#settings.directory,
      env: this.#env,
      logLevel: this.#settings.workerLogLevel ?? "info",
      nodeId: this.#nodeId,
      startedAt: this.#startedAt,
      goodbyeMs: this.#goodbyeMs,
      management: this.#workerSocket,
    };
  }

  /** Loaded only where somebody wants it. */
  #manage(): Promise<Management> {
    return this.#management ??= this.#startManagement();
  }

  async #startManagement(): Promise<Management> {
    const [{ Management }, { managementRealm }, { NodeWorkers }] = await Promise.all([
      import("./management/management.ts"),
      import("./management/realm.ts"),
      import("./management/node_workers.ts"),
    ]);
    const { worker } = this.#run;
    const workers = new NodeWorkers({
      children: this.#children,
      router: this.#hasRouter ? worker : undefined,
      directory: this.#settings.directory,
      env: this.#env,
      stopMs: this.#goodbyeMs,
    });
    const management = new Management({
      nodeId: this.#nodeId,
      startedAt: this.#startedAt,
      now: () => this.#clock.now(),
      workers,
      worker: this.#hasRouter ? worker : undefined,
      transports: worker.parts,
      onWorkerReady: (id) => this.#children.ready(id),
      reload: this.#settings.onReload,
      shutdown: (reason, drains) => this.#askToStop({ reason, hasFailed: false, drains }),
    });
    await management.start(managementRealm(this.#config.controller.management));
    this.#workerSocket = await management.openToWorkers();
    return management;
  }

  async reload(config: Config): Promise<readonly string[]> {
    if (this.#isEnding) throw new StartError("Cannot reload: the node is stopping");
    return await this.#reloader.reload(opened(config));
  }

  #changed({ config, router }: Layout): void {
    this.#config = config;
    this.#children.config = config;
    this.#run.change(router.options);
  }

  async drain(limitMs = this.#config.controller.options.drain_timeout): Promise<Drained> {
    this.#isEnding = true;
    const processes = this.#children.list()
      .filter(({ type, status }) => type === "router" && status === "started");
    const own = this.#run.worker.drain(limitMs);
    if (processes.length === 0) return await own;
    const [{ RouterController }, session] = await Promise.all([
      import("./management/controller.ts"),
      this.management("drain"),
    ]);
    const all = await Promise.all([
      own,
      ...processes.map(({ id }) => new RouterController(session, id).drain(limitMs)),
    ]);
    await session.leave();
    return {
      calls: all.reduce((sum, { calls }) => sum + calls, 0),
      unanswered: all.reduce((sum, { unanswered }) => sum + unanswered, 0),
    };
  }

  stop(): Promise<void> {
    this.#isEnding = true;
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const limitMs = this.#goodbyeMs;
    // First: they shall find the routers while they end.
    await this.#children.stop(["container", "guest"], limitMs);
    await Promise.all([this.#children.stop(["router"], limitMs), this.#run.stop()]);
    await (await this.#management?.catch(() => undefined))?.stop(limitMs);
  }
}
