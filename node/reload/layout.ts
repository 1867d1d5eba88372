/**
 * What a node runs by its configuration, piece by piece, each under its id: what two configurations are compared by. What has no id keeps the one
 * under which it runs, wherever it stands in the new file. Pure; made by `node.ts` at the start and by `reloader.ts`, compared by `changes.ts`.
 */
import type { Environment } from "../config/environment.ts";
import { addressOf } from "../config/endpoint_address.ts";
import { isDisabled } from "../config/environment.ts";
import {
  defaultRouterOptions,
  type NodeConfig,
  type RouterConfig,
  type WorkerConfig,
} from "../config/schema.ts";
import { routerInNode } from "../config/router_place.ts";
import type { RouterComponentConfig } from "../config/schema_component.ts";
import type { LinkConfig } from "../config/schema_link.ts";
import type { RealmConfig, RoleConfig } from "../config/schema_realm.ts";
import type { RealmTemplateConfig } from "../config/schema_realm_template.ts";
import { starred } from "../config/starred.ts";
import type { TransportConfig } from "../config/schema_transport.ts";
import type { Path } from "../config/source.ts";
import { managementRealm } from "../management/realm.ts";
import { componentId, numbered, workerId } from "../worker/default_ids.ts";
import { below, type Contents, MANAGEMENT } from "./contents.ts";

export interface Piece<C> {
  readonly id: string;
  readonly config: C;
  /** Where it stands. */
  readonly path: Path;
  /** By which it is known when it has no id. */
  readonly key: string;
  /** Another when the configuration of the piece, or a file that it names, is another. */
  readonly text: string;
}

export interface RealmPiece extends Piece<RealmConfig> {
  readonly roles: readonly Piece<RoleConfig>[];
  readonly links: readonly Piece<LinkConfig>[];
}

export interface TemplatePiece extends Piece<RealmTemplateConfig> {
  readonly roles: readonly Piece<RealmTemplateConfig["roles"][number]>[];
}

export interface RouterLayout {
  readonly id: string;
  readonly path: Path;
  /** Those that it had last, where there is none, or it is disabled. */
  readonly options: RouterConfig["options"];
  readonly realms: readonly RealmPiece[];
  readonly templates: readonly TemplatePiece[];
  readonly transports: readonly Piece<TransportConfig>[];
  readonly components: readonly Piece<RouterComponentConfig>[];
}

export interface Layout {
  readonly config: NodeConfig;
  /** The one in the node's process. */
  readonly router: RouterLayout;
  /** There is one; once it was there, it stays. */
  readonly hasRouter: boolean;
  readonly management: RouterLayout;
  /** Workers that are processes of their own. */
  readonly children: readonly Piece<WorkerConfig>[];
}

export interface LayoutSettings {
  readonly env: Environment;
  /** Digests of the files that the configuration names. */
  readonly contents: Contents;
  /** What runs already. */
  readonly before?: Layout | undefined;
}

export function layoutOf(config: NodeConfig, settings: LayoutSettings): Layout {
  const { env, before } = settings;
  const place = routerInNode(config, env);
  const index = place ?? 0;
  const found = place === undefined ? undefined : config.workers[place];
  const worker = found?.type === "router" ? found : undefined;
  const children = config.workers.flatMap((worker, i) =>
    i === place || isDisabled(worker.options.disabled, env)
      ? []
      : [{ config: worker, path: ["workers", i] as Path, number: i }]
  );
  const management = managementRealm(config.controller.management);
  const routerId = worker?.id ?? before?.router.id ?? workerId(worker ?? {}, index);
  return {
    config,
    hasRouter: worker !== undefined || before?.hasRouter === true,
    router: {
      id: routerId,
      options: worker?.options ?? before?.router.options ?? defaultRouterOptions(),
      ...piecesOf(worker, ["workers", index], settings.contents, before?.router),
    },
    management: {
      id: "management",
      options: defaultRouterOptions(),
      ...piecesOf(
        { ...management, components: [] },
        MANAGEMENT,
        settings.contents,
        before?.management,
        "management",
      ),
    },
    children: named(
      children.map((child) => ({ ...child, ...compared(child, settings.contents) })),
      before?.children,
      (i) => numbered("worker", i),
      worker === undefined ? [] : [routerId],
    ),
  };
}

export type RouterPieces = Omit<RouterLayout, "id" | "options">;

/** Of a router that is about to start. */
export function routerPieces(config: RouterConfig | undefined): RouterPieces {
  return piecesOf(config, [], [], undefined);
}

interface Pieces {
  readonly realms: readonly RealmConfig[];
  readonly "realm_templates"?: readonly RealmTemplateConfig[];
  readonly transports: readonly TransportConfig[];
  readonly components: readonly RouterComponentConfig[];
}

