/** Realms on demand: ours, Crossbar.io has no such key. `router/on_demand.ts` makes them. */
import { z } from "zod";
import { flag, id, refused, section, text, whole } from "./fields.ts";
import { jsonSchema } from "./schema_role.ts";
import { type RealmConfig, realmRouting, type RoleConfig, roleKeys } from "./schema_realm.ts";
import { resumption } from "./schema_resumption.ts";
import { passingStore } from "./schema_store.ts";

const templateRole = section("What sessions of this role may do in the realms", () => ({
  ...roleKeys(),
  "create_realm": flag(false, "Have a realm made that is not there, by joining it"),
}));

export const realmTemplate = section(
  "Realms that are made when somebody joins them who may create them, and removed when nobody is in them",
  () => ({
    "name": text(
      'Pattern of their names. Without "match", a star at the end means a prefix ("tenant.*"), stars elsewhere stand for one ' +
        "component each; of several that match the most specific decides, and realms of the worker come first",
    ),
    "match": z.enum(["exact", "prefix", "wildcard"]).optional().describe(
      'How "name" matches; in a wildcard pattern an empty component matches any ("tenant..test")',
    ),
    "id": id("Id of the template, unique in its worker (default: template001, ...)"),
    "max_realms": whole(
      { min: 1, max: 1_000_000 },
      "Realms that may be there at once; who asks for another is refused",
    ).default(1_000),
    "idle_timeout": whole(
      { min: 0, max: 86_400_000, unit: "ms" },
      "How long a realm is kept in which there is no session",
    ).default(60_000),
    "options": realmRouting.prefault({}),
    "roles": z.array(templateRole).default([]).describe("Roles of each of the realms"),
    "store": passingStore.optional(),
    "resumption": resumption.optional(),
    "schemas": z.record(z.string(), jsonSchema).default({}).describe(
      "JSON Schemas of payloads by name, as a realm has them",
    ),
    "rlinks": refused('a link needs a realm that stays; write that realm into "realms"'),
  }),
);

export type RealmTemplateConfig = z.output<typeof realmTemplate>;

/** What a realm of the template would be written as. */
export function realmByTemplate(template: RealmTemplateConfig, name: string): RealmConfig {
  const { options, store, resumption, schemas } = template;
  return {
    name,
    options,
    "roles": template.roles.map(plainRole),
    ...(store && { store }),
    ...(resumption && { resumption }),
    schemas,
    "rlinks": [],
  };
}

export function plainRole(role: RealmTemplateConfig["roles"][number] | RoleConfig): RoleConfig {
  if (!("create_realm" in role)) return role;
  const { create_realm: _, ...plain } = role;
  return plain;
}
