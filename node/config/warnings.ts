/** What a configuration may say but nobody can mean. `check` prints it, a starting node logs it. */
import type { Problem } from "./problems.ts";
import { type NodeConfig, type RouterConfig, routersOf, type TransportConfig } from "./schema.ts";
import type { AuthConfig } from "./schema_auth.ts";
import type { WebPathsConfig } from "./schema_web.ts";
import { addressOf } from "./endpoint_address.ts";
import { formatPath, type Path } from "./source.ts";
import type { RoleConfig } from "./schema_realm.ts";
import { matches } from "../../router/pattern_index.ts";
import type { RealmTemplateConfig } from "./schema_realm_template.ts";
import { overruled, starred } from "./starred.ts";

export function configWarnings(config: NodeConfig): Problem[] {
  const { roles = [] } = config.controller.management ?? {};
  const managers = permissionWarnings(roles, ["controller", "management"]);
  const routers = routersOf(config).flatMap(([w, worker]) => [
    ...worker.realms.flatMap((realm, r) =>
      permissionWarnings(realm.roles, ["workers", w, "realms", r])
    ),
    ...worker.realm_templates.flatMap((template, t) =>
      permissionWarnings(template.roles, ["workers", w, "realm_templates", t])
    ),
    ...worker.transports.flatMap((transport, t) =>
      services(transport, ["workers", w, "transports", t]).flatMap((service) =>
        roleWarnings(service, worker)
      )
    ),
  ]);
  return [...managers, ...routers, ...sharedPortWarnings(config)];
}

/** Routers that share a port: the system gives a connection to any of them, whatever realm it will ask for. */
function sharedPortWarnings(config: NodeConfig): Problem[] {
  const seen = new Map<string, number>();
  return routersOf(config).flatMap(([w, { transports }]) =>
    transports.flatMap(({ endpoint }, t) => {
      if (endpoint.type !== "tcp" || !endpoint.shared || endpoint.port === 0) return [];
      const address = addressOf(endpoint);
      const first = seen.get(address);
      seen.set(address, first ?? w);
      if (first === undefined || first === w) return [];
      return [{
        path: ["workers", w, "transports", t, "endpoint"],
        text:
          `is shared with workers[${first}], whose realms are others: a connection may come to either, and ` +
          "is refused (no_such_realm) where its realm is not; clients must try again, or the routers have ports of their own",
      }];
    })
  );
}

/** Rules that say nothing, as a later one is about the same URIs. */
function permissionWarnings(roles: readonly RoleConfig[], path: Path): Problem[] {
  return roles.flatMap(({ permissions }, i) => {
    const before = overruled(permissions);
    return permissions.flatMap((rule, j) => {
      const later = before.get(rule);
      if (later === undefined) return [];
      const at = [...path, "roles", i, "permissions"];
      const text =
        `has no effect: ${formatPath([...at, permissions.indexOf(later)])} is about the ` +
        "same URIs, and the last one counts; remove one of them";
      return [{ path: [...at, j], text }];
    });
  });
}

/** A WAMP service and where it stands. */
interface Service {
  readonly path: Path;
  readonly auth: AuthConfig | undefined;
}

function services(transport: TransportConfig, path: Path): Service[] {
  switch (transport.type) {
    case "websocket":
    case "rawsocket":
      return [{ path, auth: transport.auth }];
    case "web":
      return webServices(transport.paths, [...path, "paths"]);
    case "universal":
      return [
        ...(transport.rawsocket === undefined
          ? []
          : [{ path: [...path, "rawsocket"], auth: transport.rawsocket.auth }]),
        ...Object.entries(transport.websocket ?? {}).map(([name, { auth }]) => ({
          path: [...path, "websocket", name],
          auth,
        })),
        ...webServices(transport.web?.paths ?? {}, [...path, "web", "paths"]),
      ];
    case "websocket.testee":
      return [];
    default:
      return transport satisfies never;
  }
}

function webServices(paths: WebPathsConfig, path: Path): Service[] {
  return Object.entries(paths).flatMap(([name, service]): Service[] => {
    const at = [...path, name];
    if (service.type === "path") return webServices(service.paths, [...at, "paths"]);
    return service.type === "websocket" ? [{ path: at, auth: service.auth }] : [];
  });
}

const ANONYMOUS = { type: "static", role: "anonymous" } as const;

/** Sessions without credentials whose role no realm of theirs has: each would be refused. */
function roleWarnings(
  { path, auth }: Service,
  { realms, realm_templates: templates }: RouterConfig,
): Problem[] {
  const section = auth === undefined ? ANONYMOUS : auth.anonymous;
  // What an authenticator answers, nobody knows yet.
  if (section?.type !== "static") return [];
  const { role, realm } = { realm: undefined, ...section };
  const reached = realm === undefined ? [...realms, ...templates] : [
    ...realms.filter(({ name }) => name === realm),
    ...templates.filter((one) => makes(one, realm)),
  ];
  if (reached.length === 0) return [];
  if (reached.some(({ roles }) => roles.some(({ name }) => name === role))) return [];
  const where = realm === undefined ? "no realm has" : `realm "${realm}" has not`;
  return [{
    path: auth === undefined ? path : [...path, "auth", "anonymous"],
    text: `sessions without credentials get the role "${role}", which ${where}: ` +
      "all will be refused (no_such_role); add the role, or name another in auth.anonymous",
  }];
}

function makes({ name, match }: RealmTemplateConfig, realm: string): boolean {
  const pattern = starred(name, match);
  return pattern !== undefined && matches(pattern.match, pattern.uri, realm);
}
