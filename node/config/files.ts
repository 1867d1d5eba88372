/** The files and directories that a configuration names: whether they are there, before anything is started. */
import { access, constants, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Problem } from "./problems.ts";
import type { NodeConfig, TransportConfig } from "./schema.ts";
import type { TlsConfig } from "./schema_endpoint.ts";
import type { WebPathsConfig } from "./schema_web.ts";
import type { Path } from "./source.ts";

/** What is missing or cannot be read. @param directory the node directory, to which paths are relative. */
export async function fileProblems(config: NodeConfig, directory: string): Promise<Problem[]> {
  const problems = await Promise.all(
    config.workers.flatMap((worker, w) =>
      worker.transports.flatMap((transport, t) =>
        wantedFiles(transport, ["workers", w, "transports", t])
      )
    ).map((wanted) => problemOf(wanted, directory)),
  );
  return problems.filter((problem) => problem !== undefined);
}

interface WantedFile {
  readonly path: Path;
  readonly file: string;
  readonly kind: "file" | "directory";
}

function wantedFiles(transport: TransportConfig, path: Path): WantedFile[] {
  const { endpoint } = transport;
  const tls = endpoint.type === "tcp" && endpoint.tls !== undefined
    ? tlsFiles(endpoint.tls, [...path, "endpoint", "tls"])
    : [];
  if (transport.type === "web") return [...tls, ...webFiles(transport.paths, [...path, "paths"])];
  if (transport.type === "universal" && transport.web !== undefined) {
    return [...tls, ...webFiles(transport.web.paths, [...path, "web", "paths"])];
  }
  return tls;
}

function tlsFiles(tls: TlsConfig, path: Path): WantedFile[] {
  const one = (key: string, file: string): WantedFile => ({
    path: [...path, key],
    file,
    kind: "file",
  });
  const many = (key: string, files: readonly string[] = []): WantedFile[] =>
    files.map((file, i) => ({ path: [...path, key, i], file, kind: "file" }));
  return [
    one("key", tls.key),
    one("certificate", tls.certificate),
    ...many("chain_certificates", tls.chain_certificates),
    ...many("ca_certificates", tls.ca_certificates),
  ];
}

function webFiles(paths: WebPathsConfig, path: Path): WantedFile[] {
  return Object.entries(paths).flatMap(([name, service]): WantedFile[] => {
    const at = [...path, name];
    if (service.type === "path") return webFiles(service.paths, [...at, "paths"]);
    if (service.type !== "static") return [];
    return [{ path: [...at, "directory"], file: service.directory, kind: "directory" }];
  });
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
