/** What WebSocket and RawSocket services have in common wherever they stand: alone, below a path, or in a universal transport. */
import { z } from "zod";
import { cookie } from "./schema_cookie.ts";
import { off } from "./fields.ts";
import { alternatives, REFUSED } from "./problems.ts";
import { auth } from "./schema_auth.ts";
import { rawsocketMessageSize, rawsocketOptions, websocketOptions } from "./schema_websocket.ts";

const SERIALIZERS = ["json", "msgpack", "cbor"] as const;

/** Of Crossbar.io's. */
const REFUSED_SERIALIZERS: Readonly<Record<string, string>> = {
  "ubjson": "no known client needs ubjson; remove it",
  "flatbuffers": "no known client needs flatbuffers; remove it",
};

const serializer = () =>
  z.enum(SERIALIZERS, {
    error: ({ input }) => {
      const remedy = typeof input === "string" && Object.hasOwn(REFUSED_SERIALIZERS, input)
        ? REFUSED_SERIALIZERS[input]
        : undefined;
      return remedy === undefined ? alternatives(SERIALIZERS) : `${REFUSED}${remedy}`;
    },
  }).meta({ refusedTypes: REFUSED_SERIALIZERS });

const serializers = () =>
  z.array(serializer()).min(1).optional().describe(
    "Serializers to speak (default: all); each with its batched variant where the transport has one",
  );

const DEBUG = 'start with "--loglevel debug" instead';

const url = () =>
  z.string().regex(/^(wss?|rs):\/\/.+/, 'a URL that begins with "ws://" or "wss://"')
    .nullable().optional().describe(
      "URL that clients use, when it differs from what the endpoint says",
    );

export const websocketConnection = () => ({
  "url": url(),
  "serializers": serializers(),
  "options": websocketOptions.prefault({}),
  "auth": auth.optional(),
  "cookie": cookie.optional(),
  "debug": off(DEBUG),
});

export const rawsocketConnection = () => ({
  "serializers": serializers(),
  "serializer": serializer().optional().describe(
    'One serializer: short for "serializers" with one item',
  ),
  "options": rawsocketOptions.prefault({}),
  "max_message_size": rawsocketMessageSize(
    'As "options.max_message_size", where Crossbar.io\'s pages have it',
  ).optional(),
  "auth": auth.optional(),
  "debug": off(DEBUG),
});

export const testeeConnection = () => ({
  "url": url(),
  "options": websocketOptions.prefault({}),
  "debug": off(DEBUG),
});
