/**
 * The management realm: a router of its own in the node's process, whose realm "crossbar" has the management procedures of the node and of
 * its router worker. Sessions inside the process join it under any of its roles; others by a unix socket and transports, where the
 * configuration has some. Made by `node.ts` when somebody wants it.
 */
import type { Session } from "../../client/session.ts";
import { ApplicationError } from "../../client/errors.ts";
import { Router } from "../../router/router.ts";
import { RUNTIME_ERROR, SYSTEM_SHUTDOWN } from "../../wamp/uris.ts";
import { ListenError } from "../../transports/endpoint.ts";
import { MANAGEMENT_REALM, OPERATOR } from "../config/schema_management.ts";
import type { RouterConfig } from "../config/schema.ts";
import type { CallDetails } from "../../client/invocation.ts";
import { joinInside } from "../inside.ts";
import { StartError } from "../start_error.ts";
import { ComponentError } from "../worker/component_error.ts";
import { CANNOT_LISTEN, CANNOT_START, FEATURE_UNAVAILABLE } from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import { numbered } from "../worker/default_ids.ts";
import { RouterWorker } from "../worker/router_worker.ts";
import type { NodeContext, Procedure, WorkerContext } from "./procedure.ts";
import {
  nodeProcedures,
  processProcedures,
  REFUSED_OF_NODE,
  REFUSED_OF_WORKER,
} from "./process_procedures.ts";
import { Request } from "./request.ts";
import { linkProcedures, realmProcedures, roleProcedures } from "./router_procedures.ts";
import {
  componentProcedures,
  serviceProcedures,
  transportProcedures,
} from "./transport_procedures.ts";

/** All of a router worker, below `crossbar.worker.<id>.`. */
export const WORKER_PROCEDURES: Readonly<Record<string, Procedure<WorkerContext>>> = {
  ...realmProcedures,
  ...roleProcedures,
  ...linkProcedures,
  ...transportProcedures,
  ...serviceProcedures,
  ...componentProcedures,
  ...processProcedures,
  ...refused(REFUSED_OF_WORKER),
};

/** All of the node, below `crossbar.`. */
export const NODE_PROCEDURES: Readonly<Record<string, Procedure<NodeContext>>> = {
  ...nodeProcedures,
  ...refused(REFUSED_OF_NODE),
};

export type ManagementParts = Omit<NodeContext, "publish">;

/** Of a worker's configuration. */
type Realms = { readonly [Key in "realms" | "transports"]: Readonly<RouterConfig[Key]> };

export class Management {
  readonly router: Router;
  readonly #parts: ManagementParts;
  readonly #worker: RouterWorker;
  #session: Session | undefined = undefined;

  constructor(parts: ManagementParts) {
    const { clock, random, log } = parts.worker.parts.router;
    this.#parts = parts;
    this.router = new Router({ clock, random, log });
    // What leads to the realm is what leads to any other.
    this.#worker = new RouterWorker("management", {
      ...parts.worker.parts,
      router: this.router,
      socketMode: 0o600,
      // Whoever looks after the node gets in when nobody else does.
      capacity: undefined,
    });
  }

  /** @param config of the realm, and what leads to it from outside. */
  async start({ realms, transports }: Realms): Promise<void> {
    for (const realm of realms) await this.#worker.startRealm(realm.id ?? "management", realm);
    const { log } = this.#worker.parts;
    const session = await joinInside({
      router: this.router,
      realm: MANAGEMENT_REALM,
      authid: this.#parts.worker.id,
      log,
    });
    this.#session = session;
    await this.#serve(session);
    for (const [i, transport] of transports.entries()) {
      await this.#worker.startTransport(transport.id ?? numbered("management", i), transport);
    }
  }

  /** A session of this process. @param role default: one that may call and subscribe to everything. */
  join(authid: string, role: string = OPERATOR): Promise<Session> {
    const { log } = this.#worker.parts;
    return joinInside({ router: this.router, realm: MANAGEMENT_REALM, authid, role, log });
  }

  /** For what happens without a call. */
  announce(event: string, payload: unknown): void {
    this.#publish(`crossbar.${event}`, payload, undefined);
  }

  async stop(limitMs: number): Promise<void> {
    await this.#worker.stopAccepting(limitMs);
    await this.router.shutdown(SYSTEM_SHUTDOWN, limitMs);
    await this.#worker.end(limitMs);
  }

  async #serve(session: Session): Promise<void> {
    const { worker } = this.#parts;
    const below = `crossbar.worker.${worker.id}.`;
    const ofWorker: WorkerContext = {
      worker,
      nodeId: this.#parts.nodeId,
      publish: (event, payload, caller) => this.#publish(`${below}${event}`, payload, caller),
    };
    const ofNode: NodeContext = {
      ...this.#parts,
      publish: (event, payload, caller) => this.#publish(`crossbar.${event}`, payload, caller),
    };
    worker.onComponentStopped = (id) => ofWorker.publish("on_component_stop", { "id": id });
    await Promise.all([
      ...Object.entries(WORKER_PROCEDURES).map(([name, procedure]) =>
        register(session, `${below}${name}`, procedure, ofWorker)
      ),
      ...Object.entries(NODE_PROCEDURES).map(([name, procedure]) =>
        register(session, `crossbar.${name}`, procedure, ofNode)
      ),
    ]);
    ofWorker.publish("on_worker_ready", { "id": worker.id });
  }

  #publish(topic: string, payload: unknown, caller: number | undefined): void {
    if (this.#session?.isOpen !== true) return;
    const options = caller === undefined ? {} : { exclude: [caller] };
    this.#session.publish(topic, [payload], {}, options);
  }
}

async function register<Owner>(
  session: Session,
  uri: string,
  procedure: Procedure<Owner>,
  owner: Owner,
): Promise<void> {
  const handler = async (args: readonly unknown[], kwargs: object, details: CallDetails) => {
    const { caller, callerAuthid: authid, callerAuthrole: authrole } = details;
    const request = new Request(args, { ...kwargs }, { session: caller, authid, authrole });
    try {
      return await procedure(owner, request);
    } catch (cause) {
      throw errorOf(cause);
    }
  };
  await session.register(uri, handler, { discloseCaller: true });
}

/** What its caller is told. Faults of ours stay what they are, for the log. */
function errorOf(cause: unknown): unknown {
  if (cause instanceof Refusal || cause instanceof ComponentError) {
    return new ApplicationError(cause.uri, [cause.message]);
  }
  if (cause instanceof ListenError) return new ApplicationError(CANNOT_LISTEN, [cause.message]);
  if (cause instanceof StartError) return new ApplicationError(CANNOT_START, [cause.message]);
  return cause instanceof Error ? cause : new ApplicationError(RUNTIME_ERROR, [String(cause)]);
}

function refused(names: Readonly<Record<string, string>>): Readonly<Record<string, () => never>> {
  return Object.fromEntries(
    Object.entries(names).map(([name, remedy]) => [name, () => {
      throw new Refusal(FEATURE_UNAVAILABLE, `Cannot ${name}: ${remedy}`);
    }]),
  );
}
