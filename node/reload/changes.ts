/**
 * The difference between what runs and another configuration: steps that lead there, or all that cannot be changed while the node runs, each with
 * what to do instead. Pure: nothing is looked up, nothing touched. Called by `reloader.ts`.
 */
import type { Problem } from "../config/problems.ts";
import type { RealmConfig } from "../config/schema_realm.ts";
import { storeFile } from "../stores.ts";
import { MANAGEMENT } from "./contents.ts";
import type { Layout, Piece, RealmPiece, RouterLayout } from "./layout.ts";
import type { ChildStep, ComponentStep, RouterStep } from "./steps.ts";
import { transportProblems } from "./transport_changes.ts";

export interface Changes {
  /** What cannot be changed. Nothing may be done when there is any. */
  readonly problems: readonly Problem[];
  readonly router: readonly RouterStep[];
  readonly management: readonly RouterStep[];
  readonly children: readonly ChildStep[];
  readonly components: readonly ComponentStep[];
  /** Keys of the node and of its router that are simply set. */
  readonly settings: readonly string[];
}

const RESTART = "restart the node for it";

export function changesBetween(before: Layout, after: Layout): Changes {
  const components = difference(before.router.components, after.router.components);
  const children = difference(before.children, after.children);
  return {
    problems: [
      ...nodeProblems(before, after),
      ...routerProblems(before.router, after.router),
      ...routerProblems(before.management, after.management)
        .map((problem) => ({ ...problem, path: MANAGEMENT })),
    ],
    router: routerSteps(before.router, after.router),
    management: routerSteps(before.management, after.management),
    children: [
      ...children.removed.map((piece) => ({ kind: "stop worker", piece }) as const),
      ...children.changed.map(({ now }) => ({ kind: "change worker", piece: now }) as const),
      ...children.added.map((piece) => ({ kind: "start worker", piece }) as const),
    ],
    components: [
      ...components.removed.map((piece) => ({ kind: "stop component", piece }) as const),
      ...components.changed.map(({ now }) => ({ kind: "change component", piece: now }) as const),
      ...components.added.map((piece) => ({ kind: "start component", piece }) as const),
    ],
    settings: changedSettings(before, after),
  };
}

function routerSteps(before: RouterLayout, after: RouterLayout): RouterStep[] {
  const realms = difference(before.realms, after.realms);
  const templates = difference(before.templates, after.templates);
  const transports = difference(before.transports, after.transports);
  const lasting = realms.kept.map(({ was, now }) => ({
    of: now,
    haveSchemasChanged: !isSame(was.config.schemas, now.config.schemas),
    roles: difference(was.roles, now.roles),
    links: difference(was.links, now.links),
  }));
  return [
    // What others depend on comes first, what takes time is last, and between them is what happens in one go.
    ...realms.added.map((piece) => ({ kind: "start realm", piece }) as const),
    ...templates.added.map((piece) => ({ kind: "start template", piece }) as const),
    ...transports.added.map((piece) => ({ kind: "start transport", piece }) as const),
    ...lasting.filter(({ haveSchemasChanged }) => haveSchemasChanged)
      .map(({ of }) => ({ kind: "change schemas", piece: of }) as const),
    ...lasting.flatMap(({ of, roles }) => [
      ...roles.added.map((piece) => ({ kind: "start role", piece, of }) as const),
      ...roles.changed.map(({ now }) => ({ kind: "change role", piece: now, of }) as const),
    ]),
    ...templates.changed.map(({ was, now }) =>
      ({ kind: "change template", piece: now, roles: difference(was.roles, now.roles) }) as const
    ),
    ...transports.changed.map(({ now }) => ({ kind: "change transport", piece: now }) as const),
    ...lasting.flatMap(({ of, roles }) =>
      roles.removed.map((piece) => ({ kind: "remove role", piece, of }) as const)
    ),
    ...lasting.flatMap(({ of, links }) => [
      ...links.removed.map((piece) => ({ kind: "stop link", piece, of }) as const),
      ...links.changed.map(({ now }) => ({ kind: "change link", piece: now, of }) as const),
      ...links.added.map((piece) => ({ kind: "start link", piece, of }) as const),
    ]),
    ...realms.added.flatMap((of) =>
      of.links.map((piece) => ({ kind: "start link", piece, of }) as const)
    ),
    ...realms.removed.map((piece) => ({ kind: "stop realm", piece }) as const),
    ...templates.removed.map((piece) => ({ kind: "stop template", piece }) as const),
    ...transports.removed.map((piece) => ({ kind: "stop transport", piece }) as const),
  ];
}

export interface Pair<P> {
  readonly was: P;
  readonly now: P;
}

export interface Difference<P> {
  readonly added: readonly P[];
  readonly removed: readonly P[];
  /** Of the kept ones. */
  readonly changed: readonly Pair<P>[];
  readonly kept: readonly Pair<P>[];
}

