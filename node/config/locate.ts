/** Which directory is the node's, and which file in it the configuration: the rules of `--cbdir` and `--config`. */
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Environment } from "./checks.ts";
import { ConfigError } from "./problems.ts";

/** Looked for in the working directory, in this order. */
export const NODE_DIRECTORIES = [".realmway", ".crossbar"] as const;
export const CONFIG_FILES = ["config.json", "config.yaml", "config.yml"] as const;

export interface Located {
  /** Absolute. Paths of the configuration are relative to it. */
  readonly directory: string;
  /** Absolute. */
  readonly file: string;
}

export interface Wanted {
  /** `--cbdir`. Default: REALMWAY_DIR, CROSSBAR_DIR, or a node directory in `cwd`. */
  readonly cbdir?: string | undefined;
  /** `--config`, relative to the node directory. */
  readonly config?: string | undefined;
}

/** Finds the configuration. Throws `ConfigError` when there is none. */
export async function locateNode(wanted: Wanted, env: Environment, cwd: string): Promise<Located> {
  const named = wanted.cbdir ?? env["REALMWAY_DIR"] ?? env["CROSSBAR_DIR"];
  const directories = (named === undefined ? NODE_DIRECTORIES : [named])
    .map((directory) => resolve(cwd, directory));
  const files = wanted.config === undefined ? CONFIG_FILES : [wanted.config];
  const found = await findConfig(directories, files);
  if (found !== undefined) return found;
  const places = directories.flatMap((directory) => files.map((name) => join(directory, name)));
  throw new ConfigError("the node directory", [{
    path: [],
    text: `found no configuration, expected ${places.join(" or ")}; "realmway init" makes one`,
  }]);
}

/** The first of `files` in the first of `directories` that has one. */
export async function findConfig(
  directories: readonly string[],
  files: readonly string[] = CONFIG_FILES,
): Promise<Located | undefined> {
  for (const directory of directories) {
    for (const name of files) {
      const file = resolve(directory, name);
      if (await exists(file)) return { directory, file };
    }
  }
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return false;
    // Anything else (such as missing rights) is told better when the file is read.
    return true;
  }
}
