/** What the management realm has, checked as a worker's realm is. On the raw value, as `checks.ts` does. */
import { MANAGEMENT_REALM, OPERATOR } from "./schema_management.ts";
import type { Problem } from "./problems.ts";
import { type Found, select } from "./select.ts";

/** The management realm in the shape of a worker, at its own place. */
export function managementWorkers(config: unknown): Found[] {
  return select(config, ["controller", "management"]).map(({ path, value }) => ({
    path,
    value: {
      "realms": [{
        "name": MANAGEMENT_REALM,
        "roles": [
          { "name": OPERATOR },
          ...select(value, ["roles", "*"]).map(({ value: role }) => role),
        ],
      }],
      "transports": select(value, ["transports", "*"]).map(({ value: transport }) => transport),
    },
  }));
}

/** Names that are the node's own. */
export function managementProblems(config: unknown): Problem[] {
  const realms = select(config, ["workers", "*", "realms", "*", "name"]);
  const roles = select(config, ["controller", "management", "roles", "*", "name"]);
  return [
    ...realms.filter(({ value }) => value === MANAGEMENT_REALM).map(({ path }) => ({
      path,
      text: `found "${MANAGEMENT_REALM}", the node's management realm, expected another name`,
    })),
    // Who did not prove who it is would have it.
    ...roles.filter(({ value }) => value === OPERATOR || value === "anonymous").map((role) => ({
      path: role.path,
      text: `found "${role.value}", expected a name of its own, to which authentication leads`,
    })),
  ];
}
