/**
 * One transport of a router worker, from its configuration to a listener: opened, asked about and closed while the node runs, and its
 * web services with it. Owned by `router_worker.ts`.
 */
import { hostname } from "node:os";
import type { Router } from "../../router/router.ts";
import { anonymous } from "../../router/join.ts";
import type { Clock, Log, Transport } from "../../router/ports.ts";
import { TrustedProxies } from "../../transports/forwarded.ts";
import { newStats, type TransportHost, type TransportStats } from "../../transports/host.ts";
import { SYSTEM_SHUTDOWN } from "../../wamp/uris.ts";
import type { Environment } from "../config/environment.ts";
import type { TransportConfig } from "../config/schema.ts";
import type { WebServiceConfig } from "../config/schema_web.ts";
import type { Capacity, Door } from "../capacity.ts";
import type { CookieJars } from "../cookies.ts";
import { type HttpHandler, OpenListener } from "../listener.ts";
import { listeningEndpoint } from "../options.ts";
import { secretOf } from "../secrets.ts";
import { type TransportServices, transportServices } from "../services.ts";
import { newAuthStats, type Throttle } from "../throttle.ts";
import { addressOf, isOnAllInterfaces, urlsOf } from "../urls.ts";
import type { NodeListener } from "../node.ts";
import { ALREADY_RUNNING, INVALID_ARGUMENT, NOT_RUNNING } from "./error_uris.ts";
import { Refusal } from "./refusal.ts";

export interface TransportParts {
  readonly router: Router;
  readonly host: TransportHost;
  /** The node directory. */
  readonly directory: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly jars: CookieJars;
  readonly throttle: Throttle;
  /** Undefined: everybody finds room. */
  readonly capacity: Capacity | undefined;
  /** Of the node, and when it started. */
  readonly nodeId: string | undefined;
  readonly startedAt: number;
  /** Permissions of its unix sockets. Default: what the umask leaves. */
  readonly socketMode?: number;
  readonly root: ((request: Request) => Response | Promise<Response>) | undefined;
}

export type TransportState = "created" | "starting" | "started" | "failed" | "stopping" | "stopped";

export class RouterTransport {
  readonly id: string;
  readonly config: TransportConfig;
  /** Milliseconds since 1970. */
  readonly created: number;
  listeningSince: number | undefined = undefined;
  state: TransportState = "created";
  listener: NodeListener | undefined = undefined;
  readonly #parts: TransportParts;
  readonly #longPolls = new Set<{ end(): void }>();
  readonly #hasPaths: boolean;
  #open: OpenListener | undefined = undefined;
  #services: TransportServices | undefined = undefined;

  /** @param hasPaths false: a web transport starts without its services. */
  constructor(id: string, config: TransportConfig, parts: TransportParts, hasPaths = true) {
    this.id = id;
    this.#hasPaths = hasPaths;
    this.config = config;
    this.created = parts.clock.now();
    this.#parts = parts;
  }

  /** Rejects with a StartError or a ListenError. */
  async start(): Promise<NodeListener> {
    this.state = "starting";
    try {
      const listener = await this.#listen();
      this.listener = listener;
      this.state = "started";
      this.listeningSince = this.#parts.clock.now();
      return listener;
    } catch (cause) {
      this.state = "failed";
      throw cause;
    }
  }

  /** Accepts nobody any more. */
  async stopAccepting(): Promise<void> {
    this.state = "stopping";
    await this.#open?.stopAccepting();
  }

