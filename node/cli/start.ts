/**
 * `realmway start`: runs a node until SIGTERM or SIGINT, or until the end of a worker ends it. Then sessions are told goodbye and the process
 * ends with 0, or with 1 when a worker failed; a second signal ends it at once. SIGUSR2 has it wait for calls in flight before. SIGHUP has it
 * read its configuration anew, unless its terminal is gone. Faults that nobody caught are logged, the node goes on.
 */
import { resolve } from "node:path";
import process from "node:process";
import { VERSION } from "../../wamp/version.ts";
import { locateNode, type Wanted } from "../config/locate.ts";
import { readConfig } from "../config/parse.ts";
import type { NodeConfig } from "../config/schema.ts";
import type { Log } from "../../router/ports.ts";
import { logFor, type LogFormat, type LogLevel, startLogging } from "../log.ts";
import type { Node } from "../node.ts";
import { isOnAllInterfaces } from "../urls.ts";
import { descriptorLimit } from "../vital_signs.ts";
import { PidFile } from "./pid_file.ts";
import { Reloading, statusOf } from "./reloading.ts";
import { ServiceManager } from "./service_manager.ts";
import { StopSignals, surviveFileLimits, watchFaults } from "./process_events.ts";
import { defaultLogFormat, isJournal, isTerminal, print, styled } from "./output.ts";

/** Below that, a node that is used by many deserves a warning. */
const FEW_DESCRIPTORS = 4096;

/** Of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

export interface StartOptions extends Wanted {
  readonly loglevel: LogLevel;
  readonly logformat?: LogFormat | undefined;
  readonly pidFile?: string | undefined;
  readonly replace?: true | undefined;
}

export async function start(
  options: StartOptions,
  signals: StopSignals = new StopSignals(true),
): Promise<number> {
  const format = options.logformat ?? defaultLogFormat();
  const hasPriorities = format === "syslogd" && isJournal(process.env);
  startLogging({ level: options.loglevel, format, hasPriorities, write: print });
  const log = logFor("node");
  signals.logTo(log);
  signals.catchDrain();
  watchFaults(log);
  surviveFileLimits();

  const pidFile = options.pidFile === undefined
    ? undefined
    : await PidFile.claim(resolve(options.pidFile));
  try {
    return await runUntilTold(options, format, signals, log);
  } finally {
    await pidFile?.release();
  }
}

async function runUntilTold(
  options: StartOptions,
  format: LogFormat,
  signals: StopSignals,
  log: Log,
): Promise<number> {
  const { directory, file, passedOver } = await locateNode(options, process.env, process.cwd());
  // Both take a while: one reads files, the other loads the router.
  const [config, { runNode }] = await Promise.all([
    readConfig(file, process.env, directory),
    import("../node.ts"),
  ]);
  log.info("Starting with {file}", { file });
  tellDescriptors(log);
  if (passedOver !== undefined) {
    log.warn("Passed over {passedOver}: {file} comes first; --cbdir chooses", { passedOver, file });
  }
  const replaces = options.replace && await predecessor(config, { file, directory }, log);
  const manager = new ServiceManager(process.env, process.pid, log);
  const reloading = new Reloading({ file, directory, log, manager });
  const node = await runNode(config, {
    directory,
    workerLogLevel: options.loglevel,
    replaces,
    onReload: () => reloading.reload(),
  });
  const ready = Math.round(performance.now());
  log.info("Ready in {ready} ms", { ready });
  if (format !== "json" && isTerminal()) print(summary(node));
  await manager.ready(statusOf(node));
  reloading.node = node;
  // Why it failed, the log has.
  signals.onReload(() => void reloading.reload().catch(() => {}));

  // Listening for signals keeps no process alive on Deno, and a node may have nothing else: no listener, and a guest that waits to be restarted.
  const alive = setInterval(() => {}, LONGEST_MS);
  const cause = await Promise.race([signals.first, signals.drain, node.shutdownWanted]);
  const isSignal = typeof cause === "string";
  if (isSignal) log.info("Stopping because of {signal}", { signal: cause });
  else log.info("Stopping because {reason}", { reason: cause.reason });
  await manager.stopping(`Stopping because ${isSignal ? `of ${cause}` : cause.reason}`);
  if (cause === "SIGUSR2" || (!isSignal && cause.drains === true)) await drain(node, signals, log);
  clearInterval(alive);
  await node.stop();
  log.info("Stopped", {});
  return !isSignal && cause.hasFailed ? 1 : 0;
}

/** Has the node that runs here end, once this one can take its place. */
async function predecessor(
  config: NodeConfig,
  place: { readonly file: string; readonly directory: string },
  log: Log,
): Promise<(() => Promise<void>) | undefined> {
  const { Predecessor } = await import("./predecessor.ts");
  const found = await Predecessor.find(config, place, log);
  return found && (() => found.leave());
}

/** Waits for calls in flight; SIGTERM or SIGINT cuts that short. */
async function drain(node: Node, signals: StopSignals, log: Log): Promise<void> {
  const drained = await Promise.race([node.drain(), signals.first]);
  if (typeof drained === "string") {
    log.info("Not draining any longer because of {signal}", { signal: drained });
  } else {
    const { calls, unanswered } = drained;
    log.info("Drained: of {calls} calls in flight {unanswered} had no answer in time", {
      calls,
      unanswered,
    });
  }
}

/** How many connections there can be at most. */
function tellDescriptors(log: Log): void {
  const limit = descriptorLimit();
  if (limit === undefined) return;
  if (limit >= FEW_DESCRIPTORS) {
    log.info("The limit of file descriptors is {limit}", { limit });
    return;
  }
  log.warn(
    "The limit of file descriptors is {limit}, and each connection takes one: raise it (systemd: LimitNOFILE=, shell: ulimit -n)",
    { limit },
  );
}

/** For people: where to connect. */
function summary(node: Node): string {
  const kinds = { "ws": "WebSocket", "http": "HTTP", "rs": "RawSocket", "unix": "Unix socket" };
  const lines = node.listeners.flatMap(({ address, urls }) => {
    const note = isOnAllInterfaces(address) ? styled("dim", " on all interfaces") : "";
    return urls.map((url) => {
      const kind = Object.entries(kinds).find(([scheme]) => url.startsWith(scheme))?.[1] ?? "";
      return `  ${kind.padEnd(13)}${styled("cyan", url)}${note}`;
    });
  });
  const title = styled("bold", `Realmway ${VERSION} is running`);
  return ["", `  ${title}`, ...lines, styled("dim", "  Stop with Ctrl-C"), ""].join("\n");
}
