/**
 * What `auth` says about the rest of a configuration: roles and realms that it names, secrets that it takes from the environment,
 * certificates that nobody asks for. Part of `checks.ts`, on the raw value.
 */
import { LEAST_JWT_SECRET } from "../../auth/bounds.ts";
import { isPattern } from "../../wamp/uri.ts";
import { type Environment, unsetProblems, variableIn } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { SECRET_KEYS } from "./schema_auth.ts";
import { type Found, realmSections, select } from "./select.ts";
import type { Path } from "./source.ts";
import { isOnDemand } from "./template_checks.ts";

export function authProblems(worker: Found, env: Environment): Problem[] {
  const realms = namesAt(worker, ["realms", "*", "name"]);
  const roles = realmSections(worker).flatMap((realm) => namesAt(realm, ["roles", "*", "name"]));
  const isMade = (name: string) => isOnDemand(worker, name);
  return select(worker.value, ["transports", "*"], worker.path).flatMap((transport) => [
    ...sameSiteProblems(transport),
    ...authSections(transport).flatMap((auth) => [
      ...certificateProblems(auth, transport),
      ...cookieProblems(auth, transport),
      ...entriesOf(auth).flatMap((method) => [
        ...principalsProblems(method),
        ...authenticatorProblems(method),
        ...trustrootProblems(method, realms, roles, isMade),
        ...tokenProblems(method, roles, env),
        ...principalsOf(method).flatMap((who) => rolelessProblems(who, method)),
        ...nameProblems(method, ["default-role"], "role", roles),
        ...[method, ...principalsOf(method)].flatMap((who) => [
          ...nameProblems(who, ["role"], "role", roles),
          ...nameProblems(who, ["realm"], "realm", realms, isMade),
          ...nameProblems(who, ["authenticator-realm"], "realm", realms),
          ...secretProblems(who, env),
        ]),
      ]),
    ]),
  ]);
}

function namesAt(worker: Found, pattern: Path): unknown[] {
  return select(worker.value, pattern, worker.path).map(({ value }) => value);
}

/** All values of `auth`, however deep the transport nests its services. */
export function authSections(transport: Found): Found[] {
  return entriesOf(transport).flatMap((entry) => {
    const key = entry.path.at(-1);
    if (key === "auth") return [entry];
    // The value of a `json` service is the user's own.
    return key === "value" ? [] : authSections(entry);
  });
}

function principalsOf(method: Found): Found[] {
  return ["principals", "users"].flatMap((key) =>
    select(method.value, [key], method.path).flatMap(entriesOf)
  );
}

export function entriesOf({ value, path }: Found): Found[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([key, child]) => ({
    path: [...path, Array.isArray(value) ? Number(key) : key],
    value: child,
  }));
}

function nameProblems(
  { value, path }: Found,
  pattern: Path,
  what: string,
  known: readonly unknown[],
  isAlsoKnown: (name: string) => boolean = () => false,
): Problem[] {
  return select(value, pattern, path).flatMap((name) => {
    if (typeof name.value !== "string" || known.includes(name.value)) return [];
    if (isAlsoKnown(name.value)) return [];
    const list = known.length === 0 ? "but there is none" : known.join(", ");
    const text = `found "${name.value}", expected a ${what} of this worker: ${list}`;
    return [{ path: name.path, text }];
  });
}

/** Crossbar.io calls wampcra's principals "users". */
function principalsProblems({ value, path }: Found): Problem[] {
  const method = path.at(-1);
  if (method !== "wampcra" || select(value, ["type"])[0]?.value !== "static") return [];
  const [users, principals] = [select(value, ["users"]), select(value, ["principals"])];
  if (users.length + principals.length === 1) return [];
  const found = users.length === 0 ? "neither" : "both";
  return [{ path, text: `found ${found} of "principals" and "users", expected one of them` }];
}

function authenticatorProblems({ value, path }: Found): Problem[] {
  return select(value, ["authenticator"], path).flatMap((uri) => {
    if (typeof uri.value !== "string" || isPattern(uri.value, "exact", "loose")) return [];
    return [{ path: uri.path, text: `found ${JSON.stringify(uri.value)}, expected a URI` }];
  });
}

