/**
 * A router worker: its realms with their roles and links, and its transports. All of it starts and stops while the node runs, by the same
 * methods whether the configuration or the management API asks. One thing at a time: what is asked for meanwhile waits.
 * Made by `node.ts`; what it cannot do it throws as a `Refusal`.
 */
import type { Drained } from "../../router/drain.ts";
import type { Realm } from "../../router/realm.ts";
import type { Router } from "../../router/router.ts";
import { CLOSE_REALM, SYSTEM_SHUTDOWN } from "../../wamp/uris.ts";
import type { Authorization } from "../authorization.ts";
import type { TransportConfig } from "../config/schema.ts";
import type { RouterComponentConfig } from "../config/schema_component.ts";
import type { LinkConfig } from "../config/schema_link.ts";
import type { RealmConfig, RoleConfig } from "../config/schema_realm.ts";
import type { WebServiceConfig } from "../config/schema_web.ts";
import { InsideSessions } from "../inside_sessions.ts";
import type { Link } from "../link/link.ts";
import type { NodeListener } from "../node.ts";
import type { SqliteStore } from "../store/sqlite_store.ts";
import type { ComponentHost, ComponentRecord } from "./component_host.ts";
import { ALREADY_EXISTS, ALREADY_RUNNING, NO_SUCH_OBJECT, NOT_RUNNING } from "./error_uris.ts";
import { recordOf, Refusal } from "./refusal.ts";
import type { RealmTemplates } from "./realm_templates.ts";
import type { ModuleOptions, RouterComponents } from "./router_components.ts";
import { preparedLink, preparedRealm, preparedRole, STORE_CLOSING_MS } from "./prepared_realm.ts";
import { RouterTransport, type TransportParts } from "./router_transport.ts";

export interface RoleRecord {
  readonly id: string;
  readonly config: RoleConfig;
  /** Milliseconds since 1970, as in the other records. */
  readonly created: number;
  readonly authorization: Authorization | undefined;
}

export interface LinkRecord {
  readonly id: string;
  readonly config: LinkConfig;
  readonly started: number;
  /** Who asked for it; undefined: the configuration. */
  readonly startedBy: string | undefined;
  readonly link: Link;
}

export interface RealmRecord {
  readonly id: string;
  /** Of its roles and links only those that it started with; what runs is in their own records. */
  config: RealmConfig;
  readonly created: number;
  readonly realm: Realm;
  readonly roles: Map<string, RoleRecord>;
  readonly links: Map<string, LinkRecord>;
  readonly store: SqliteStore | undefined;
  /** The id of the template by which it was made, on demand. */
  readonly template: string | undefined;
}

export interface WorkerParts extends Omit<TransportParts, "authenticators"> {
  /** How long sessions may take to say goodbye. */
  readonly goodbyeMs: () => number;
  /** Of its components. */
  readonly moduleOptions: ModuleOptions;
  /** The router of the node's management realm, which components may join. */
  readonly management: () => Promise<Router>;
}

