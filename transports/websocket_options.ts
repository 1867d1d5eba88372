/**
 * Every option of the WebSocket and RawSocket transports, with units and defaults. `node/` maps configuration onto it, key by key:
 * behind each field stands Crossbar.io's key, its unit and its default where ours differs. The testee takes the same options.
 * Not here because they are no framing's business: `id`, `url`, `endpoint`, `auth`, `cookie`, `debug`, `serializers` (a list of
 * codecs given to the listener), `enable_flash_policy` and `flash_policy` (refused by the configuration).
 */

export interface WebSocketOptions {
  /** `allowed_origins`: patterns for the Origin header, `*` stands for any characters: "https://*.example.com:443". A pattern
   * without port stands for its scheme's own. Default ["*"]. A request without Origin comes from no browser and is accepted. */
  readonly allowedOrigins: readonly string[];
  /** `allow_null_origin`: accept `Origin: null` and `file://` pages. Default true. */
  readonly allowsNullOrigin: boolean;
  /** `external_port`: the port that clients see; a Host header that names another is refused. Default undefined (null): not checked. */
  readonly externalPort: number | undefined;
  /** `enable_rfc6455` (13, default true) and `enable_hybi10` (8; its frames are those of RFC 6455): the accepted versions.
   * Default [13]. DEVIATION: Crossbar.io accepts 8 too unless told otherwise; its last speaker was a browser of 2012. */
  readonly versions: readonly number[];
  /** `enable_webstatus`: answer a plain GET with a status page; HTTP does (`node/web/`). Default true. */
  readonly hasStatusPage: boolean;
  /** `show_server_version`: name the server in its answers. Default true. */
  readonly showsServerVersion: boolean;
  /** `require_websocket_subprotocol`: refuse clients that announce no subprotocol; false: they speak wamp.2.json. Default true. */
  readonly requiresSubprotocol: boolean;

  /** `validate_utf8`: check incoming text. Default true. DEVIATION: WAMP's JSON is checked in any case, as the router passes it on
   * unread to peers that check it; the option is for the testee. */
  readonly validatesUtf8: boolean;
  /** `mask_server_frames`: a server masks what it sends, against the RFC. Default false. */
  readonly masksServerFrames: boolean;
  /** `mask_client_frames`: a client masks what it sends, as the RFC demands. Default true. */
  readonly masksClientFrames: boolean;
  /** `require_masked_client_frames`: a server refuses frames without mask. Default true. */
  readonly requiresMaskedClientFrames: boolean;
  /** `accept_masked_server_frames`: a client accepts frames with a mask. Default false. */
  readonly acceptsMaskedServerFrames: boolean;
  /** `apply_mask`: default true. False: incoming bytes are taken as they are, outgoing masks are zero. */
  readonly appliesMask: boolean;

  /** `max_frame_size`, bytes of an incoming frame's payload; 0: as large as a message may be. Default 0. */
  readonly maxFrameBytes: number;
  /** `max_message_size`, bytes of an incoming message, after decompression too; 0: no limit. Default 16 MiB (Crossbar.io: 0). */
  readonly maxMessageBytes: number;
  /** `auto_fragment_size`, bytes: larger outgoing messages are cut into frames of this size; 0: never. Default 0. */
  readonly autoFragmentBytes: number;

  /** `fail_by_drop`: drop the connection on a violation instead of closing with a code. Default false. */
  readonly failsByDrop: boolean;
  /** `echo_close_codereason`: answer a Close with its own code and reason instead of 1000. Default false. */
  readonly echoesCloseCodeReason: boolean;
  /** `open_handshake_timeout`, ms from connection to the end of the handshake; 0: none. Default 10,000 (Crossbar.io: 0). */
  readonly openHandshakeTimeoutMs: number;
  /** `close_handshake_timeout`, ms to wait for the peer's Close, and for what was sent to leave; 0: none. Default 2,000
   * (Crossbar.io: 0). */
  readonly closeHandshakeTimeoutMs: number;
  /** `tcp_nodelay`: small writes leave at once. Default true. Used by who makes the ByteStream. */
  readonly hasTcpNoDelay: boolean;

