/** What the stores of a router's realms say about each other and about the disk: histories named twice, files that two realms claim. */
import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isPattern } from "../../wamp/uri.ts";
import type { Problem } from "./problems.ts";
import { type Found, realmSections, select } from "./select.ts";
import { formatPath, type Path } from "./source.ts";
import { storeFile } from "../stores.ts";

/** Of one worker. Works on the raw value, as `checks.ts` does. */
export function storeProblems(worker: Found): Problem[] {
  const stores = realmSections(worker).flatMap(({ value, path }) => select(value, ["store"], path));
  return [
    ...stores.flatMap((store) => patternProblems(store, "event-history")),
    ...stores.flatMap((store) => patternProblems(store, "call-queue")),
    ...fileClaims(worker),
  ];
}

/** Of a list of topics or procedures: each once, and such as can be. */
function patternProblems(store: Found, key: string): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, Path>();
  for (const one of select(store.value, [key, "*"], store.path)) {
    const uri = select(one.value, ["uri"], one.path)[0];
    const match = select(one.value, ["match"], one.path)[0]?.value ?? "exact";
    if (typeof uri?.value !== "string") continue;
    if (match !== "exact" && match !== "prefix" && match !== "wildcard") continue;
    const first = seen.get(`${match} ${uri.value}`);
    if (!isPattern(uri.value, match, "loose")) {
      const text = `found ${JSON.stringify(uri.value)}, expected a URI fit for match "${match}"`;
      problems.push({ path: uri.path, text });
    } else if (first !== undefined) {
      const text = `found the URI of ${formatPath(first)} again, expected each once`;
      problems.push({ path: uri.path, text });
    } else seen.set(`${match} ${uri.value}`, one.path);
  }
  return problems;
}

function fileClaims(worker: Found): Problem[] {
  const claimed = new Map<string, Path>();
  const problems: Problem[] = [];
  for (const { value, path } of claims(worker)) {
    // Whatever the node directory is.
    const file = resolve("/", value);
    const first = claimed.get(file);
    if (first === undefined) claimed.set(file, path);
    else {
      const text = `found "${value}", which is taken by ${
        formatPath(first)
      }, expected a file of its own`;
      problems.push({ path, text });
    }
  }
  return problems;
}

/** The file of each realm that has one, named or not, with the path of what says so. */
function claims(worker: Found): readonly { readonly value: string; readonly path: Path }[] {
  return select(worker.value, ["realms", "*"], worker.path).flatMap((realm) => {
    const [name, store, type, path] = [["name"], ["store"], ["store", "type"], ["store", "path"]]
      .map((key) => select(realm.value, key, realm.path)[0]);
    if (typeof path?.value === "string") return [{ value: path.value, path: path.path }];
    if (store === undefined || type?.value !== "sqlite" || typeof name?.value !== "string") {
      return [];
    }
    return [{ value: storeFile(name.value, undefined), path: store.path }];
  });
}

/** Folders of stores that are not there, or in which no file can be made: a fault of the configuration, not of the disk. */
export async function storeFolderProblems(config: unknown, directory: string): Promise<Problem[]> {
  const paths = select(config, ["workers", "*", "realms", "*", "store", "path"]);
  const problems = await Promise.all(paths.map(async ({ path, value }): Promise<Problem[]> => {
    if (typeof value !== "string" || value === "") return [];
    const file = resolve(directory, value);
    const folder = dirname(file);
    try {
      await access(folder, constants.W_OK);
      const isFolder = await stat(file).then((found) => found.isDirectory(), () => false);
      if (!isFolder) return [];
      return [{ path, text: `found a directory at ${file}, expected a file, or nothing` }];
    } catch (cause) {
      const found = cause instanceof Error ? cause.message : String(cause);
      return [{ path, text: `found ${found}, expected a folder that can be written to` }];
    }
  }));
  return problems.flat();
}
