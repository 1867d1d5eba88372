/**
 * WebSocket without WAMP: the rest of the server's handshake, and what reads and writes behind it, of either role.
 * For `testee.ts` and `protocols/`. [RFC 6455]
 */
import type { ByteStream } from "./byte_stream.ts";
import type { TransportHost } from "./host.ts";
import { Outbox } from "./outbox.ts";
import type { Upgrade } from "./websocket.ts";
import { acceptDeflate, type DeflateAgreement, Deflater, Inflater } from "./websocket_deflate.ts";
import { WebSocketEndpoint, type WebSocketOwner } from "./websocket_endpoint.ts";
import { upgradeAnswer } from "./websocket_handshake.ts";
import type { WebSocketOptions } from "./websocket_options.ts";
import { WebSocketWire } from "./websocket_wire.ts";

/** What an owner writes by. */
export interface BareWebSocket {
  readonly outbox: Outbox;
  readonly wire: WebSocketWire;
  readonly endpoint: WebSocketEndpoint;
}

export interface BareStart {
  readonly role: "server" | "client";
  readonly host: TransportHost;
  readonly options: WebSocketOptions;
  readonly deflate: DeflateAgreement | undefined;
  /** May hold the handshake's answer already. */
  readonly outbox: Outbox;
}

/** Takes over a stream behind the handshake. The owner is called from `endpoint.start` and `endpoint.read` on. */
export function startBare(
  stream: ByteStream,
  start: BareStart,
  owner: WebSocketOwner,
): BareWebSocket {
  const { role, host, options, deflate, outbox } = start;
  const isMasked = role === "server" ? options.masksServerFrames : options.masksClientFrames;
  const wire = new WebSocketWire({
    maskKeys: isMasked ? host.maskKeys : undefined,
    appliesMask: options.appliesMask,
    fragmentBytes: options.autoFragmentBytes,
    deflater: deflate === undefined ? undefined : new Deflater(deflate),
  });
  const endpoint = new WebSocketEndpoint(owner, {
    role,
    stream,
    outbox,
    wire,
    deadlines: host.deadlines,
    options,
    inflater: deflate === undefined ? undefined : new Inflater(deflate, options.maxMessageBytes),
    accepts: "both",
    maxUnreadBytes: host.slowConsumers.limitBytes,
  });
  return { outbox, wire, endpoint };
}

export interface BareAnswer {
  readonly protocol: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers an upgrade that is to be accepted, and takes the stream over. */
export function acceptBare(
  stream: ByteStream,
  { request }: Pick<Upgrade, "request">,
  { protocol, headers }: BareAnswer,
  { host, options }: Pick<BareStart, "host" | "options">,
  owner: WebSocketOwner,
): BareWebSocket {
  const deflate = options.deflate === undefined
    ? undefined
    : acceptDeflate(request.extensions, options.deflate);
  const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
  outbox.writer().ascii(upgradeAnswer(request, protocol, deflate?.header, headers));
  const start = { role: "server", host, options, deflate: deflate?.agreement, outbox } as const;
  return startBare(stream, start, owner);
}
