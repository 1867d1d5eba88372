/** All that a router worker and a container answer on the management realm, in whichever process they run. */
import { ApplicationError } from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import type { Container } from "../worker/container.ts";
import type { RouterWorker } from "../worker/router_worker.ts";
import { componentDict, containerProcedures } from "./container_procedures.ts";
import type { ContainerProcedures, ProcessContext, WorkerProcedures } from "./procedure.ts";
import { processProcedures, REFUSED_OF_WORKER } from "./process_procedures.ts";
import { linkProcedures, realmProcedures, roleProcedures } from "./router_procedures.ts";
import { refused, Served } from "./served.ts";
import {
  componentProcedures,
  serviceProcedures,
  transportProcedures,
} from "./transport_procedures.ts";

/** Of a router worker, below `crossbar.worker.<id>.`. */
export const ROUTER_PROCEDURES: WorkerProcedures = {
  ...realmProcedures,
  ...roleProcedures,
  ...linkProcedures,
  ...transportProcedures,
  ...serviceProcedures,
  ...componentProcedures,
  ...processProcedures,
  ...refused(REFUSED_OF_WORKER),
};

/** Of a container, likewise. */
export const CONTAINER_PROCEDURES: ContainerProcedures = {
  ...containerProcedures,
  ...processProcedures,
  ...refused(REFUSED_OF_WORKER),
};

export interface ServingParts extends Pick<ProcessContext, "nodeId"> {
  now(): number;
}

/** Resolves when all is registered. @param shutdown ends it; undefined: it ends with the node alone. */
export async function serveRouter(
  session: Session,
  worker: RouterWorker,
  { nodeId, now }: ServingParts,
  shutdown?: () => Promise<unknown>,
): Promise<Served> {
  const { served, context } = serving(session, worker.id);
  const { created, parts: { capacity } } = worker;
  worker.onComponentStopped = (id) => served.publish("on_component_stop", { "id": id });
  await served.register(ROUTER_PROCEDURES, {
    ...context,
    nodeId,
    now,
    created,
    capacity,
    shutdown,
    worker,
    rivalOf: (realm) => rivalOf(session, worker.id, realm),
  });
  return served;
}

/** By asking each. */
async function rivalOf(session: Session, own: string, realm: string): Promise<string | undefined> {
  const ids = await session.call<string[]>("crossbar.get_workers", [["router"]]);
  for (const id of ids.filter((one) => one !== own)) {
    try {
      await session.call(`crossbar.worker.${id}.get_router_realm_by_name`, [realm]);
      return id;
    } catch (error) {
      // It has none, or does not run.
      if (!(error instanceof ApplicationError)) throw error;
    }
  }
  return undefined;
}

/** Resolves when all is registered; the container is to be started then. */
export async function serveContainer(
  session: Session,
  container: Container,
  { nodeId, now }: ServingParts,
): Promise<Served> {
  const { served, context } = serving(session, container.job.id);
  container.onStarted = ({ id, config }, caller) =>
    served.publish("on_component_started", { "id": id, "config": config }, caller);
  container.onStopped = (component) =>
    served.publish("container.on_component_stop", componentDict(component, now()));
  await served.register(CONTAINER_PROCEDURES, {
    ...context,
    nodeId,
    now,
    created: now(),
    capacity: undefined,
    shutdown: () => container.shutdown(),
    container,
  });
  return served;
}

function serving(session: Session, id: string) {
  const served = new Served(session, `crossbar.worker.${id}.`);
  const publish: ProcessContext["publish"] = (...all) => served.publish(...all);
  return { served, context: { publish } };
}
