/**
 * A running node: the router, its realms and the listeners that lead to them, from a checked configuration. Starts entirely or not at all.
 * Called by the command line and, for programs that embed a node, by `embed.ts`.
 */
import { hostname } from "node:os";
import process from "node:process";
import { Router } from "../router/router.ts";
import type { Clock, Log, Random } from "../router/ports.ts";
import type { Address } from "../transports/byte_stream.ts";
import { systemClock } from "../transports/clock.ts";
import { canSetBacklog } from "../transports/listen.ts";
import { TrustedProxies } from "../transports/forwarded.ts";
import { newStats, TransportHost, type TransportStats } from "../transports/host.ts";
import { SYSTEM_SHUTDOWN } from "../wamp/uris.ts";
import type { Authorization, AuthorizationSettings } from "./authorization.ts";
import type { Environment } from "./config/checks.ts";
import { isDisabled } from "./config/environment.ts";
import { fileProblems } from "./config/files.ts";
import { ConfigError } from "./config/problems.ts";
import {
  type NodeConfig,
  type RouterConfig,
  routersOf,
  type TransportConfig,
} from "./config/schema.ts";
import { formatPath } from "./config/source.ts";
import { configWarnings } from "./config/warnings.ts";
import { CookieJars } from "./cookies.ts";
import type { Link } from "./link/link.ts";
import { type HttpHandler, OpenListener } from "./listener.ts";
import { logFor } from "./log.ts";
import { listeningEndpoint, realmOptions } from "./options.ts";
import type { RealmConfig } from "./config/schema_realm.ts";
import type { SqliteStore, StoreStats } from "./store/sqlite_store.ts";
import { openStore } from "./stores.ts";
import { systemRandom } from "./random.ts";
import { secretOf } from "./secrets.ts";
import { type TransportServices, transportServices } from "./services.ts";
import { type AuthStats, newAuthStats, Throttle } from "./throttle.ts";
import { addressOf, isOnAllInterfaces, urlsOf } from "./urls.ts";
import type { ComponentHost } from "./worker/component_host.ts";
import { Children, type NodeEnd } from "./worker/children.ts";

export interface NodeSettings {
  /** The node directory, absolute: paths of the configuration are relative to it. */
  readonly directory: string;
  /** Where `"$VARIABLE"` of the configuration is looked up. Default: `process.env`. */
  readonly env?: Environment;
  /** Default: LogTape, category "realmway". */
  readonly log?: Log;
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
const STORE_CLOSING_MS = 5_000;

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
  /** Resolves when the configuration says that a worker's end ends the node (`controller.options.shutdown`); whoever started it stops it then. */
  readonly shutdownWanted: Promise<NodeEnd>;
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
  readonly listeners: NodeListener[] = [];
  readonly stores: { readonly realm: string; readonly store: SqliteStore }[] = [];
  readonly #config: NodeConfig;
  readonly #settings: NodeSettings;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #host: TransportHost;
  readonly #startedAt: number;
  readonly #jars: CookieJars;
  readonly #throttle: Throttle;
  readonly #open: OpenListener[] = [];
  readonly #links: Link[] = [];
  readonly #children: Children;
  #components: ComponentHost | undefined;
  readonly #routers: readonly RouterConfig[];
  readonly shutdownWanted: Promise<NodeEnd>;
  #stopping: Promise<void> | undefined;

