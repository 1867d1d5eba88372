/**
 * The development server (`deno task dev`): the configuration that `init` writes, the page at "/", and a component to talk to, in one process
 * that stops quickly, since `--watch` restarts it after each change.
 */
import process from "node:process";
import { parseConfig } from "../config/parse.ts";
import { ConfigError } from "../config/problems.ts";
import { readJson } from "../config/json.ts";
import { logFor, startLogging } from "../log.ts";
import { runNode } from "../node.ts";
import { createPage } from "../web/page.ts";
import { startDemo } from "./demo.ts";
import { defaultLogFormat, exit, isTerminal, print, styled } from "./output.ts";
import { failure } from "./program.ts";
import { StopSignals, watchFaults } from "./process_events.ts";
import { commentedConfig } from "./template.ts";

const DEFAULT_PORT = 8080;
const REALM = "realm1";
/** Long enough for a browser's answer to GOODBYE, short enough for `--watch`. */
const SHUTDOWN_MS = 500;

async function dev(): Promise<number> {
  startLogging({ level: "info", format: defaultLogFormat(), write: print });
  const log = logFor("dev");
  const signals = new StopSignals();
  signals.logTo(log);
  watchFaults(log);
  const port = portOf(process.env["PORT"]);
  const config = parseConfig(readJson(commentedConfig(port)).value);
  // Without a management socket: there is no node directory.
  const { management: _, ...rest } = config.controller;
  const controller = {
    ...rest,
    options: { ...rest.options, "shutdown_timeout": SHUTDOWN_MS },
  };
  const page = createPage();
  const node = await runNode({ ...config, controller }, {
    directory: process.cwd(),
    root: (request) => page.fetch(request),
  });
  await startDemo(node.router, REALM, logFor("demo"));
  const url = node.listeners[0]?.urls.find((url) => url.startsWith("http:")) ?? "";
  if (isTerminal()) print(`\n  Open ${styled("cyan", url)}\n`);
  else log.info(`Open ${url}`, { url });
  await signals.first;
  await node.stop();
  return 0;
}

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new ConfigError("the environment", [{
    path: ["PORT"],
    text: `found ${JSON.stringify(text)}, expected a port from 0 to 65535`,
  }]);
}

dev().catch(failure).then(exit);
