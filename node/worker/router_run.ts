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
import type { RouterConfig } from "../config/schema.ts";
import { CookieJars } from "../cookies.ts";
import { capacityOptions } from "../options.ts";
import { Throttle } from "../throttle.ts";
import { systemReadings, VitalSigns } from "../vital_signs.ts";
import { componentId, numbered } from "./default_ids.ts";
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
  readonly goodbyeMs: number;
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
  readonly #config: RouterConfig | undefined;
  readonly #settings: RouterRunSettings;
  readonly #jars: CookieJars;
  readonly #signs: VitalSigns;

  /** @param config undefined: a router in which nothing is ever started. */
  constructor(id: string, config: RouterConfig | undefined, settings: RouterRunSettings) {
    const { directory, env, clock, random, log, routerLog, nodeId, startedAt, goodbyeMs, root } =
      settings;
    this.#config = config;
    this.#settings = settings;
    this.#jars = new CookieJars({ directory, clock, log });
    this.router = new Router({ clock, random, log: routerLog });
    // A component that blocks the process is named by its own watchdog.
    const isExplained = () => this.worker.components !== undefined;
    this.#signs = new VitalSigns(clock, log, systemReadings(), isExplained);
    this.worker = new RouterWorker(id, {
      router: this.router,
      host: hostOf(config, clock, log),
      directory,
      env,
      clock,
      log,
      jars: this.#jars,
      throttle: throttleOf(config, clock),
      capacity: new Capacity(capacityOptions(config?.options.limits), this.#signs, clock, log),
      nodeId,
      startedAt,
      root,
      moduleOptions: config?.options ?? { expose_shared: false },
      management: settings.management,
      goodbyeMs,
    });
  }

  /** Realms, transports and links; not the components. */
  async start(): Promise<void> {
    if (this.#config === undefined) return;
    if (!canSetBacklog) this.#tellBacklog(this.#config);
    const { realms, transports } = this.#config;
    const { worker } = this;
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

  async startComponents(): Promise<void> {
    for (const [i, component] of (this.#config?.components ?? []).entries()) {
      await this.worker.startComponent(componentId(component, i), component);
    }
    this.#signs.watch();
  }

  /** Says goodbye to all sessions and closes everything. */
  async stop(): Promise<void> {
    this.#signs.stop();
    const { goodbyeMs: limitMs } = this.#settings;
    const { worker } = this;
    await worker.stopAccepting(limitMs);
    await Promise.all([
      this.router.shutdown(SYSTEM_SHUTDOWN, limitMs),
      ...[...worker.transports.values()].map((transport) => transport.finishHttp(limitMs)),
    ]);
    await Promise.all([worker.end(limitMs), this.#jars.close(JARS_CLOSING_MS)]);
  }

  /** Once for all transports: the largest backlog that somebody asked for. */
  #tellBacklog({ transports }: RouterConfig): void {
    const asked = transports.flatMap(({ endpoint: { backlog } }) => backlog ?? []);
    if (asked.length === 0) return;
    const backlog = Math.max(...asked);
    const text = "The key backlog ({backlog}) has no effect: this runtime always takes {taken}";
    const properties = { backlog, taken: FIXED_BACKLOG };
    const { log } = this.#settings;
    if (backlog > FIXED_BACKLOG) log.warn(text, properties);
    else log.info(text, properties);
  }
}

function hostOf(config: RouterConfig | undefined, clock: Clock, log: Log): TransportHost {
  const slow = config?.options.slow_consumers;
  return new TransportHost({
    clock,
    onFault: (error) => log.error("Fault in a connection: {error}", { error }),
    ...(slow && {
      slowConsumers: {
        policy: slow.policy,
        limitBytes: slow.limit,
        hardLimitBytes: slow.hard_limit,
      },
    }),
  });
}

function throttleOf(config: RouterConfig | undefined, clock: Clock): Throttle {
  const rules = config?.options.throttle;
  return new Throttle({
    addressFailures: rules?.address_failures ?? Infinity,
    authidFailures: rules?.authid_failures ?? Infinity,
    periodMs: (rules?.period ?? 0) * 1000,
    countsLoopback: rules?.loopback ?? false,
  }, clock);
}
