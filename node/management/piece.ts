/**
 * A piece of configuration that comes while the node runs, checked as if it had stood in the file with all that runs now: the same schema,
 * the same checks between values, the same look at files. Used by the procedures beside this file.
 */
import { examined } from "../config/parse.ts";
import { fileProblems } from "../config/files.ts";
import { formatProblem, type Problem } from "../config/problems.ts";
import type { Environment } from "../config/environment.ts";
import type { RouterConfig, WorkerConfig } from "../config/schema.ts";
import type { ContainerComponentConfig } from "../config/schema_container.ts";
import type { RealmConfig } from "../config/schema_realm.ts";
import type { Path } from "../config/source.ts";
import { CANNOT_START, INVALID_CONFIGURATION } from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import type { ContainerJob } from "../worker/container.ts";
import type { RouterWorker } from "../worker/router_worker.ts";

type Change = (worker: Draft) => Path;

/** The configuration of a worker, to put a piece in. */
export interface Draft {
  readonly realms: Record<string, unknown>[];
  readonly transports: Record<string, unknown>[];
  readonly components: unknown[];
  readonly "realm_templates": readonly unknown[];
}

/** @param put adds the piece to what runs and says where. @returns the whole with it. Rejects with a `Refusal`. */
export async function checked(worker: RouterWorker, put: Change): Promise<RouterConfig> {
  const draft = draftOf(worker);
  const place = put(draft);
  const { modulepath, pythonpath } = worker.parts.moduleOptions;
  const options = { "modulepath": modulepath, "pythonpath": pythonpath };
  const config = await checkedWorker({ "type": "router", options, ...draft }, place, worker.parts);
  return config.type === "router" ? config : unreadable();
}

/** A component of a container, beside those that it runs. */
export async function checkedComponent(
  { directory, env, config }: ContainerJob,
  piece: Readonly<Record<string, unknown>>,
): Promise<ContainerComponentConfig> {
  const whole = { ...config, "components": [piece] };
  const container = await checkedWorker(whole, ["components", 0], { directory, env });
  const component = container.type === "container" ? container.components[0] : undefined;
  return component ?? unreadable();
}

/** @param place of the piece within it. */
export async function checkedWorker(
  worker: Readonly<Record<string, unknown>>,
  within: Path,
  { directory, env }: { readonly directory: string; readonly env: Environment },
): Promise<WorkerConfig> {
  const place = ["workers", 0, ...within];
  const whole = { "version": 2, "workers": [worker] };
  const { config, problems } = examined(whole, env);
  problems.push(...await fileProblems(whole, directory));
  // Of the rest everything was checked before.
  const ours = problems.filter(({ path }) => place.every((key, i) => path[i] === key));
  const checked = config?.workers[0];
  if (ours.length === 0 && checked !== undefined) return checked;
  const all = (ours.length > 0 ? ours : problems).map((one) => textOf(one, place.length));
  throw new Refusal(
    INVALID_CONFIGURATION,
    `Cannot use the configuration: ${all.join("; ")}`,
  );
}

/** A role or link of a realm that runs. @returns the realm with it, as its last. */
export async function checkedRealm(
  worker: RouterWorker,
  realmId: string,
  key: "roles" | "rlinks",
  piece: Readonly<Record<string, unknown>>,
): Promise<RealmConfig> {
  const at = [...worker.realms.keys()].indexOf(realmId);
  const { realms } = await checked(worker, (draft) => {
    const list: unknown = draft.realms[at]?.[key];
    return ["realms", at, key, Array.isArray(list) ? list.push(piece) - 1 : 0];
  });
  const realm = realms[at];
  if (realm !== undefined) return realm;
  return unreadable();
}

/** It was checked and is not there. */
export function unreadable(): never {
  throw new Refusal(CANNOT_START, "Cannot start it: what it belongs to was stopped meanwhile");
}

/** Paths begin where the piece does. */
function textOf(problem: Problem, depth: number): string {
  return formatProblem({ ...problem, path: problem.path.slice(depth) });
}

function draftOf(worker: RouterWorker): Draft {
  return {
    realms: [...worker.realms.values()].map(({ id, config, roles, links }) => ({
      ...config,
      id,
      "roles": [...roles.values()].map((role) => ({ ...role.config, "id": role.id })),
      "rlinks": [...links.values()].map((link) => ({ ...link.config, "id": link.id })),
    })),
    transports: [...worker.transports.values()].map(({ id, config }) => ({ ...config, id })),
    components: [],
    "realm_templates": worker.templates?.configs ?? [],
  };
}
