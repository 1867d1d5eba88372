/**
 * Digests of the files that a configuration names and that are read when it is put into effect: secrets, keys of tokens, JSON Schemas,
 * certificates. With them a file that has changed is a change, although the configuration is the same. Modules of users are not
 * among them: no runtime loads a module anew.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { authFiles } from "../config/auth_files.ts";
import { bridgeSecretFiles } from "../config/bridge_checks.ts";
import { containerFiles } from "../config/container_checks.ts";
import { tlsFileNames } from "../config/files.ts";
import { linkFiles } from "../config/link_checks.ts";
import type { NodeConfig } from "../config/schema.ts";
import { allRealmSections, type Found, select } from "../config/select.ts";
import type { Path } from "../config/source.ts";
import { managementRealm } from "../management/realm.ts";

/** Where the management realm stands. */
export const MANAGEMENT: Path = ["controller", "management"];

/** Of each file, by the place that names it. */
export type Contents = readonly { readonly path: Path; readonly digest: string }[];

/** @param directory the node directory. A file that cannot be read has no digest: it is complained of elsewhere. */
export async function contentsOf(config: NodeConfig, directory: string): Promise<Contents> {
  // The management realm is reached as a worker's are.
  const { workers: own, controller: { management } } = config;
  const workers = management === undefined ? own : [...own, managementRealm(management)];
  const digests = await Promise.all(
    filesOf({ workers }).map(async ({ path, value }) => {
      if (typeof value !== "string") return [];
      const bytes = await readFile(resolve(directory, value)).catch(() => undefined);
      if (bytes === undefined) return [];
      const isManagement = path[1] === own.length;
      const place = isManagement ? [...MANAGEMENT, ...path.slice(2)] : path;
      return [{ path: place, digest: digestOf(bytes) }];
    }),
  );
  return digests.flat();
}

function filesOf(config: unknown): Found[] {
  const auth = authFiles(config);
  const links = linkFiles(config);
  const containers = containerFiles(config);
  const schemas = allRealmSections(config).flatMap(({ value, path }) =>
    select(value, ["schemas"], path)
  );
  return [
    ...auth.files,
    ...auth.secrets,
    ...links.files,
    ...links.secrets,
    ...containers.files,
    ...containers.secrets,
    ...bridgeSecretFiles(config),
    ...tlsFileNames(config),
    ...schemas.flatMap(({ value, path }) =>
      Object.entries(value ?? {}).map(([name, one]): Found => ({
        path: [...path, name],
        value: one,
      }))
    ),
  ];
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/** Those that a piece names, by their place in it. */
export function below(contents: Contents, place: Path): readonly unknown[] {
  return contents.filter(({ path }) => place.every((key, i) => path[i] === key))
    .map(({ path, digest }) => [path.slice(place.length), digest]);
}
