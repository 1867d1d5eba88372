/**
 * WAMP over RawSocket, both roles: four bytes each way, then messages behind four bytes of length. HOT.
 * Listeners call `serveRawSocket` when the first byte is 0x7F, `dial.ts` calls `startRawSocket` behind its handshake.
 * Messages are handed on straight from the read buffer; only those cut in two are put together first. [WAMP rawsocket]
 */
import type { ClosedHow, MessageHandler, Transport, TransportDetails } from "../router/ports.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import type { Message } from "../wamp/message.ts";
import type { Framing, Outgoing } from "../wamp/outgoing.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { serialize } from "../wamp/serialize.ts";
import type { ByteStream, StreamEnd } from "./byte_stream.ts";
import type { Deadline } from "./deadline.ts";
import { writePrefix } from "./framing.ts";
import type { TransportHost, TransportStats } from "./host.ts";
import { KeepAlive, type KeepAliveOwner } from "./keep_alive.ts";
import { Outbox } from "./outbox.ts";
import { peerName } from "./peer_name.ts";
import { tlsDetails } from "./tls_details.ts";
import { type Link, PeerTransport } from "./peer_transport.ts";
import { Kind, PREFIX_BYTES, RawSocketReader, type RawSocketSink } from "./rawsocket_reader.ts";
import {
  HANDSHAKE_BYTES,
  handshakeReply,
  lengthCode,
  MAGIC,
  maxBytesOf,
} from "./rawsocket_handshake.ts";
import { isValidText } from "./utf8_check.ts";
import type { RawSocketOptions } from "./websocket_options.ts";

/** What a listener serves. */
export interface RawSocketService {
  readonly host: TransportHost;
  readonly stats: TransportStats;
  readonly options: RawSocketOptions;
  /** The serializers that clients may choose. */
  readonly codecs: readonly Codec[];
  /** Id of the configured transport, for session details. */
  readonly listener?: string;
  /** False: no more connections, error 4. Asked when a handshake is complete. */
  readonly hasRoom?: () => boolean;
  readonly attach: (transport: Transport) => MessageHandler;
}

const PING_BYTES = 4;

/** Serves `stream`, whose first bytes are `first`, valid during the call: the handshake, perhaps in part, and what follows it. */
export function serveRawSocket(
  stream: ByteStream,
  first: Uint8Array<ArrayBuffer>,
  service: RawSocketService,
): void {
  const { host, options } = service;
  const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
  const request = new Uint8Array(HANDSHAKE_BYTES);
  let received = 0;
  const deadline = host.deadlines.deadline(() => stream.abort());
  if (options.openHandshakeTimeoutMs > 0) deadline.set(options.openHandshakeTimeoutMs);
  stream.onDrain = () => outbox.drained();
  stream.onEnd = () => outbox.end();
  stream.onClose = () => {
    deadline.clear();
    outbox.discard();
  };
  stream.onData = (bytes) => {
    let at = 0;
    while (at < bytes.length && received < HANDSHAKE_BYTES) {
      request[received++] = bytes[at++] as number;
    }
    if (request[0] !== MAGIC) return stream.abort();
    if (received < HANDSHAKE_BYTES) return;
    deadline.clear();
    const { codec, reply } = handshakeReply(request, service);
    outbox.writer().range(reply, 0, reply.length);
    if (codec === undefined) {
      stream.onData = () => {};
      return outbox.end();
    }
    const started = startRawSocket(stream, {
      host,
      stats: service.stats,
      options,
      codec,
      maxSendBytes: maxBytesOf(request),
      outbox,
      details: {
        kind: "rawsocket",
        serializer: codec.name,
        peer: peerName(stream.behind ?? stream.remote),
        ...(service.listener === undefined ? {} : { listener: service.listener }),
        isSecure: stream.tls !== undefined,
        ...tlsDetails(stream.tls),
      },
      attach: service.attach,
    });
    started.read(bytes, at);
  };
  stream.onData(first);
}

export interface RawSocketStart {
  readonly host: TransportHost;
  readonly stats: TransportStats;
  readonly options: RawSocketOptions;
  readonly codec: Codec;
  /** What the peer accepts. */
  readonly maxSendBytes: number;
  /** May hold the handshake's reply already. */
  readonly outbox: Outbox;
  readonly details: TransportDetails;
  readonly attach: (transport: Transport) => MessageHandler;
}

/** What reads on, and the transport that was attached. */
export interface StartedRawSocket {
  readonly transport: Transport;
  /** Bytes from `at` on that came along with the handshake. */
  read(bytes: Uint8Array<ArrayBuffer>, at: number): void;
}

/** Takes over a stream behind the handshake. */
export function startRawSocket(stream: ByteStream, start: RawSocketStart): StartedRawSocket {
  const link = new RawSocketLink(stream, start);
  try {
    link.peer.attach(start.attach);
  } catch (error) {
    start.host.onFault(error);
    link.crash();
  }
  link.start();
  return { transport: link.peer, read: (bytes, at) => link.read(bytes, at) };
}

