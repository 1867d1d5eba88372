/** Finds values in a configuration whose shape nobody has checked yet. Used by the checks of what one value says about another. */
import type { Path } from "./source.ts";

export interface Found {
  readonly path: Path;
  readonly value: unknown;
}

/** What stands at `pattern`, in which "*" is every item of a list; nothing where the shape is another. */
export function select(root: unknown, pattern: Path, at: Path = []): Found[] {
  const [key, ...rest] = pattern;
  if (key === undefined) return [{ path: at, value: root }];
  if (key === "*") {
    if (!Array.isArray(root)) return [];
    return root.flatMap((item, i) => select(item, rest, [...at, i]));
  }
  if (typeof root !== "object" || root === null || !Object.hasOwn(root, key)) return [];
  return select(Reflect.get(root, key), rest, [...at, key]);
}

/** Of a router worker: its realms, and the templates of those that come. */
export function realmSections({ value, path }: Found): Found[] {
  return ["realms", "realm_templates"].flatMap((key) => select(value, [key, "*"], path));
}

/** Of all router workers. */
export function allRealmSections(config: unknown): Found[] {
  return select(config, ["workers", "*"]).flatMap(realmSections);
}
