/**
 * Run a node in a program of your own: `realmway/node`. It listens, serves and routes as a configuration says; the process and its signals
 * stay yours.
 *
 * @example A router on a free port of this machine
 * ```ts
 * import { parseConfig, startNode } from "realmway/node";
 *
 * const config = parseConfig({
 *   version: 2,
 *   workers: [{
 *     type: "router",
 *     realms: [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }],
 *     transports: [{
 *       type: "websocket",
 *       endpoint: { type: "tcp", interface: "127.0.0.1", port: 0 },
 *     }],
 *   }],
 * });
 * const node = await startNode(config, { directory: "." });
 * console.log(node.listeners[0]?.urls);
 * await node.stop();
 * ```
 *
 * @module
 */
export { Config, parseConfig, readConfig } from "./config/config.ts";
export { startNode } from "./embed.ts";
export type { Environment } from "./config/checks.ts";
export { ConfigError, formatProblem, type Problem } from "./config/problems.ts";
export type { Path, Position } from "./config/source.ts";
export {
  type ComponentInfo,
  type LinkInfo,
  type ProcessStats,
  type RealmInfo,
  type RealmStats,
  type RoleInfo,
  RouterController,
  type ServiceInfo,
  type SlowConsumerInfo,
  type TransportFigures,
  type TransportInfo,
} from "./management/controller.ts";
export {
  ContainerController,
  type RestartedComponent,
  type StartedComponent,
} from "./management/container_controller.ts";
export {
  NodeController,
  type NodeStatus,
  type WorkerInfo,
  type WorkerLogLine,
} from "./management/node_controller.ts";
export type { Node, NodeListener, NodeSettings, NodeStore } from "./node.ts";
export type { StoreStats } from "./store/sqlite_store.ts";
export { ListenError } from "../transports/endpoint.ts";
