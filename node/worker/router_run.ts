/**
 * A router worker with all that it needs, from its configuration to its end: in the node's process, or in one of its own. Starts entirely or
 * not at all. Made by `node.ts` and by the command `run-worker`.
 */
import { Router } from "../../router/router.ts";
import type { Clock, Log, Random } from "../../router/ports.ts";
import { canSetBacklog } from "../../transports/listen.ts";
import { TransportHost } from "../../transports/host.ts";
import { SYSTEM_SHUTDOWN } from "../../wamp/uris.ts";
import type { Environment } from "../config/environment.ts";
import { Capacity } from "../capacity.ts";
import { defaultRouterOptions, type RouterConfig } from "../config/schema.ts";
import { CookieJars } from "../cookies.ts";
import { capacityOptions } from "../options.ts";
import { type RouterPieces, routerPieces } from "../reload/layout.ts";
import { Throttle, type ThrottleOptions } from "../throttle.ts";
import { systemReadings, VitalSigns } from "../vital_signs.ts";
import { RouterWorker } from "./router_worker.ts";

export interface RouterRunSettings {
  /** The node directory, absolute. */
  readonly directory: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What happens in realms and sessions. */
  readonly routerLog: Log;
  readonly nodeId: string | undefined;
  readonly startedAt: number;
  /** How long sessions may take to say goodbye. */
  readonly goodbyeMs: () => number;
  readonly root?: ((request: Request) => Response | Promise<Response>) | undefined;
  /** The router of the node's management realm, which components may join. */
  readonly management: () => Promise<Router>;
}

/** Of the runtime that takes no other, Bun. */
const FIXED_BACKLOG = 512;

/** What waits for the disk gets so long at the end. */
const JARS_CLOSING_MS = 5_000;

export class RouterRun {
  readonly router: Router;
  readonly worker: RouterWorker;
  readonly #layout: RouterPieces;
  readonly #throttle: Throttle;
  readonly #settings: RouterRunSettings;
  readonly #jars: CookieJars;
  readonly #signs: VitalSigns;

  /** @param config undefined: a router in which nothing is ever started. */
  constructor(id: string, config: RouterConfig | undefined, settings: RouterRunSettings) {
    const { directory, env, clock, random, log, routerLog, nodeId, startedAt, goodbyeMs, root } =
      settings;
    const options = config?.options ?? defaultRouterOptions();
    this.#layout = routerPieces(config);
    this.#throttle = new Throttle(throttleOptions(options), clock);
    this.#settings = settings;
    this.#jars = new CookieJars({ directory, clock, log });
    this.router = new Router({ clock, random, log: routerLog });
    // A component that blocks the process is named by its own watchdog.
    const isExplained = () => this.worker.components !== undefined;
    this.#signs = new VitalSigns(clock, log, systemReadings(), isExplained);
    this.worker = new RouterWorker(id, {
      router: this.router,
      host: hostOf(options, clock, log),
      directory,
      env,
      clock,
      log,
      jars: this.#jars,
      throttle: this.#throttle,
      capacity: new Capacity(capacityOptions(options.limits), this.#signs, clock, log),
      nodeId,
      startedAt,
      root,
      moduleOptions: options,
      management: settings.management,
      goodbyeMs,
    });
  }

  /** Realms, transports and links; not the components. */
  async start(): Promise<void> {
    if (!canSetBacklog) this.#tellBacklog();
    const { realms, templates, transports } = this.#layout;
    const { worker } = this;
    for (const { id, config } of realms) await worker.startRealm(id, config);
    for (const { id, config } of templates) (await worker.realmTemplates()).set(id, config);
    for (const { id, config } of transports) await worker.startTransport(id, config);
    // They connect in their own time: the other router may start later.
    for (const { id: realm, links } of realms) {
      for (const { id, config } of links) await worker.startLink(realm, id, config);
    }
  }

  async startComponents(): Promise<void> {
    for (const { id, config } of this.#layout.components) {
      await this.worker.startComponent(id, config);
    }
    this.#signs.watch();
  }

  /** What of its options may change while it runs. */
  change(options: RouterConfig["options"]): void {
    this.#throttle.configure(throttleOptions(options));
  }

  /** Says goodbye to all sessions and closes everything. */
  async stop(): Promise<void> {
    this.#signs.stop();
    const limitMs = this.#settings.goodbyeMs();
    const { worker } = this;
    await worker.stopAccepting(limitMs);
    await Promise.all([
      this.router.shutdown(SYSTEM_SHUTDOWN, limitMs),
      ...[...worker.transports.values()].map((transport) => transport.finishHttp(limitMs)),
    ]);
    await Promise.all([worker.end(limitMs), this.#jars.close(JARS_CLOSING_MS)]);
  }

  /** Once for all transports: the largest backlog that somebody asked for. */
  #tellBacklog(): void {
    const asked = this.#layout.transports.flatMap(({ config: { endpoint } }) =>
      "backlog" in endpoint ? endpoint.backlog ?? [] : []
    );
    if (asked.length === 0) return;
    const backlog = Math.max(...asked);
    const text = "The key backlog ({backlog}) has no effect: this runtime always takes {taken}";
    const properties = { backlog, taken: FIXED_BACKLOG };
    const { log } = this.#settings;
    if (backlog > FIXED_BACKLOG) log.warn(text, properties);
    else log.info(text, properties);
  }
}

function hostOf(
  { slow_consumers: slow }: RouterConfig["options"],
  clock: Clock,
  log: Log,
): TransportHost {
  return new TransportHost({
    clock,
    onFault: (error) => log.error("Fault in a connection: {error}", { error }),
    slowConsumers: {
      policy: slow.policy,
      limitBytes: slow.limit,
      hardLimitBytes: slow.hard_limit,
    },
  });
}

function throttleOptions({ throttle: rules }: RouterConfig["options"]): ThrottleOptions {
  return {
    addressFailures: rules.address_failures,
    authidFailures: rules.authid_failures,
    periodMs: rules.period * 1000,
    countsLoopback: rules.loopback,
  };
}
