/**
 * The server's side of WAMP over WebSocket: chooses the subprotocol, answers the upgrade, and starts the transport.
 * Listeners call `serveWebSocket` with what `parseUpgrade` found; `websocket_link.ts` is what follows. [WAMP websocket]
 */
import type { MessageHandler, Transport } from "../router/ports.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { TransportHost, TransportStats } from "./host.ts";
import { headersOf } from "./http_head.ts";
import { Outbox } from "./outbox.ts";
import { peerName } from "./peer_name.ts";
import { tlsDetails } from "./tls_details.ts";
import { chooseSubprotocol, serializerOf, subprotocolsOf } from "./subprotocol.ts";
import { acceptDeflate } from "./websocket_deflate.ts";
import {
  type Refusal,
  refusalAnswer,
  refusalOf,
  upgradeAnswer,
  type UpgradeRequest,
} from "./websocket_handshake.ts";
import { startWebSocket } from "./websocket_link.ts";
import type { WebSocketOptions } from "./websocket_options.ts";

/** What a listener serves on a path. */
export interface WebSocketService {
  readonly host: TransportHost;
  readonly stats: TransportStats;
  readonly options: WebSocketOptions;
  /** The serializers that clients may choose. */
  readonly codecs: readonly Codec[];
  /** Id of the configured transport, for session details. */
  readonly listener?: string;
  /** For the Server header: "Realmway/1.0". */
  readonly serverName?: string;
  /** Further headers of the answer (Set-Cookie), or a refusal. */
  readonly onUpgrade?: (request: UpgradeRequest, stream: ByteStream) => UpgradeDecision;
  readonly attach: (transport: Transport) => MessageHandler;
}

export type UpgradeDecision =
  | { readonly headers: Readonly<Record<string, string>>; readonly cookie?: string }
  | { readonly refusal: Refusal };

export interface Upgrade {
  readonly request: UpgradeRequest;
  /** What was received so far, valid during the call: the request, and frames that may follow it at `end`. */
  readonly first: Uint8Array<ArrayBuffer>;
  readonly end: number;
}

/** Answers a client's upgrade on `stream` and serves it from there on; a refusal ends the stream. */
export function serveWebSocket(
  stream: ByteStream,
  upgrade: Upgrade,
  service: WebSocketService,
): void {
  try {
    answerUpgrade(stream, upgrade, service);
  } catch (error) {
    // The owner's callbacks, or headers of its that cannot be written.
    service.host.onFault(error);
    refuseUpgrade(stream, service.host, { status: 500, text: "Cannot upgrade: internal error" });
  }
}

function answerUpgrade(
  stream: ByteStream,
  upgrade: Upgrade,
  service: WebSocketService,
): void {
  const { host, options, codecs } = service;
  const { request } = upgrade;
  const headers = serverHeaders(service);
  const refused = refusalOf(request, options);
  if (refused !== undefined) return refuseUpgrade(stream, host, refused, headers);
  // Without announcement: the subprotocol of clients before there were subprotocols.
  const isSilent = request.protocols.length === 0;
  const announced = isSilent && !options.requiresSubprotocol ? ["wamp.2.json"] : request.protocols;
  const subprotocol = chooseSubprotocol(announced, codecs);
  if (subprotocol === undefined) {
    const found = isSilent ? "none" : request.protocols.join(", ");
    const expected = subprotocolsOf(codecs).map(({ name }) => name).join(", ");
    const text = `Cannot choose a subprotocol: found ${found}, expected one of ${expected}`;
    return refuseUpgrade(stream, host, { status: 400, text }, headers);
  }
  const decision: UpgradeDecision = service.onUpgrade?.(request, stream) ?? { headers: {} };
  if ("refusal" in decision) return refuseUpgrade(stream, host, decision.refusal, headers);
  const deflate = options.deflate === undefined
    ? undefined
    : acceptDeflate(request.extensions, options.deflate);

  const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
  const answer = upgradeAnswer(
    request,
    isSilent ? undefined : subprotocol.name,
    deflate?.header,
    { ...headers, ...decision.headers },
  );
  outbox.writer().ascii(answer);
  const transport = startWebSocket(stream, {
    role: "server",
    host,
    stats: service.stats,
    options,
    subprotocol,
    deflate: deflate?.agreement,
    outbox,
    details: {
      kind: "websocket",
      serializer: serializerOf(subprotocol),
      peer: peerName(stream.behind ?? stream.remote),
      ...(service.listener === undefined ? {} : { listener: service.listener }),
      isSecure: stream.tls !== undefined,
      http: new HandshakeDetails(request, subprotocol.name),
      ...tlsDetails(stream.tls),
      ...(decision.cookie !== undefined && { cookie: decision.cookie }),
    },
    attach: service.attach,
  });
  transport.read(upgrade.first, upgrade.end);
}

/** What an authenticator may want to know of the upgrade: its head stays one string until somebody asks. */
class HandshakeDetails {
  readonly path: string;
  readonly protocol: string;
  readonly #head: string;

  constructor({ path, head }: UpgradeRequest, protocol: string) {
    this.path = path;
    this.protocol = protocol;
    this.#head = head;
  }

  get headers(): Readonly<Record<string, string>> {
    return headersOf(this.#head);
  }
}

/** Answers an upgrade with an HTTP status, and ends the stream. */
export function refuseUpgrade(
  stream: ByteStream,
  host: TransportHost,
  refusal: Refusal,
  headers: Readonly<Record<string, string>> = {},
): void {
  const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
  outbox.writer().ascii(refusalAnswer(refusal, headers));
  stream.onData = () => {};
  stream.onEnd = () => {};
  stream.onDrain = () => outbox.drained();
  stream.onClose = () => outbox.discard();
  outbox.end();
}

function serverHeaders(service: WebSocketService): Record<string, string> {
  const { options, serverName } = service;
  return options.showsServerVersion && serverName !== undefined ? { "Server": serverName } : {};
}
