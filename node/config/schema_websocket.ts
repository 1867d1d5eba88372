/**
 * Options of WebSocket and RawSocket connections under Crossbar.io's keys and units. The defaults are those of `transports/`, which are Crossbar.io's
 * but where it has no limit at all; `options.ts` maps each key to its field there.
 */
import { z } from "zod";
import {
  DEFAULT_DEFLATE_OPTIONS as DEFLATE,
  DEFAULT_RAWSOCKET_OPTIONS as RAWSOCKET,
  DEFAULT_WEBSOCKET_OPTIONS as WEBSOCKET,
} from "../../transports/websocket_options.ts";
import { bytes, flag, milliseconds, refused, section, whole } from "./fields.ts";

const MAX_BYTES = 1_073_741_824;
const WINDOW_BITS = { min: 8, max: 15 };

const deflate = section("permessage-deflate of RFC 7692", () => ({
  "request_no_context_takeover": flag(
    DEFLATE.requestsNoContextTakeover,
    "Ask the client to compress each message on its own",
  ),
  "request_max_window_bits": whole(
    { min: 0, max: 15 },
    "Ask the client for a compression window of 2^n bytes, 9 to 15; 0 does not ask",
  ).refine((bits) => bits === 0 || bits >= 8, "0, or a whole number from 8 to 15").default(
    DEFLATE.requestedWindowBits,
  ),
  "no_context_takeover": flag(
    DEFLATE.hasNoContextTakeover,
    "Compress each message on its own when sending",
  ),
  "max_window_bits": whole(WINDOW_BITS, "Compression window of 2^n bytes when sending").default(
    DEFLATE.windowBits,
  ),
  "memory_level": whole({ min: 1, max: 9 }, "Memory that the compressor may use, 9 is most")
    .default(DEFLATE.memoryLevel),
}));

const compression = section("Compression of messages", () => ({
  "deflate": deflate.optional().describe("Accept permessage-deflate when a client offers it"),
  "bzip2": refused('no client offers it; write "deflate"'),
  "snappy": refused('no client offers it; write "deflate"'),
}));

const FLASH = "browsers have no Flash any more; remove the key";

