/** Realms, roles and permissions. The rules are `router/permission.ts`'s; this file knows how Crossbar.io writes them down. */
import { z } from "zod";
import { link } from "./schema_link.ts";
import { realmName } from "./schema_names.ts";
import { resumption } from "./schema_resumption.ts";
import { roleSlowConsumers } from "./schema_slow_consumers.ts";
import { store } from "./schema_store.ts";
import { flag, id, off, refused, section, text, whole } from "./fields.ts";
import { authorizer, jsonSchema, limits } from "./schema_role.ts";

const allow = section("What the role may do with matching URIs", () => ({
  "call": flag(false, "Call matching procedures"),
  "register": flag(false, "Register matching procedures"),
  "publish": flag(false, "Publish to matching topics"),
  "subscribe": flag(false, "Subscribe to matching topics"),
}));

const disclosure = (who: string, whom: string) =>
  z.union([z.boolean(), z.literal("never")], 'true, false or "never"').default(false).describe(
    `Tell ${whom} who ${who}: true always, false when it asks for that (disclose_me), "never" refuses such requests`,
  );

const disclose = section("Whose identity the router reveals", () => ({
  "caller": disclosure("calls", "callees"),
  "publisher": disclosure("publishes", "subscribers"),
}));

const trustlevel = (what: string) =>
  whole(
    { min: 0, max: 1_000_000 },
    `What callees and subscribers are told of ${what}: 0 is the lowest`,
  )
    .optional();

const payload = (what: string) =>
  jsonSchema.describe(`${what}: a JSON Schema, or the name of one of the realm's schemas`)
    .optional();

const validate = section("What payloads must look like; others are refused", () => ({
  "call": payload("Arguments of a call"),
  "call_progress": payload("Those of its later parts (default: as of the first)"),
  "call_result": payload("A result"),
  "call_result_progress": payload("A progressive result"),
  "call_error": payload("Arguments of an error"),
  "event": payload("Arguments of an event"),
  "event_confirmation": refused("WAMP has no confirmation of events; remove the key"),
  "extra": refused("nothing would read it; remove the key"),
}));

const permission = section(
  "One rule of a role; of all rules that match a URI the most specific decides",
  () => ({
    "uri": z.string().describe(
      'URI or pattern. Without "match", a star at the end means a prefix ("com.example.*"), stars ' +
        'elsewhere stand for one component each ("com.*.create"), and "*" or "" for every URI',
    ),
    "match": z.enum(["exact", "prefix", "wildcard"]).optional().describe(
      'How "uri" matches; in a wildcard pattern an empty component matches any ("com..create")',
    ),
    "allow": allow.prefault({}),
    "disclose": disclose.prefault({}),
    "trustlevel": trustlevel("calls and events by this rule (default: the role's)"),
    "cache": flag(
      false,
      "Static rules need no cache: accepted and without effect, as in Crossbar.io",
    ),
    "validate": validate.optional(),
  }),
);

export const roleKeys = () => ({
  "name": text("Name of the role; authentication assigns it"),
  "id": id("Id of the role, unique in its realm (default: role001, ...)"),
  "allow-by-default": flag(false, "Allow everything that no rule decides"),
  "slow_consumers": roleSlowConsumers.optional(),
  "trustlevel": trustlevel("all calls and events of the role (default: they tell of none)"),
  "permissions": z.array(permission).default([]).describe("Static rules"),
  "authorizer": authorizer.optional(),
  "limits": limits.optional(),
});

export const role = section("What sessions of this role may do", roleKeys);

export const realmRouting = section("How the realm routes", () => ({
  "enable_meta_api": flag(true, "Answer the meta procedures and publish the meta events of WAMP"),
  "uri_check": z.enum(["loose", "strict"]).default("loose").describe(
    "Which URIs are valid: loose allows all but spaces, # and empty components; strict only a-z, 0-9 and _",
  ),
  "request_ids": z.enum(["strict", "tolerant"]).default("tolerant").describe(
    "Whether a session must count its request ids 1, 2, 3, ... as the specification demands",
  ),
  "bridge_meta_api": off("call the meta procedures in the realm itself; remove the key"),
  "event_dispatching_chunk_size": refused(
    "an event reaches its subscribers in one go, there are no chunks; remove the key",
  ),
}));

export const realm = section(
  "A namespace of its own: sessions of different realms never meet",
  () => ({
    "name": realmName.describe("Name of the realm, which peers join"),
    "id": id("Id of the realm, unique in its worker (default: realm001, ...)"),
    "options": realmRouting.prefault({}),
    "roles": z.array(role).default([]).describe("Roles of the realm"),
    "store": store.optional(),
    "resumption": resumption.optional(),
    "schemas": z.record(z.string(), jsonSchema).default({}).describe(
      "JSON Schemas of payloads by name, each an object with `args` and `kwargs`: written here, or a file's name",
    ),
    "inventory": refused('FlatBuffers are not supported; write JSON Schemas in "schemas"'),
    "stats": refused(
      "messages are always counted, see get_router_realm_stats in docs/management.md; remove the key",
    ),
    "rlinks": z.array(link).default([]).describe("Links to realms of other routers"),
  }),
);

export type RoleConfig = z.output<typeof role>;
export type RealmConfig = z.output<typeof realm>;
export type AuthorizerConfig = z.output<typeof authorizer>;
export type LimitsConfig = z.output<typeof limits>;
export type PermissionConfig = z.output<typeof permission>;
