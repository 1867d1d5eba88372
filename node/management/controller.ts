/** The management API for programs: one method a procedure, typed. What each does, its errors and events are in docs/management.md. */
import type { Session } from "../../client/session.ts";
import type { Dict } from "../../wamp/message.ts";

export interface RealmInfo {
  readonly id: string;
  readonly config: Dict;
  readonly created: string;
  /** Ids. */
  readonly roles: readonly string[];
  readonly rlinks: readonly string[];
}

export interface RealmStats {
  readonly roles: number;
  readonly sessions: number;
  /** By type, in lower case: "publish". */
  readonly messages: {
    readonly sent: Readonly<Record<string, number>>;
    readonly received: Readonly<Record<string, number>>;
  };
  /** Of roles with a policy; those of others are counted by the transports. */
  readonly "slow_consumers": {
    /** Now; the others are counted since the realm started. */
    readonly behind: number;
    readonly "fell_behind": number;
    readonly "dropped_events": number;
    readonly closed: number;
    readonly pauses: number;
  };
  /** Of a realm whose store is a file. */
  readonly store?: {
    /** Why nothing can be stored now; the others are counted since the realm started. */
    readonly failure: string | null;
    readonly failures: number;
    readonly "written_events": number;
    readonly "lost_events": number;
    /** Changes of what topics retain that will not be written. */
    readonly "lost_retained": number;
  };
}

/** A session that has not taken all that it was sent. */
export interface SlowConsumerInfo {
  readonly session: number;
  readonly authid: string;
  readonly authrole: string;
  readonly peer: string;
  /** Bytes. */
  readonly waiting: number;
  /** Beyond the limit of its role. */
  readonly behind: boolean;
}

/** Counted since the transport was made. */
export interface TransportFigures {
  readonly messages: { readonly sent: number; readonly received: number };
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly "dropped_events": number;
  readonly "oversized_messages": number;
  readonly "closed_slow_consumers": number;
  readonly "missed_pings": number;
}

export interface ProcessStats {
  readonly time: string;
  readonly uptime: number;
  /** Bytes. */
  readonly memory: { readonly rss: number; readonly heap: number };
  /** Seconds. */
  readonly cpu: { readonly user: number; readonly system: number };
  /** How late the event loop is, in seconds: just now, and at most in the last minute or two. */
  readonly "event_loop": { readonly lag: number; readonly most: number };
  /** The watermark above which nobody joins; null: none. */
  readonly "memory_limit": number | null;
  /** Null where the system does not tell. */
  readonly descriptors: { readonly open: number | null; readonly limit: number | null };
  /** Whom limits kept out, by limit. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface RoleInfo {
  readonly id: string;
  readonly config: Dict;
}

export interface LinkInfo extends RoleInfo {
  readonly started: string;
  /** Null: the configuration. */
  readonly "started_by": string | null;
  readonly connected: boolean;
}

export interface TransportInfo extends RoleInfo {
  readonly type: string;
  readonly "created_at": string;
  readonly "listening_since": string | null;
  /** 1 created, 2 starting, 3 started, 4 failed, 5 stopping, 6 stopped. */
  readonly state: number;
  readonly urls: readonly string[];
}

export interface ServiceInfo {
  readonly "transport_id": string;
  readonly path: string;
  readonly config: Dict;
}

export interface ComponentInfo extends RoleInfo {
  readonly started: string;
  /** Seconds. */
  readonly uptime: number;
}

/** A router worker of a node, managed over a session that has joined the node's management realm.
 *
 * @example
 * ```ts
 * import { parseConfig, RouterController, startNode } from "realmway/node";
 *
 * const config = parseConfig({ version: 2, workers: [{ type: "router" }] });
 * const node = await startNode(config, { directory: "." });
 * const session = await node.management("example");
 * const router = new RouterController(session, "worker001");
 * await router.startRealm("realm001", { name: "realm1", roles: [{ name: "anonymous" }] });
 * console.assert((await router.realms()).includes("realm001"));
 * await session.leave();
 * await node.stop();
 * ```
 */
export class RouterController {
  readonly session: Session;
  readonly worker: string;

  /** @param worker its id: "worker001", unless the configuration says another. */
  constructor(session: Session, worker: string) {
    this.session = session;
    this.worker = worker;
  }

  realms(): Promise<string[]> {
    return this.#call("get_router_realms");
  }

  realm(realm: string): Promise<RealmInfo> {
    return this.#call("get_router_realm", realm);
  }

  realmByName(name: string): Promise<RealmInfo> {
    return this.#call("get_router_realm_by_name", name);
  }

