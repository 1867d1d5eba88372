/**
 * Files that a configuration takes in: `{"$include": "realms.yaml"}` stands for what that file holds, wherever a value may stand. Keys beside
 * `$include` are added to the object of the file, or take the place of its own; a list of the file in place of an item becomes items. Names
 * are relative to the file that includes. What stands where is remembered, so that problems name the file that they are in.
 */
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { Problem } from "./problems.ts";
import { type Path, type Position, readSource, type Source } from "./source.ts";

const INCLUDE = "$include";
/** Deeper is a mistake, or a riddle. */
const MAX_DEPTH = 16;

export interface Assembled {
  readonly value: unknown;
  /** With the file, where it is an included one. */
  position(path: Path): Position | undefined;
  /** Of the texts of all files, and of their inclusion. There is no value when there are any. */
  readonly mistakes: readonly Problem[];
}

/** Where a part of the result comes from. */
interface Origin {
  readonly source: Source;
  readonly file: string | undefined;
  /** In its own file. */
  readonly path: Path;
}

/** Reads a configuration file with all that it includes. Rejects when `path` itself cannot be read. */
export async function readAssembled(path: string): Promise<Assembled> {
  const source = await readSource(await readFile(path, "utf8"), path);
  const assembly = new Assembly(dirname(path));
  if (source.mistakes.length > 0) {
    assembly.mistakes.push(...source.mistakes.map((mistake) => ({ path: [], ...mistake })));
  }
  const from = { source, file: undefined, path: [] };
  const value = await assembly.copy(source.value, from, [], [path]);
  return {
    value,
    position: (place) => assembly.position(place),
    mistakes: assembly.mistakes,
  };
}

class Assembly {
  readonly mistakes: Problem[] = [];
  readonly #directory: string;
  readonly #origins = new Map<string, Origin>();

  /** @param directory of the first file, for the names of others in problems. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What `value` of `from` becomes at `place`. @param files that are being read, the innermost last. */
  async copy(
    value: unknown,
    from: Origin,
    place: Path,
    files: readonly string[],
  ): Promise<unknown> {
    this.#origins.set(JSON.stringify(place), from);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return await this.#list(value, from, place, files);
    if (Object.hasOwn(value, INCLUDE)) return await this.#included(value, from, place, files);
    return await this.#object(value, from, place, files);
  }

  async #object(
    value: object,
    from: Origin,
    place: Path,
    files: readonly string[],
  ): Promise<Record<string, unknown>> {
    const copy: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) {
      const origin = { ...from, path: [...from.path, key] };
      // Not `copy[key] =`: the key may be "__proto__".
      Object.defineProperty(copy, key, {
        value: await this.copy(child, origin, [...place, key], files),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return copy;
  }

  async #list(
    list: readonly unknown[],
    from: Origin,
    place: Path,
    files: readonly string[],
  ): Promise<unknown[]> {
    const copy: unknown[] = [];
    for (const [i, item] of list.entries()) {
      const origin = { ...from, path: [...from.path, i] };
      const isIncluding = typeof item === "object" && item !== null && Object.hasOwn(item, INCLUDE);
      const file = isIncluding ? await this.#file(item, origin, files) : undefined;
      if (file === undefined || !Array.isArray(file.value)) {
        copy.push(await this.copy(item, origin, [...place, copy.length], files));
        continue;
      }
      for (const [j, child] of file.value.entries()) {
        const inner = { ...file.from, path: [j] };
        copy.push(await this.copy(child, inner, [...place, copy.length], file.files));
      }
    }
    return copy;
  }

  async #included(
    value: object,
    from: Origin,
    place: Path,
    files: readonly string[],
  ): Promise<unknown> {
    const file = await this.#file(value, from, files);
    if (file === undefined) return undefined;
    const inner = await this.copy(file.value, file.from, place, file.files);
    const { [INCLUDE]: _, ...own } = Object.fromEntries(Object.entries(value));
    if (Object.keys(own).length === 0) return inner;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) {
      const text = `found keys beside "${INCLUDE}", expected an object in the file for them`;
      this.#mistake(text, from);
      return undefined;
    }
    return { ...inner, ...await this.#object(own, from, place, files) };
  }

  async #file(value: object, from: Origin, files: readonly string[]) {
    const name: unknown = Reflect.get(value, INCLUDE);
    const origin = { ...from, path: [...from.path, INCLUDE] };
    if (typeof name !== "string" || name === "") {
      return this.#mistake(`found no name, expected a file`, origin);
    }
    const file = resolve(dirname(files.at(-1) ?? ""), name);
    if (files.includes(file)) {
      return this.#mistake(`found "${name}", which includes itself, expected another file`, origin);
    }
    if (files.length > MAX_DEPTH) {
      return this.#mistake("files include each other too deeply", origin);
    }
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      return this.#mistake(`found "${name}", expected a file that can be read: ${why}`, origin);
    }
    const source = await readSource(text, file);
    const shown = relative(this.#directory, file);
    for (const { text, position } of source.mistakes) {
      this.mistakes.push({ path: [], text, position: { ...position, file: shown } });
    }
    if (source.mistakes.length > 0) return undefined;
    return {
      value: source.value,
      from: { source, file: shown, path: [] },
      files: [...files, file],
    };
  }

  #mistake(text: string, origin: Origin): undefined {
    const position = positionIn(origin, origin.path);
    this.mistakes.push({ path: origin.path, text, ...(position && { position }) });
  }

  position(place: Path): Position | undefined {
    for (let length = place.length; length >= 0; length--) {
      const origin = this.#origins.get(JSON.stringify(place.slice(0, length)));
      if (origin !== undefined) return positionIn(origin, [...origin.path, ...place.slice(length)]);
    }
    return undefined;
  }
}

function positionIn({ source, file }: Origin, path: Path): Position | undefined {
  const position = source.position(path);
  return position && (file === undefined ? position : { ...position, file });
}
