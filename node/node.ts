/**
 * A running node: the router, its realms and the listeners that lead to them, from a checked configuration. Starts entirely or not at all.
 * Called by the command line and, for programs that embed a node, by `embed.ts`.
 */
import { hostname } from "node:os";
import process from "node:process";
import type { Session } from "../client/session.ts";
import { Router } from "../router/router.ts";
import type { Clock, Log, Random } from "../router/ports.ts";
import type { Address } from "../transports/byte_stream.ts";
import { systemClock } from "../transports/clock.ts";
import { canSetBacklog } from "../transports/listen.ts";
import { TransportHost, type TransportStats } from "../transports/host.ts";
import { SYSTEM_SHUTDOWN } from "../wamp/uris.ts";
import type { Environment } from "./config/checks.ts";
import { Capacity } from "./capacity.ts";
import { isDisabled } from "./config/environment.ts";
import { fileProblems } from "./config/files.ts";
import { ConfigError } from "./config/problems.ts";
import { type NodeConfig, type RouterConfig, routersOf } from "./config/schema.ts";
import { formatPath } from "./config/source.ts";
import { configWarnings } from "./config/warnings.ts";
import { CookieJars } from "./cookies.ts";
import { logFor, type LogLevel } from "./log.ts";
import type { StoreStats } from "./store/sqlite_store.ts";
import type { Management } from "./management/management.ts";
import { capacityOptions } from "./options.ts";
import { systemRandom } from "./random.ts";
import { type AuthStats, Throttle } from "./throttle.ts";
import { systemReadings, VitalSigns } from "./vital_signs.ts";
import { Children, type NodeEnd } from "./worker/children.ts";
import { componentId, numbered, workerId } from "./worker/default_ids.ts";
import { RouterWorker } from "./worker/router_worker.ts";

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
  /** Answers requests for paths of their own in place of the service for "/". */
  readonly root?: (request: Request) => Response | Promise<Response>;
}

/** Of the runtime that takes no other, Bun. */
const FIXED_BACKLOG = 512;

/** What waits for the disk gets so long at the end. */
const JARS_CLOSING_MS = 5_000;

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
  /** Says goodbye to all sessions and closes everything. Resolves when that is done; may be called twice. */
  stop(): Promise<void>;
}

