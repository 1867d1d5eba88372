/** Which directory is the node's, and which file in it the configuration: the rules of `--cbdir` and `--config`. */
import { access, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "./checks.ts";
import { ConfigError } from "./problems.ts";

/** Looked for in the working directory, in this order: Crossbar.io's, which the default is, then ours. */
export const NODE_DIRECTORIES = [".crossbar", ".realmway"] as const;
/** The one that `init` makes. */
export const OWN_DIRECTORY = ".realmway";
export const CONFIG_FILES = ["config.json", "config.yaml", "config.yml"] as const;

export interface Located {
  /** Absolute. Paths of the configuration are relative to it. */
  readonly directory: string;
  /** Absolute. */
  readonly file: string;
  /** Another configuration that would have been taken without this one. */
  readonly passedOver?: string;
}

export interface Wanted {
  /** `--cbdir`. Default: REALMWAY_DIR, CROSSBAR_DIR, or a node directory in `cwd`. */
  readonly cbdir?: string | undefined;
  /** `--config`, relative to the node directory; when that is not given, first to `cwd`. */
  readonly config?: string | undefined;
}

/** Finds the configuration. Throws `ConfigError` when there is none. */
export async function locateNode(wanted: Wanted, env: Environment, cwd: string): Promise<Located> {
  const named = wanted.cbdir ?? (env["REALMWAY_DIR"] || env["CROSSBAR_DIR"] || undefined);
  const directories = (named === undefined ? NODE_DIRECTORIES : [named])
    .map((directory) => resolve(cwd, directory));
  await refuseFile(named, cwd);
  const files = wanted.config === undefined ? CONFIG_FILES : [wanted.config];
  const places = directories.flatMap((directory) =>
    files.map((name) => ({ directory, file: resolve(directory, name) }))
  );
  if (named === undefined && wanted.config !== undefined) {
    const file = resolve(cwd, wanted.config);
    places.unshift({ directory: dirname(file), file });
  }
  const [found, ...others] = await existing(places);
  if (found !== undefined) {
    const other = others.find(({ directory }) => directory !== found.directory);
    const isChosen = wanted.config !== undefined;
    return isChosen || other === undefined ? found : { ...found, passedOver: other.file };
  }
  const tried = [...new Set(places.map(({ file }) => file))].join(" or ");
  throw new ConfigError("the node directory", [{
    path: [],
    text: `found no configuration, expected ${tried}; "realmway init" makes one`,
  }]);
}

/** Where a directory is wanted, people name the configuration. */
async function refuseFile(named: string | undefined, cwd: string): Promise<void> {
  if (named === undefined) return;
  const path = resolve(cwd, named);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return;
  throw new ConfigError("the node directory", [{
    path: [],
    text: `found a file at ${path}, expected a directory; name a file with --config`,
  }]);
}

/** The first of the usual files in the first of `directories` that has one. */
export async function findConfig(directories: readonly string[]): Promise<Located | undefined> {
  const places = directories.flatMap((directory) =>
    CONFIG_FILES.map((name) => ({ directory, file: join(directory, name) }))
  );
  return (await existing(places))[0];
}

async function existing(places: readonly Located[]): Promise<Located[]> {
  const found = await Promise.all(places.map(({ file }) => exists(file)));
  return places.filter((_, i) => found[i]);
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    // Anything else (such as missing rights) is told better when the file is read.
    return true;
  }
}
