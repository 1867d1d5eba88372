/** Components whose realm or role is not there, or whose modules are not. Works on the raw value, as `checks.ts` and `files.ts` do. */
import { resolve } from "node:path";
import { userFile, userReference } from "../user_module.ts";
import type { Problem } from "./problems.ts";
import { MANAGEMENT_REALM } from "./schema_management.ts";
import { type Found, select } from "./select.ts";
import type { Path } from "./source.ts";

/** Router components join realms of their own worker. @param worker a worker, whatever its type. */
export function componentProblems(worker: Found): Problem[] {
  if (select(worker.value, ["type"])[0]?.value !== "router") return [];
  const realms = select(worker.value, ["realms", "*"]);
  const names = realms.flatMap(({ value }) => select(value, ["name"])).map(({ value }) => value);
  return select(worker.value, ["components", "*"], worker.path).flatMap(({ path, value }) => {
    const realm = select(value, ["realm"], path)[0];
    if (typeof realm?.value !== "string" || realm.value === MANAGEMENT_REALM) return [];
    const at = names.indexOf(realm.value);
    if (at < 0) {
      const text = `found "${realm.value}", expected a realm of this worker: ${names.join(", ")}`;
      return [{ path: realm.path, text }];
    }
    const roles = select(realms[at]?.value, ["roles", "*", "name"]).map(({ value }) => value);
    const role = select(value, ["role"], path)[0] ?? { path, value: "anonymous" };
    if (typeof role.value !== "string" || roles.includes(role.value)) return [];
    const text = `found the role "${role.value}", expected a role of the realm: ${
      roles.join(", ")
    }`;
    return [{ path: role.path, text }];
  });
}

const REFERENCES: readonly Path[] = [
  ["classname"],
  ["callbacks", "connect"],
  ["callbacks", "join"],
  ["callbacks", "leave"],
  ["callbacks", "disconnect"],
];

/** Modules that are not there. Whether they hold what is named is seen when the component starts. */
export async function componentModuleProblems(
  config: unknown,
  directory: string,
): Promise<Problem[]> {
  const wanted = select(config, ["workers", "*"]).flatMap((worker) => {
    const paths = ["modulepath", "pythonpath"]
      .flatMap((key) => select(worker.value, ["options", key, "*"]))
      .flatMap(({ value }) => typeof value === "string" ? [resolve(directory, value)] : []);
    return select(worker.value, ["components", "*"], worker.path)
      .flatMap(({ path, value }) => REFERENCES.flatMap((key) => select(value, key, path)))
      .map((found) => moduleProblem(found, directory, paths));
  });
  return (await Promise.all(wanted)).filter((problem) => problem !== undefined);
}

async function moduleProblem(
  { path, value }: Found,
  directory: string,
  paths: readonly string[],
): Promise<Problem | undefined> {
  if (typeof value !== "string") return undefined;
  const reference = userReference(value);
  if (reference === undefined) {
    return {
      path,
      text: `found "${value}", expected "folder.file.Name" or "./folder/file.ts:Name"`,
    };
  }
  if (await userFile(reference, directory, paths) !== undefined) return undefined;
  const places = [...paths, directory].join(", ");
  return { path, text: `found no module "${reference.file}" in ${places}, expected one` };
}