export class RouterWorker {
  readonly id: string;
  readonly created: number;
  readonly realms: Map<string, RealmRecord> = new Map();
  readonly transports: Map<string, RouterTransport> = new Map();
  readonly parts: WorkerParts & TransportParts;
  /** Told of a component that stopped by itself. */
  onComponentStopped: (id: string) => void = () => {};
  /** Undefined: it never had one. */
  templates: RealmTemplates | undefined = undefined;
  #components: RouterComponents | undefined = undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(id: string, parts: WorkerParts) {
    const { router, log } = parts;
    this.id = id;
    const authenticators = new InsideSessions({ router, authid: "authenticator", log });
    this.parts = { ...parts, authenticators };
    this.created = parts.clock.now();
  }

  get listeners(): NodeListener[] {
    return [...this.transports.values()].flatMap(({ listener }) => listener ?? []);
  }

  get stores(): { readonly realm: string; readonly store: SqliteStore }[] {
    return [...this.realms.values()].flatMap(({ config: { name }, store }) =>
      store === undefined ? [] : [{ realm: name, store }]
    );
  }

  realm(id: string): RealmRecord {
    return recordOf(this.realms, id, "realm");
  }

  transport(id: string): RouterTransport {
    return recordOf(this.transports, id, "transport");
  }

  role(realmId: string, id: string): RoleRecord {
    return recordOf(this.realm(realmId).roles, id, `in realm "${realmId}" role`);
  }

  link(realmId: string, id: string): LinkRecord {
    return recordOf(this.realm(realmId).links, id, `in realm "${realmId}" link`);
  }

  /** Running, asked for its services. */
  listening(id: string): RouterTransport {
    const transport = this.transports.get(id);
    if (transport !== undefined) return transport;
    throw new Refusal(NOT_RUNNING, `Cannot use transport "${id}": found none of that id`);
  }

  component(id: string): ComponentRecord {
    return this.#hostOf(id).get(id);
  }

  // What is asked before a configuration is looked at: that it is taken says more than what is wrong with it.

  expectNoRealm(id: string, name: unknown): void {
    if (this.realms.has(id)) throw running("realm", id);
    if (typeof name !== "string" || this.parts.router.realm(name) === undefined) return;
    const other = [...this.realms.values()].find(({ config }) => config.name === name);
    const remedy = other?.template === undefined
      ? "expected a new name"
      : `made on demand; stop it before (realmway realm stop ${other.id})`;
    throw new Refusal(
      ALREADY_RUNNING,
      `Cannot start realm "${id}": found another named "${name}", ${remedy}`,
    );
  }

  expectNoRole(realmId: string, id: string, name: unknown): void {
    const { roles, realm } = this.realm(realmId);
    const isTaken = typeof name === "string" && realm.role(name) !== undefined;
    if (!roles.has(id) && !isTaken) return;
    throw new Refusal(
      ALREADY_EXISTS,
      `Cannot start role "${id}" of realm "${realmId}": found one of that id or name`,
    );
  }

  expectNoLink(realmId: string, id: string): void {
    if (this.realm(realmId).links.has(id)) throw running("link", id);
  }

  expectNoTransport(id: string): void {
    if (this.transports.has(id)) throw running("transport", id);
  }

  expectNoService(transport: string, path: string): void {
    this.listening(transport).expectNoService(path);
  }

  /** Several changes with nothing in between. What happens in it must not ask for what waits for its end: use the records themselves. */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    return this.#alone(run);
  }

  /** A realm with the roles of its configuration; nobody has joined it before what it retains is there. Its links are started apart. */
  startRealm(id: string, config: RealmConfig): Promise<RealmRecord> {
    return this.#alone(async () => {
      this.expectNoRealm(id, config.name);
      const { begin } = await preparedRealm(id, config, this);
      return await begin();
    });
  }

  /** Ends a realm with its links: its sessions get GOODBYE. @returns their ids. */
  stopRealm(id: string): Promise<{ readonly record: RealmRecord; readonly sessions: number[] }> {
    return this.#alone(async () => {
      const record = this.realm(id);
      return { record, sessions: await realmStopped(this, record, CLOSE_REALM) };
    });
  }

  /** Loaded only where there are some. */
  async realmTemplates(): Promise<RealmTemplates> {
    const { RealmTemplates } = await import("./realm_templates.ts");
    return this.templates ??= new RealmTemplates(this);
  }

  startRole(realmId: string, id: string, config: RoleConfig): Promise<RoleRecord> {
    return this.#alone(async () => {
      const record = this.realm(realmId);
      this.expectNoRole(realmId, id, config.name);
      const { realm, roles } = record;
      const { role, options } = await preparedRole(id, config, record.config, this.parts);
      realm.addRole(options);
      roles.set(id, role);
      return role;
    });
  }

  /** Nobody joins under the role any more, and its sessions may do nothing from now on. */
  stopRole(realmId: string, id: string): Promise<RoleRecord> {
    return this.#alone(async () => {
      const { roles, realm } = this.realm(realmId);
      const role = this.role(realmId, id);
      realm.dropRole(role.config.name);
      roles.delete(id);
      await role.authorization?.end();
      return role;
    });
  }

  /** @param hasPaths false: a web transport starts without its services. */
  startTransport(id: string, config: TransportConfig, hasPaths = true): Promise<RouterTransport> {
    return this.#alone(async () => {
      this.expectNoTransport(id);
      const transport = new RouterTransport(id, config, this.parts, hasPaths);
      this.transports.set(id, transport);
      try {
        await transport.start();
      } catch (cause) {
        this.transports.delete(id);
        throw cause;
      }
      return transport;
    });
  }

  /** Closes a transport with all its connections, whose sessions get GOODBYE. */
  stopTransport(id: string): Promise<RouterTransport> {
    return this.#alone(async () => {
      const transport = this.transports.get(id);
      if (transport === undefined) {
        throw new Refusal(NOT_RUNNING, `Cannot stop transport "${id}": found none of that id`);
      }
      await transport.stop(this.parts.goodbyeMs());
      this.transports.delete(id);
      return transport;
    });
  }

  startService(transport: string, path: string, config: WebServiceConfig): Promise<void> {
    return this.#alone(() => this.listening(transport).startService(path, config));
  }

  stopService(transport: string, path: string): Promise<WebServiceConfig> {
    return this.#alone(() => Promise.resolve(this.listening(transport).stopService(path)));
  }

  /** Begins to connect, in its own time: the other router may start later. */
  startLink(realmId: string, id: string, config: LinkConfig, by?: string): Promise<LinkRecord> {
    return this.#alone(async () => {
      const { config: { name }, links } = this.realm(realmId);
      this.expectNoLink(realmId, id);
      const record = await preparedLink(id, config, name, this.parts, by);
      links.set(id, record);
      void record.link.start();
      return record;
    });
  }

  stopLink(realmId: string, id: string): Promise<LinkRecord> {
    return this.#alone(async () => {
      const record = this.link(realmId, id);
      this.realm(realmId).links.delete(id);
      await record.link.stop();
      return record;
    });
  }

  get components(): ComponentHost | undefined {
    return this.#components?.host;
  }

  /** Resolves when it is ready. Rejects with a `ComponentError`. Waits for nothing else: components may want to manage. */
  async startComponent(id: string, config: RouterComponentConfig): Promise<void> {
    // Loaded only where there are some.
    const { RouterComponents } = await import("./router_components.ts");
    const { moduleOptions } = this.parts;
    this.#components ??= new RouterComponents(moduleOptions, {
      ...this.parts,
      onStopped: (stopped) => this.onComponentStopped(stopped),
    });
    await this.#components.start(id, config);
  }

  /** Rejects with a `ComponentError` when there is none. */
  async stopComponent(id: string): Promise<void> {
    await this.#hostOf(id).stop(id);
  }

  /** Accepts nobody any more, and lets calls in flight end, for so long: see `Router.drain`. */
  async drain(limitMs: number): Promise<Drained> {
    const { capacity, router } = this.parts;
    if (capacity !== undefined) capacity.isClosed = true;
    router.onDemand?.stop();
    await this.#alone(async () => {
      await Promise.all([...this.transports.values()].map((one) => one.stopAccepting()));
    });
    return await router.drain(SYSTEM_SHUTDOWN, limitMs);
  }

  /** The first half of its end: accepts nobody any more, and leaves other routers. */
  stopAccepting(limitMs: number): Promise<void> {
    this.parts.router.onDemand?.stop();
    return this.#alone(async () => {
      const links = [...this.realms.values()].flatMap((realm) => [...realm.links.values()]);
      const transports = [...this.transports.values()];
      await Promise.all(transports.map((transport) => transport.stopAccepting()));
      // Before the router says goodbye; how long they may take is bounded as for all others.
      await this.#leave(limitMs);
      await Promise.all(links.map(({ link }) => link.stop()));
    });
  }

  /** The second half, once the sessions were told. */
  async end(limitMs: number): Promise<void> {
    await Promise.all([...this.transports.values()].map((transport) => transport.end(limitMs)));
    await Promise.all(this.stores.map(({ store }) => store.close(STORE_CLOSING_MS)));
  }

  async #leave(limitMs: number): Promise<void> {
    if (this.components === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = this.parts.clock.after(limitMs, resolve);
    await Promise.race([this.components.stopAll(), promise]);
    limit.cancel();
  }

  #hostOf(component: string): ComponentHost {
    if (this.components !== undefined) return this.components;
    throw new Refusal(NO_SUCH_OBJECT, `Cannot find component "${component}": none is running`);
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(run);
    this.#busy = result.catch(() => {});
    return result;
  }
}

export function realmByName(worker: RouterWorker, name: string): RealmRecord {
  for (const record of worker.realms.values()) if (record.config.name === name) return record;
  throw new Refusal(
    NO_SUCH_OBJECT,
    `Cannot find realm "${name}": this worker has none of that name`,
  );
}

/** @returns the ids of its sessions. */
export async function realmStopped(
  { realms, parts }: RouterWorker,
  { id, config, links, store }: RealmRecord,
  reason: string,
): Promise<number[]> {
  await Promise.all([...links.values()].map(({ link }) => link.stop()));
  links.clear();
  parts.router.onDemand?.forget(config.name);
  const sessions = parts.router.removeRealm(config.name, reason);
  realms.delete(id);
  await store?.close(STORE_CLOSING_MS);
  return sessions.sort((a, b) => a - b);
}

function running(what: string, id: string): Refusal {
  return new Refusal(ALREADY_RUNNING, `Cannot start ${what} "${id}": found one of that id running`);
}
