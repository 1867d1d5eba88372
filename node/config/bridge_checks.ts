/** What services of the HTTP bridge say about the rest of a configuration. Part of `checks.ts` and `files.ts`, on the raw value. */
import { entriesOf } from "./auth_checks.ts";
import { type Environment, unsetProblems } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { type Found, select } from "./select.ts";

const BRIDGES: readonly unknown[] = ["publisher", "caller", "webhook"];

/** Roles and realms that are not there, and secrets whose variable is not set. */
export function bridgeProblems(worker: Found, env: Environment): Problem[] {
  return bridgesIn(worker).flatMap((service) => [
    ...seatProblems(service, worker),
    ...bridgeSecrets(service).flatMap((secret) => unsetProblems(secret, env)),
  ]);
}

/** Secrets of all bridges of a configuration that stand in files. */
export function bridgeSecretFiles(config: unknown): Found[] {
  return select(config, ["workers", "*"]).flatMap(bridgesIn).flatMap(bridgeSecrets)
    .flatMap(({ value, path }) => select(value, ["file"], path));
}

function bridgeSecrets({ value, path }: Found): Found[] {
  return ["secret", "github_secret"].flatMap((key) => select(value, ["options", key], path));
}

function bridgesIn(worker: Found): Found[] {
  return select(worker.value, ["transports", "*"], worker.path).flatMap(servicesIn)
    .filter(({ value }) => BRIDGES.includes(select(value, ["type"])[0]?.value));
}

/** All web services, however deep they are nested. */
function servicesIn(holder: Found): Found[] {
  return entriesOf(holder).flatMap((entry) => {
    const key = entry.path.at(-1);
    if (key === "web") return servicesIn(entry);
    if (key !== "paths") return [];
    return entriesOf(entry).flatMap((service) => [service, ...servicesIn(service)]);
  });
}

/** Its session could never join. */
function seatProblems(service: Found, worker: Found): Problem[] {
  const [realm] = select(service.value, ["realm"], service.path);
  const [role] = select(service.value, ["role"], service.path);
  if (typeof realm?.value !== "string") return [];
  const realms = select(worker.value, ["realms", "*"], worker.path);
  const found = realms.find(({ value }) => select(value, ["name"])[0]?.value === realm.value);
  if (found === undefined) {
    const names = realms.flatMap(({ value }) => select(value, ["name"])).map(({ value }) => value);
    return [missing(realm, "a realm of this worker", names)];
  }
  const roles = select(found.value, ["roles", "*", "name"]).map(({ value }) => value);
  if (typeof role?.value !== "string" || roles.includes(role.value)) return [];
  return [missing(role, "a role of that realm", roles)];
}

function missing({ path, value }: Found, what: string, known: readonly unknown[]): Problem {
  const list = known.length === 0 ? "but there is none" : known.join(", ");
  return { path, text: `found "${String(value)}", expected ${what}: ${list}` };
}
