/** Authenticators: who knows principals that are not in the configuration. Part of `schema_auth.ts`. */
import { z } from "zod";
import { anyValue, refused, section, text, whole } from "./fields.ts";
import { realmName } from "./schema_names.ts";

export const defaultRole = text("Role of those who have none of their own");

export const unknownPrincipals = z.enum(["hide", "tell"]).default("hide").describe(
  "Whether peers are told that an authid is unknown (wamp.error.no_such_principal), or denied like those with wrong credentials",
);

// A handshake has 10 s, of which a throttled one waits up to 4.
const timeout = whole({ min: 10, max: 10_000, unit: "ms" }, "How long an answer may take").default(
  5000,
);

const EXPOSE = "authenticators have no access to the node's controller; remove the key";

/** A procedure. */
export const dynamicShape = () => ({
  "type": z.literal("dynamic"),
  "authenticator": text("URI of the procedure; called with (realm, authid, details)"),
  "authenticator-realm": realmName.optional()
    .describe("Realm where it is (default: the realm that the peer asks for)"),
  "default-role": defaultRole.optional(),
  "unknown-principals": unknownPrincipals,
  timeout,
  "authenticator-role": refused("the procedure is called by the router itself; remove the key"),
  "expose_controller": refused(EXPOSE),
} as const);

export const dynamic = section("A procedure knows the principals", dynamicShape);

/** A function. */
export const functionShape = () => ({
  "type": z.literal("function"),
  "create": text(
    'Function that makes the authenticator, "./file.ts:name" or "folder.file.name" below the node directory; called with "config"',
  ),
  "config": anyValue.optional().describe("What it is called with"),
  "default-role": defaultRole.optional(),
  "unknown-principals": unknownPrincipals,
  timeout,
  "expose_controller": refused(EXPOSE),
} as const);

export const byFunction = section(
  "A function of a user module knows the principals",
  functionShape,
);

/** Who knows principals, by `type`. */
export const AUTHENTICATORS = ["static", "dynamic", "function"] as const;
