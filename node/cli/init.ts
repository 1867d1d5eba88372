/** `realmway init`: a node directory to start from. Never overwrites: what is there stays, and the command says so. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { findConfig, NODE_DIRECTORIES, OWN_DIRECTORY } from "../config/locate.ts";
import { writePrivateFile } from "../private_file.ts";
import { StartError } from "../start_error.ts";
import { UsageError } from "./usage_error.ts";
import { laidOut, type LaidOutFile } from "./template.ts";
import type { Template } from "./template_names.ts";
import { print, styled } from "./output.ts";

export interface InitOptions {
  /** Where to make the node directory; `appdir` is another name for it. */
  readonly directory?: string | undefined;
  readonly appdir?: string | undefined;
  readonly cbdir?: string | undefined;
  readonly port: number;
  readonly template: Template;
}

export async function init(options: InitOptions): Promise<number> {
  const appdir = folderOf(options);
  // A .crossbar directory counts too: ours beside it would not be used.
  const places = options.cbdir === undefined
    ? NODE_DIRECTORIES.map((name) => resolve(appdir, name))
    : [resolve(options.cbdir)];
  const found = await findConfig(places);
  if (found !== undefined) throw taken(found.file);
  const directory = resolve(options.cbdir ?? join(appdir, OWN_DIRECTORY));
  const { files, tries } = await laidOut(options.template, options.port);
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw unwritable(directory, cause);
  }
  // The configuration last: what it names is there then.
  for (const file of files.toReversed()) await write(directory, file);
  const cbdir = relative(process.cwd(), directory);
  print(`Wrote ${files.map(({ name }) => join(directory, name)).join(", ")}`);
  const start = cbdir === OWN_DIRECTORY ? "realmway start" : `realmway start --cbdir ${cbdir}`;
  print(`Start the router with: ${styled("bold", start)}`);
  for (const line of tries(cbdir)) print(`Then try: ${line}`);
  return 0;
}

/** Throws a `UsageError` when the places that are named are not one. */
function folderOf({ directory, appdir, cbdir }: InitOptions): string {
  if (directory !== undefined && (appdir ?? cbdir) !== undefined) {
    const other = appdir === undefined ? "--cbdir" : "--appdir";
    const text = `found the directory "${directory}" and ${other}, expected one of both`;
    throw new UsageError(`Cannot make a node directory: ${text}`);
  }
  return directory ?? appdir ?? ".";
}

/** "wx": of two that run at once, one writes. */
async function write(directory: string, { name, text, isSecret }: LaidOutFile): Promise<void> {
  const file = join(directory, name);
  try {
    if (isSecret) await writePrivateFile(file, text);
    else await writeFile(file, text, { flag: "wx" });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw taken(file);
    throw unwritable(directory, cause);
  }
}

function unwritable(directory: string, cause: unknown): StartError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartError(
    `Cannot make a node directory at ${directory}: ${reason}, expected a place to write to`,
    { cause },
  );
}

function taken(file: string): StartError {
  return new StartError(
    `Cannot make a node directory: found ${file}, expected no configuration; it stays as it is`,
  );
}
