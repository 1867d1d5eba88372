/**
 * What the workers of a node say about each other: which of its routers run where, and what they may not have in common. Works on the raw
 * value, as `checks.ts` does. Those that are disabled do not count.
 */
import { type Claim, claimText, clash, portClaims } from "./endpoint_checks.ts";
import { type Environment, isDisabled } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { routerInNode } from "./router_place.ts";
import { MANAGEMENT_REALM } from "./schema_management.ts";
import { type Found, select } from "./select.ts";
import { splitTemplates } from "./template_checks.ts";
import { formatPath, type Path } from "./source.ts";
import { workerId } from "../worker/default_ids.ts";

export function workerProblems(config: unknown, env: Environment): Problem[] {
  const workers = select(config, ["workers"])[0]?.value;
  if (!Array.isArray(workers)) return [];
  if (workers.length === 0) {
    return [{ path: ["workers"], text: "found none, expected at least one worker" }];
  }
  const routers = select(config, ["workers", "*"]).filter(({ value }) =>
    select(value, ["type"])[0]?.value === "router" &&
    !isDisabled(select(value, ["options", "disabled"])[0]?.value, env)
  );
  const inNode = routerInNode(config, env);
  return [
    ...takenIds(select(config, ["workers", "*"])),
    ...routers.filter(({ path }) => path[1] === inNode).flatMap(inNodeProblems),
    ...routers.filter(({ path }) => path[1] !== inNode).flatMap(ownProcessProblems),
    ...splitRealms(routers),
    ...splitTemplates(routers),
    ...sharedFiles(routers),
    ...portProblems(routers, env),
  ];
}

/** Those that have none, by their place. Ids that stand there twice are found elsewhere. */
function takenIds(workers: readonly Found[]): Problem[] {
  const ids = workers.map(({ value, path }) => select(value, ["id"], path)[0]);
  return workers.flatMap(({ path }, i) => {
    const id = workerId({}, i);
    const taken = ids[i] === undefined && ids.find((other) => other?.value === id);
    if (!taken) return [];
    const text =
      `found no id, and "${id}" by its place, which is taken by ${formatPath(taken.path)}, ` +
      "expected an id of its own";
    return [{ path, text }];
  });
}

const OF_A_PROCESS = [
  "cpu_affinity",
  "env",
  "restart",
  "initial_retry_delay",
  "max_retry_delay",
] as const;

/** The node's process is whatever started it made it. */
function inNodeProblems({ path, value }: Found): Problem[] {
  return OF_A_PROCESS.flatMap((key) => select(value, ["options", key], path)).map((found) => ({
    path: found.path,
    text:
      "found it on the router in the node's own process, expected it only where the router has " +
      'one of its own; write "isolate": true beside it, or remove it',
  }));
}

/** Who embeds the management realm is the node. */
function ownProcessProblems({ path, value }: Found): Problem[] {
  return select(value, ["components", "*", "realm"], path)
    .filter((realm) => realm.value === MANAGEMENT_REALM)
    .map((realm) => ({
      path: realm.path,
      text:
        `found "${MANAGEMENT_REALM}" in a router that has a process of its own, expected a realm of ` +
        "that router; write the component into the first router, or into a container that connects to " +
        'the socket of "controller.management"',
    }));
}

/** Sessions of one realm on two routers would never meet. */
function splitRealms(routers: readonly Found[]): Problem[] {
  const names = routers.flatMap((router) =>
    select(router.value, ["realms", "*", "name"], router.path)
  );
  return repeated(names).map(([{ path, value }, first]) => ({
    path,
    text:
      `found "${value}", which ${
        formatPath(first.path.slice(0, 2))
      } has, too, expected each realm on ` +
      "one router: each would have half of its sessions, and events and calls would not reach the other",
  }));
}

const FILES: readonly Path[] = [
  ["realms", "*", "store", "path"],
  ["transports", "*", "cookie", "store", "filename"],
];

/** Each process would overwrite what the other wrote. */
function sharedFiles(routers: readonly Found[]): Problem[] {
  const files = routers.flatMap((router) =>
    FILES.flatMap((key) => select(router.value, key, router.path))
  );
  return repeated(files).map(([{ path, value }, first]) => ({
    path,
    text: `found "${value}", which is taken by ${formatPath(first.path)}, in another process, ` +
      "expected a file of its own",
  }));
}

/** Strings that stand in two workers, each with the first of them. */
function repeated(values: readonly Found[]): (readonly [Found, Found])[] {
  const seen = new Map<unknown, Found>();
  return values.flatMap((found) => {
    if (typeof found.value !== "string") return [];
    const first = seen.get(found.value);
    if (first === undefined) seen.set(found.value, found);
    // Within one worker others complain.
    return first === undefined || first.path[1] === found.path[1] ? [] : [[found, first] as const];
  });
}

/** Of two processes, if they do not share it. */
function portProblems(routers: readonly Found[], env: Environment): Problem[] {
  const claimed: Claim[] = [];
  const problems: Problem[] = [];
  for (const router of routers) {
    const claims = portClaims(router, env);
    for (const claim of claims) {
      const rival = claimed.find((other) => clash(claim, other));
      if (rival === undefined || (claim.isShared && rival.isShared)) continue;
      problems.push({
        path: claim.path,
        text: `${claimText(String(claim.port), rival.endpoint)}, or "shared": true on both`,
      });
    }
    claimed.push(...claims);
  }
  return problems;
}
