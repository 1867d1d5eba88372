/** `realmway realm|role|link|transport|component|worker list|show|start|stop`, and `realm kill`: what `managed_kinds.ts` has, as a command. Secrets of configurations are not shown. */
import { readFile } from "node:fs/promises";
import { text as all } from "node:stream/consumers";
import process from "node:process";
import { stringify } from "yaml";
import { isDict } from "../../wamp/options.ts";
import { masked } from "../config/masked.ts";
import { ConfigError } from "../config/problems.ts";
import { readSource } from "../config/source.ts";
import { StartError } from "../start_error.ts";
import { columns } from "./columns.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { type Kind, realmId } from "./managed_kinds.ts";
import { type Managed, withNode } from "./node_session.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { print, styled } from "./output.ts";
import { valueText } from "./value_text.ts";

/** @param place the realm, where the kind is of one. */
export function list(kind: Kind, [realm]: readonly string[], options: OperatorOptions) {
  return withNode(options, async (managed) => {
    const rows = await kind.list(managed, await realmOf(kind, managed, realm));
    if (options.json) { for (const { info } of rows) print(valueText(masked(info))); }
    else print(columns(kind.columns, rows.map(({ cells }) => cells)));
    return EXIT_OK;
  });
}

export function show(kind: Kind, args: readonly string[], options: OperatorOptions) {
  return withNode(options, async (managed) => {
    const { realm, id } = await placeOf(kind, managed, args);
    const info = masked(await kind.show(managed, id, realm));
    print(options.json ? valueText(info) : stringify(info).trimEnd());
    return EXIT_OK;
  });
}

export async function start(kind: Kind, args: readonly string[], options: OperatorOptions) {
  const config = await readPiece(args.at(-1) ?? "");
  return await withNode(options, async (managed) => {
    const { realm, id } = await placeOf(kind, managed, args);
    const info = await kind.start(managed, id, config, realm);
    if (options.json) print(valueText(masked(info)));
    else print(`${styled("green", "Started")} ${kind.name} ${id}`);
    return EXIT_OK;
  });
}

export function stop(kind: Kind, args: readonly string[], options: OperatorOptions) {
  return withNode(options, async (managed) => {
    const { realm, id } = await placeOf(kind, managed, args);
    const info = await kind.stop(managed, id, realm);
    if (options.json) print(valueText(masked(info)));
    else print(`Stopped ${kind.name} ${id}${detached(info)}`);
    return EXIT_OK;
  });
}

export interface KillOptions extends OperatorOptions {
  readonly reason: string;
  readonly message?: string | undefined;
}

/** Ends the sessions of an authid. */
export function kill(args: readonly string[], options: KillOptions) {
  return withNode(options, async (managed) => {
    const [realm = "", authid = ""] = args;
    const router = await managed.router();
    const { reason, message } = options;
    const ids = await router.killByAuthid(await realmId(router, realm), authid, reason, message);
    if (options.json) print(valueText(ids));
    else print(`Told ${sessionsText(ids.length)} to leave`);
    return EXIT_OK;
  });
}

export interface LogOptions extends OperatorOptions {
  readonly lines: number;
}

/** Prints what a worker has said, the oldest first. */
export function log(id: string, options: LogOptions) {
  return withNode(options, async ({ node }) => {
    for (const said of await node.workerLog(id, options.lines)) {
      print(options.json ? valueText(said) : `${said.time} ${said.stream} ${said.line}`);
    }
    return EXIT_OK;
  });
}

async function placeOf(kind: Kind, managed: Managed, args: readonly string[]) {
  const [first = "", second = ""] = args;
  const realm = await realmOf(kind, managed, first);
  return { realm, id: kind.isInRealm ? second : first };
}

async function realmOf(kind: Kind, managed: Managed, wanted = ""): Promise<string> {
  return kind.isInRealm ? await realmId(await managed.router(), wanted) : "";
}

function detached(info: object): string {
  const ids = "detached_sessions" in info ? info["detached_sessions"] : undefined;
  return Array.isArray(ids) ? `; ${sessionsText(ids.length)} got GOODBYE` : "";
}

function sessionsText(count: number): string {
  return `${count} ${count === 1 ? "session" : "sessions"}`;
}

/** A piece of configuration. Rejects with a ConfigError or a StartError. @param file "-": standard input, which is JSON. */
async function readPiece(file: string): Promise<Record<string, unknown>> {
  const shown = file === "-" ? "standard input" : file;
  const { value, mistakes } = await readSource(await readText(file, shown), file);
  if (mistakes.length > 0) {
    throw new ConfigError(shown, mistakes.map((mistake) => ({ path: [], ...mistake })));
  }
  if (isDict(value)) return value;
  throw new ConfigError(shown, [{ path: [], text: "found no object, expected one" }]);
}

async function readText(file: string, shown: string): Promise<string> {
  try {
    return file === "-" ? await all(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot read ${shown}: ${reason}, expected a piece of configuration`, {
      cause,
    });
  }
}