  /** `auto_ping_interval`, ms between pings; 0: none. Default 30,000 (Crossbar.io: 0), so that half-open connections end. */
  readonly autoPingIntervalMs: number;
  /** `auto_ping_timeout`, ms to wait for the pong, then the connection is dropped; 0: for ever. Default 30,000 (Crossbar.io: 0). */
  readonly autoPingTimeoutMs: number;
  /** `auto_ping_size`, bytes of a ping's payload, 12 to 125. Default 12. */
  readonly autoPingBytes: number;
  /** `auto_ping_restart_on_any_traffic`: received data counts as a pong. Default true. */
  readonly autoPingRestartsOnAnyTraffic: boolean;

  /** `compression.deflate`: accept (server) or offer (client) permessage-deflate. Default undefined: no compression. */
  readonly deflate: DeflateOptions | undefined;
}

/** `compression.deflate`: permessage-deflate. [RFC 7692] */
export interface DeflateOptions {
  /** `request_no_context_takeover`: the peer must compress each message alone. Default false. */
  readonly requestsNoContextTakeover: boolean;
  /** `request_max_window_bits`, 8 to 15, or 0: the peer may use any window. Default 0 (documented by Crossbar.io as 15: the same). */
  readonly requestedWindowBits: number;
  /** `no_context_takeover`: compress each message alone. Default false. */
  readonly hasNoContextTakeover: boolean;
  /** `max_window_bits`, 8 to 15: the window of outgoing messages. Default 15. */
  readonly windowBits: number;
  /** `memory_level`, 1 to 9: memory of the compressor. Default 8. */
  readonly memoryLevel: number;
}

/** Options of RawSocket, for both sides. */
export interface RawSocketOptions {
  /** `max_message_size`, bytes of an incoming message. The handshake can say only powers of two from 512 to 16 MiB: the next larger
   * is announced and enforced. Default 16 MiB (documented by Crossbar.io as 128 KiB; its code has 16 MiB). */
  readonly maxMessageBytes: number;
  /** Ms from connection to the end of the handshake; 0: none. Default 10,000. */
  readonly openHandshakeTimeoutMs: number;
  /** Ms until what was sent must have left after `end`; 0: none. Default 2,000. */
  readonly closeTimeoutMs: number;
  /** Ms between pings; 0: none. Default 0: Autobahn|Python on asyncio drops the connection at a RawSocket ping. */
  readonly autoPingIntervalMs: number;
  /** Ms to wait for the pong, then the connection is dropped; 0: for ever. Default 30,000. */
  readonly autoPingTimeoutMs: number;
}

export const DEFAULT_WEBSOCKET_OPTIONS: WebSocketOptions = Object.freeze({
  allowedOrigins: ["*"],
  allowsNullOrigin: true,
  externalPort: undefined,
  versions: [13],
  hasStatusPage: true,
  showsServerVersion: true,
  requiresSubprotocol: true,
  validatesUtf8: true,
  masksServerFrames: false,
  masksClientFrames: true,
  requiresMaskedClientFrames: true,
  acceptsMaskedServerFrames: false,
  appliesMask: true,
  maxFrameBytes: 0,
  maxMessageBytes: 16 * 1024 * 1024,
  autoFragmentBytes: 0,
  failsByDrop: false,
  echoesCloseCodeReason: false,
  openHandshakeTimeoutMs: 10_000,
  closeHandshakeTimeoutMs: 2_000,
  hasTcpNoDelay: true,
  autoPingIntervalMs: 30_000,
  autoPingTimeoutMs: 30_000,
  autoPingBytes: 12,
  autoPingRestartsOnAnyTraffic: true,
  deflate: undefined,
});

export const DEFAULT_DEFLATE_OPTIONS: DeflateOptions = Object.freeze({
  requestsNoContextTakeover: false,
  requestedWindowBits: 0,
  hasNoContextTakeover: false,
  windowBits: 15,
  memoryLevel: 8,
});

export const DEFAULT_RAWSOCKET_OPTIONS: RawSocketOptions = Object.freeze({
  maxMessageBytes: 16 * 1024 * 1024,
  openHandshakeTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
  autoPingIntervalMs: 0,
  autoPingTimeoutMs: 30_000,
});
