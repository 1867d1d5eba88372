/**
 * The only place that loads code of users: a function that a configuration names, `./folder/file.ts:name`, or `folder.file.name` as Python
 * would write it, both from the node directory.
 */
import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
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

/** The file of a reference; undefined when there is none. */
export async function userFile(
  { file }: UserReference,
  directory: string,
): Promise<string | undefined> {
  const path = isAbsolute(file) ? file : resolve(directory, file);
  for (const candidate of [path, ...SUFFIXES.map((suffix) => `${path}${suffix}`)]) {
    if (await isFile(candidate)) return candidate;
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
  const reference = userReference(text);
  const file = reference && await userFile(reference, directory);
  if (reference === undefined || file === undefined) {
    throw new StartError(`Cannot load "${text}": found no such file below ${directory}`);
  }
  let module: unknown;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot load "${text}": ${why}`, { cause });
  }
  const found: unknown = typeof module === "object" && module !== null
    ? Reflect.get(module, reference.name)
    : undefined;
  if (typeof found === "function") return (...args) => Reflect.apply(found, undefined, args);
  const what = found === undefined ? "nothing" : `a ${typeof found}`;
  throw new StartError(`Cannot load "${text}": found ${what} of that name, expected a function`);
}
