/**
 * What one value of a configuration says about another: names used twice, names that nobody defined, ports that collide.
 * Works on the raw value, so that these problems are reported together with those of the schema; what has another shape than
 * expected is passed over here, as the schema complains of it.
 */
import { isPattern } from "../../wamp/uri.ts";
import { TRUSTED } from "../../router/permission.ts";
import { authProblems } from "./auth_checks.ts";
import { bridgeProblems } from "./bridge_checks.ts";
import { endpointProblems } from "./endpoint_checks.ts";
import type { Environment } from "./environment.ts";
import { componentProblems } from "./component_checks.ts";
import { containerProblems } from "./container_checks.ts";
import type { Problem } from "./problems.ts";
import { type Found, realmSections, select } from "./select.ts";
import { linkProblems } from "./link_checks.ts";
import { managementProblems, managementWorkers } from "./management_checks.ts";
import { slowConsumerProblems } from "./slow_consumer_checks.ts";
import { formatPath, type Path } from "./source.ts";
import { starred } from "./starred.ts";
import { storeProblems } from "./store_checks.ts";
import { templateProblems } from "./template_checks.ts";
import { workerProblems } from "./worker_checks.ts";

export type { Environment } from "./environment.ts";

/** Everything that is wrong between the values of `config`. */
export function checkRelations(config: unknown, env: Environment): Problem[] {
  return [
    ...workerProblems(config, env),
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
      ...twice(worker, ["realm_templates", "*", "id"], "an id"),
      ...twice(worker, ["transports", "*", "id"], "an id"),
      ...twice(worker, ["components", "*", "id"], "an id"),
      ...realmSections(worker).flatMap((realm) => [
        ...twice(realm, ["roles", "*", "name"], "a role"),
        ...twice(realm, ["roles", "*", "id"], "an id"),
        ...twice(realm, ["rlinks", "*", "id"], "an id"),
        ...select(realm.value, ["roles", "*"], realm.path).flatMap(roleProblems),
      ]),
      ...templateProblems(worker),
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
