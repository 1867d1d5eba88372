/**
 * The node configuration, version 2 as Crossbar.io defined it: the only description of the file. Types, validation and `realmway check`,
 * the JSON Schema for editors and the reference page come from it. Keys and defaults are Crossbar.io's where the meaning is the same; what it knows and this
 * version does not support is refused by name. `checks.ts` holds what one value says about another.
 */
import { z } from "zod";
import { DEFAULT_SLOW_CONSUMER_OPTIONS as SLOW } from "../../transports/host.ts";
import { bytes, flag, id, kinds, none, refused, section, whole } from "./fields.ts";
import { modulePaths, routerComponent } from "./schema_component.ts";
import { container } from "./schema_container.ts";
import { guest } from "./schema_guest.ts";
import { nodeLimits } from "./schema_limits.ts";
import { management } from "./schema_management.ts";
import { cpuAffinity, disabled, processEnv, restart, TITLE } from "./schema_process.ts";
import { realm } from "./schema_realm.ts";
import { realmTemplate } from "./schema_realm_template.ts";
import { throttle } from "./schema_throttle.ts";
import { transport } from "./schema_transport.ts";

const MANHOLE = "there is no Python shell to log in to; remove the key";

const SHUTDOWN_MODES = [
  "shutdown_on_shutdown_requested",
  "shutdown_on_worker_exit",
  "shutdown_on_worker_exit_with_error",
  "shutdown_on_last_worker_exit",
] as const;

const controllerOptions = section("How the node runs", () => ({
  "shutdown_timeout": whole(
    { min: 0, max: 600_000, unit: "ms" },
    "How long sessions may take to say goodbye when the node stops",
  ).default(2000),
  "drain_timeout": whole(
    { min: 0, max: 3_600_000, unit: "ms" },
    "How long calls in flight may take when the node is told to drain before it stops",
  ).default(30_000),
  "title": refused(TITLE),
  "shutdown": z.array(z.enum(SHUTDOWN_MODES)).default([]).describe(
    "What ends the node: that it is asked to (by signals and the management API; they always do, listed or not), that a worker which is a " +
      "process of its own ended for good, that one did so other than with code 0, that no worker is left (a router in the node's process always is)",
  ),
  "enable_parallel_worker_start": refused("workers always start side by side; remove the key"),
}));

const FX =
  "it is of Crossbar.io's commercial products, which have no counterpart here; remove the key";

const controller = section("The node itself", () => ({
  "id": id("Id of the node (default: the host's name)"),
  "options": controllerOptions.prefault({}),
  "management": management.optional(),
  "manhole": refused(MANHOLE),
  "connections": none("database connections are not planned"),
  "fabric": refused(FX),
  "fabric-center": refused(FX),
  "enable_docker": refused(FX),
  "blockchain": refused(FX),
  "ipfs": refused(FX),
  "keyring": refused("node keys come with a later version; remove the key"),
}));

const slowConsumers = section("What happens to peers that do not read what they are sent", () => ({
  "policy": z.enum(["drop-events", "close"]).default(SLOW.policy).describe(
    "drop-events: beyond the limit events are dropped, beyond the hard limit the connection; close: " +
      "the connection is dropped at the limit",
  ),
  "limit": bytes({ min: 65_536, max: 1_073_741_824 }, "Bytes that may wait for one peer")
    .default(SLOW.limitBytes),
  "hard_limit": bytes({ min: 65_536, max: 1_073_741_824 }, "Bytes that drop its connection")
    .default(SLOW.hardLimitBytes),
}));

const workerOptions = section("How the worker runs", () => ({
  "isolate": flag(
    false,
    "Give the router a process of its own; of several routers the first shares the node's unless it says so, all others have their own",
  ),
  "slow_consumers": slowConsumers.prefault({}),
  "throttle": throttle.prefault({}),
  "limits": nodeLimits.prefault({}),
  "title": refused(TITLE),
  "python": refused("this router is no Python program; remove the key"),
  ...modulePaths(),
  // Of a process of its own, see `worker_checks.ts`.
  "cpu_affinity": cpuAffinity,
  "env": processEnv.prefault({}),
  ...restart(),
  "reactor": refused("there is no Twisted reactor here; remove the key"),
  "expose_controller": refused(
    "components have no access to the node's controller; remove the key",
  ),
  "expose_shared": flag(
    false,
    "Give all components of the worker one object in common, as `shared`",
  ),
  "extra": refused("write extra in the components; remove the key"),
  "disabled": disabled,
}));

export const router = section("A router: realms, and the transports that lead to them", () => ({
  "id": id("Id of the worker (default: worker001, ... by its place in the list)"),
  "type": z.literal("router"),
  "options": workerOptions.prefault({}),
  "realms": z.array(realm).default([]).describe("Realms of the router"),
  "realm_templates": z.array(realmTemplate).default([]).describe("Realms on demand"),
  "transports": z.array(transport).default([]).describe("Transports of the router"),
  "components": z.array(routerComponent).default([])
    .describe("Code of yours that runs in the router's process"),
  "connections": none("database connections are not planned; remove the key"),
  "manhole": refused(MANHOLE),
}));

const LATER = "come with a later version; remove this worker";

const worker = kinds("What the node runs", [router, container, guest], [
  "router",
  "container",
  "guest",
], {
  "proxy": `proxies ${LATER}`,
  "websocket-testee": 'test workers are not planned; write a transport "websocket.testee"',
  "hostmonitor": `host monitors ${LATER}`,
  "marketmaker": "XBR markets are not planned; remove this worker",
  "xbrmm": "XBR markets are not planned; remove this worker",
});

export const nodeSchema = section("Configuration of a node", () => ({
  "$schema": z.string().optional().describe("Where editors find the schema of this file"),
  "version": z.literal(2, "2, the version of this format").describe("Version of this format"),
  "workers": z.array(worker, "a list of workers")
    .describe("What the node runs: routers, containers and guests"),
  // Last: what the management realm has in common with workers is explained there.
  "controller": controller.prefault({}),
}));

/** A checked configuration with every default filled in, under its names in the file. */
export type NodeConfig = z.output<typeof nodeSchema>;
export type WorkerConfig = NodeConfig["workers"][number];
export type RouterConfig = Extract<WorkerConfig, { type: "router" }>;
export type { TransportConfig } from "./schema_transport.ts";

/** Of a node without a router. */
export function defaultRouterOptions(): RouterConfig["options"] {
  return workerOptions.parse({}, { jitless: true });
}

/** The routers of a configuration, each with its place in the list of workers. */
export function routersOf(config: NodeConfig): (readonly [number, RouterConfig])[] {
  return [...config.workers.entries()].flatMap(([i, worker]) =>
    worker.type === "router" ? [[i, worker] as const] : []
  );
}
