/** The management realm: who may reach it from outside the node's process, and how. Part of `schema.ts`. */
import { z } from "zod";
import { section, text } from "./fields.ts";
import { role } from "./schema_realm.ts";
import { transport } from "./schema_transport.ts";

/** The realm's name, as with Crossbar.io. */
export const MANAGEMENT_REALM = "crossbar";
/** Its built-in role: calls and subscribes to everything. */
export const OPERATOR = "operator";

export const management = section(
  'The management realm "crossbar", whose procedures start, stop and show what the node runs (docs/management.md)',
  () => ({
    "socket": text(
      "Unix socket that leads to it, relative to the node directory: for the node's own user alone, who may do everything",
    ).optional(),
    "roles": z.array(role).default([])
      .describe('Roles of the realm beside "operator", which may do everything'),
    "transports": z.array(transport).default([])
      .describe("Other transports that lead to it; each needs authentication"),
  }),
);

export type ManagementConfig = z.output<typeof management>;
