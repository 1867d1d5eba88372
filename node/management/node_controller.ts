/** The management API of the node itself for programs, as `controller.ts` is that of a router worker. What each does is in docs/management.md. */
import type { Session } from "../../client/session.ts";
import type { Dict } from "../../wamp/message.ts";

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
  readonly type: "router" | "container" | "guest";
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly status: "starting" | "started" | "stopped";
  readonly created: string;
}

export interface WorkerLogLine {
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  readonly line: string;
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

  /** Starts a process; resolves when its procedures are there. @param options of a guest all its keys. */
  startWorker(id: string, type: string, options: Dict): Promise<WorkerInfo> {
    return this.session.call("crossbar.start_worker", [id, type, options]);
  }

  /** Resolves when it has ended. @param kill without asking it. */
  stopWorker(id: string, kill = false): Promise<WorkerInfo & { readonly kill: boolean }> {
    return this.session.call("crossbar.stop_worker", [id, kill]);
  }

  /** The latest lines of its output, the oldest first. */
  workerLog(id: string, limit = 100): Promise<WorkerLogLine[]> {
    return this.session.call("crossbar.get_worker_log", [id, limit]);
  }

  /** Has it read its configuration anew and put it into effect. Resolves to what has changed, in words; rejects when nothing could be. */
  async reload(): Promise<readonly string[]> {
    const { changes } = await this.session.call<{ readonly changes: readonly string[] }>(
      "crossbar.reload",
    );
    return changes;
  }

  /** Asks the node to stop; the session ends with it. @param drains once its calls in flight are answered. */
  async shutdown(drains = false): Promise<void> {
    await this.session.call("crossbar.shutdown", [false, drains]);
  }
}
