/** What Crossbar.io's workers and its node controller tell of their process, and those procedures that make no sense here. docs/management.md */
import { arch, cpus, freemem, loadavg, platform, totalmem } from "node:os";
import process from "node:process";
import type { Dict } from "../../wamp/message.ts";
import { VERSION } from "../../wamp/version.ts";
import type { Capacity } from "../capacity.ts";
import { FEATURE_UNAVAILABLE } from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import type { WorkerFacts } from "../worker/children.ts";
import {
  callerDict,
  type NodeProcedures,
  type ProcessProcedures,
  since,
  time,
} from "./procedure.ts";

const startedAt = Date.now() - process.uptime() * 1000;

export const processProcedures: ProcessProcedures = {
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
  "get_process_stats": ({ capacity }) => {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      "time": time(Date.now()),
      "uptime": process.uptime(),
      "memory": { "rss": rss, "heap": heapUsed },
      "cpu": { "user": user / 1e6, "system": system / 1e6 },
      ...(capacity && pressure(capacity)),
    };
  },
  "utcnow": () => time(Date.now()),
  "started": ({ created }) => time(created),
  "uptime": ({ created, now }) => since(created, now()),
  "shutdown": async ({ shutdown, publish }, request) => {
    if (shutdown === undefined) {
      const text = "Cannot shut down the worker: the router is the node's own process; " +
        "ask crossbar.shutdown";
      throw new Refusal(FEATURE_UNAVAILABLE, text);
    }
    publish("on_shutdown_requested", { "caller": callerDict(request) }, request.caller.session);
    return await shutdown();
  },
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

const PYTHON = "there is no Python here";
const SERVICE = "set it for the service (systemd: CPUAffinity=)";
const PROFILE = "use the runtime's own profiler and inspector";
const POLL = "call get_process_stats as often as you like";

/** By name, with what to do instead. */
export const REFUSED_OF_WORKER: Readonly<Record<string, string>> = {
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
    "uptime": since(node.startedAt, node.now()),
    "workers": node.workers.list().map(({ id }) => id),
  }),
  "get_system_stats": () => ({
    "platform": platform(),
    "arch": arch(),
    "cpus": cpus().length,
    "load": loadavg(),
    "memory": { "total": totalmem(), "free": freemem() },
  }),
  "reload": async (node, request) => {
    if (node.reload === undefined) {
      const text = "Cannot reload: the program that runs the node has its configuration; ask it";
      throw new Refusal(FEATURE_UNAVAILABLE, text);
    }
    const changes = await node.reload();
    node.publish("on_reloaded", { "changes": changes }, request.caller.session);
    return { "changes": changes };
  },
  "get_workers": (node, request) => {
    const types = request.texts(0, "filter_types");
    return node.workers.list()
      .filter(({ type }) => types?.includes(type) !== false)
      .map(({ id }) => id);
  },
  "get_worker": (node, request) => workerDict(node.workers.get(request.text(0, "worker_id"))),
  "start_worker": async (node, request) => {
    const id = request.text(0, "worker_id");
    const type = request.text(1, "worker_type");
    const options = request.optionalDict(2, "worker_options") ?? {};
    const { session } = request.caller;
    const starting = (): void => node.publish(`on_${type}_starting`, { "id": id }, session);
    const started = workerDict(await node.workers.start(id, type, options, starting));
    node.publish(`on_${type}_started`, started, session);
    return started;
  },
  "stop_worker": async (node, request) => {
    const id = request.text(0, "worker_id");
    const kill = request.flag(1, "kill", false);
    const stopping = (): void => {
      const requested = { "id": id, "kill": kill, "caller": callerDict(request) };
      node.publish("on_stop_requested", requested, request.caller.session);
    };
    const stopped = await node.workers.stop(id, kill, stopping);
    return { ...workerDict(stopped), "status": "stopped", "kill": kill };
  },
  "get_worker_log": (node, request) =>
    node.workers.log(request.text(0, "worker_id"), request.optionalCount(1, "limit") ?? 100)
      .map(({ time: at, stream, line }) => ({ "time": time(at), "stream": stream, "line": line })),
  "shutdown": (node, request) => {
    if (request.flag(0, "restart", false)) {
      const text = "Cannot restart the node: only a service manager can; expected restart false";
      throw new Refusal(FEATURE_UNAVAILABLE, text);
    }
    const caller = callerDict(request);
    const drains = request.flag(1, "drain", false);
    node.publish("on_shutdown", { "caller": caller });
    const who = request.caller.authid ?? "a session";
    node.shutdown(`${who} asked for it by the management API`, drains);
    return { "caller": caller };
  },
};

export const REFUSED_OF_NODE: Readonly<Record<string, string>> = {
  sign: "the node has no key",
  "sign_challenge": "the node has no key",
  "get_public_key": "the node has no key",
};

function workerDict({ id, type, pid, status, created }: WorkerFacts) {
  return { "id": id, "type": type, "pid": pid ?? null, "status": status, "created": time(created) };
}
