/** The workers of a node as the management API shows, starts and stops them: the router in its process, and the processes beside it. */
import process from "node:process";
import type { Dict } from "../../wamp/message.ts";
import type { Environment } from "../config/environment.ts";
import { INVALID_ARGUMENT } from "../../wamp/uris.ts";
import type { LoggedLine } from "../worker/child.ts";
import type { Children, WorkerFacts } from "../worker/children.ts";
import {
  FEATURE_UNAVAILABLE,
  STOP_WORKER_FAILED,
  WORKER_ALREADY_RUNNING,
} from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import type { RouterWorker } from "../worker/router_worker.ts";
import { checkedWorker } from "./piece.ts";

export interface NodeWorkersParts {
  readonly children: Children;
  /** In the node's process. */
  readonly router: RouterWorker | undefined;
  /** The node directory. */
  readonly directory: string;
  readonly env: Environment;
  /** How long a worker may take to end. */
  readonly stopMs: number;
}

const TYPES: readonly string[] = ["router", "container", "guest"];

export class NodeWorkers {
  readonly #parts: NodeWorkersParts;

  constructor(parts: NodeWorkersParts) {
    this.#parts = parts;
  }

  list(): readonly WorkerFacts[] {
    const { router, children } = this.#parts;
    return [...(router === undefined ? [] : [factsOf(router)]), ...children.list()];
  }

  /** One of this id, be it in a process of its own. Throws a `Refusal`. */
  get(id: string): WorkerFacts {
    const { router, children } = this.#parts;
    return router?.id === id ? factsOf(router) : children.get(id);
  }

  /** Starts a process; resolves when its procedures are there, of guests when it runs. Rejects with a `Refusal`. */
  async start(
    id: string,
    type: string,
    options: Dict,
    onStarting: () => void,
  ): Promise<WorkerFacts> {
    const { router, children, directory, env } = this.#parts;
    if (!TYPES.includes(type)) {
      const text = `Cannot start a worker of type "${type}": expected one of: ${TYPES.join(", ")}`;
      throw new Refusal(INVALID_ARGUMENT, text);
    }
    if (router?.id === id) {
      const text = `Cannot start worker "${id}": found one of that id in the node's process`;
      throw new Refusal(WORKER_ALREADY_RUNNING, text);
    }
    children.expectNone(id);
    // As with Crossbar.io: all of a guest, of others their options.
    const keys = type === "guest"
      ? options
      : { "options": type === "router" ? { ...options, "isolate": true } : options };
    const worker = await checkedWorker({ ...keys, "id": id, "type": type }, [], { directory, env });
    onStarting();
    return await children.add(id, worker);
  }

  /** Resolves when it has ended. @param kill without asking. Rejects with a `Refusal`. */
  async stop(id: string, kill: boolean, onStopping: () => void): Promise<WorkerFacts> {
    this.#expectProcess(id, STOP_WORKER_FAILED, "ask crossbar.shutdown");
    const { children, stopMs } = this.#parts;
    children.expectRunning(id);
    onStopping();
    return await children.remove(id, kill ? 0 : Math.max(1, stopMs));
  }

  /** The latest lines of its output, the oldest first. Throws a `Refusal`. */
  log(id: string, limit: number): readonly LoggedLine[] {
    this.#expectProcess(id, FEATURE_UNAVAILABLE, "read the node's log");
    return this.#parts.children.lines(id, limit);
  }

  #expectProcess(id: string, uri: string, remedy: string): void {
    if (this.#parts.router?.id !== id) return;
    const text = `Cannot do that to worker "${id}": it is the node's own process; ${remedy}`;
    throw new Refusal(uri, text);
  }
}

function factsOf({ id, created }: RouterWorker): WorkerFacts {
  return { id, type: "router", pid: process.pid, status: "started", created };
}
