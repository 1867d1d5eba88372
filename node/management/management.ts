/**
 * The management realm: a router of its own in the node's process, whose realm "crossbar" has the management procedures of the node and of
 * its workers. Sessions inside the process join it under any of its roles; workers in processes of their own by a private unix socket; others by a
 * unix socket and transports, where the configuration has some. Made by `node.ts` when somebody wants it.
 */
import type { Session } from "../../client/session.ts";
import { Router } from "../../router/router.ts";
import { SYSTEM_SHUTDOWN } from "../../wamp/uris.ts";
import { MANAGEMENT_REALM, OPERATOR } from "../config/schema_management.ts";
import type { RouterConfig } from "../config/schema.ts";
import { joinInside } from "../inside.ts";
import { numbered } from "../worker/default_ids.ts";
import { RouterWorker, type WorkerParts } from "../worker/router_worker.ts";
import type { NodeContext, NodeProcedures } from "./procedure.ts";
import { nodeProcedures, REFUSED_OF_NODE } from "./process_procedures.ts";
import { refused, Served } from "./served.ts";
import { serveRouter } from "./worker_procedures.ts";
import { WorkerSocket } from "./worker_socket.ts";

/** All of the node, below `crossbar.`. */
export const NODE_PROCEDURES: NodeProcedures = {
  ...nodeProcedures,
  ...refused(REFUSED_OF_NODE),
};

export interface ManagementParts extends Omit<NodeContext, "publish"> {
  /** The router in the node's process, if there is one. */
  readonly worker: RouterWorker | undefined;
  /** What transports of the realm are made with. */
  readonly transports: WorkerParts;
  /** A worker in a process of its own has its procedures registered. */
  readonly onWorkerReady: (id: string) => void;
}

/** Of a worker's configuration. */
type Realms = { readonly [Key in "realms" | "transports"]: Readonly<RouterConfig[Key]> };

export class Management {
  readonly router: Router;
  readonly #parts: ManagementParts;
  /** What leads to the realm is what leads to any other. */
  readonly worker: RouterWorker;
  #transports: Realms["transports"] = [];
  #served: Served | undefined = undefined;
  #socket: WorkerSocket | undefined = undefined;

  constructor(parts: ManagementParts) {
    const { clock, random, log } = parts.transports.router;
    this.#parts = parts;
    this.router = new Router({ clock, random, log });
    this.worker = new RouterWorker("management", {
      ...parts.transports,
      router: this.router,
      socketMode: 0o600,
      // Whoever looks after the node gets in when nobody else does.
      capacity: undefined,
    });
  }

  /** @param config of the realm, and what leads to it from outside. */
  async start({ realms, transports }: Realms): Promise<void> {
    for (const realm of realms) await this.worker.startRealm(realm.id ?? "management", realm);
    const { log } = this.worker.parts;
    const authid = this.#parts.nodeId;
    const session = await joinInside({ router: this.router, realm: MANAGEMENT_REALM, authid, log });
    await this.#serve(session);
    this.#transports = transports;
  }

  /** Opens what leads to the realm from outside. */
  async listen(): Promise<void> {
    for (const [i, transport] of this.#transports.entries()) {
      await this.worker.startTransport(transport.id ?? numbered("management", i), transport);
    }
  }

  /** Opens the way for workers in processes of their own. @returns the path of the socket, which leads to any right in the realm. */
  async openToWorkers(): Promise<string> {
    this.#socket ??= await WorkerSocket.open(this.router, this.worker.parts);
    return this.#socket.path;
  }

  /** A session of this process. @param role default: one that may call and subscribe to everything. */
  join(authid: string, role: string = OPERATOR): Promise<Session> {
    const { log } = this.worker.parts;
    return joinInside({ router: this.router, realm: MANAGEMENT_REALM, authid, role, log });
  }

  /** For what happens without a call. */
  announce(event: string, payload: unknown): void {
    this.#served?.publish(event, payload);
  }

  async stop(limitMs: number): Promise<void> {
    await this.#socket?.stopAccepting();
    await this.worker.stopAccepting(limitMs);
    await this.router.shutdown(SYSTEM_SHUTDOWN, limitMs);
    await this.worker.end(limitMs);
    await this.#socket?.end();
  }

  async #serve(session: Session): Promise<void> {
    const { worker, onWorkerReady } = this.#parts;
    const served = new Served(session, "crossbar.");
    this.#served = served;
    const publish: NodeContext["publish"] = (...all) => served.publish(...all);
    await served.register(NODE_PROCEDURES, { ...this.#parts, publish });
    await session.subscribe("crossbar.worker..on_worker_ready", ([ready]) => {
      const id: unknown = typeof ready === "object" && ready !== null && Reflect.get(ready, "id");
      if (typeof id === "string") onWorkerReady(id);
    }, { match: "wildcard" });
    if (worker === undefined) return;
    const router = await serveRouter(session, worker, this.#parts);
    router.publish("on_worker_ready", { "id": worker.id });
  }
}
