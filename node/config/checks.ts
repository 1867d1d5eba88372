/**
 * What one value of a configuration says about another: names used twice, names that nobody defined, ports that collide.
 * Works on the raw value, so that these problems are reported together with those of the schema; what has another shape than
 * expected is passed over here, as the schema complains of it.
 */
import { isPattern } from "../../wamp/uri.ts";
import { TRUSTED } from "../../router/permission.ts";
import { authProblems } from "./auth_checks.ts";
import { bridgeProblems } from "./bridge_checks.ts";
import { type Environment, isDisabled, variableIn } from "./environment.ts";
import { componentProblems } from "./component_checks.ts";
import { containerProblems } from "./container_checks.ts";
import type { Problem } from "./problems.ts";
import { type Found, select } from "./select.ts";
import { linkProblems } from "./link_checks.ts";
import { managementProblems, managementWorkers } from "./management_checks.ts";
import { slowConsumerProblems } from "./slow_consumer_checks.ts";
import { formatPath, type Path } from "./source.ts";
import { starred } from "./starred.ts";
import { storeProblems } from "./store_checks.ts";

export type { Environment } from "./environment.ts";

/** Everything that is wrong between the values of `config`. */
export function checkRelations(config: unknown, env: Environment): Problem[] {
  return [
    ...workerCount(config, env),
    ...twice({ path: [], value: config }, ["workers", "*", "id"], "an id"),
    ...managementProblems(config),
    ...managementWorkers(config).flatMap((worker) => [
      ...twice(worker, ["transports", "*", "id"], "an id"),
      ...endpointProblems(worker, env),
      ...authProblems(worker, env),
    ]),
    ...select(config, ["controller", "management", "roles", "*"]).flatMap(roleProblems),
    ...select(config, ["workers", "*"]).flatMap((worker) => [
      ...twice(worker, ["realms", "*", "name"], "a realm"),
      ...twice(worker, ["realms", "*", "id"], "an id"),
      ...twice(worker, ["transports", "*", "id"], "an id"),
      ...twice(worker, ["components", "*", "id"], "an id"),
      ...select(worker.value, ["realms", "*"], worker.path).flatMap((realm) => [
        ...twice(realm, ["roles", "*", "name"], "a role"),
        ...twice(realm, ["roles", "*", "id"], "an id"),
        ...twice(realm, ["rlinks", "*", "id"], "an id"),
        ...select(realm.value, ["roles", "*"], realm.path).flatMap(roleProblems),
      ]),
      ...storeProblems(worker),
      ...slowConsumerProblems(worker),
      ...linkProblems(worker, env),
      ...componentProblems(worker),
      ...containerProblems(worker, env),
      ...endpointProblems(worker, env),
      ...authProblems(worker, env),
      ...bridgeProblems(worker, env),
    ]),
  ];
}

/** One router, whose process is the node's. Those that are disabled do not count. */
function workerCount(config: unknown, env: Environment): Problem[] {
  const workers = select(config, ["workers"])[0]?.value;
  if (!Array.isArray(workers)) return [];
  if (workers.length === 0) {
    return [{ path: ["workers"], text: "found none, expected at least one worker" }];
  }
  const routers = select(config, ["workers", "*"]).filter(({ value }) =>
    select(value, ["type"])[0]?.value === "router" &&
    !isDisabled(select(value, ["options", "disabled"])[0]?.value, env)
  );
  return routers.slice(1).map(({ path }) => ({
    path,
    text: "found another router, expected one; write its realms and transports into the first",
  }));
}

/** Values that stand more than once where each must be its own. */
function twice(root: Found, pattern: Path, what: string): Problem[] {
  const seen = new Map<unknown, Path>();
  const problems: Problem[] = [];
  for (const { path, value } of select(root.value, pattern, root.path)) {
    const first = seen.get(value);
    if (first === undefined) seen.set(value, path);
    else if (typeof value === "string") {
      const text = `found "${value}", which is taken by ${
        formatPath(first)
      }, expected ${what} of its own`;
      problems.push({ path, text });
    }
  }
  return problems;
}

