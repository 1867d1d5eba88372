/** Which router worker runs in the node's process: the first that is not disabled and does not ask for a process of its own. Works on raw and checked values alike. */
import { type Environment, isDisabled } from "./environment.ts";
import { type Found, select } from "./select.ts";

/** Its place in the list of workers; undefined: none does. */
export function routerInNode(config: unknown, env: Environment): number | undefined {
  const found = select(config, ["workers", "*"]).find((worker) =>
    select(worker.value, ["type"])[0]?.value === "router" && !hasOwnProcess(worker) &&
    !isDisabled(select(worker.value, ["options", "disabled"])[0]?.value, env)
  );
  const place = found?.path[1];
  return typeof place === "number" ? place : undefined;
}

function hasOwnProcess({ value }: Found): boolean {
  return select(value, ["options", "isolate"])[0]?.value === true;
}
