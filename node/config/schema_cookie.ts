/** Cookies of WebSocket handshakes, under Crossbar.io's keys. Part of `schema_connection.ts`. */
import { z } from "zod";
import { kinds, off, refused, section, text, whole } from "./fields.ts";

const filename = (fallback: string) => text("The file, in the node directory").default(fallback);

const store = kinds(
  "Where it is kept who authenticated with a cookie",
  [
    section("In memory: forgotten when the node ends", () => ({ "type": z.literal("memory") })),
    section("In a JSON file, for hundreds of them", () => ({
      "type": z.literal("file"),
      "filename": filename("cookies.json"),
      "purge_on_startup": off("remove the file before the node starts"),
    })),
    section("In a SQLite file, for thousands of them", () => ({
      "type": z.literal("sqlite"),
      "filename": filename("cookies.sqlite"),
    })),
  ],
  ["memory", "file", "sqlite"],
  { "database": 'write "type": "sqlite" with a "filename"' },
);

export const cookie = section(
  "A cookie for each browser: told to authenticators, and, with the authmethod cookie, a way in for who has authenticated before",
  () => ({
    "name": z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "letters, digits, _ and -")
      .default("cbtid").describe("Name of the cookie"),
    "length": whole({ min: 16, max: 64 }, "Characters of its value").default(24),
    "max_age": whole({ min: 1, max: 31_536_000, unit: "s" }, "How long browsers keep it")
      .default(604_800),
    "same_site": z.enum(["Lax", "Strict", "None"]).default("Lax").describe(
      "Whether pages of other sites may bring it: None lets them, and needs TLS",
    ),
    "secure": refused("cookies are Secure wherever they are given over TLS; remove the key"),
    "http_strict": refused("no script is ever shown the cookie; remove the key"),
    "store": store.prefault({ "type": "memory" }),
  }),
);

export type CookieConfig = z.output<typeof cookie>;