  /** Ends what it has accepted; sessions get GOODBYE, unless they did already. */
  async end(limitMs: number): Promise<void> {
    await this.finishHttp(limitMs);
    for (const connection of this.#longPolls) connection.end();
    await this.#open?.end();
    this.state = "stopped";
  }

  finishHttp(limitMs: number): Promise<void> {
    return this.#open?.finishHttp(limitMs) ?? Promise.resolve();
  }

  /** Closes it with all its connections. */
  async stop(limitMs: number): Promise<void> {
    await this.stopAccepting();
    await this.#parts.router.endListener(this.id, SYSTEM_SHUTDOWN, limitMs);
    await this.end(limitMs);
  }

  get paths(): Readonly<Record<string, WebServiceConfig>> {
    return this.#running().http.paths;
  }

  /** A service of a web transport below a path that has none. */
  async startService(path: string, config: WebServiceConfig): Promise<void> {
    this.expectNoService(path);
    await this.#running().addPath(path, config);
  }

  expectNoService(path: string): void {
    if (!Object.hasOwn(this.#running().http.paths, path)) return;
    throw new Refusal(
      ALREADY_RUNNING,
      `Cannot start a service at "${path}" of transport "${this.id}": found one there`,
    );
  }

  /** WebSocket connections that were made below the path stay. */
  stopService(path: string): WebServiceConfig {
    const services = this.#running();
    const config = services.http.paths[path];
    if (config === undefined) {
      const paths = Object.keys(services.http.paths).join(", ");
      throw new Refusal(
        NOT_RUNNING,
        `Cannot stop the service at "${path}" of transport "${this.id}": expected one of: ${paths}`,
      );
    }
    services.removePath(path);
    return config;
  }

  #running(): TransportServices {
    if (this.state !== "started" || this.#services === undefined) {
      throw new Refusal(NOT_RUNNING, `Cannot use transport "${this.id}": it is ${this.state}`);
    }
    if (this.config.type !== "web" && this.config.type !== "universal") {
      throw new Refusal(
        INVALID_ARGUMENT,
        `Cannot use transport "${this.id}": found type "${this.config.type}", expected "web" or "universal"`,
      );
    }
    return this.#services;
  }

  async #listen(): Promise<NodeListener> {
    const { id, config } = this;
    const { directory, env, host, clock, log } = this.#parts;
    const door = this.#parts.capacity?.door();
    const stats = newStats();
    const authStats = newAuthStats();
    const spoken = this.#hasPaths || config.type !== "web" ? config : { ...config, paths: {} };
    const services = await transportServices(spoken, {
      ...this.#parts,
      id,
      stats,
      authStats,
      door,
    });
    const configured = await listeningEndpoint(config.endpoint, {
      directory,
      env,
      hasNoDelay: services.hasTcpNoDelay,
    });
    const { socketMode } = this.#parts;
    const endpoint = configured.kind === "unix" && socketMode !== undefined
      ? { ...configured, mode: socketMode }
      : configured;
    const isSecure = configured.tls !== undefined;
    const { trusted_proxies: trusted } = config.endpoint;
    const proxies = trusted.length === 0 ? undefined : new TrustedProxies(trusted);
    const open = await OpenListener.open({
      endpoint,
      services,
      host,
      accepts: () => door?.accept() ?? true,
      speaksProxyProtocol: config.endpoint.proxy_protocol,
      proxies,
      clock,
      log,
      loadHttp: () => this.#httpHandler(services, isSecure, proxies, { stats, door }),
    });
    this.#open = open;
    this.#services = services;
    const { address } = open;
    const urls = urlsOf(config, services, address, isSecure);
    const text = isOnAllInterfaces(address)
      ? "Listening on all interfaces ({address}), here {url}"
      : "Listening on {url}";
    log.info(text, {
      "url": urls.join(" "),
      "transport": id,
      "type": config.type,
      "address": addressOf(address),
    });
    return { id, type: config.type, address, urls, stats, authStats };
  }

  /** Loaded at the first request: a router without browsers needs no web framework. */
  async #httpHandler(
    services: TransportServices,
    isSecure: boolean,
    proxies: TrustedProxies | undefined,
    { stats, door }: { readonly stats: TransportStats; readonly door: Door | undefined },
  ): Promise<HttpHandler> {
    const { httpHandler } = await import("../web/handler.ts");
    const { directory, env, root, router, host, clock, log, startedAt } = this.#parts;
    const open = anonymous("anonymous", router.random);
    const gate = door?.guard(open) ?? open;
    const { nodeId = hostname() } = this.#parts;
    const settings = {
      nodeDirectory: directory,
      isSecure,
      facts: { id: nodeId, startedAt, now: () => clock.now() },
      log,
      bridge: {
        join: async (realm: string, role: string) => {
          const { joinInside } = await import("../inside.ts");
          return await joinInside({ router, realm, role, authid: this.id, log });
        },
        secret: (value: unknown) => secretOf(value, { env, directory }),
        clock,
        log,
      },
      longPoll: {
        attach: (transport: Transport) => router.attach(transport, gate),
        host,
        stats,
        listener: this.id,
        clock,
        open: this.#longPolls,
      },
      root,
    };
    return httpHandler(services.http, settings, proxies);
  }
}