function roleProblems(role: Found): Problem[] {
  const problems: Problem[] = [];
  const name = select(role.value, ["name"], role.path)[0];
  if (name?.value === TRUSTED) {
    const text = `found "${TRUSTED}", the router's own role, expected another name`;
    problems.push({ path: name.path, text });
  }
  problems.push(...authorizerProblems(role));
  const seen = new Map<string, Path>();
  for (const permission of select(role.value, ["permissions", "*"], role.path)) {
    const uri = select(permission.value, ["uri"], permission.path)[0];
    const match = select(permission.value, ["match"], permission.path)[0]?.value;
    if (typeof uri?.value !== "string") continue;
    if (match !== undefined && typeof match !== "string") continue;
    const rule = starred(uri.value, match);
    if (rule === undefined || !isPattern(rule.uri, rule.match, "loose")) {
      const how = match === undefined
        ? "a URI, or a pattern whose stars stand for whole components or for its end"
        : `a URI or pattern fit for match "${match}", where components are left empty instead of *`;
      problems.push({
        path: uri.path,
        text: `found ${JSON.stringify(uri.value)}, expected ${how}`,
      });
      continue;
    }
    const key = `${rule.match} ${rule.uri}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, permission.path);
    else {
      const text = `found the URI of ${formatPath(first)} again, expected one rule for each`;
      problems.push({ path: uri.path, text });
    }
  }
  return problems;
}

/** An authorizer decides alone. */
function authorizerProblems(role: Found): Problem[] {
  const authorizer = select(role.value, ["authorizer"], role.path)[0];
  if (authorizer === undefined) return [];
  const problems: Problem[] = [];
  const rules = select(role.value, ["permissions"], role.path)[0];
  if (Array.isArray(rules?.value) && rules.value.length > 0) {
    const text =
      `found permissions beside an authorizer, expected one of both: the authorizer decides alone`;
    problems.push({ path: rules.path, text });
  }
  const fallback = select(role.value, ["allow-by-default"], role.path)[0];
  if (fallback?.value === true) {
    const text = "found true beside an authorizer, expected false: the authorizer decides alone";
    problems.push({ path: fallback.path, text });
  }
  const uri = typeof authorizer.value === "string"
    ? authorizer
    : select(authorizer.value, ["authorizer"], authorizer.path)[0];
  if (
    typeof uri?.value === "string" && uri.value !== "" && !isPattern(uri.value, "exact", "loose")
  ) {
    problems.push({ path: uri.path, text: `found ${JSON.stringify(uri.value)}, expected a URI` });
  }
  return problems;
}

const ALL_INTERFACES: readonly unknown[] = [undefined, "0.0.0.0", "::"];

/** Ports from the environment that are missing there, and endpoints that two transports claim. */
function endpointProblems(worker: Found, env: Environment): Problem[] {
  const problems: Problem[] = [];
  const claimed: { port: number; address: unknown; path: Path }[] = [];
  const sockets = new Map<string, Path>();
  for (const endpoint of select(worker.value, ["transports", "*", "endpoint"], worker.path)) {
    const at = (key: string) => select(endpoint.value, [key], endpoint.path)[0];
    const socket = at("path");
    if (typeof socket?.value === "string") {
      const first = sockets.get(socket.value);
      if (first === undefined) sockets.set(socket.value, endpoint.path);
      else problems.push({ path: socket.path, text: claimText(`"${socket.value}"`, first) });
    }
    const port = at("port");
    if (port === undefined) continue;
    const number = portNumber(port.value, env);
    if (typeof number === "string") problems.push({ path: port.path, text: number });
    else if (number !== undefined && number !== 0) {
      const address = at("interface")?.value;
      const rival = claimed.find((other) =>
        other.port === number &&
        (other.address === address || ALL_INTERFACES.includes(address) ||
          ALL_INTERFACES.includes(other.address))
      );
      if (rival === undefined) claimed.push({ port: number, address, path: endpoint.path });
      else problems.push({ path: port.path, text: claimText(String(number), rival.path) });
    }
  }
  return problems;
}

function claimText(what: string, path: Path): string {
  return `found ${what}, which ${formatPath(path)} listens on, expected an endpoint of its own`;
}

/** The port that a configuration names, perhaps by a variable; a text says what is wrong with that; undefined: not ours to judge. */
export function portNumber(port: unknown, env: Environment): number | string | undefined {
  if (typeof port === "number") return port;
  if (typeof port !== "string") return undefined;
  const name = variableIn(port);
  const digits = name === undefined ? port : env[name];
  if (name !== undefined && digits === undefined) {
    return `found "${port}", expected the environment variable ${name} to be set`;
  }
  if (digits === undefined || !/^\d{1,5}$/.test(digits) || Number(digits) > 65535) {
    if (name === undefined) return undefined;
    return `found "${port}" with the value ${
      JSON.stringify(digits)
    }, expected a port from 0 to 65535`;
  }
  return Number(digits);
}