  constructor(config: NodeConfig, settings: NodeSettings) {
    const { log, clock = systemClock, random = systemRandom } = settings;
    this.#config = config;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log ?? logFor("node");
    this.#startedAt = clock.now();
    this.#jars = new CookieJars({ directory: settings.directory, clock, log: this.#log });
    this.router = new Router({ clock, random, log: log ?? logFor("router") });
    const { directory, env = process.env } = settings;
    this.#routers = routersOf(config).map(([, router]) => router)
      .filter(({ options }) => !isDisabled(options.disabled, env));
    const { promise, resolve } = Promise.withResolvers<NodeEnd>();
    this.shutdownWanted = promise;
    this.#children = new Children(config, {
      directory,
      env,
      clock,
      log: this.#log,
      onShutdown: resolve,
    });
    const [worker] = this.#routers;
    const slow = worker?.options.slow_consumers;
    const rules = worker?.options.throttle;
    this.#throttle = new Throttle({
      addressFailures: rules?.address_failures ?? Infinity,
      authidFailures: rules?.authid_failures ?? Infinity,
      periodMs: (rules?.period ?? 0) * 1000,
      countsLoopback: rules?.loopback ?? false,
    }, clock);
    this.#host = new TransportHost({
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

  async start(): Promise<void> {
    if (!canSetBacklog) this.#tellBacklog();
    for (const { path, text } of configWarnings(this.#config)) {
      this.#log.warn("Configuration at {path}: {text}", { path: formatPath(path), text });
    }
    for (const worker of this.#routers) {
      for (const realm of worker.realms) await this.#addRealm(realm);
      // Before anybody can join: what was retained is there from the first moment.
      await Promise.all(this.stores.map(({ store }) => store.ready()));
      for (const [i, transport] of worker.transports.entries()) {
        const id = transport.id ?? `transport${String(i + 1).padStart(3, "0")}`;
        await this.#openTransport(id, transport);
      }
      for (const realm of worker.realms) await this.#startLinks(realm);
    }
    for (const worker of this.#routers) await this.#startComponents(worker);
    // Last: they will want to join.
    this.#children.start();
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const limitMs = this.#config.controller.options.shutdown_timeout;
    // First: they shall find the router while they end.
    await this.#children.stop(limitMs);
    await Promise.all(this.#open.map((listener) => listener.stopAccepting()));
    // Components of the router leave before it says goodbye; how long they may take is bounded as for all others.
    await this.#leave(limitMs);
    await Promise.all(this.#links.map((link) => link.stop()));
    await Promise.all([
      this.router.shutdown(SYSTEM_SHUTDOWN, limitMs),
      ...this.#open.map((listener) => listener.finishHttp(limitMs)),
    ]);
    await Promise.all(this.#open.map((listener) => listener.end()));
    await Promise.all([
      this.#jars.close(STORE_CLOSING_MS),
      ...this.stores.map(({ store }) => store.close(STORE_CLOSING_MS)),
    ]);
  }

  async #leave(limitMs: number): Promise<void> {
    if (this.#components === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = this.#clock.after(limitMs, resolve);
    await Promise.race([this.#components.stopAll(), promise]);
    limit.cancel();
  }

  /** Loaded only where there are some. */
  async #startComponents({ components, options }: RouterConfig): Promise<void> {
    if (components.length === 0) return;
    const { componentId, RouterComponents } = await import("./worker/router_components.ts");
    const { directory } = this.#settings;
    const all = new RouterComponents(options, {
      router: this.router,
      directory,
      clock: this.#clock,
      log: this.#log,
    });
    this.#components = all.host;
    for (const [i, config] of components.entries()) await all.start(componentId(config, i), config);
  }

  /** They connect in their own time: the other router may start later. */
  async #startLinks({ name, rlinks }: RealmConfig): Promise<void> {
    if (rlinks.length === 0) return;
    const { linkOf } = await import("./links.ts");
    const { directory, env = process.env } = this.#settings;
    const settings = {
      directory,
      env,
      router: this.router,
      host: this.#host,
      clock: this.#clock,
      log: this.#log,
    };
    for (const [i, config] of rlinks.entries()) {
      const id = config.id ?? `link${String(i + 1).padStart(3, "0")}`;
      const link = await linkOf(name, id, config, settings);
      this.#links.push(link);
      void link.start();
    }
  }

  async #addRealm(config: RealmConfig): Promise<void> {
    const { directory } = this.#settings;
    const store = await openStore(config, { directory, clock: this.#clock, log: this.#log });
    const authorization = await authorizationOf(config, {
      router: this.router,
      directory,
      log: this.#log,
    });
    this.router.addRealm({ ...realmOptions(config, authorization), ...(store && { store }) });
    if (store !== undefined) this.stores.push({ realm: config.name, store });
    await authorization?.begin();
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

  async #openTransport(id: string, config: TransportConfig): Promise<void> {
    const { directory, env = process.env } = this.#settings;
    const stats = newStats();
    const authStats = newAuthStats();
    const services = await transportServices(config, {
      id,
      router: this.router,
      host: this.#host,
      stats,
      directory,
      env,
      jars: this.#jars,
      throttle: this.#throttle,
      authStats,
    });
    const endpoint = await listeningEndpoint(config.endpoint, {
      directory,
      env,
      hasNoDelay: services.hasTcpNoDelay,
    });
    const isSecure = endpoint.tls !== undefined;
    const { trusted_proxies: trusted } = config.endpoint;
    const proxies = trusted.length === 0 ? undefined : new TrustedProxies(trusted);
    const listener = await OpenListener.open({
      endpoint,
      services,
      host: this.#host,
      speaksProxyProtocol: config.endpoint.proxy_protocol,
      proxies,
      clock: this.#clock,
      log: this.#log,
      loadHttp: () => this.#httpHandler(id, services, isSecure, proxies),
    });
    this.#open.push(listener);
    const urls = urlsOf(config, services, listener.address, isSecure);
    this.listeners.push({
      id,
      type: config.type,
      address: listener.address,
      urls,
      stats,
      authStats,
    });
    const text = isOnAllInterfaces(listener.address)
      ? "Listening on all interfaces ({address}), here {url}"
      : "Listening on {url}";
    this.#log.info(text, {
      "url": urls.join(" "),
      "transport": id,
      "type": config.type,
      "address": addressOf(listener.address),
    });
  }

  /** Loaded at the first request: a router without browsers needs no web framework. */
  async #httpHandler(
    transport: string,
    services: TransportServices,
    isSecure: boolean,
    proxies: TrustedProxies | undefined,
  ): Promise<HttpHandler> {
    const { httpHandler } = await import("./web/handler.ts");
    const { controller: { id = hostname() } } = this.#config;
    const { directory, env = process.env, root } = this.#settings;
    const settings = {
      nodeDirectory: directory,
      isSecure,
      facts: { id, startedAt: this.#startedAt, now: () => this.#clock.now() },
      log: this.#log,
      bridge: {
        join: async (realm: string, role: string) => {
          const { joinInside } = await import("./inside.ts");
          const { router } = this;
          return await joinInside({ router, realm, role, authid: transport, log: this.#log });
        },
        secret: (value: unknown) => secretOf(value, { env, directory }),
        clock: this.#clock,
        log: this.#log,
      },
      root,
    };
    return httpHandler(services.http, settings, proxies);
  }
}

/** Loaded only where a realm has authorizers or schemas. */
async function authorizationOf(
  realm: RealmConfig,
  settings: AuthorizationSettings,
): Promise<Authorization | undefined> {
  const isWanted = Object.keys(realm.schemas).length > 0 ||
    realm.roles.some(({ authorizer, permissions }) =>
      authorizer !== undefined || permissions.some(({ validate }) => validate !== undefined)
    );
  if (!isWanted) return undefined;
  const { Authorization } = await import("./authorization.ts");
  return await Authorization.of(realm, settings);
}