class RawSocketLink implements Link, RawSocketSink, KeepAliveOwner {
  readonly peer: PeerTransport;
  readonly #stream: ByteStream;
  readonly #outbox: Outbox;
  readonly #codec: Codec;
  readonly #framing: Framing;
  readonly #maxSendBytes: number;
  readonly #maxUnreadBytes: number;
  readonly #reader: RawSocketReader;
  readonly #checksText: boolean;
  readonly #keepAlive: KeepAlive;
  readonly #deadline: Deadline;
  readonly #closeTimeoutMs: number;
  #isDone = false;

  constructor(stream: ByteStream, start: RawSocketStart) {
    const { host, options, codec, outbox } = start;
    this.#stream = stream;
    this.#outbox = outbox;
    this.#codec = codec;
    this.#framing = host.framing("rawsocket", codec);
    this.#maxSendBytes = start.maxSendBytes;
    this.#maxUnreadBytes = host.slowConsumers.limitBytes;
    this.#reader = new RawSocketReader(this, 512 << lengthCode(options.maxMessageBytes));
    this.#checksText = !codec.isBinary;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.#deadline = host.deadlines.deadline(() => this.drop("timeout"));
    this.#keepAlive = new KeepAlive(this, host.deadlines, {
      ...options,
      autoPingBytes: PING_BYTES,
    });
    this.peer = new PeerTransport({
      host,
      stats: start.stats,
      codec,
      details: start.details,
      outbox,
      link: this,
    });
    stream.onData = (bytes) => this.read(bytes, 0);
    stream.onDrain = () => outbox.drained();
    stream.onEnd = () => this.#peerEnded();
    stream.onClose = (how) => this.#streamClosed(how);
  }

  start(): void {
    if (!this.#isDone) this.#keepAlive.start();
  }

  /** For keep-alive, as the next. */
  ping(payload: Uint8Array): void {
    this.#control(Kind.PING, payload, 0, payload.length);
  }

  pongMissed(): void {
    this.peer.pingMissed();
    this.drop("timeout");
  }

  append(outbox: Outbox, message: Message): boolean {
    const writer = outbox.writer();
    const start = writer.length;
    writer.reserve(PREFIX_BYTES);
    writer.length += PREFIX_BYTES;
    try {
      serialize(writer, this.#codec, message);
    } catch (error) {
      writer.length = start;
      throw error;
    }
    const length = writer.length - start - PREFIX_BYTES;
    if (length > this.#maxSendBytes) {
      writer.length = start;
      return false;
    }
    writePrefix(writer.bytes, start, Kind.MESSAGE, length);
    return true;
  }

  appendShared(outbox: Outbox, outgoing: Outgoing): boolean {
    const frame = outgoing.framed(this.#framing);
    if (frame.length - PREFIX_BYTES > this.#maxSendBytes) return false;
    outbox.share(frame);
    return true;
  }

  pause(): void {
    if (this.#isDone) return;
    this.#keepAlive.pause();
    this.#stream.pause();
  }

  resume(): void {
    this.#keepAlive.resume();
    this.#stream.resume();
  }

  end(_reason: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#reader.stop();
    this.#keepAlive.stop();
    if (this.#closeTimeoutMs > 0) this.#deadline.set(this.#closeTimeoutMs);
    this.#outbox.end();
    this.#stream.resume();
  }

  fail(error: ProtocolError): void {
    this.peer.violated(error);
    this.end("");
    this.peer.closed("clean");
  }

  crash(): void {
    this.end("");
  }

  drop(how: ClosedHow): void {
    this.#isDone = true;
    this.#reader.stop();
    this.#keepAlive.stop();
    this.#deadline.clear();
    this.#outbox.discard();
    this.#stream.abort();
    this.peer.closed(how);
  }

  /** Reads `bytes` from `at` on. */
  read(bytes: Uint8Array<ArrayBuffer>, at: number): void {
    this.#reader.read(bytes, at);
  }

  /** For the reader. */
  frame(kind: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (kind === Kind.MESSAGE) {
      // Any message shows that the peer lives.
      if (this.#keepAlive.isWaiting) this.#keepAlive.heard();
      if (this.#checksText && !isValidText(bytes, start, end)) {
        this.violated("Cannot accept a RawSocket message: found text that is not UTF-8");
      } else this.peer.received(bytes, start, end);
    } else if (kind === Kind.PING) this.#pong(bytes, start, end);
    else this.#keepAlive.pong(bytes, start, end);
  }

  /** "Exactly one PONG immediately", with the same payload: a peer that pings without reading gets none. */
  #pong(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (this.#outbox.waiting <= this.#maxUnreadBytes) this.#control(Kind.PONG, bytes, start, end);
  }

  #control(kind: number, bytes: Uint8Array, start: number, end: number): void {
    const writer = this.#outbox.writer();
    const at = writer.length;
    writer.reserve(PREFIX_BYTES);
    writer.length += PREFIX_BYTES;
    writer.range(bytes, start, end);
    writePrefix(writer.bytes, at, kind, end - start);
  }

  /** For the reader. */
  violated(text: string): void {
    this.fail(new ProtocolError(text));
  }

  #peerEnded(): void {
    this.end("");
    this.peer.closed("clean");
  }

  #streamClosed(how: StreamEnd): void {
    this.#isDone = true;
    this.#reader.stop();
    this.#keepAlive.stop();
    this.#deadline.clear();
    this.#outbox.discard();
    this.peer.closed(how);
  }
}
