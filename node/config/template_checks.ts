/** What templates of realms say about each other, about themselves, and about realms of other workers. Works on the raw value, as `checks.ts` does. */
import { mayOverlap } from "../../router/pattern_reach.ts";
import { matches } from "../../router/pattern_index.ts";
import { isPattern, type Match } from "../../wamp/uri.ts";
import type { Problem } from "./problems.ts";
import { MANAGEMENT_REALM } from "./schema_management.ts";
import { REALM_NAME } from "./schema_names.ts";
import { type Found, select } from "./select.ts";
import { formatPath } from "./source.ts";
import { starred } from "./starred.ts";

interface Pattern extends Found {
  readonly match: Match;
  readonly uri: string;
}

/** @param worker a router worker. */
export function templateProblems(worker: Found): Problem[] {
  const templates = select(worker.value, ["realm_templates", "*"], worker.path);
  const patterns = patternsOf(worker);
  return [
    ...templates.flatMap(nameProblem),
    ...templates.flatMap(creatorProblem),
    ...patterns.flatMap((one, i) => {
      const same = ({ match, uri }: Pattern) => match === one.match && uri === one.uri;
      const first = patterns.slice(0, i).find(same);
      if (first === undefined) return [];
      const text = `found the pattern of ${formatPath(first.path)} again, expected each once`;
      return [{ path: one.path, text }];
    }),
  ];
}

function nameProblem({ value, path }: Found): Problem[] {
  const name = select(value, ["name"], path)[0];
  if (typeof name?.value !== "string" || patternOf({ value, path }).length > 0) return [];
  const text = `found ${JSON.stringify(name.value)}, expected a pattern of realms' names: stars ` +
    'stand for whole components or for the end, with "match" components are left empty instead';
  return [{ path: name.path, text }];
}

/** Nobody could ever join. */
function creatorProblem({ value, path }: Found): Problem[] {
  const rights = select(value, ["roles", "*", "create_realm"]);
  if (rights.some((right) => right.value !== false)) return [];
  const text =
    'found no role with "create_realm": true, expected one: who may have the realms made?';
  return [{ path: [...path, "roles"], text }];
}

/** @param routers those of all processes. A realm on two of them would have half of its sessions on each. */
export function splitTemplates(routers: readonly Found[]): Problem[] {
  return routers.flatMap((router) => {
    const others = routers.filter((other) => other !== router)
      .flatMap((other) => [...patternsOf(other), ...namesOf(other)]);
    return patternsOf(router).flatMap((pattern) => {
      const rival = others.find((other) => mayOverlap(pattern, other));
      if (rival === undefined) return [];
      const text = `found a pattern that names of ${formatPath(rival.path)} match, too, expected ` +
        "each realm on one router: events and calls would not reach the other";
      return [{ path: pattern.path, text }];
    });
  });
}

/** Whether the worker may come to have a realm of the name. */
export function isOnDemand(worker: Found, name: string): boolean {
  return canBeDemanded(name) &&
    patternsOf(worker).some(({ match, uri }) => matches(match, uri, name));
}

/** What peers ask for may be any URI. */
export function canBeDemanded(name: string): boolean {
  return REALM_NAME.test(name) && name !== MANAGEMENT_REALM;
}

function patternsOf(worker: Found): Pattern[] {
  return select(worker.value, ["realm_templates", "*"], worker.path).flatMap(patternOf);
}

function patternOf({ value, path }: Found): Pattern[] {
  const name = select(value, ["name"], path)[0];
  const match = select(value, ["match"])[0]?.value;
  if (typeof name?.value !== "string" || (match !== undefined && typeof match !== "string")) {
    return [];
  }
  const pattern = starred(name.value, match);
  if (pattern === undefined || !isPattern(pattern.uri, pattern.match, "loose")) return [];
  return [{ ...name, ...pattern }];
}

function namesOf(worker: Found): Pattern[] {
  return select(worker.value, ["realms", "*", "name"], worker.path).flatMap((name) =>
    typeof name.value === "string" ? [{ ...name, match: "exact", uri: name.value }] : []
  );
}