export const websocketOptions = section("How WebSocket connections behave", () => ({
  "allowed_origins": z.array(z.string().min(1)).default([...WEBSOCKET.allowedOrigins]).describe(
    'Origins of web pages that may connect, with * for any text: "https://*.example.com"',
  ),
  "allow_null_origin": flag(
    WEBSOCKET.allowsNullOrigin,
    'Accept the origin "null", which files and sandboxed pages send',
  ),
  "external_port": whole({ min: 1, max: 65535 }, "").nullable().default(null).describe(
    "Port that clients see, when something in front forwards to this endpoint",
  ),
  "enable_hybi10": flag(
    WEBSOCKET.versions.includes(8),
    "Accept version 8 of the protocol, a draft that old clients speak",
  ),
  "enable_rfc6455": flag(WEBSOCKET.versions.includes(13), "Accept version 13, the standard"),
  "enable_webstatus": flag(
    WEBSOCKET.hasStatusPage,
    "Answer a browser that opens the URL as a page with a status page",
  ),
  "open_handshake_timeout": milliseconds("Time for the opening handshake; 0: no limit").default(
    WEBSOCKET.openHandshakeTimeoutMs,
  ),
  "close_handshake_timeout": milliseconds("Time for the closing handshake; 0: no limit").default(
    WEBSOCKET.closeHandshakeTimeoutMs,
  ),
  "validate_utf8": flag(WEBSOCKET.validatesUtf8, "Refuse text messages that are not valid UTF-8"),
  "mask_server_frames": flag(
    WEBSOCKET.masksServerFrames,
    "Mask frames to clients, against the standard: for tests only",
  ),
  "require_masked_client_frames": flag(
    WEBSOCKET.requiresMaskedClientFrames,
    "Refuse clients' frames that are not masked",
  ),
  "apply_mask": flag(
    WEBSOCKET.appliesMask,
    "Do the masking of frames that say they are masked: off for tests only",
  ),
  "max_frame_size": bytes({ min: 0, max: MAX_BYTES }, "Largest frame accepted; 0: no limit")
    .default(WEBSOCKET.maxFrameBytes),
  "max_message_size": bytes({ min: 0, max: MAX_BYTES }, "Largest message accepted; 0: no limit")
    .default(WEBSOCKET.maxMessageBytes),
  "auto_fragment_size": bytes(
    { min: 0, max: MAX_BYTES },
    "Send messages in frames of at most this size; 0: one frame a message",
  ).default(WEBSOCKET.autoFragmentBytes),
  "fail_by_drop": flag(
    WEBSOCKET.failsByDrop,
    "Drop the connection of a client that breaks the protocol, unannounced",
  ),
  "echo_close_codereason": flag(
    WEBSOCKET.echoesCloseCodeReason,
    "Answer a close frame with its code and reason, else with 1000",
  ),
  "tcp_nodelay": flag(WEBSOCKET.hasTcpNoDelay, "Send at once, without Nagle's algorithm"),
  "auto_ping_interval": milliseconds("Time between pings; 0: none").default(
    WEBSOCKET.autoPingIntervalMs,
  ),
  "auto_ping_timeout": milliseconds(
    "Time to wait for a pong before the connection is dropped; 0: forever",
  )
    .default(WEBSOCKET.autoPingTimeoutMs),
  "auto_ping_size": whole({ min: 12, max: 125, unit: "bytes" }, "Size of a ping").default(
    WEBSOCKET.autoPingBytes,
  ),
  "auto_ping_restart_on_any_traffic": flag(
    WEBSOCKET.autoPingRestartsOnAnyTraffic,
    "Count any message as an answer to a ping",
  ),
  "compression": compression.optional(),
  "require_websocket_subprotocol": flag(
    WEBSOCKET.requiresSubprotocol,
    "Refuse clients that name no subprotocol; when false they speak wamp.2.json",
  ),
  "show_server_version": flag(
    WEBSOCKET.showsServerVersion,
    'Name this software in the "Server" header of handshakes',
  ),
  "enable_flash_policy": refused(FLASH),
  "flash_policy": refused(FLASH),
}));

export function rawsocketMessageSize(doc: string) {
  return bytes({ min: 1, max: 67_108_864 }, doc);
}

/** Crossbar.io's configuration has the first key only; the others are ours, named as for WebSocket. */
export const rawsocketOptions = section("How RawSocket connections behave", () => ({
  // DEVIATION: Crossbar.io takes 1 byte to 64 MiB, of which the handshake can say only powers of two from 512 bytes to 16 MiB. What it says
  // is what holds, as with Autobahn: a peer that keeps to what it was told is never refused.
  "max_message_size": rawsocketMessageSize(
    "Largest message accepted: the next power of two is announced and enforced, from 512 bytes to at most 16 MiB",
  ).default(RAWSOCKET.maxMessageBytes),
  "open_handshake_timeout": milliseconds("Time for the opening handshake; 0: no limit")
    .default(RAWSOCKET.openHandshakeTimeoutMs),
  "close_handshake_timeout": milliseconds("Time for what was sent to leave at the end; 0: no limit")
    .default(RAWSOCKET.closeTimeoutMs),
  "auto_ping_interval": milliseconds("Time between pings; 0: none").default(
    RAWSOCKET.autoPingIntervalMs,
  ),
  "auto_ping_timeout": milliseconds(
    "Time to wait for a pong before the connection is dropped; 0: forever",
  )
    .default(RAWSOCKET.autoPingTimeoutMs),
}));

export type WebSocketConfig = z.output<typeof websocketOptions>;
export type RawSocketConfig = z.output<typeof rawsocketOptions>;
