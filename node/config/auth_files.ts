/** Files that `auth` names: secrets, keys of tokens, modules of authenticators. Part of `files.ts`, on the raw value. */
import { resolve } from "node:path";
import { readPrivateFile } from "../private_file.ts";
import { StartError } from "../start_error.ts";
import { authSections, entriesOf } from "./auth_checks.ts";
import type { Problem } from "./problems.ts";
import { SECRET_KEYS } from "./schema_auth.ts";
import { type Found, select } from "./select.ts";

export interface AuthFiles {
  /** Modules: `./file.ts:name`. */
  readonly modules: readonly Found[];
  /** Files that anybody may read. */
  readonly files: readonly Found[];
  /** Files that only their owner may. */
  readonly secrets: readonly Found[];
}

export function authFiles(config: unknown): AuthFiles {
  const methods = select(config, ["workers", "*", "transports", "*"]).flatMap(authSections)
    .flatMap(entriesOf);
  const at = (found: Found, ...keys: readonly string[]) => select(found.value, keys, found.path);
  const principals = methods.flatMap((method) =>
    ["principals", "users"].flatMap((key) => at(method, key)).flatMap(entriesOf)
  );
  return {
    modules: methods.flatMap((method) => at(method, "create")),
    files: [
      ...methods.flatMap((method) => at(method, "public_key", "file")),
      ...methods.flatMap((method) => at(method, "jwks")).filter(({ value }) =>
        typeof value === "string" && !/^https?:/.test(value)
      ),
    ],
    secrets: [...methods, ...principals].flatMap((one) =>
      SECRET_KEYS.flatMap((key) => at(one, key, "file"))
    ),
  };
}

/** Keys of tokens that no token could be checked with. Whether a file is there is told elsewhere. */
export async function tokenKeyProblems(config: unknown, directory: string): Promise<Problem[]> {
  const sections = select(config, ["workers", "*", "transports", "*"]).flatMap(authSections)
    .flatMap(({ value, path }) => select(value, ["jwt"], path));
  const sources = sections.flatMap(({ value, path }) => [
    ...select(value, ["jwks"], path),
    ...select(value, ["public_key"], path),
  ]);
  if (sources.length === 0) return [];
  // Loaded only where there are tokens.
  const { keyProblem } = await import("../jwt.ts");
  const problems = await Promise.all(sources.map(async ({ path, value }): Promise<Problem[]> => {
    const text = await keyProblem(value, directory);
    return text === undefined ? [] : [{ path, text }];
  }));
  return problems.flat();
}

/** What is wrong with a file that holds a secret. */
export async function secretFileProblem(
  { path, value }: Found,
  directory: string,
): Promise<Problem | undefined> {
  if (typeof value !== "string") return undefined;
  const file = resolve(directory, value);
  try {
    const contents = await readPrivateFile(file);
    if (!/^\r?\n?$/.test(new TextDecoder().decode(contents))) return undefined;
    return { path, text: `found nothing in ${file}, expected a secret` };
  } catch (cause) {
    if (cause instanceof StartError) return { path, text: cause.message };
    return { path, text: `cannot read ${file}, expected a file with a secret` };
  }
}
