/** What roles may have beside permissions: an authorizer that decides, limits, and JSON Schemas of payloads. Part of `schema_realm.ts`. */
import { z } from "zod";
import { anyValue, bytes, kinds, section, text, whole } from "./fields.ts";

const timeout = whole({ min: 10, max: 600_000, unit: "ms" }, "How long an answer may take")
  .default(5000);

/** Crossbar.io has the URI alone. */
export const authorizer = z.preprocess(
  (value) => typeof value === "string" ? { "type": "dynamic", "authorizer": value } : value,
  kinds(
    "Who decides what sessions of the role may do, in place of permissions; asked with (session details, URI, action, options)",
    [
      section("A procedure of the realm; its URI may stand in place of the section", () => ({
        "type": z.literal("dynamic"),
        "authorizer": text("URI of the procedure"),
        "timeout": timeout,
      })),
      section("A function of a user module", () => ({
        "type": z.literal("function"),
        "create": text(
          'Function that makes it, "./file.ts:name" or "folder.file.name" below the node directory; called with "config"',
        ),
        "config": anyValue.optional().describe("What it is called with"),
        "timeout": timeout,
      })),
    ],
    ["dynamic", "function"],
    {},
  ),
);

const COUNT = { min: 0, max: 10_000_000 };

const messageRate = section("A token bucket for each session", () => ({
  "rate": whole({ min: 1, max: 10_000_000 }, "Messages a second"),
  "burst": whole({ min: 1, max: 10_000_000 }, "Messages at once (default: those of a second)")
    .optional(),
}));

export const limits = section(
  "What sessions of the role may take; without a key there is no limit",
  () => ({
    "sessions": whole(COUNT, "Sessions of the role in the realm").optional(),
    "sessions_per_authid": whole({ min: 1, max: COUNT.max }, "Sessions of one authid").optional(),
    "sessions_per_authid_policy": z.enum(["refuse", "kick-oldest"]).default("refuse").describe(
      "Beyond that: refuse another session, or let it take the place of the oldest",
    ),
    "subscriptions": whole(COUNT, "Subscriptions of one session").optional(),
    "registrations": whole(COUNT, "Registrations of one session").optional(),
    "calls": whole(COUNT, "Calls of one session that are not answered yet").optional(),
    "message_rate": messageRate.optional(),
    "message_size": bytes({ min: 1, max: 1_073_741_824 }, "Bytes of the arguments of one message")
      .optional(),
  }),
).refine(
  (one) => one.sessions_per_authid_policy === "refuse" || one.sessions_per_authid !== undefined,
  { path: ["sessions_per_authid"], error: 'a number, as "sessions_per_authid_policy" has it' },
);

/** Checked by `schema_checks.ts`. */
export const jsonSchema = z.union(
  [z.string().min(1), z.boolean(), z.record(z.string(), anyValue)],
  "a JSON Schema, or a name",
);
