/** What the limits of slow consumers say about each other. Works on the raw value, as `checks.ts` does. */
import { DEFAULT_SLOW_CONSUMER_OPTIONS as OUTER } from "../../transports/host.ts";
import type { Problem } from "./problems.ts";
import { type Found, realmSections, select } from "./select.ts";
import { DEFAULT_LIMIT } from "./schema_slow_consumers.ts";
import { formatPath } from "./source.ts";

/** @param worker a router worker. */
export function slowConsumerProblems(worker: Found): Problem[] {
  const outer = select(worker.value, ["options", "slow_consumers", "limit"], worker.path)[0];
  const most = typeof outer?.value === "number" ? outer.value : OUTER.limitBytes;
  const rules = realmSections(worker).flatMap(({ value, path }) =>
    select(value, ["roles", "*", "slow_consumers"], path)
  );
  return rules.flatMap((rule) => {
    const at = (key: string) => select(rule.value, [key], rule.path)[0];
    const limit = at("limit") ?? { value: DEFAULT_LIMIT, path: rule.path };
    const hardLimit = at("hard_limit");
    if (typeof limit.value !== "number") return [];
    if (limit.value >= most) {
      const where = formatPath([...worker.path, "options", "slow_consumers", "limit"]);
      const found = limit.path === rule.path ? `the default limit, ${limit.value}` : limit.value;
      const text = `found ${found}, expected less than ${most}, the limit of all roles (${where})`;
      return [{ path: limit.path, text }];
    }
    if (typeof hardLimit?.value !== "number" || hardLimit.value > limit.value) return [];
    const text = `found ${hardLimit.value}, expected more than the limit, ${limit.value}`;
    return [{ path: hardLimit.path, text }];
  });
}
