/** The management API of the node itself for programs, as `controller.ts` is that of a router worker. What each does is in docs/management.md. */
import type { Session } from "../../client/session.ts";

export interface NodeStatus {
  readonly id: string;
  /** Program and version. */
  readonly title: string;
  readonly pid: number;
  readonly started: string;
  /** Seconds. */
  readonly uptime: number;
  /** Ids. */
  readonly workers: readonly string[];
}

export interface WorkerInfo {
  readonly id: string;
  readonly type: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly status: string;
  /** Of a router. */
  readonly created?: string;
}

/** A node, managed over a session that has joined its management realm.
 *
 * @example
 * ```ts
 * import { NodeController, parseConfig, startNode } from "realmway/node";
 *
 * const config = parseConfig({ version: 2, workers: [{ type: "router" }] });
 * const node = await startNode(config, { directory: "." });
 * const session = await node.management("example");
 * console.log(await new NodeController(session).workers("router")); // [ "worker001" ]
 * await session.leave();
 * await node.stop();
 * ```
 */
export class NodeController {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  status(): Promise<NodeStatus> {
    return this.session.call("crossbar.get_status");
  }

  /** Ids. @param types default: all. */
  workers(...types: readonly ("router" | "container" | "guest")[]): Promise<string[]> {
    return this.session.call("crossbar.get_workers", types.length === 0 ? [] : [types]);
  }

  worker(id: string): Promise<WorkerInfo> {
    return this.session.call("crossbar.get_worker", [id]);
  }

  /** Asks the node to stop; the session ends with it. */
  async shutdown(): Promise<void> {
    await this.session.call("crossbar.shutdown");
  }
}
