/**
 * What `auth` says about the rest of a configuration: roles and realms that it names, secrets that it takes from the environment,
 * certificates that nobody asks for. Part of `checks.ts`, on the raw value.
 */
import { type Environment, variableIn } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { SECRET_KEYS } from "./schema_auth.ts";
import { type Found, select } from "./select.ts";
import type { Path } from "./source.ts";

export function authProblems(worker: Found, env: Environment): Problem[] {
  const realms = namesAt(worker, ["realms", "*", "name"]);
  const roles = namesAt(worker, ["realms", "*", "roles", "*", "name"]);
  return select(worker.value, ["transports", "*"], worker.path).flatMap((transport) =>
    authSections(transport).flatMap((auth) => [
      ...certificateProblems(auth, transport),
      ...cookieProblems(auth, transport),
      ...entriesOf(auth).flatMap((method) => [
        ...principalsProblems(method),
        ...nameProblems(method, ["default-role"], "role", roles),
        ...[method, ...principalsOf(method)].flatMap((who) => [
          ...nameProblems(who, ["role"], "role", roles),
          ...nameProblems(who, ["realm"], "realm", realms),
          ...nameProblems(who, ["authenticator-realm"], "realm", realms),
          ...secretProblems(who, env),
        ]),
      ]),
    ])
  );
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
): Problem[] {
  return select(value, pattern, path).flatMap((name) => {
    if (typeof name.value !== "string" || known.includes(name.value)) return [];
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

/** The variable is not named, as it may be a secret that looks like one. */
function secretProblems({ value, path }: Found, env: Environment): Problem[] {
  return SECRET_KEYS.flatMap((key) => {
    const found = select(value, [key], path)[0];
    const variable = typeof found?.value === "string" ? variableIn(found.value) : undefined;
    if (found === undefined || variable === undefined || env[variable]) return [];
    const text = "found the name of an environment variable that is not set, expected one that is";
    return [{ path: found.path, text }];
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
