/** What WebSocket and RawSocket services have in common wherever they stand: alone, below a path, or in a universal transport. */
import { z } from "zod";
import { kinds, off, refused, section, text } from "./fields.ts";
import { alternatives, REFUSED } from "./problems.ts";
import { realmName } from "./schema_realm.ts";
import { rawsocketOptions, websocketOptions } from "./schema_websocket.ts";

const SERIALIZERS = ["json", "msgpack", "cbor"] as const;

const serializer = z.enum(SERIALIZERS, {
  error: ({ input }) =>
    input === "ubjson" || input === "flatbuffers"
      ? `${REFUSED}no known client needs ${input}; remove it`
      : alternatives(SERIALIZERS),
});

const serializers = z.array(serializer).min(1).optional().describe(
  "Serializers to speak (default: all); each with its batched variant where the transport has one",
);

const anonymous = kinds(
  "How sessions without credentials join",
  [section("A fixed role", {
    "type": z.literal("static"),
    "role": text("Role of such sessions").default("anonymous"),
    "realm": realmName.describe("Realm they join, whichever they ask for").optional(),
    "authid": refused("the router makes an authid for each session; remove the key"),
  })],
  ["static"],
  {
    "dynamic": 'dynamic authenticators come with a later version; write "type": "static"',
    "function": 'authenticator functions come with a later version; write "type": "static"',
  },
);

const METHOD = 'comes with a later version; only "anonymous" works so far';

const auth = section("Who may join; without it everyone may, with the role anonymous", {
  anonymous,
  "ticket": refused(`authentication by ticket ${METHOD}`),
  "wampcra": refused(`authentication by WAMP-CRA ${METHOD}`),
  "cryptosign": refused(`authentication by WAMP-cryptosign ${METHOD}`),
  "scram": refused(`authentication by WAMP-SCRAM ${METHOD}`),
  "tls": refused(`authentication by client certificate ${METHOD}`),
  "cookie": refused(`authentication by cookie ${METHOD}`),
  "anonymous-proxy": refused(`authentication for proxies ${METHOD}`),
  "cryptosign-proxy": refused(`authentication for proxies ${METHOD}`),
});

const DEBUG = 'start with "--loglevel debug" instead';

export const websocketConnection = {
  "url": z.string().regex(/^(wss?|rs):\/\/.+/, 'a URL that begins with "ws://" or "wss://"')
    .nullable().optional().describe(
      "URL that clients use, when it differs from what the endpoint says",
    ),
  serializers,
  "options": websocketOptions.prefault({}),
  "auth": auth.optional(),
  "cookie": refused("cookie tracking comes with a later version; remove the key"),
  "debug": off(DEBUG),
};

export const rawsocketConnection = {
  serializers,
  "serializer": serializer.optional().describe(
    'One serializer: short for "serializers" with one item',
  ),
  "options": rawsocketOptions.prefault({}),
  "max_message_size": rawsocketOptions.shape.max_message_size.unwrap().optional()
    .describe('As "options.max_message_size", where Crossbar.io\'s pages have it'),
  "auth": auth.optional(),
  "debug": off(DEBUG),
};

export const testeeConnection = {
  "url": websocketConnection.url,
  "options": websocketOptions.prefault({}),
  "debug": off(DEBUG),
};

export type AuthConfig = z.output<typeof auth>;
