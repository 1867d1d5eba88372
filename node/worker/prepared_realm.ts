/**
 * Realms, roles and links made ready of their configuration: whatever may fail is done here, and nobody sees anything of it before they are put
 * in their places. Used by `router_worker.ts` and, for changes of the configuration, by `reload/router_steps.ts`.
 */
import type { RoleOptions } from "../../router/permission.ts";
import type { Authorization } from "../authorization.ts";
import type { LinkConfig } from "../config/schema_link.ts";
import type { RealmConfig, RoleConfig } from "../config/schema_realm.ts";
import { realmOptions, roleOptions } from "../options.ts";
import { openStore } from "../stores.ts";
import { numbered } from "./default_ids.ts";
import type { LinkRecord, RealmRecord, RoleRecord, RouterWorker } from "./router_worker.ts";

/** What waits for the disk gets so long at the end. */
export const STORE_CLOSING_MS = 5_000;

type Parts = RouterWorker["parts"];

export interface PreparedRealm {
  /** Resolves when what it retains is there. */
  begin(): Promise<RealmRecord>;
  abandon(): Promise<void>;
}

/** @param template by which it is made on demand. Rejects with a StartError. */
export async function preparedRealm(
  id: string,
  config: RealmConfig,
  { parts, realms }: Pick<RouterWorker, "parts" | "realms">,
  template?: string,
): Promise<PreparedRealm> {
  const authorization = await authorizationOf(config, parts);
  const options = realmOptions(config, authorization);
  const store = await openStore(config, parts);
  const begin = async () => {
    const realm = parts.router.addRealm({ ...options, ...(store && { store }) });
    const created = parts.clock.now();
    const roles = new Map(config.roles.map((role, i) => {
      const roleId = role.id ?? numbered("role", i);
      return [roleId, { id: roleId, config: role, created, authorization: undefined }];
    }));
    const record = { id, config, created, realm, roles, links: new Map(), store, template };
    realms.set(id, record);
    await authorization?.begin();
    await store?.ready();
    return record;
  };
  return { begin, abandon: async () => await store?.close(STORE_CLOSING_MS) };
}

export interface PreparedRole {
  readonly role: RoleRecord;
  readonly options: RoleOptions;
}

/** @param realm as which it is configured, which is started. Rejects with a StartError. */
export async function preparedRole(
  id: string,
  config: RoleConfig,
  realm: RealmConfig,
  parts: Parts,
): Promise<PreparedRole> {
  const authorization = await authorizationOf({ ...realm, roles: [config] }, parts);
  const options = roleOptions(config, authorization);
  await authorization?.begin();
  return { role: { id, config, created: parts.clock.now(), authorization }, options };
}

/** @param by who asked for it; undefined: the configuration. Rejects with a StartError. */
export async function preparedLink(
  id: string,
  config: LinkConfig,
  realm: string,
  parts: Parts,
  by?: string,
): Promise<LinkRecord> {
  const { linkOf } = await import("../links.ts");
  const link = await linkOf(realm, id, config, parts);
  return { id, config, started: parts.clock.now(), startedBy: by, link };
}

/** Undefined where nothing but the configuration decides. */
async function authorizationOf(
  realm: RealmConfig,
  parts: Parts,
): Promise<Authorization | undefined> {
  const isWanted = Object.keys(realm.schemas).length > 0 ||
    realm.roles.some(({ authorizer, permissions }) =>
      authorizer !== undefined || permissions.some(({ validate }) => validate !== undefined)
    );
  if (!isWanted) return undefined;
  const { Authorization } = await import("../authorization.ts");
  return await Authorization.of(realm, parts);
}
