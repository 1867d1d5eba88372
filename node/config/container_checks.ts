/** What the keys of a container say about each other, and the secrets and files that its components name. On the raw value, as `checks.ts`. */
import { connectionFiles, connectionProblems } from "./link_checks.ts";
import type { Environment } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { type Found, select } from "./select.ts";

/** A component that is started anew cannot have been the last, nor end its container. */
const NONSENSE: Readonly<Record<string, readonly string[]>> = {
  "restart-always": [
    "shutdown-on-last-component-stopped",
    "shutdown-on-last-worker-exit",
    "shutdown-on-any-component-stopped",
    "shutdown-on-any-component-failed",
  ],
  "restart-on-failed": ["shutdown-on-any-component-failed"],
};

/** @param worker a worker, whatever its type. */
export function containerProblems(worker: Found, env: Environment): Problem[] {
  if (select(worker.value, ["type"])[0]?.value !== "container") return [];
  const components = select(worker.value, ["components", "*"], worker.path);
  const problems = components.flatMap((component) => connectionProblems(component, env));
  const restart = select(worker.value, ["options", "restart"])[0]?.value;
  const mode = select(worker.value, ["options", "shutdown"], worker.path)[0];
  if (mode === undefined || !NONSENSE[String(restart)]?.includes(String(mode.value))) {
    return problems;
  }
  const text = `found "${mode.value}" beside "${restart}", expected "shutdown-manual" or another ` +
    "restart policy: a component that is started anew would end the container";
  return [...problems, { path: mode.path, text }];
}

/** Files with secrets, and files of TLS. */
export function containerFiles(config: unknown): { secrets: Found[]; files: Found[] } {
  const containers = select(config, ["workers", "*"]).filter(({ value }) =>
    select(value, ["type"])[0]?.value === "container"
  );
  return connectionFiles(
    containers.flatMap(({ value, path }) => select(value, ["components", "*"], path)),
  );
}