function piecesOf(
  pieces: Pieces | undefined,
  path: Path,
  contents: Contents,
  before: RouterLayout | undefined,
  transportKind = "transport",
): RouterPieces {
  const { realms = [], transports = [], components = [] } = pieces ?? {};
  const { realm_templates: templates = [] } = pieces ?? {};
  const at = (key: string, config: unknown, i: number) =>
    compared({ config, path: [...path, key, i] }, contents);
  const wanted = realms.map((config, i) => (
    { ...at("realms", config, i), config, number: i, key: config.name }
  ));
  return {
    path,
    realms: named(wanted, before?.realms, (i) => numbered("realm", i), "own")
      .map((realm) => withParts(realm, contents, before)),
    templates: named(
      templates.map((config, i) => (
        { ...at("realm_templates", config, i), config, number: i, key: patternKey(config) }
      )),
      before?.templates,
      (i) => numbered("template", i),
      "own",
    ).map((template) => {
      const earlier = before?.templates.find(({ key }) => key === template.key);
      return withRoles(template, rolesOf(template, contents, earlier));
    }),
    transports: named(
      transports.map((config, i) => (
        { ...at("transports", config, i), config, number: i, key: addressOf(config.endpoint) }
      )),
      before?.transports,
      (i) => numbered(transportKind, i),
    ),
    components: named(
      components.map((config, i) => ({ ...at("components", config, i), config, number: i })),
      before?.components,
      (i) => componentId({}, i),
    ),
  };
}

/** However it is written. */
function patternKey({ name, match }: RealmTemplateConfig): string {
  const pattern = starred(name, match);
  return `${pattern?.match} ${pattern?.uri}`;
}

/** @param earlier the realm or template as which it runs. */
function rolesOf<R extends RoleConfig>(
  { config, path }: Piece<Pick<RealmConfig, "schemas"> & { readonly roles: readonly R[] }>,
  contents: Contents,
  earlier: { readonly roles: readonly Piece<R>[] } | undefined,
): Piece<R>[] {
  const schemas = compared({ config: config.schemas, path: [...path, "schemas"] }, contents).text;
  return named(
    config.roles.map((role, i) => {
      const own = compared({ config: role, path: [...path, "roles", i] }, contents);
      // An authorizer may name schemas, too.
      const readsSchemas = role.authorizer !== undefined ||
        role.permissions.some(({ validate }) => validate !== undefined);
      const text = readsSchemas ? own.text + schemas : own.text;
      return { ...own, text, config: role, number: i, key: role.name };
    }),
    earlier?.roles,
    (i) => numbered("role", i),
    "own",
  );
}

/** Under the ids that they have here. */
function withRoles<C extends { readonly roles: R[] }, R extends RoleConfig>(
  piece: Piece<C>,
  roles: readonly Piece<R>[],
) {
  const ids = roles.map((role) => ({ ...role.config, "id": role.id }));
  return { ...piece, config: { ...piece.config, roles: ids }, roles };
}

function withParts(
  realm: Piece<RealmConfig>,
  contents: Contents,
  before: RouterLayout | undefined,
): RealmPiece {
  const { config, path } = realm;
  const earlier = before?.realms.find(({ key }) => key === realm.key);
  const roles = rolesOf(realm, contents, earlier);
  return {
    ...withRoles(realm, roles),
    links: named(
      config.rlinks.map((link, i) => ({
        ...compared({ config: link, path: [...path, "rlinks", i] }, contents),
        config: link,
        number: i,
      })),
      earlier?.links,
      (i) => numbered("link", i),
    ),
  };
}

interface Placed {
  readonly config: unknown;
  readonly path: Path;
}

function compared({ config, path }: Placed, contents: Contents) {
  const text = JSON.stringify([config, below(contents, path)]);
  return { path, text, key: text };
}

interface Unnamed<C extends { readonly id?: string | undefined }> extends Omit<Piece<C>, "id"> {
  /** Its place in the list. */
  readonly number: number;
}

/**
 * Each under its id: the configured one; else the one under which it runs; else the next free number.
 * @param taken ids of others; "own": an id of what runs goes to nothing else, since that would not be the same changed but another.
 */
function named<C extends { readonly id?: string | undefined }>(
  wanted: readonly Unnamed<C>[],
  before: readonly Piece<C>[] = [],
  numberedId: (index: number) => string,
  taken: readonly string[] | "own" = [],
): Piece<C>[] {
  const used = new Set(wanted.flatMap(({ config: { id } }) => id ?? []));
  const running = before.filter(({ id }) => !used.has(id));
  const ids = wanted.map(({ config: { id }, key }) => {
    if (id !== undefined) return id;
    const known = running.find((one) => one.key === key && !used.has(one.id));
    if (known !== undefined) used.add(known.id);
    return known?.id;
  });
  for (const id of taken === "own" ? before.map((one) => one.id) : taken) used.add(id);
  return wanted.map(({ number, ...piece }, i) => {
    let id = ids[i];
    for (let n = number; id === undefined; n++) {
      const free = numberedId(n);
      if (!used.has(free)) id = free;
    }
    used.add(id);
    return { ...piece, id };
  });
}
