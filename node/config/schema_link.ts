/** Router links: a realm joined to a realm of another router, under Crossbar.io's keys. Part of `schema_realm.ts`. */
import { z } from "zod";
import { flag, id, refused, section, text, whole } from "./fields.ts";
import { secretText } from "./schema_principal.ts";
import { connectingTransport } from "./schema_connect.ts";
import { realmName } from "./schema_names.ts";

const authid = text("Who the link is to the other router");

/** What the other router is shown. */
export const authentication = section(
  "How the link proves who it is (default: it stays anonymous)",
  () => ({
    "ticket": section("A ticket", () => ({ authid, "ticket": secretText("The ticket") }))
      .optional(),
    "wampcra": section("A shared secret", () => ({ authid, "secret": secretText("The secret") }))
      .optional(),
    "scram": section("A password", () => ({ authid, "password": secretText("The password") }))
      .optional(),
    "cryptosign": section("An Ed25519 key", () => ({
      "authid": authid.optional(),
      "privkey": secretText("The private key, 64 hexadecimal digits"),
    })).optional(),
    "jwt": section("A JSON Web Token", () => ({ "token": secretText("The token") })).optional(),
  }),
);

export const link = section(
  "A link to a realm of another router: what either side subscribes to and registers is there for the other",
  () => ({
    "id": id("Id of the link, unique in its realm (default: link001, ...)"),
    "realm": realmName.describe("Realm of the other router"),
    "transport": connectingTransport,
    "authentication": authentication.optional(),
    "authid": refused('write it in "authentication", with what proves it'),
    "exclude_authid": z.array(z.string().min(1)).default([])
      .describe("Sessions of these authids cross in no direction"),
    "forward_local_events": flag(true, "Events published here reach subscribers there"),
    "forward_remote_events": flag(true, "Events published there reach subscribers here"),
    "forward_local_invocations": flag(true, "Calls made here reach callees there"),
    "forward_remote_invocations": flag(true, "Calls made there reach callees here"),
    "initial_retry_delay": whole(
      { min: 10, max: 600_000, unit: "ms" },
      "Time before the first attempt to connect anew; each further one waits half as long again",
    ).default(1000),
    "max_retry_delay": whole({ min: 10, max: 3_600_000, unit: "ms" }, "Longest such time")
      .default(60_000),
  }),
);

export type LinkConfig = z.output<typeof link>;
export type LinkAuthenticationConfig = z.output<typeof authentication>;