/** See `startNode` in `embed.ts`. */
export async function runNode(config: NodeConfig, settings: NodeSettings): Promise<Node> {
  const problems = await fileProblems(config, settings.directory);
  if (problems.length > 0) throw new ConfigError("the configuration", problems);
  const node = new RunningNode(config, settings);
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
  readonly #config: NodeConfig;
  readonly #settings: NodeSettings;
  readonly #log: Log;
  readonly #jars: CookieJars;
  readonly #children: Children;
  readonly #routers: readonly RouterConfig[];
  readonly #worker: RouterWorker;
  readonly #signs: VitalSigns;
  readonly #startedAt: number;
  readonly #askToStop: (end: NodeEnd) => void;
  #management: Promise<Management> | undefined;
  readonly shutdownWanted: Promise<NodeEnd>;
  #stopping: Promise<void> | undefined;

  constructor(config: NodeConfig, settings: NodeSettings) {
    const { log, clock = systemClock, random = systemRandom } = settings;
    this.#config = config;
    this.#settings = settings;
    this.#log = log ?? logFor("node");
    this.#jars = new CookieJars({ directory: settings.directory, clock, log: this.#log });
    this.router = new Router({ clock, random, log: log ?? logFor("router") });
    const { directory, env = process.env } = settings;
    const routers = routersOf(config)
      .filter(([, { options }]) => !isDisabled(options.disabled, env));
    this.#routers = routers.map(([, router]) => router);
    const { promise, resolve } = Promise.withResolvers<NodeEnd>();
    this.shutdownWanted = promise;
    this.#askToStop = resolve;
    this.#startedAt = clock.now();
    this.#children = new Children(config, {
      directory,
      env,
      logLevel: settings.workerLogLevel ?? "info",
      clock,
      log: this.#log,
      onShutdown: resolve,
    });
    // Without a router nothing is ever started in it.
    const [[index, worker] = [0, undefined]] = routers;
    // A component that blocks the process is named by its own watchdog.
    const isExplained = () => this.#worker.components !== undefined;
    this.#signs = new VitalSigns(clock, this.#log, systemReadings(), isExplained);
    this.#worker = new RouterWorker(workerId(worker ?? {}, index), {
      router: this.router,
      host: this.#hostOf(worker, clock),
      directory,
      env,
      clock,
      log: this.#log,
      jars: this.#jars,
      throttle: throttleOf(worker, clock),
      capacity: new Capacity(
        capacityOptions(worker?.options.limits),
        this.#signs,
        clock,
        this.#log,
      ),
      nodeId: config.controller.id,
      startedAt: this.#startedAt,
      root: settings.root,
      moduleOptions: worker?.options ?? { expose_shared: false },
      management: async () => (await this.#manage()).router,
      goodbyeMs: config.controller.options.shutdown_timeout,
    });
  }

  get listeners(): readonly NodeListener[] {
    return this.#worker.listeners;
  }

  get stores(): readonly NodeStore[] {
    return this.#worker.stores;
  }

  async start(): Promise<void> {
    if (!canSetBacklog) this.#tellBacklog();
    for (const { path, text } of configWarnings(this.#config)) {
      this.#log.warn("Configuration at {path}: {text}", { path: formatPath(path), text });
    }
    for (const router of this.#routers) await this.#startRouter(router);
    if (this.#config.controller.management !== undefined) await this.#manage();
    for (const { components } of this.#routers) await this.#startComponents(components);
    // Last: they will want to join.
    this.#children.start();
    this.#signs.watch();
    (await this.#management)?.announce("on_ready", { "id": this.#nodeId });
  }

  async management(authid: string): Promise<Session> {
    return (await this.#manage()).join(authid);
  }

  get #nodeId(): string {
    return this.#config.controller.id ?? hostname();
  }

  /** Loaded only where somebody wants it. */
  #manage(): Promise<Management> {
    return this.#management ??= this.#startManagement();
  }

  async #startManagement(): Promise<Management> {
    const [{ Management }, { managementRealm }] = await Promise.all([
      import("./management/management.ts"),
      import("./management/realm.ts"),
    ]);
    const management = new Management({
      nodeId: this.#nodeId,
      worker: this.#worker,
      startedAt: this.#startedAt,
      children: () => this.#children.list(),
      shutdown: (reason) => this.#askToStop({ reason, hasFailed: false }),
    });
    await management.start(managementRealm(this.#config.controller.management));
    return management;
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#signs.stop();
    const limitMs = this.#config.controller.options.shutdown_timeout;
    // First: they shall find the router while they end.
    await this.#children.stop(limitMs);
    const worker = this.#worker;
    await worker.stopAccepting(limitMs);
    await Promise.all([
      this.router.shutdown(SYSTEM_SHUTDOWN, limitMs),
      ...[...worker.transports.values()].map((transport) => transport.finishHttp(limitMs)),
    ]);
    await (await this.#management?.catch(() => undefined))?.stop(limitMs);
    await Promise.all([worker.end(limitMs), this.#jars.close(JARS_CLOSING_MS)]);
  }

  async #startRouter({ realms, transports }: RouterConfig): Promise<void> {
    const worker = this.#worker;
    const ids = realms.map(({ id }, i) => id ?? numbered("realm", i));
    for (const [i, realm] of realms.entries()) await worker.startRealm(ids[i] ?? "", realm);
    for (const [i, transport] of transports.entries()) {
      await worker.startTransport(transport.id ?? numbered("transport", i), transport);
    }
    // They connect in their own time: the other router may start later.
    for (const [i, { rlinks }] of realms.entries()) {
      for (const [j, link] of rlinks.entries()) {
        await worker.startLink(ids[i] ?? "", link.id ?? numbered("link", j), link);
      }
    }
  }

  async #startComponents(components: RouterConfig["components"]): Promise<void> {
    for (const [i, component] of components.entries()) {
      await this.#worker.startComponent(componentId(component, i), component);
    }
  }

  #hostOf(worker: RouterConfig | undefined, clock: Clock): TransportHost {
    const slow = worker?.options.slow_consumers;
    return new TransportHost({
      clock,
      onFault: (error) => this.#log.error("Fault in a connection: {error}", { error }),
      ...(slow && {
        slowConsumers: {
          policy: slow.policy,
          limitBytes: slow.limit,
          hardLimitBytes: slow.hard_limit,
        },
      }),
    });
  }

  /** Once for all transports: the largest backlog that somebody asked for. */
  #tellBacklog(): void {
    const asked = this.#routers.flatMap(({ transports }) => transports)
      .flatMap(({ endpoint: { backlog } }) => backlog ?? []);
    if (asked.length === 0) return;
    const backlog = Math.max(...asked);
    const text = "The key backlog ({backlog}) has no effect: this runtime always takes {taken}";
    const properties = { backlog, taken: FIXED_BACKLOG };
    if (backlog > FIXED_BACKLOG) this.#log.warn(text, properties);
    else this.#log.info(text, properties);
  }
}

function throttleOf(worker: RouterConfig | undefined, clock: Clock): Throttle {
  const rules = worker?.options.throttle;
  return new Throttle({
    addressFailures: rules?.address_failures ?? Infinity,
    authidFailures: rules?.authid_failures ?? Infinity,
    periodMs: (rules?.period ?? 0) * 1000,
    countsLoopback: rules?.loopback ?? false,
  }, clock);
}
