/** The procedures of containers, under Crossbar.io's names and with its shapes. docs/management.md */
import type { Dict } from "../../wamp/message.ts";
import { FEATURE_UNAVAILABLE } from "../worker/error_uris.ts";
import type { ComponentRecord } from "../worker/component_host.ts";
import { Refusal } from "../worker/refusal.ts";
import { checkedComponent } from "./piece.ts";
import { callerDict, type ContainerProcedures, since, time } from "./procedure.ts";
import type { Request } from "./request.ts";

export const containerProcedures: ContainerProcedures = {
  "get_components": ({ container }) => container.list().map(({ id }) => id).sort(),
  "get_component": ({ container, now }, request) =>
    componentDict(container.get(request.text(0, "component_id")), now()),
  "start_component": async ({ container, publish }, request) => {
    const id = request.text(0, "component_id");
    const config = request.dict(1, "config");
    expectNoReload(request, 2);
    container.expectNone(id);
    const checked = await checkedComponent(container.job, { ...config, "id": id });
    await container.startComponent(id, checked, request.caller.session);
    const started = { "id": id, "config": checked };
    publish("on_component_started", started, request.caller.session);
    return started;
  },
  "restart_component": async ({ container, now, publish }, request) => {
    const id = request.text(0, "component_id");
    expectNoReload(request, 1);
    const record = await container.restartComponent(id, request.caller.session);
    const { config, ...stopped } = componentDict(record, now());
    const started = { "id": id, "config": config };
    const restarted = { "stopped": stopped, "started": started, "caller": callerDict(request) };
    publish("on_component_restarted", restarted, request.caller.session);
    return restarted;
  },
  "stop_component": async ({ container, now }, request) => {
    const record = await container.stopComponent(request.text(0, "component_id"));
    return {
      "component_id": record.id,
      "uptime": since(record.startedAt, now()),
      "caller": callerDict(request),
    };
  },
};

/** Modules stay in memory as long as their process lives, on every runtime. */
function expectNoReload(request: Request, place: number): void {
  if (!request.flag(place, "reload_modules", false)) return;
  throw new Refusal(
    FEATURE_UNAVAILABLE,
    "Cannot load modules anew: a process keeps them; start the worker anew instead",
  );
}

export function componentDict(
  { id, startedAt, config }: ComponentRecord,
  now: number,
): Dict {
  return {
    "id": id,
    "started": time(startedAt),
    "uptime": since(startedAt, now),
    "config": config,
  };
}