/** Without a role nobody is let in, and the answer would tell that the principal exists. Tokens may have one. */
function rolelessProblems(principal: Found, method: Found): Problem[] {
  const { value, path } = principal;
  const isPrincipal = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isPrincipal || method.path.at(-1) === "jwt") return [];
  const has = (record: unknown, key: string) => select(record, [key]).length > 0;
  if (has(value, "role") || has(method.value, "default-role")) return [];
  return [{ path, text: 'found no role, expected "role" here or "default-role" of the method' }];
}

function trustrootProblems(
  { value, path }: Found,
  realms: readonly unknown[],
  roles: readonly unknown[],
  isMade: (name: string) => boolean,
): Problem[] {
  return select(value, ["trustroots"], path).flatMap(entriesOf).flatMap((root) => {
    const realm = root.path.at(-1);
    const problems = nameProblems(root, ["role"], "role", roles);
    if (realms.includes(realm) || isMade(String(realm))) return problems;
    const text = `found a trustroot of "${String(realm)}", expected a realm of this worker: ${
      realms.join(", ")
    }`;
    return [...problems, { path: root.path, text }];
  });
}

function tokenProblems(
  { value, path }: Found,
  roles: readonly unknown[],
  env: Environment,
): Problem[] {
  if (path.at(-1) !== "jwt") return [];
  const problems = select(value, ["roles"], path).flatMap(entriesOf)
    .flatMap((role) => nameProblems(role, [], "role", roles));
  const [secret] = select(value, ["secret"], path);
  if (typeof secret?.value !== "string" || secret.value === "") return problems;
  const variable = variableIn(secret.value);
  const text = variable === undefined ? secret.value : env[variable];
  if (!text || text.length >= LEAST_JWT_SECRET) return problems;
  const found = `found ${text.length} characters, expected ${LEAST_JWT_SECRET} or more`;
  return [...problems, { path: secret.path, text: found }];
}

function secretProblems({ value, path }: Found, env: Environment): Problem[] {
  return SECRET_KEYS.flatMap((key) => select(value, [key], path))
    .flatMap((secret) => unsetProblems(secret, env));
}

/** Browsers take such a cookie over TLS alone. */
function sameSiteProblems(transport: Found): Problem[] {
  const endpoint = (key: string) => select(transport.value, ["endpoint", key])[0]?.value;
  const proxies = endpoint("trusted_proxies");
  const isBehindProxy = endpoint("proxy_protocol") === true ||
    (Array.isArray(proxies) && proxies.length > 0);
  if (endpoint("tls") !== undefined || isBehindProxy) return [];
  return cookieSections(transport).flatMap((cookie) =>
    select(cookie.value, ["same_site"], cookie.path).filter(({ value }) => value === "None")
  ).map(({ path }) => ({
    path,
    text: 'found "None" without TLS, where browsers drop the cookie, expected "Lax" or "Strict", ' +
      'or "tls", "trusted_proxies" or "proxy_protocol" of the endpoint',
  }));
}

/** All values of `cookie` beside `auth`, however deep the transport nests its services. */
function cookieSections(transport: Found): Found[] {
  return entriesOf(transport).flatMap((entry) => {
    const key = entry.path.at(-1);
    if (key === "cookie") return [entry];
    return key === "auth" || key === "value" ? [] : cookieSections(entry);
  });
}

/** The method needs the service beside which it stands to set cookies. */
function cookieProblems(auth: Found, transport: Found): Problem[] {
  const method = select(auth.value, ["cookie"], auth.path)[0];
  if (method === undefined) return [];
  const service = auth.path.slice(transport.path.length, -1);
  if (select(transport.value, [...service, "cookie"]).length > 0) return [];
  const text = 'found a service without cookies, expected a WebSocket service with "cookie"';
  return [{ path: method.path, text }];
}

function certificateProblems(auth: Found, transport: Found): Problem[] {
  const tls = select(auth.value, ["tls"], auth.path)[0];
  const authorities = select(transport.value, ["endpoint", "tls", "ca_certificates"]);
  if (tls === undefined || authorities.length > 0) return [];
  const text = "found no authorities of client certificates, " +
    'expected "ca_certificates" in "tls" of the endpoint';
  return [{ path: tls.path, text }];
}
