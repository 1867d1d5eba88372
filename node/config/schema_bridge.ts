/** The HTTP bridge: services of a web transport that publish, call, or pass on webhooks, under Crossbar.io's keys. Part of `schema_web.ts`. */
import { z } from "zod";
import { networkProblem } from "../../transports/forwarded.ts";
import { bytes, flag, id, off, section, text, whole } from "./fields.ts";
import { secretText } from "./schema_principal.ts";
import { realmName } from "./schema_names.ts";

const DEBUG = 'start with "--loglevel debug" instead';

const postBodyLimit = bytes(
  { min: 0, max: 1_073_741_824 },
  "Largest body of a request; 0: no limit",
  // DEVIATION: Crossbar.io has no limit by default, which lets anybody fill the memory, and allows none above 1 MiB.
).default(1_048_576);

/** Networks as Python writes them, too: "192.168.1.0/255.255.255.0". */
function withBits(network: string): string {
  const [address, mask = ""] = network.split("/");
  const bytes = mask.split(".").map(Number);
  if (
    bytes.length !== 4 || bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)
  ) {
    return network;
  }
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? `${address}/${bits.replaceAll("0", "").length}` : network;
}

const signed = section("Who may ask, and how much", () => ({
  "key": text("Name of the key that requests must be signed with; needs the secret").optional(),
  "secret": secretText("The secret that requests must be signed with; needs the key").optional(),
  "require_tls": flag(false, "Refuse requests that did not come over TLS"),
  "require_ip": z.array(
    z.string().overwrite(withBits).refine((text) => networkProblem(text) === undefined, {
      error: 'an address, or a network such as "10.0.0.0/8" or "10.0.0.0/255.0.0.0"',
    }),
  ).min(1).optional().describe("Addresses and networks that requests may come from (default: all)"),
  "post_body_limit": postBodyLimit,
  "timestamp_delta_limit": whole(
    { min: 0, max: 86_400, unit: "s" },
    "How far the time of a signed request may differ from ours; within it each signature counts once. 0: any time, any number",
  ).default(300),
  "debug": off(DEBUG),
})).refine(
  ({ key, secret }) => (key === undefined) === (secret === undefined),
  '"key" and "secret" together',
);

const seat = () => ({
  "id": id("Id of the service"),
  "realm": realmName.describe("Realm of the session that acts for requests"),
  "role": text("Role of that session, whose permissions hold"),
});

export const publisher = section("POST requests become events", () => ({
  ...seat(),
  "type": z.literal("publisher"),
  "options": signed.prefault({}),
}));

export const caller = section("POST requests become calls, and their results the answers", () => ({
  ...seat(),
  "type": z.literal("caller"),
  "options": signed.prefault({}),
}));

export const webhook = section("Requests of other services become events of one topic", () => ({
  ...seat(),
  "type": z.literal("webhook"),
  "options": section("What becomes of requests", () => ({
    "topic": text("Topic of the events, each with one argument: the request's headers and body"),
    "success_response": z.string().default("OK").describe("Answer when the event was published"),
    "error_response": z.string().default("NOT OK").describe("Answer when it was not"),
    "github_secret": secretText("The secret that GitHub signs its requests with").optional(),
    "post_body_limit": postBodyLimit,
    "debug": off(DEBUG),
  })),
}));

export type PublisherConfig = z.output<typeof publisher>;
export type CallerConfig = z.output<typeof caller>;
export type WebhookConfig = z.output<typeof webhook>;
export type BridgeConfig = PublisherConfig | CallerConfig | WebhookConfig;
