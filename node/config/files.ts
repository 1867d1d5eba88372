/**
 * The files and directories that a configuration names: whether they are there and can be used, before anything is started.
 * Works on the raw value, as `checks.ts` does, so that these problems are reported together with those of the schema.
 */
import { access, constants, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { authFiles, secretFileProblem, tokenKeyProblems } from "./auth_files.ts";
import { bridgeSecretFiles } from "./bridge_checks.ts";
import { componentModuleProblems } from "./component_checks.ts";
import { containerFiles } from "./container_checks.ts";
import { guestProblems } from "./guest_checks.ts";
import { linkFiles } from "./link_checks.ts";
import { allRealmSections, type Found, select } from "./select.ts";
import type { Problem } from "./problems.ts";
import { payloadSchemaProblems } from "./schema_checks.ts";
import { storeFolderProblems } from "./store_checks.ts";
import type { Path } from "./source.ts";
import { userFile, userReference } from "../user_module.ts";

/** What is missing, cannot be read or cannot be used. @param directory the node directory, to which paths are relative. */
export async function fileProblems(config: unknown, directory: string): Promise<Problem[]> {
  const transports = select(config, ["workers", "*", "transports", "*"]);
  const sections = transports.flatMap(({ path, value }) =>
    select(value, ["endpoint", "tls"], path)
  );
  const auth = authFiles(config);
  const links = linkFiles(config);
  const containers = containerFiles(config);
  const wanted = [
    ...[...auth.files, ...links.files, ...containers.files].flatMap((
      { path, value },
    ): WantedFile[] => typeof value === "string" ? [{ path, file: value, kind: "file" }] : []),
    ...sections.flatMap(tlsFiles),
    ...transports.flatMap(({ path, value }) => staticDirectories(value, path)),
  ];
  const problems = [
    ...await Promise.all(wanted.map((one) => problemOf(one, directory))),
    ...await tokenKeyProblems(config, directory),
    ...await storeFolderProblems(config, directory),
    ...await guestProblems(config, directory),
    ...await componentModuleProblems(config, directory),
    ...await payloadSchemaProblems(config, directory),
    ...await userModuleProblems([...authorizers(config), ...auth.modules], directory),
    ...await Promise.all(
      [
        ...auth.secrets,
        ...links.secrets,
        ...containers.secrets,
        ...bridgeSecretFiles(config),
      ].map((one) => secretFileProblem(one, directory)),
    ),
  ].filter((problem) => problem !== undefined);
  if (sections.length === 0) return problems;
  // Loaded only where there is TLS.
  const { tlsProblems } = await import("./tls_files.ts");
  const contents = await Promise.all(sections.map((tls) => tlsProblems(tls, directory)));
  return [...problems, ...contents.flat()];
}

function authorizers(config: unknown): Found[] {
  return allRealmSections(config).flatMap(({ value, path }) =>
    select(value, ["roles", "*", "authorizer", "create"], path)
  );
}

/** Functions whose file is not there. Whether it holds them is seen when the node starts. */
async function userModuleProblems(
  functions: readonly Found[],
  directory: string,
): Promise<Problem[]> {
  const problems = await Promise.all(
    functions.map(async ({ path, value }): Promise<Problem[]> => {
      if (typeof value !== "string") return [];
      const reference = userReference(value);
      if (reference === undefined) {
        const text = `found "${value}", expected "./file.ts:name" or "folder.file.name"`;
        return [{ path, text }];
      }
      if (await userFile(reference, directory) !== undefined) return [];
      const file = resolve(directory, reference.file);
      return [{ path, text: `found no file at ${file}, expected a module` }];
    }),
  );
  return problems.flat();
}

interface WantedFile {
  readonly path: Path;
  readonly file: string;
  readonly kind: "file" | "directory";
}

const TLS_FILES: readonly Path[] = [
  ["key"],
  ["certificate"],
  ["chain_certificates", "*"],
  ["ca_certificates", "*"],
];

function tlsFiles(tls: Found): WantedFile[] {
  return TLS_FILES.flatMap((key) => select(tls.value, key, tls.path)).flatMap(({ path, value }) =>
    typeof value === "string" && value !== "" ? [{ path, file: value, kind: "file" }] : []
  );
}

/** Keys and certificates of all endpoints. */
export function tlsFileNames(config: unknown): Found[] {
  return select(config, ["workers", "*", "transports", "*", "endpoint", "tls"])
    .flatMap((tls) => TLS_FILES.flatMap((key) => select(tls.value, key, tls.path)));
}

/** Of all `static` services, however deep they are nested. */
function staticDirectories(value: unknown, path: Path): WantedFile[] {
  if (typeof value !== "object" || value === null) return [];
  const isService = path.at(-2) === "paths";
  const directory: unknown = Reflect.get(value, "directory");
  if (isService && Reflect.get(value, "type") === "static" && typeof directory === "string") {
    return [{ path: [...path, "directory"], file: directory, kind: "directory" }];
  }
  return Object.entries(value).flatMap(([key, child]) =>
    // The value of a `json` service is the user's own.
    key === "value" && isService ? [] : staticDirectories(child, [...path, key])
  );
}

async function problemOf(wanted: WantedFile, directory: string): Promise<Problem | undefined> {
  const file = resolve(directory, wanted.file);
  try {
    const isDirectory = (await stat(file)).isDirectory();
    if (isDirectory !== (wanted.kind === "directory")) {
      const found = isDirectory ? "a directory" : "a file";
      return { path: wanted.path, text: `found ${found} at ${file}, expected a ${wanted.kind}` };
    }
    await access(file, constants.R_OK);
    if (isDirectory && await realpath(file) === await realpath(directory)) {
      const text = "found the node directory, which holds keys, expected one beside or below it";
      return { path: wanted.path, text };
    }
    return undefined;
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const reason = isMissing ? "nothing" : cause instanceof Error ? cause.message : String(cause);
    return {
      path: wanted.path,
      text: `found ${reason} at ${file}, expected a ${wanted.kind} that can be read`,
    };
  }
}
