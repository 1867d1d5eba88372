/** What router links say about the rest of a configuration: secrets and files that they name. On the raw value, as `checks.ts` and `files.ts`. */
import { type Environment, unsetProblems, variableIn } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { type Found, select } from "./select.ts";

const LINKS = ["realms", "*", "rlinks", "*"] as const;
const SECRETS: readonly (readonly [method: string, key: string])[] = [
  ["ticket", "ticket"],
  ["wampcra", "secret"],
  ["scram", "password"],
  ["cryptosign", "privkey"],
  ["jwt", "token"],
];
const TLS_FILES = [["ca_certificates", "*"], ["certificate"], ["key"]];

/** @param worker a router worker. */
export function linkProblems(worker: Found, env: Environment): Problem[] {
  return [
    ...select(worker.value, ["realms", "*"], worker.path).flatMap(silentRealm),
    ...select(worker.value, LINKS, worker.path).flatMap((link) => connectionProblems(link, env)),
  ];
}

/** Of what connects to a router: a link, or a component of a container. */
export function connectionProblems(connecting: Found, env: Environment): Problem[] {
  return [
    ...keyProblems(connecting, env),
    ...secretsOf(connecting).flatMap((secret) => unsetProblems(secret, env)),
  ];
}

/** One that cannot be a key would be found out by each attempt to connect. */
function keyProblems({ value, path }: Found, env: Environment): Problem[] {
  return select(value, ["authentication", "cryptosign", "privkey"], path).flatMap((found) => {
    if (typeof found.value !== "string" || found.value === "") return [];
    const variable = variableIn(found.value);
    const key = variable === undefined ? found.value : env[variable];
    if (!key || /^([0-9a-fA-F]{64}){1,2}$/.test(key)) return [];
    return [{ path: found.path, text: "found a string, expected 64 hexadecimal digits" }];
  });
}

/** Files with secrets, and files of TLS. */
export function linkFiles(config: unknown): { secrets: Found[]; files: Found[] } {
  return connectionFiles(select(config, ["workers", "*", ...LINKS]));
}

/** Those of what connects to routers. */
export function connectionFiles(all: readonly Found[]): { secrets: Found[]; files: Found[] } {
  return {
    secrets: all.flatMap(secretsOf).flatMap(({ value, path }) => select(value, ["file"], path)),
    files: all.flatMap(({ value, path }) =>
      TLS_FILES.flatMap((key) => select(value, ["transport", "endpoint", "tls", ...key], path))
    ),
  };
}

function secretsOf({ value, path }: Found): Found[] {
  return SECRETS.flatMap(([method, key]) => select(value, ["authentication", method, key], path));
}

/** A link learns from the meta API what there is to forward. */
function silentRealm({ value, path }: Found): Problem[] {
  const isSilent = select(value, ["options", "enable_meta_api"])[0]?.value === false;
  const links = select(value, ["rlinks", "*"]);
  if (!isSilent || links.length === 0) return [];
  const text = 'found links in a realm without meta API, expected "enable_meta_api" to be true';
  return [{ path: [...path, "rlinks"], text }];
}