  /** By the realm's id. @param realm default: all. */
  realmStats(realm?: string): Promise<Record<string, RealmStats>> {
    return this.#call("get_router_realm_stats", ...(realm === undefined ? [] : [realm]));
  }

  /** At most 100, the furthest behind first. */
  slowConsumers(realm: string): Promise<SlowConsumerInfo[]> {
    return this.#call("get_router_realm_slow_consumers", realm);
  }

  startRealm(realm: string, config: Dict): Promise<RealmInfo> {
    return this.#call("start_router_realm", realm, config);
  }

  stopRealm(realm: string): Promise<{
    readonly id: string;
    readonly name: string;
    readonly "detached_sessions": readonly number[];
  }> {
    return this.#call("stop_router_realm", realm);
  }

  roles(realm: string): Promise<RoleInfo[]> {
    return this.#call("get_router_realm_roles", realm);
  }

  role(realm: string, role: string): Promise<RoleInfo> {
    return this.#call("get_router_realm_role", realm, role);
  }

  startRole(realm: string, role: string, config: Dict): Promise<RoleInfo> {
    return this.#call("start_router_realm_role", realm, role, config);
  }

  stopRole(realm: string, role: string): Promise<RoleInfo> {
    return this.#call("stop_router_realm_role", realm, role);
  }

  links(realm: string): Promise<string[]> {
    return this.#call("get_router_realm_links", realm);
  }

  link(realm: string, link: string): Promise<LinkInfo> {
    return this.#call("get_router_realm_link", realm, link);
  }

  startLink(realm: string, link: string, config: Dict): Promise<LinkInfo> {
    return this.#call("start_router_realm_link", realm, link, config);
  }

  stopLink(realm: string, link: string): Promise<LinkInfo> {
    return this.#call("stop_router_realm_link", realm, link);
  }

  transports(): Promise<TransportInfo[]> {
    return this.#call("get_router_transports");
  }

  transport(transport: string): Promise<TransportInfo> {
    return this.#call("get_router_transport", transport);
  }

  /** By the transport's id; null before it listens. @param transport default: all. */
  transportStats(transport?: string): Promise<Record<string, TransportFigures | null>> {
    return this.#call(
      "get_router_transport_stats",
      ...(transport === undefined ? [] : [transport]),
    );
  }

  /** @param createPaths also starts the services of a web transport. */
  startTransport(transport: string, config: Dict, createPaths = false): Promise<TransportInfo> {
    return this.#call("start_router_transport", transport, config, createPaths);
  }

  stopTransport(transport: string): Promise<TransportInfo> {
    return this.#call("stop_router_transport", transport);
  }

  services(transport: string): Promise<string[]> {
    return this.#call("get_web_transport_services", transport);
  }

  service(transport: string, path: string): Promise<ServiceInfo> {
    return this.#call("get_web_transport_service", transport, path);
  }

  startService(transport: string, path: string, config: Dict): Promise<ServiceInfo> {
    return this.#call("start_web_transport_service", transport, path, config);
  }

  stopService(transport: string, path: string): Promise<ServiceInfo> {
    return this.#call("stop_web_transport_service", transport, path);
  }

  components(): Promise<
    { readonly id: string; readonly created: string; readonly config: Dict }[]
  > {
    return this.#call("get_router_components");
  }

  component(component: string): Promise<ComponentInfo> {
    return this.#call("get_router_component", component);
  }

  /** Resolves when it is ready. */
  startComponent(component: string, config: Dict): Promise<{ readonly id: string }> {
    return this.#call("start_router_component", component, config);
  }

  stopComponent(component: string): Promise<Dict> {
    return this.#call("stop_router_component", component);
  }

  /** Resolves to the ids of the sessions that were told to leave. */
  killByAuthid(realm: string, authid: string, reason: string, message?: string): Promise<number[]> {
    return this.#call("kill_by_authid", realm, authid, reason, message ?? null);
  }

  /** Accepts nobody any more, and resolves when no call is in flight, or after `timeoutMs`: what is left to do is to stop the node. */
  drain(timeoutMs: number): Promise<{ readonly calls: number; readonly unanswered: number }> {
    return this.#call("drain_router", timeoutMs);
  }

  processStats(): Promise<ProcessStats> {
    return this.#call("get_process_stats");
  }

  #call<T>(procedure: string, ...args: readonly unknown[]): Promise<T> {
    return this.session.call<T>(`crossbar.worker.${this.worker}.${procedure}`, args);
  }
}
