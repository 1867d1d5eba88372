/**
 * The only place that loads code of users: what a configuration names, `./folder/file.ts:name`, or `folder.file.name` as Python
 * would write it, both from the node directory, the latter also from folders where modules are searched.
 */
import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runtimeName } from "../transports/runtime/runtime.ts";
import { StartError } from "./start_error.ts";

const SUFFIXES = [".ts", ".mts", ".js", ".mjs"] as const;

export interface UserReference {
  /** Without a suffix where the reference has none. */
  readonly file: string;
  readonly name: string;
}

/** Undefined when `text` is no reference. */
export function userReference(text: string): UserReference | undefined {
  const colon = text.lastIndexOf(":");
  const [file, name] = colon > 0 ? [text.slice(0, colon), text.slice(colon + 1)] : dotted(text);
  return file === "" || !/^[A-Za-z_$][\w$]*$/.test(name) ? undefined : { file, name };
}

function dotted(text: string): [string, string] {
  const components = text.split(".");
  const isPlain = components.length > 1 && components.every((one) => /^[\w$-]+$/.test(one));
  return isPlain ? [components.slice(0, -1).join("/"), components.at(-1) ?? ""] : ["", ""];
}

/**
 * The file of a reference; undefined when there is none.
 * @param paths folders where a dotted name is searched before the node directory, absolute.
 */
export async function userFile(
  { file }: UserReference,
  directory: string,
  paths: readonly string[] = [],
): Promise<string | undefined> {
  const isDotted = !/^\.{0,2}\//.test(file) && !isAbsolute(file) && !/\.[cm]?[jt]s$/.test(file);
  for (const folder of isDotted ? [...paths, directory] : [directory]) {
    const path = resolve(folder, file);
    for (const candidate of [path, ...SUFFIXES.map((suffix) => `${path}${suffix}`)]) {
      if (await isFile(candidate)) return candidate;
    }
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Rejects with StartError. @param directory the node directory. */
export async function userFunction(
  text: string,
  directory: string,
): Promise<(...args: readonly unknown[]) => unknown> {
  const found = await userValue(text, directory);
  if (typeof found === "function") return (...args) => Reflect.apply(found, undefined, args);
  throw new StartError(`Cannot load "${text}": found ${kindOf(found)}, expected a function`);
}

/** What a reference names; undefined when the module has no such export. Rejects with StartError. @param paths as of `userFile`. */
export async function userValue(
  text: string,
  directory: string,
  paths: readonly string[] = [],
): Promise<unknown> {
  const reference = userReference(text);
  const file = reference && await userFile(reference, directory, paths);
  if (reference === undefined || file === undefined) {
    const places = [...paths, directory].join(", ");
    throw new StartError(
      `Cannot load "${text}": found no such module in ${places}, expected a file such as ${
        reference?.file ?? "folder/file"
      }.ts`,
    );
  }
  await provideLibrary();
  let module: unknown;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot load "${text}": ${file} is faulty (${why})`, { cause });
  }
  return typeof module === "object" && module !== null
    ? Reflect.get(module, reference.name)
    : undefined;
}

/** What was found under a name, in words. */
export function kindOf(found: unknown): string {
  return found === undefined ? "nothing of that name" : `a ${typeof found} of that name`;
}

/** User modules that import "realmway" get this program's copy. Deno's import map sees to it there; Node takes the package's. */
async function provideLibrary(): Promise<void> {
  if (runtimeName !== "bun") return;
  const [{ provideModules }, library, node, router] = await Promise.all([
    import("../transports/runtime/bun.ts"),
    import("../mod.ts"),
    import("./mod.ts"),
    import("../router/mod.ts"),
  ]);
  provideModules({
    "realmway": library,
    "realmway/node": node,
    "realmway/router": router,
  });
}
