/** What Crossbar.io's workers and its node controller tell of their process, and those procedures that make no sense here. docs/management.md */
import { arch, cpus, freemem, loadavg, platform, totalmem } from "node:os";
import process from "node:process";
import type { Dict } from "../../wamp/message.ts";
import { VERSION } from "../../wamp/version.ts";
import type { Capacity } from "../capacity.ts";
import { FEATURE_UNAVAILABLE, NO_SUCH_WORKER } from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import {
  callerDict,
  type NodeContext,
  type NodeProcedures,
  since,
  time,
  type WorkerProcedures,
} from "./procedure.ts";

const startedAt = Date.now() - process.uptime() * 1000;

export const processProcedures: WorkerProcedures = {
  "get_node_id": ({ nodeId }) => nodeId,
  "get_cpu_count": () => cpus().length,
  "get_cpus": () =>
    cpus().map(({ model, speed }, id) => ({ "id": id, "model": model, "mhz": speed })),
  "get_process_info": () => ({
    "pid": process.pid,
    "title": `Realmway ${VERSION}`,
    "exe": process.execPath,
    "cwd": process.cwd(),
    "started": time(startedAt),
  }),
  "get_process_stats": ({ worker }) => {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const { capacity } = worker.parts;
    return {
      "time": time(Date.now()),
      "uptime": process.uptime(),
      "memory": { "rss": rss, "heap": heapUsed },
      "cpu": { "user": user / 1e6, "system": system / 1e6 },
      ...(capacity && pressure(capacity)),
    };
  },
  "utcnow": () => time(Date.now()),
  "started": ({ worker }) => time(worker.created),
  "uptime": ({ worker }) => since(worker.created, worker.parts.clock.now()),
};

/** How near the process is to its limits, and whom they kept out. */
function pressure({ signs, options, refused }: Capacity): Dict {
  const { memory, handshakes, sessionsPerAddress, descriptors } = refused;
  const finite = (limit: number | undefined) => limit === Infinity ? null : limit ?? null;
  return {
    "event_loop": { "lag": signs.lagMs / 1000, "most": signs.mostLagMs / 1000 },
    "memory_limit": finite(options.memoryBytes),
    "descriptors": { "open": signs.descriptors ?? null, "limit": finite(signs.descriptorLimit) },
    "refused": {
      "memory": memory,
      "handshakes": handshakes,
      "sessions_per_address": sessionsPerAddress,
      "descriptors": descriptors,
    },
  };
}

const ALIAS = "ask crossbar.shutdown: the router is the node's own process";
const PYTHON = "there is no Python here";
const SERVICE = "set it for the service (systemd: CPUAffinity=)";
const PROFILE = "use the runtime's own profiler and inspector";
const POLL = "call get_process_stats as often as you like";

/** By name, with what to do instead. */
export const REFUSED_OF_WORKER: Readonly<Record<string, string>> = {
  "shutdown": ALIAS,
  "set_node_id": "write controller.id in the configuration",
  "get_profilers": PROFILE,
  "start_profiler": PROFILE,
  "get_profile": PROFILE,
  "get_pythonpath": PYTHON,
  "add_pythonpath": `${PYTHON}; write options.modulepath in the configuration`,
  "get_cpu_affinity": SERVICE,
  "set_cpu_affinity": SERVICE,
  "get_process_monitor": POLL,
  "set_process_stats_monitoring": POLL,
  "trigger_gc": "the runtimes collect garbage by themselves",
  "start_manhole": PYTHON,
  "stop_manhole": PYTHON,
  "get_manhole": PYTHON,
};

export const nodeProcedures: NodeProcedures = {
  "get_status": (node) => ({
    "id": node.nodeId,
    "title": `Realmway ${VERSION}`,
    "pid": process.pid,
    "started": time(node.startedAt),
    "uptime": since(node.startedAt, node.worker.parts.clock.now()),
    "workers": workers(node).map(({ id }) => id),
  }),
  "get_system_stats": () => ({
    "platform": platform(),
    "arch": arch(),
    "cpus": cpus().length,
    "load": loadavg(),
    "memory": { "total": totalmem(), "free": freemem() },
  }),
  "get_workers": (node, request) => {
    const types = request.texts(0, "filter_types");
    return workers(node).filter(({ type }) => types?.includes(type) !== false).map(({ id }) => id);
  },
  "get_worker": (node, request) => {
    const id = request.text(0, "worker_id");
    const found = workers(node).find((worker) => worker.id === id);
    if (found !== undefined) return found;
    throw new Refusal(NO_SUCH_WORKER, `Cannot find worker "${id}": this node has none of that id`);
  },
  "shutdown": (node, request) => {
    if (request.flag(0, "restart", false)) {
      const text = "Cannot restart the node: only a service manager can; expected restart false";
      throw new Refusal(FEATURE_UNAVAILABLE, text);
    }
    const caller = callerDict(request);
    node.publish("on_shutdown", { "caller": caller });
    node.shutdown(`${request.caller.authid ?? "a session"} asked for it by the management API`);
    return { "caller": caller };
  },
};

const RELOAD = "write workers in the configuration, and start the node again";

export const REFUSED_OF_NODE: Readonly<Record<string, string>> = {
  "start_worker": RELOAD,
  "stop_worker": RELOAD,
  "get_worker_log": "read the node's log, which has the output of its workers",
  sign: "the node has no key",
  "sign_challenge": "the node has no key",
  "get_public_key": "the node has no key",
};

function workers({ worker, children }: NodeContext) {
  return [
    {
      "id": worker.id,
      "type": "router",
      "pid": process.pid,
      "status": "started",
      "created": time(worker.created),
    },
    ...children().map(({ id, type, pid = null }) => ({
      "id": id,
      "type": type,
      "pid": pid,
      "status": pid === null ? "stopped" : "started",
    })),
  ];
}
