/**
 * The realms on demand of a router worker: its templates, and how the worker makes and gives up what `router/on_demand.ts` decides about.
 * Loaded with the first template. Changed by `router_run.ts` at the start, and by `reload/template_steps.ts`.
 */
import { RealmsOnDemand, type RealmTemplate } from "../../router/on_demand.ts";
import type { Realm } from "../../router/realm.ts";
import { CLOSE_REALM } from "../../wamp/uris.ts";
import { realmByTemplate, type RealmTemplateConfig } from "../config/schema_realm_template.ts";
import { starred } from "../config/starred.ts";
import { canBeDemanded } from "../config/template_checks.ts";
import { numbered } from "./default_ids.ts";
import { preparedRealm } from "./prepared_realm.ts";
import { type RealmRecord, realmStopped, type RouterWorker } from "./router_worker.ts";

interface Template {
  config: RealmTemplateConfig;
  readonly pattern: Pick<RealmTemplate, "match" | "uri">;
}

export class RealmTemplates {
  readonly #worker: RouterWorker;
  readonly #demand: RealmsOnDemand;
  readonly #templates = new Map<string, Template>();

  constructor(worker: RouterWorker) {
    this.#worker = worker;
    const { router } = worker.parts;
    this.#demand = new RealmsOnDemand(router);
    router.onDemand = this.#demand;
  }

  get configs(): readonly RealmTemplateConfig[] {
    return [...this.#templates].map(([id, { config }]) => ({ ...config, id }));
  }

  /** Starts a template, or has realms from now on made as it is now. */
  set(id: string, config: RealmTemplateConfig): void {
    const { name, match, roles } = config;
    const pattern = starred(name, match);
    if (pattern === undefined) throw new Error(`Cannot read the pattern "${name}": it was checked`);
    this.#templates.set(id, { config, pattern });
    this.#demand.set({
      ...pattern,
      creators: roles.filter((role) => role.create_realm).map((role) => role.name),
      maxRealms: config.max_realms,
      idleMs: config.idle_timeout,
      make: (realm) => this.#worker.exclusively(() => this.#make(realm, id)),
      removed: (realm) => this.#removed(realm),
    });
  }

  /** Ends a template with its realms: their sessions get GOODBYE. */
  async remove(id: string): Promise<void> {
    const template = this.#templates.get(id);
    if (template === undefined) return;
    this.#templates.delete(id);
    this.#demand.remove(template.pattern);
    for (const record of this.realmsOf(id)) await realmStopped(this.#worker, record, CLOSE_REALM);
  }

  /** Those that there are now. */
  realmsOf(id: string): RealmRecord[] {
    return [...this.#worker.realms.values()].filter(({ template }) => template === id);
  }

  async #make(name: string, id: string): Promise<Realm | undefined> {
    const worker = this.#worker;
    const template = this.#templates.get(id);
    // The template may be gone, or the realm have come, while this waited.
    if (template === undefined || worker.parts.router.realm(name) !== undefined) return undefined;
    if (!canBeDemanded(name)) return undefined;
    const realmId = freeId(worker.realms);
    const config = realmByTemplate(template.config, name);
    const { begin, abandon } = await preparedRealm(realmId, config, worker, id);
    try {
      return (await begin()).realm;
    } catch (cause) {
      const record = worker.realms.get(realmId);
      if (record === undefined) await abandon();
      else await realmStopped(worker, record, CLOSE_REALM);
      throw cause;
    }
  }

  #removed(realm: Realm): void {
    const { realms } = this.#worker;
    for (const { id, realm: one, links } of realms.values()) {
      if (one !== realm) continue;
      realms.delete(id);
      for (const { link } of links.values()) void link.stop();
    }
  }
}

function freeId(taken: ReadonlyMap<string, unknown>): string {
  for (let n = 0;; n++) {
    const id = numbered("demanded", n);
    if (!taken.has(id)) return id;
  }
}
