/** Containers: processes of their own that host components, under Crossbar.io's keys. Part of `schema.ts`. */
import { z } from "zod";
import { flag, id, kinds, none, refused, section, whole } from "./fields.ts";
import {
  callbacks,
  classname,
  componentShape,
  modulePaths,
  REFERENCES,
} from "./schema_component.ts";
import { connectingTransport } from "./schema_connect.ts";
import { authentication } from "./schema_link.ts";
import { cpuAffinity, disabled, processEnv, restart, TITLE } from "./schema_process.ts";

/** Crossbar.io's pages call the first one by the second name. */
export const CONTAINER_SHUTDOWN_MODES = [
  "shutdown-on-last-component-stopped",
  "shutdown-on-last-worker-exit",
  "shutdown-on-any-component-stopped",
  "shutdown-on-any-component-failed",
  "shutdown-manual",
] as const;

const connected = () => ({
  ...componentShape(),
  "transport": connectingTransport,
  "authentication": authentication.optional(),
  "max_retries": whole(
    { min: -1, max: 1_000_000 },
    "How often in a row connecting is tried again, also when a connection is lost; -1: for ever, 0: never",
  ).default(-1),
  "initial_retry_delay": whole(
    { min: 10, max: 600_000, unit: "ms" },
    "Time before the first such attempt; each further one waits half as long again",
  ).default(1000),
  "max_retry_delay": whole({ min: 10, max: 3_600_000, unit: "ms" }, "Longest such time")
    .default(60_000),
  "auth": refused('write "authentication"'),
  "references": none(REFERENCES),
} as const);

const component = kinds(
  "Code of yours that runs in the container's process",
  [
    section("A class", () => ({ ...connected(), "type": z.literal("class"), classname })),
    section("Functions", () => ({ ...connected(), "type": z.literal("function"), callbacks })),
  ],
  ["class", "function"],
  { "wamplet": 'write "class"' },
);

const PYTHON = "this router is no Python program; remove the key";

const options = section("How the container runs", () => ({
  ...modulePaths(),
  "shutdown": z.enum(CONTAINER_SHUTDOWN_MODES).optional().describe(
    "When the container ends: once its last component has stopped (default, unless restart-always), when any has stopped, when any has " +
      "failed, or with the node alone",
  ),
  ...restart(),
  "env": processEnv.prefault({}),
  "cpu_affinity": cpuAffinity,
  "disabled": disabled,
  "title": refused(TITLE),
  "python": refused(PYTHON),
  "reactor": refused("there is no Twisted reactor here; remove the key"),
  "expose_controller": refused(
    "components have no access to the node's controller; remove the key",
  ),
  "expose_shared": flag(
    false,
    "Give all components of the container one object in common, as `shared`",
  ),
  "extra": refused("write extra in the components; remove the key"),
}));

export const container = section("A process of its own that hosts components", () => ({
  "id": id("Id of the worker (default: worker001, ... by its place in the list)"),
  "type": z.literal("container"),
  "options": options.prefault({}),
  "components": z.array(component).default([]).describe("Code of yours that it runs"),
  "connections": none("database connections are not planned; remove the key"),
  "manhole": refused("there is no Python shell to log in to; remove the key"),
}));

export type ContainerConfig = z.output<typeof container>;
export type ContainerComponentConfig = ContainerConfig["components"][number];
