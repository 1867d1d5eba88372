/** `realmway service install` and `uninstall`: the units of systemd that run a node, in their places. Texts are in `unit.ts`. */
import { spawnSync } from "node:child_process";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { locateNode } from "../config/locate.ts";
import { StartError } from "../start_error.ts";
import { ownCommand } from "../worker/own_program.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit_codes.ts";
import { complain, print } from "./output.ts";
import { MARK, serviceUnit, socketUnit, STATE_ROOT } from "./unit.ts";
import { UsageError } from "./usage_error.ts";

export interface ServiceOptions {
  readonly name: string;
  readonly user?: true | undefined;
  /** Where units are. Default: where the manager looks for those of its administrator. */
  readonly unitDirectory?: string | undefined;
}

export interface InstallOptions extends ServiceOptions {
  readonly cbdir?: string | undefined;
  readonly runAs?: string | undefined;
  readonly lowPorts?: true | undefined;
  readonly listen?: readonly string[] | undefined;
  readonly print?: true | undefined;
}

interface Unit {
  readonly file: string;
  readonly text: string;
}

export async function install(options: InstallOptions): Promise<number> {
  const units = await unitsOf(options);
  if (options.print) {
    // In one piece where there is one; else each below its name.
    for (const { file, text } of units) print(units.length === 1 ? text : `# ${file}\n${text}`);
    return EXIT_OK;
  }
  for (const { file } of units) await expectOurs(file);
  await mkdir(unitDirectory(options), { recursive: true });
  for (const { file, text } of units) {
    await writable(file, writeFile(file, text, { mode: 0o644 }));
    print(`Wrote ${file}`);
  }
  tellManager(options, ["daemon-reload"]);
  const first = units.at(-1)?.file.split("/").at(-1) ?? "";
  print(`Start it, now and with the system: ${systemctl(options).join(" ")} enable --now ${first}`);
  return EXIT_OK;
}

export async function uninstall(options: ServiceOptions): Promise<number> {
  const directory = unitDirectory(options);
  const names = [`${options.name}.socket`, `${options.name}.service`];
  const found: string[] = [];
  for (const name of names) if (await exists(join(directory, name))) found.push(name);
  if (found.length === 0) {
    complain(`Cannot uninstall: found no ${options.name}.service in ${directory}, expected one`);
    return EXIT_FAILURE;
  }
  for (const name of found) await expectOurs(join(directory, name));
  tellManager(options, ["disable", "--now", ...found]);
  for (const name of found) {
    await writable(join(directory, name), rm(join(directory, name)));
    print(`Removed ${join(directory, name)}`);
  }
  tellManager(options, ["daemon-reload"]);
  return EXIT_OK;
}

/** The socket unit comes last: it is the one to enable. */
async function unitsOf(options: InstallOptions): Promise<Unit[]> {
  const { name, runAs, lowPorts = false, listen = [], user = false } = options;
  if (user && (runAs !== undefined || lowPorts)) {
    throw new UsageError("Cannot use --run-as or --low-ports: found --user, expected one of them");
  }
  const directory = await nodeDirectory(options);
  for (const text of [directory, runAs ?? "", ...listen]) expectOneLine(text);
  const isMadeUp = !user && runAs === undefined;
  if (isMadeUp && !directory.startsWith(`${STATE_ROOT}/`)) {
    throw new UsageError(
      `Cannot run a node in ${directory} as a user that systemd makes up: expected a directory below ` +
        `${STATE_ROOT}, or --run-as with the user whose it is`,
    );
  }
  const { command, cacheVariable } = ownCommand();
  const service = serviceUnit({
    name,
    command,
    directory,
    manager: user ? "user" : "system",
    runAs,
    hasLowPorts: lowPorts,
    hasSockets: listen.length > 0,
    cacheVariable,
  });
  const place = unitDirectory(options);
  return [
    { file: join(place, `${name}.service`), text: service },
    ...(listen.length === 0
      ? []
      : [{ file: join(place, `${name}.socket`), text: socketUnit(name, listen) }]),
  ];
}

/** Of a system's service it is below /var/lib, where systemd gives it to the service's user; of a user's where `start` would find it. */
async function nodeDirectory({ cbdir, user, name }: InstallOptions): Promise<string> {
  if (cbdir !== undefined) return resolve(cbdir);
  if (!user) return join(STATE_ROOT, name);
  return (await locateNode({}, process.env, process.cwd())).directory;
}

function unitDirectory({ unitDirectory: given, user }: ServiceOptions): string {
  if (given !== undefined) return resolve(given);
  if (!user) return "/etc/systemd/system";
  const { XDG_CONFIG_HOME: home } = process.env;
  return join(home || join(homedir(), ".config"), "systemd", "user");
}

/** A line of a unit is a setting. */
function expectOneLine(text: string): void {
  // deno-lint-ignore no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(text)) return;
  const found = "found a line break or another control character in it, expected none";
  throw new UsageError(`Cannot write ${JSON.stringify(text)} into a unit: ${found}`);
}

/** Units that somebody else wrote stay as they are. */
async function expectOurs(file: string): Promise<void> {
  if (!await exists(file)) return;
  const text = await writable(file, readFile(file, "utf8"));
  if (text.startsWith(MARK)) return;
  throw new StartError(
    `Cannot change ${file}: found a unit that realmway did not write, expected none; choose another --name`,
  );
}

function systemctl({ user }: ServiceOptions): string[] {
  return user ? ["systemctl", "--user"] : ["systemctl"];
}

/** Where units are elsewhere than where the manager looks, it is not told. */
function tellManager(options: ServiceOptions, args: readonly string[]): void {
  if (options.unitDirectory !== undefined) return;
  const [program = "", ...before] = systemctl(options);
  const { status, stderr, error } = spawnSync(program, [...before, ...args], { encoding: "utf8" });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  complain(`Run this yourself: ${[program, ...before, ...args].join(" ")} (${reason})`);
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(() => true, () => false);
}

async function writable<T>(file: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot change ${file}: ${reason}, expected the rights to`, { cause });
  }
}
