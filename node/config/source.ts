/**
 * A configuration file's text and what stands where in it, so that every problem can name its line.
 * JSON (with comments, as editors allow them) is read by `json.ts`; YAML by the package, which is loaded only when needed.
 */
import { readJson } from "./json.ts";

/** Keys and list indexes from the root to a value. */
export type Path = readonly PropertyKey[];

/** Counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** Where it is not the file that was asked for but one that it includes. */
  readonly file?: string;
}

export interface Source {
  readonly value: unknown;
  /** Where the key (or list item) at `path` begins, or the nearest one around it. */
  position(path: Path): Position | undefined;
  /** Mistakes of the text itself. `value` is of no use when there are any. */
  readonly mistakes: readonly { readonly text: string; readonly position: Position }[];
}

/** Reads `text`; a name ending in `.yaml` or `.yml` makes it YAML, anything else JSON. */
export async function readSource(text: string, fileName: string): Promise<Source> {
  if (!/\.ya?ml$/i.test(fileName)) return readJson(text);
  const { readYaml } = await import("./yaml.ts");
  return readYaml(text);
}

/** A path as people write it: `workers[0].realms[1].allow-by-default`, `paths["/"]`. */
export function formatPath(path: Path): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\w$-]+$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}
