/** `realmway init`: a node directory to start from. Never overwrites: what is there stays, and the command says so. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { findConfig, NODE_DIRECTORIES, OWN_DIRECTORY } from "../config/locate.ts";
import { StartError } from "../start_error.ts";
import { commentedConfig } from "./template.ts";
import { print, styled } from "./output.ts";

export interface InitOptions {
  readonly appdir: string;
  readonly port: number;
}

export async function init(options: InitOptions): Promise<number> {
  // A .crossbar directory counts too: ours beside it would not be used.
  const places = NODE_DIRECTORIES.map((name) => resolve(options.appdir, name));
  const found = await findConfig(places);
  if (found !== undefined) throw taken(found.file);
  const directory = resolve(options.appdir, OWN_DIRECTORY);
  const file = join(directory, "config.json");
  try {
    await mkdir(directory, { recursive: true });
    // "wx": of two that run at once, one writes.
    await writeFile(file, commentedConfig(options.port), { flag: "wx" });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw taken(file);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(
      `Cannot make a node directory at ${directory}: ${reason}, expected a place to write to`,
      { cause },
    );
  }
  const cbdir = relative(process.cwd(), directory);
  print(`Wrote ${file}`);
  const start = cbdir === OWN_DIRECTORY ? "realmway start" : `realmway start --cbdir ${cbdir}`;
  print(`Start the router with: ${styled("bold", start)}`);
  return 0;
}

function taken(file: string): StartError {
  return new StartError(
    `Cannot make a node directory: found ${file}, expected no configuration; it stays as it is`,
  );
}
