/** WAMP over long-polling, under Crossbar.io's keys. Part of `schema_web.ts`. */
import { z } from "zod";
import { bytes, id, off, refused, section, whole } from "./fields.ts";

export const longpoll = section(
  "WAMP over HTTP requests, for networks that let no WebSocket through; sessions have the role anonymous",
  () => ({
    "id": id("Id of the service"),
    "type": z.literal("longpoll"),
    "options": section("How long-polling connections behave", () => ({
      "request_timeout": whole(
        { min: 0, max: 3600, unit: "s" },
        "How long a request for messages waits for one; 0: no limit",
      ).default(10),
      "session_timeout": whole(
        { min: 0, max: 86_400, unit: "s" },
        "After which a client that asks nothing any more counts as gone; 0: never",
      ).default(30),
      // DEVIATION: Crossbar.io has 128 KiB and 100 messages, which one burst of events between two requests overruns.
      "queue_limit_bytes": bytes(
        { min: 1, max: 1_073_741_824 },
        "Bytes that may wait for a client; beyond, its connection ends",
      ).default(1_048_576),
      "queue_limit_messages": whole(
        { min: 1, max: 1_000_000 },
        "Messages that may wait for a client; beyond, its connection ends",
      ).default(10_000),
      "max_message_size": bytes(
        { min: 1, max: 1_073_741_824 },
        "Largest body of a request",
      ).default(16_777_216),
      "debug": off('start with "--loglevel debug" instead'),
      "debug_transport_id": refused("ids of connections are random; remove the key"),
    })).prefault({}),
  }),
);

export type LongPollConfig = z.output<typeof longpoll>;
