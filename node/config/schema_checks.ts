/**
 * The JSON Schemas of payloads that a configuration has: whether they are schemas, and whether names lead to one. Works on the raw value,
 * as `checks.ts` does. The validator is loaded only where there are some.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Problem } from "./problems.ts";
import { allRealmSections, type Found, select } from "./select.ts";
import type { Path } from "./source.ts";

const VALIDATE: Path = ["roles", "*", "permissions", "*", "validate"];

/** @param directory the node directory, to which files are relative. */
export async function payloadSchemaProblems(
  config: unknown,
  directory: string,
): Promise<Problem[]> {
  const problems = await Promise.all(
    allRealmSections(config).map((realm) => problemsOfRealm(realm, directory)),
  );
  return problems.flat();
}

async function problemsOfRealm(realm: Found, directory: string): Promise<Problem[]> {
  const named = select(realm.value, ["schemas"], realm.path).flatMap(members);
  const used = select(realm.value, VALIDATE, realm.path).flatMap(members);
  if (named.length + used.length === 0) return [];
  const { schemaProblems } = await import("../json_schema.ts");
  const within = ({ path, value }: Found) =>
    schemaProblems(value).map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
  const files = await Promise.all(named.map(async (found): Promise<Problem[]> => {
    const { path, value } = found;
    if (typeof value !== "string") return within(found);
    const read = await schemaFile(value, directory);
    if ("problem" in read) return [{ path, text: read.problem }];
    return schemaProblems(read.schema).map(({ path: place, text }) => ({
      path,
      text: `found "${value}" with a problem at /${place.join("/")}: ${text}`,
    }));
  }));
  const names = named.map(({ path }) => String(path.at(-1)));
  const uses = used.flatMap((found): Problem[] => {
    const { path, value } = found;
    if (typeof value !== "string") return within(found);
    if (names.includes(value)) return [];
    const expected = names.length === 0 ? "has none" : `has ${names.join(", ")}`;
    const text =
      `found "${value}", expected the name of one of the realm's schemas, which ${expected}`;
    return [{ path, text }];
  });
  return [...files.flat(), ...uses];
}

/** The schema that a file holds. */
export async function schemaFile(
  name: string,
  directory: string,
): Promise<{ readonly schema: unknown } | { readonly problem: string }> {
  const file = resolve(directory, name);
  try {
    const schema: unknown = JSON.parse(await readFile(file, "utf8"));
    return { schema };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { problem: `found "${name}", which cannot be read (${why}), expected a JSON file` };
  }
}

function members({ path, value }: Found): Found[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).map(([key, one]) => ({ path: [...path, key], value: one }));
}
