/** What workers that are processes of their own have in common: environment, and when they are started anew. Part of `schema.ts`. */
import { z } from "zod";
import { section, text, whole } from "./fields.ts";

export const disabled = z.union(
  [z.boolean(), z.string().regex(/^\$\{?[A-Za-z_]\w*\}?$/)],
  'true, false, or an environment variable, "$NAME"',
).default(false).describe(
  "Leaves the worker out; a variable does when it is set to anything but an empty text",
);

export const processEnv = section("Environment of the process", () => ({
  "inherit": z.union(
    [z.boolean(), z.array(text("Name of a variable"))],
    "true, false, or a list of names",
  ).default(true).describe(
    "What it has of the node's: everything, nothing, or the variables named here",
  ),
  "vars": z.record(z.string(), z.string()).default({})
    .describe("Variables of its own, which stand above inherited ones"),
}));

export const cpuAffinity = z.array(whole({ min: 0, max: 4095 }, "Number of a CPU")).min(1)
  .optional()
  .describe("CPUs that the process may use, by the program taskset");

export const TITLE = "processes have no titles here; remove the key";

export const RESTART_POLICIES = ["restart-never", "restart-always", "restart-on-failed"] as const;
export type RestartPolicy = typeof RESTART_POLICIES[number];

/** Whether what has ended is started anew. */
export function isRestarted(policy: RestartPolicy, hasFailed: boolean): boolean {
  return policy === "restart-always" || (policy === "restart-on-failed" && hasFailed);
}

export const restart = () => ({
  "restart": z.enum(RESTART_POLICIES).default("restart-never").describe(
    "Whether the process is started anew when it ends: never, always, or when it ended with another code than 0 or by a signal",
  ),
  "initial_retry_delay": whole(
    { min: 10, max: 600_000, unit: "ms" },
    "Time before the first restart; each further one waits twice as long, until the process has run for 10 s",
  ).default(1000),
  "max_retry_delay": whole({ min: 10, max: 3_600_000, unit: "ms" }, "Longest such time")
    .default(60_000),
});

export type ProcessEnvConfig = z.output<typeof processEnv>;
