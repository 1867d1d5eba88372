/** The procedures about transports, their web services, and components of a router worker. docs/management.md */
import type { Dict } from "../../wamp/message.ts";
import { NOT_RUNNING } from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import type { RouterTransport, TransportState } from "../worker/router_transport.ts";
import { checked } from "./piece.ts";
import { componentDict } from "./container_procedures.ts";
import { callerDict, time, type WorkerContext, type WorkerProcedures } from "./procedure.ts";
import type { Request } from "./request.ts";

/** As Crossbar.io numbers them. */
const STATES: Readonly<Record<TransportState, number>> = {
  created: 1,
  starting: 2,
  started: 3,
  failed: 4,
  stopping: 5,
  stopped: 6,
};

export const transportProcedures: WorkerProcedures = {
  "get_router_transports": ({ worker }) => [...worker.transports.values()].map(transportDict),
  "get_router_transport": ({ worker }, request) =>
    transportDict(worker.transport(request.text(0, "transport_id"))),
  "get_router_transport_stats": ({ worker }, request) => {
    const id = request.optionalText(0, "transport_id");
    const all = id === undefined ? [...worker.transports.values()] : [worker.transport(id)];
    return Object.fromEntries(all.map((transport) => [transport.id, statsOf(transport)]));
  },
  "start_router_transport": startTransport,
  "stop_router_transport": async ({ worker, publish }, request) => {
    const id = request.text(0, "transport_id");
    const { session } = request.caller;
    if (worker.transports.has(id)) publish("on_router_transport_stopping", { "id": id }, session);
    const stopped = transportDict(await worker.stopTransport(id));
    publish("on_router_transport_stopped", { "id": id }, session);
    return stopped;
  },
};

export const serviceProcedures: WorkerProcedures = {
  "get_web_transport_services": ({ worker }, request) =>
    Object.keys(worker.listening(request.text(0, "transport_id")).paths).sort(),
  "get_web_transport_service": ({ worker }, request) => {
    const id = request.text(0, "transport_id");
    const path = request.text(1, "path");
    const { paths } = worker.listening(id);
    const config = paths[path];
    if (config === undefined) {
      throw new Refusal(NOT_RUNNING, `Cannot find a service at "${path}" of transport "${id}"`);
    }
    return { "transport_id": id, "path": path, "config": config };
  },
  "start_web_transport_service": async ({ worker, publish }, request) => {
    const id = request.text(0, "transport_id");
    const path = request.text(1, "path");
    const config = request.dict(2, "config");
    const service = await serviceOf(worker, id, path, config);
    const facts = { "transport_id": id, "path": path };
    const { session } = request.caller;
    publish("on_web_transport_service_starting", facts, session);
    await worker.startService(id, path, service);
    publish("on_web_transport_service_started", { ...facts, "config": service }, session);
    return { ...facts, "config": service };
  },
  "stop_web_transport_service": async ({ worker, publish }, request) => {
    const id = request.text(0, "transport_id");
    const path = request.text(1, "path");
    const facts = { "transport_id": id, "path": path };
    const { session } = request.caller;
    if (Object.hasOwn(worker.listening(id).paths, path)) {
      publish("on_web_transport_service_stopping", facts, session);
    }
    const config = await worker.stopService(id, path);
    publish("on_web_transport_service_stopped", { ...facts, "config": config }, session);
    return { ...facts, "config": config };
  },
};

export const componentProcedures: WorkerProcedures = {
  "get_router_components": ({ worker }) =>
    (worker.components?.list() ?? []).map(({ id, startedAt, config }) => (
      { "id": id, "created": time(startedAt), "config": config }
    )),
  "get_router_component": ({ worker, now }, request) =>
    componentDict(worker.component(request.text(0, "component_id")), now()),
  "start_router_component": async ({ worker, publish }, request) => {
    const id = request.text(0, "component_id");
    const config = request.dict(1, "config");
    const { components } = await checked(worker, (draft) => {
      return ["components", draft.components.push({ ...config, "id": id }) - 1];
    });
    const [component] = components;
    if (component === undefined) throw new Error("Cannot read a component: it was checked");
    publish("on_component_start", { "id": id }, request.caller.session);
    await worker.startComponent(id, component);
    publish("on_component_ready", { "id": id });
    return { "id": id };
  },
  "stop_router_component": async ({ worker, publish }, request) => {
    const id = request.text(0, "component_id");
    const { "uptime": uptime } = componentDict(worker.component(id), worker.parts.clock.now());
    await worker.stopComponent(id);
    publish("on_component_stop", { "id": id });
    return { "component_id": id, "uptime": uptime, "caller": callerDict(request) };
  },
};

async function startTransport({ worker, publish }: WorkerContext, request: Request): Promise<Dict> {
  const id = request.text(0, "transport_id");
  const config = request.dict(1, "config");
  const withPaths = request.flag(2, "create_paths", false);
  worker.expectNoTransport(id);
  const { transports } = await checked(worker, (draft) => {
    return ["transports", draft.transports.push({ ...config, "id": id }) - 1];
  });
  const transport = transports.at(-1);
  if (transport === undefined) throw new Error("Cannot read a transport: it was checked");
  const { session } = request.caller;
  publish("on_router_transport_starting", { "id": id }, session);
  try {
    const started = await worker.startTransport(id, transport, withPaths);
    publish("on_router_transport_started", { "id": id }, session);
    return transportDict(started);
  } catch (cause) {
    publish("on_router_transport_stopped", { "id": id }, session);
    throw cause;
  }
}

async function serviceOf(
  worker: WorkerContext["worker"],
  id: string,
  path: string,
  config: Dict,
) {
  worker.expectNoService(id, path);
  const at = [...worker.transports.keys()].indexOf(id);
  const { transports } = await checked(worker, (draft) => {
    const transport = draft.transports[at];
    const isWeb = transport?.["type"] === "web";
    const paths = { "/": { "type": "json", "value": null }, [path]: config };
    if (transport !== undefined) {
      if (isWeb) transport["paths"] = paths;
      else transport["web"] = { "paths": paths };
    }
    return ["transports", at, ...(isWeb ? ["paths"] : ["web", "paths"]), path];
  });
  const transport = transports[at];
  const paths = transport?.type === "web"
    ? transport.paths
    : transport?.type === "universal"
    ? transport.web?.paths
    : undefined;
  const service = paths?.[path];
  if (service === undefined) throw new Error("Cannot read a service: it was checked");
  return service;
}

function transportDict({ id, config, created, listeningSince, state, listener }: RouterTransport) {
  return {
    "id": id,
    "type": config.type,
    "config": config,
    "created_at": time(created),
    "listening_since": listeningSince === undefined ? null : time(listeningSince),
    "state": STATES[state],
    "urls": listener?.urls ?? [],
  };
}

/** Null before it listens. */
function statsOf({ listener }: RouterTransport): Dict | null {
  if (listener === undefined) return null;
  const { stats } = listener;
  return {
    "messages": { "sent": stats.sentMessages, "received": stats.receivedMessages },
    "bytes": { "sent": stats.sentBytes, "received": stats.receivedBytes },
    "dropped_events": stats.droppedEvents,
    "oversized_messages": stats.oversizedMessages,
    "closed_slow_consumers": stats.closedSlowConsumers,
    "missed_pings": stats.missedPings,
  };
}
