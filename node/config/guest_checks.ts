/** Guests whose program or working directory is not there, before anything is started. Works on the raw value, as `files.ts` does. */
import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Problem } from "./problems.ts";
import { type Found, select } from "./select.ts";

/** @param directory the node directory. */
export async function guestProblems(config: unknown, directory: string): Promise<Problem[]> {
  const guests = select(config, ["workers", "*"]).filter(({ value }) =>
    select(value, ["type"])[0]?.value === "guest"
  );
  const problems = await Promise.all(guests.flatMap(({ path, value }) => [
    ...select(value, ["executable"], path).map((found) => executableProblem(found, directory)),
    ...select(value, ["options", "workdir"], path).map((found) => workdirProblem(found, directory)),
  ]));
  return problems.filter((problem) => problem !== undefined);
}

/** Names without a slash are looked for in the PATH of the process, which is known only then. */
async function executableProblem(
  { path, value }: Found,
  directory: string,
): Promise<Problem | undefined> {
  if (typeof value !== "string" || !value.includes("/")) return undefined;
  const file = resolve(directory, value);
  try {
    await access(file, constants.X_OK);
    if ((await stat(file)).isFile()) return undefined;
    return { path, text: `found a directory at ${file}, expected a program` };
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const found = isMissing ? "nothing" : "a file that may not be run";
    return { path, text: `found ${found} at ${file}, expected a program` };
  }
}

async function workdirProblem(
  { path, value }: Found,
  directory: string,
): Promise<Problem | undefined> {
  if (typeof value !== "string") return undefined;
  const place = resolve(directory, value);
  const isDirectory = await stat(place).then((found) => found.isDirectory(), () => false);
  if (isDirectory) return undefined;
  return { path, text: `found no directory at ${place}, expected one` };
}