function difference<P extends Piece<unknown>>(
  before: readonly P[],
  after: readonly P[],
): Difference<P> {
  const earlier = new Map(before.map((piece) => [piece.id, piece]));
  const later = new Set(after.map(({ id }) => id));
  const kept = after.flatMap((now) => {
    const was = earlier.get(now.id);
    return was === undefined ? [] : [{ was, now }];
  });
  return {
    added: after.filter(({ id }) => !earlier.has(id)),
    removed: before.filter(({ id }) => !later.has(id)),
    kept,
    changed: kept.filter(({ was, now }) => was.text !== now.text),
  };
}

/** Of a router's options. */
const ROUTER_FIXED = [
  "slow_consumers",
  "limits",
  "modulepath",
  "pythonpath",
  "expose_shared",
] as const;

function nodeProblems(before: Layout, after: Layout): Problem[] {
  const { controller: was } = before.config;
  const { controller: now } = after.config;
  const problems: Problem[] = [];
  if (was.id !== now.id) {
    problems.push({
      path: ["controller", "id"],
      text: `found ${quoted(now.id)}, but the node runs as ${quoted(was.id)}; ${RESTART}`,
    });
  }
  const router = after.router;
  if (after.hasRouter && !before.hasRouter) {
    const text = `found a router for the node's process, which started without one; ${RESTART}`;
    return [...problems, { path: router.path, text }];
  }
  if (before.router.id !== router.id) {
    const found = `found "${router.id}", but the worker runs as "${before.router.id}"`;
    problems.push({ path: [...router.path, "id"], text: `${found}; ${RESTART}` });
  }
  for (const key of ROUTER_FIXED) {
    const earlier = before.router.options[key];
    if (isSame(earlier, router.options[key])) continue;
    problems.push({ path: [...router.path, "options", key], text: fixed(earlier) });
  }
  return problems;
}

function routerProblems(before: RouterLayout, after: RouterLayout): Problem[] {
  return [
    ...after.realms.flatMap((realm) => realmProblems(realm, before)),
    ...after.templates.flatMap((template) =>
      identityProblem(template, before.templates, "template") ?? []
    ),
    ...storeProblems(before, after),
    ...transportProblems(before.transports, after.transports),
  ];
}

/** What a realm is made with. */
const FIXED = ["options", "store", "resumption"] as const;

function realmProblems(realm: RealmPiece, before: RouterLayout): Problem[] {
  const earlier = before.realms.find(({ key }) => key === realm.key);
  const idProblem = identityProblem(realm, before.realms, "realm");
  if (idProblem !== undefined) return [idProblem];
  if (earlier === undefined) return [];
  const changed = FIXED.filter((key) => !isSame(earlier.config[key], realm.config[key]));
  return [
    ...changed.map((key) => ({
      path: [...realm.path, key],
      text: `${
        fixed(earlier.config[key])
      }, or take the realm out, reload, and put it in again, which ends its sessions`,
    })),
    ...realm.roles.flatMap((role) => identityProblem(role, earlier.roles, "role") ?? []),
  ];
}

/** What has a name may have neither another id nor the id of another. */
function identityProblem(
  piece: Piece<unknown>,
  before: readonly Piece<unknown>[],
  what: string,
): Problem | undefined {
  const earlier = before.find(({ key }) => key === piece.key);
  const rival = before.find(({ id }) => id === piece.id);
  if (earlier?.id === piece.id || (earlier === undefined && rival === undefined)) return undefined;
  const path = [...piece.path, "id"];
  if (earlier !== undefined) {
    return {
      path,
      text: `found "${piece.id}", but the ${what} runs as "${earlier.id}"; ${RESTART}`,
    };
  }
  return {
    path,
    text:
      `found "${piece.id}", under which ${what} "${rival?.key}" runs, expected an id of its own`,
  };
}

/** Two realms would write one file. */
function storeProblems(before: RouterLayout, after: RouterLayout): Problem[] {
  const { added, removed } = difference(before.realms, after.realms);
  return added.flatMap((realm) => {
    const file = fileOf(realm.config);
    const rival = removed.find(({ config }) => file !== undefined && fileOf(config) === file);
    if (rival === undefined) return [];
    const text =
      `found the file of realm "${rival.key}", which runs; reload once without that realm`;
    return [{ path: [...realm.path, "store"], text }];
  });
}

function fileOf({ name, store }: RealmConfig): string | undefined {
  return store?.type === "sqlite" ? storeFile(name, store.path) : undefined;
}

function changedSettings(before: Layout, after: Layout): string[] {
  const { controller: { options: was } } = before.config;
  const { controller: { options: now } } = after.config;
  const keys = ["shutdown_timeout", "shutdown"] as const;
  const throttled = isSame(before.router.options.throttle, after.router.options.throttle);
  return [
    ...keys.filter((key) => !isSame(was[key], now[key])).map((key) => `controller.options.${key}`),
    ...(throttled ? [] : ["options.throttle"]),
  ];
}

function fixed(earlier: unknown): string {
  const text = JSON.stringify(earlier);
  const value = text === undefined || text.length > 60 ? "another value" : text;
  return `found a change, but it was started with ${value}; ${RESTART}`;
}

function quoted(id: string | undefined): string {
  return id === undefined ? "none" : `"${id}"`;
}

/** The order of keys counts: that of authmethods decides. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
