/**
 * One transport of a router worker, from its configuration to a listener: opened, asked about and closed while the node runs, and its
 * web services with it. Owned by `router_worker.ts`.
 */
import { hostname } from "node:os";
import type { Router } from "../../router/router.ts";
import { anonymous } from "../../router/join.ts";
import type { Clock, Log, Transport } from "../../router/ports.ts";
import { TrustedProxies } from "../../transports/forwarded.ts";
import { codeOf, type Endpoint, ListenError, type TlsOptions } from "../../transports/endpoint.ts";
import { newStats, type TransportHost } from "../../transports/host.ts";
import { SYSTEM_SHUTDOWN } from "../../wamp/uris.ts";
import type { Environment } from "../config/environment.ts";
import type { TransportConfig } from "../config/schema.ts";
import type { WebServiceConfig } from "../config/schema_web.ts";
import type { Capacity, Door } from "../capacity.ts";
import type { CookieJars } from "../cookies.ts";
import { type HttpHandler, type ListenerParts, OpenListener } from "../listener.ts";
import { listeningEndpoints } from "../options.ts";
import { secretOf } from "../secrets.ts";
import { type TransportServices, transportServices } from "../services.ts";
import { CertificateWatch } from "../certificate_watch.ts";
import { expectUsable, isSameTls, tlsFiles } from "../certificates.ts";
import type { InsideSessions } from "../inside_sessions.ts";
import { addressOf as addressIn } from "../config/endpoint_address.ts";
import { keptServices } from "../web/kept_services.ts";
import type { WebServices } from "../web/services.ts";
import { StartError } from "../start_error.ts";
import type { Prepared } from "./prepared.ts";
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
  /** Call authenticators that are procedures. */
  readonly authenticators: InsideSessions;
  /** Of the node, and when it started. */
  readonly nodeId: string | undefined;
  readonly startedAt: number;
  /** Permissions of its unix sockets. Default: what the umask leaves. */
  readonly socketMode?: number;
  readonly root: ((request: Request) => Response | Promise<Response>) | undefined;
}

/** What HTTP connections of an address that was left may take. */
const LEAVING_MS = 60_000;

export type TransportState = "created" | "starting" | "started" | "failed" | "stopping" | "stopped";

export class RouterTransport {
  readonly id: string;
  config: TransportConfig;
  /** Milliseconds since 1970. */
  readonly created: number;
  listeningSince: number | undefined = undefined;
  state: TransportState = "created";
  listener: NodeListener | undefined = undefined;
  readonly #parts: TransportParts;
  readonly #longPolls = new Set<{ end(): void }>();
  readonly #hasPaths: boolean;
  readonly #door: Door | undefined;
  readonly #stats = newStats();
  readonly #authStats = newAuthStats();
  /** Web services that were made, by their configurations. */
  readonly #webServices: WebServices = new WeakMap();
  #open: OpenListener | undefined = undefined;
  /** Where it listened before: nobody is accepted there, but who came by them is still connected. */
  readonly #earlier: OpenListener[] = [];
  #services: TransportServices | undefined = undefined;
  #tls: TlsOptions | undefined = undefined;
  readonly #certificates: CertificateWatch;

