/**
 * The session of a command that manages a running node: over the unix socket of its management realm, which the configuration names.
 * What is asked for there is in docs/management.md.
 */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { readAssembled } from "../config/include.ts";
import { locateNode } from "../config/locate.ts";
import { readConfig } from "../config/parse.ts";
import { ConfigError } from "../config/problems.ts";
import { select } from "../config/select.ts";
import { MANAGEMENT_REALM } from "../config/schema_management.ts";
import { ContainerController } from "../management/container_controller.ts";
import { RouterController } from "../management/controller.ts";
import { NodeController } from "../management/node_controller.ts";
import { StartError } from "../start_error.ts";
import { withSession } from "./client_session.ts";
import { EXIT_CONNECT } from "./exit_codes.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { complain } from "./output.ts";

const CONNECT_MS = 10_000;

/** A node's management API, joined. */
export interface Managed {
  readonly node: NodeController;
  /** Of the worker that was asked for. Rejects with a StartError when the node has no router. */
  router(): Promise<RouterController>;
  /** Where components run: the same, or the container that was asked for. */
  components(): Promise<RouterController | ContainerController>;
  /** The user wants the command to end. */
  readonly stop: AbortSignal;
}

/** Joins, works, leaves. Resolves to the exit code. */
export async function withNode(
  options: OperatorOptions,
  work: (managed: Managed) => Promise<number>,
): Promise<number> {
  const socket = await managementSocket(options);
  try {
    await access(socket);
  } catch {
    complain(`Cannot reach the node: found no socket at ${socket}, expected a node that runs`);
    return EXIT_CONNECT;
  }
  const connecting = {
    url: `unix+rs:${socket}`,
    realm: MANAGEMENT_REALM,
    connectTimeout: CONNECT_MS,
    json: options.json,
  };
  return await withSession(connecting, (session, stop) => {
    const node = new NodeController(session);
    const router = async () => new RouterController(session, await routerId(node, options.worker));
    const components = async () => {
      const { worker } = options;
      const isContainer = worker !== undefined && (await node.worker(worker)).type === "container";
      return isContainer ? new ContainerController(session, worker) : await router();
    };
    return work({ node, router, components, stop });
  });
}

/** Absolute. Rejects with a ConfigError when the configuration has none. */
async function managementSocket(options: OperatorOptions): Promise<string> {
  const cwd = process.cwd();
  if (options.socket !== undefined) return resolve(cwd, options.socket);
  const { directory, file } = await locateNode(options, process.env, cwd);
  const socket = await configuredSocket(file);
  if (socket !== undefined) return resolve(directory, socket);
  throw new ConfigError(file, [{
    path: ["controller", "management", "socket"],
    text:
      'missing, expected the name of a unix socket, "management.sock", by which a node is managed',
  }]);
}

/** A node that runs is to be reached although its file has mistakes by now. */
async function configuredSocket(file: string): Promise<string | undefined> {
  try {
    return (await readConfig(file, process.env)).controller.management?.socket;
  } catch (cause) {
    const { value } = await readAssembled(file).catch(() => ({ value: undefined }));
    const socket = select(value, ["controller", "management", "socket"])[0]?.value;
    if (typeof socket === "string" && !socket.includes("$")) return socket;
    throw cause;
  }
}

async function routerId(node: NodeController, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) {
    // Says which there is, better than a procedure that is not there.
    await node.worker(wanted);
    return wanted;
  }
  const [id] = await node.workers("router");
  if (id !== undefined) return id;
  throw new StartError("Cannot manage the node: found no router worker, expected one");
}