  /** @param hasPaths false: a web transport starts without its services. */
  constructor(id: string, config: TransportConfig, parts: TransportParts, hasPaths = true) {
    this.id = id;
    this.#hasPaths = hasPaths;
    this.config = config;
    this.created = parts.clock.now();
    this.#parts = parts;
    this.#door = parts.capacity?.door();
    const { clock, log } = parts;
    this.#certificates = new CertificateWatch({
      transport: id,
      clock,
      log,
      files: () => tlsFiles(this.config.endpoint, parts.directory),
      renew: () => this.#renewCertificate(),
    });
  }

  /** Rejects with a StartError or a ListenError. */
  async start(): Promise<NodeListener> {
    this.state = "starting";
    try {
      const { config } = this;
      const spoken = this.#hasPaths || config.type !== "web" ? config : { ...config, paths: {} };
      const services = await this.#servicesOf(spoken);
      const endpoints = await this.#endpointsOf(config, services);
      const { open, endpoint } = await this.#openAt(endpoints, config, services);
      this.listeningSince = this.#parts.clock.now();
      this.state = "started";
      const listener = this.#listensAt(open, config, endpoint, services);
      await this.#certificates.start();
      return listener;
    } catch (cause) {
      this.state = "failed";
      throw cause;
    }
  }

  /** Accepts nobody any more. */
  async stopAccepting(): Promise<void> {
    this.state = "stopping";
    this.#certificates.stop();
    await this.#open?.stopAccepting();
  }

  /** Ends what it has accepted; sessions get GOODBYE, unless they did already. */
  async end(limitMs: number): Promise<void> {
    await this.finishHttp(limitMs);
    for (const connection of this.#longPolls) connection.end();
    await Promise.all(this.#all.map((open) => open.end()));
    this.state = "stopped";
  }

  async finishHttp(limitMs: number): Promise<void> {
    await Promise.all(this.#all.map((open) => open.finishHttp(limitMs)));
  }

  get #all(): readonly OpenListener[] {
    return this.#open === undefined ? this.#earlier : [...this.#earlier, this.#open];
  }

  /**
   * Makes ready to go on under another configuration: who connects from then on gets what that says, and who is connected stays. Another
   * address is listened on at once. Rejects with a StartError or a ListenError.
   */
  async prepareChange(config: TransportConfig): Promise<Prepared> {
    const { id } = this;
    const [current, before] = [this.#open, this.#services];
    if (current === undefined || before === undefined || this.state !== "started") {
      throw new StartError(`Cannot change transport "${id}": it is ${this.state}`);
    }
    const kept = keptServices(config, before.http.paths, this.config);
    const services = await this.#servicesOf(kept);
    if (services.hasTcpNoDelay !== before.hasTcpNoDelay) {
      throw new StartError(
        `Cannot change tcp_nodelay of transport "${id}": it listens; restart the node for it`,
      );
    }
    const endpoints = await this.#endpointsOf(config, services);
    const isMoved = addressIn(this.config.endpoint) !== addressIn(config.endpoint);
    const { open, endpoint, parts } = isMoved
      ? await this.#openAt(endpoints, config, services)
      : { open: current, ...this.#firstOf(endpoints, config, services) };
    const { tls } = endpoint;
    if (!isMoved && tls !== undefined) expectUsable(id, tls);
    return {
      commit: () => {
        for (const [place, gate] of before.gates) gate.giveWay(services.gates.get(place));
        if (isMoved) this.#leave(current);
        else open.change(parts);
        if (!isMoved && tls !== undefined && !isSameTls(tls, this.#tls)) open.setSecureContext(tls);
        this.config = config;
        this.#listensAt(open, config, endpoint, services);
      },
      abandon: () => isMoved ? open.stopAccepting() : undefined,
    };
  }

  /** Rejects when the files are of no use now. */
  async #renewCertificate(): Promise<void> {
    const { id, config } = this;
    const [open, services] = [this.#open, this.#services];
    if (open === undefined || services === undefined) return;
    const tls = (await this.#endpointsOf(config, services))[0]?.tls;
    if (tls === undefined) return;
    expectUsable(id, tls);
    // A change of the configuration has read them meanwhile, or there is nothing new in them.
    if (this.#open !== open || this.config !== config || isSameTls(tls, this.#tls)) return;
    open.setSecureContext(tls);
    this.#tls = tls;
    this.#parts.log.info("Transport {transport} has the new certificate", { transport: id });
  }

  /** Accepts nobody there any more; HTTP ends with its next answer. */
  #leave(open: OpenListener): void {
    this.#earlier.push(open);
    void open.stopAccepting();
    void open.finishHttp(LEAVING_MS);
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

  #servicesOf(config: TransportConfig): Promise<TransportServices> {
    const { id } = this;
    const [stats, authStats, door] = [this.#stats, this.#authStats, this.#door];
    return transportServices(config, { ...this.#parts, id, stats, authStats, door });
  }

  async #endpointsOf(config: TransportConfig, services: TransportServices): Promise<Endpoint[]> {
    const { directory, env, socketMode } = this.#parts;
    const hasNoDelay = services.hasTcpNoDelay;
    const configured = await listeningEndpoints(config.endpoint, { directory, env, hasNoDelay });
    return configured.map((endpoint) =>
      endpoint.kind === "unix" && socketMode !== undefined
        ? { ...endpoint, mode: socketMode }
        : endpoint
    );
  }

  /** Listens where nobody else does. Rejects with the ListenError of the last when all are taken. */
  async #openAt(
    endpoints: readonly Endpoint[],
    config: TransportConfig,
    services: TransportServices,
  ) {
    for (const [i, endpoint] of endpoints.entries()) {
      const parts = this.#listenerParts(config, endpoint, services);
      try {
        return { open: await OpenListener.open(parts), endpoint, parts };
      } catch (cause) {
        const isTaken = cause instanceof ListenError && codeOf(cause.cause) === "EADDRINUSE";
        if (!isTaken || i === endpoints.length - 1) throw cause;
      }
    }
    throw new ListenError("Cannot listen: found no port in the range");
  }

  /** For a listener that stays where it is: all have the same but for the port. */
  #firstOf(endpoints: readonly Endpoint[], config: TransportConfig, services: TransportServices) {
    const [endpoint] = endpoints;
    if (endpoint === undefined) throw new StartError("Cannot listen: found no endpoint");
    return { endpoint, parts: this.#listenerParts(config, endpoint, services) };
  }

  #listenerParts(
    config: TransportConfig,
    endpoint: Endpoint,
    services: TransportServices,
  ): ListenerParts {
    const { host, clock, log } = this.#parts;
    const isSecure = endpoint.tls !== undefined;
    const { trusted_proxies: trusted } = config.endpoint;
    const proxies = trusted.length === 0 ? undefined : new TrustedProxies(trusted);
    return {
      endpoint,
      services,
      host,
      accepts: () => this.#door?.accept() ?? true,
      speaksProxyProtocol: config.endpoint.proxy_protocol,
      proxies,
      clock,
      log,
      loadHttp: () => this.#httpHandler(services, isSecure, proxies),
    };
  }

  #listensAt(
    open: OpenListener,
    config: TransportConfig,
    { tls }: Endpoint,
    services: TransportServices,
  ): NodeListener {
    const { id } = this;
    const isNew = open !== this.#open;
    this.#open = open;
    this.#services = services;
    this.#tls = tls;
    const { address } = open;
    const urls = urlsOf(config, services, address, tls !== undefined);
    const text = isOnAllInterfaces(address)
      ? "Listening on all interfaces ({address}), here {url}"
      : "Listening on {url}";
    const facts = {
      "url": urls.join(" "),
      "transport": id,
      "type": config.type,
      "address": addressOf(address),
    };
    if (isNew) this.#parts.log.info(text, facts);
    const [stats, authStats] = [this.#stats, this.#authStats];
    return this.listener = { id, type: config.type, address, urls, stats, authStats };
  }

  /** Loaded at the first request: a router without browsers needs no web framework. */
  async #httpHandler(
    services: TransportServices,
    isSecure: boolean,
    proxies: TrustedProxies | undefined,
  ): Promise<HttpHandler> {
    const { httpHandler } = await import("../web/handler.ts");
    const { directory, env, root, router, host, clock, log, startedAt } = this.#parts;
    const open = anonymous("anonymous", router.random);
    const gate = this.#door?.guard(open) ?? open;
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
        stats: this.#stats,
        listener: this.id,
        clock,
        open: this.#longPolls,
      },
      services: this.#webServices,
      root,
    };
    return httpHandler(services.http, settings, proxies);
  }
}
