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
import { isUtf8 } from "../wamp/utf8.ts";
import type { ByteStream, StreamEnd } from "./byte_stream.ts";
import type { Deadline } from "./deadline.ts";
import { writePrefix } from "./framing.ts";
import type { TransportHost, TransportStats } from "./host.ts";
import { KeepAlive } from "./keep_alive.ts";
import { Outbox } from "./outbox.ts";
import { peerName } from "./peer_name.ts";
import { type Link, PeerTransport } from "./peer_transport.ts";
import {
  HANDSHAKE_BYTES,
  handshakeReply,
  lengthCode,
  MAGIC,
  maxBytesOf,
} from "./rawsocket_handshake.ts";
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

const Kind = { MESSAGE: 0, PING: 1, PONG: 2 } as const;
const PING_BYTES = 4;
/** Messages up to this size get their memory at once; larger ones as they arrive. */
const TRUSTED_BYTES = 65_536;
const EMPTY = new Uint8Array(0);

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
        peer: peerName(stream.remote),
        ...(service.listener === undefined ? {} : { listener: service.listener }),
        isSecure: stream.tls !== undefined,
        ...(stream.tls?.certificate === undefined ? {} : { certificate: stream.tls.certificate }),
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

class RawSocketLink implements Link {
  readonly peer: PeerTransport;
  readonly #stream: ByteStream;
  readonly #outbox: Outbox;
  readonly #codec: Codec;
  readonly #framing: Framing;
  readonly #maxSendBytes: number;
  readonly #maxReceiveBytes: number;
  readonly #checksText: boolean;
  readonly #keepAlive: KeepAlive;
  readonly #deadline: Deadline;
  readonly #closeTimeoutMs: number;
  #isDone = false;

  /** What has arrived of a frame that was cut: its prefix, then its payload behind it. */
  #cut: Uint8Array<ArrayBuffer> = EMPTY;
  #cutBytes = 0;
  /** Bytes of the whole frame, once its prefix is complete; 0 before. */
  #needed = 0;

  constructor(stream: ByteStream, start: RawSocketStart) {
    const { host, options, codec, outbox } = start;
    this.#stream = stream;
    this.#outbox = outbox;
    this.#codec = codec;
    this.#framing = host.framing("rawsocket", codec);
    this.#maxSendBytes = start.maxSendBytes;
    this.#maxReceiveBytes = 512 << lengthCode(options.maxMessageBytes);
    this.#checksText = !codec.isBinary;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.#deadline = host.deadlines.deadline(() => this.drop("timeout"));
    this.#keepAlive = new KeepAlive({
      deadlines: host.deadlines,
      intervalMs: options.autoPingIntervalMs,
      timeoutMs: options.autoPingTimeoutMs,
      payloadBytes: PING_BYTES,
      ping: (payload) => this.#control(Kind.PING, payload, 0, payload.length),
      missed: () => {
        this.peer.pingMissed();
        this.drop("timeout");
      },
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

  append(outbox: Outbox, message: Message): boolean {
    const writer = outbox.writer();
    const start = writer.length;
    writer.reserve(4);
    writer.length += 4;
    try {
      serialize(writer, this.#codec, message);
    } catch (error) {
      writer.length = start;
      throw error;
    }
    const length = writer.length - start - 4;
    if (length > this.#maxSendBytes) {
      writer.length = start;
      return false;
    }
    writePrefix(writer.bytes, start, Kind.MESSAGE, length);
    return true;
  }

  appendShared(outbox: Outbox, outgoing: Outgoing): boolean {
    const frame = outgoing.framed(this.#framing);
    if (frame.length - 4 > this.#maxSendBytes) return false;
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
    this.#keepAlive.stop();
    this.#deadline.clear();
    this.#outbox.discard();
    this.#stream.abort();
    this.peer.closed(how);
  }

  /** Reads `bytes` from `at` on. */
  read(bytes: Uint8Array<ArrayBuffer>, at: number): void {
    const end = bytes.length;
    while (at < end && !this.#isDone) {
      if (this.#cutBytes > 0) {
        at = this.#complete(bytes, at, end);
        continue;
      }
      if (end - at < 4) return this.#cutOff(bytes, at, end);
      const length = this.#lengthAt(bytes, at);
      if (length < 0) return;
      const frameEnd = at + 4 + length;
      if (frameEnd > end) return this.#cutOff(bytes, at, end);
      this.#frame((bytes[at] as number) & 7, bytes, at + 4, frameEnd);
      at = frameEnd;
    }
  }

  /** The length in the prefix at `at`; -1 when it broke the rules. */
  #lengthAt(bytes: Uint8Array, at: number): number {
    const first = bytes[at] as number;
    const length = ((first & 8) << 21) | ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if ((first & 0xf0) !== 0) return this.#violated("reserved bits, expected none");
    if ((first & 7) > Kind.PONG) return this.#violated(`type ${first & 7}, expected 0 to 2`);
    if (length > 1 << 24) return this.#violated(`${length} bytes, expected at most 2^24`);
    if (length > this.#maxReceiveBytes) {
      return this.#violated(`${length} bytes, expected at most ${this.#maxReceiveBytes}`);
    }
    return length;
  }

  #frame(kind: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (kind === Kind.MESSAGE) {
      // Any message shows that the peer lives.
      if (this.#keepAlive.isWaiting) this.#keepAlive.heard();
      if (this.#checksText && !isUtf8(bytes, start, end)) {
        this.#violated("text that is not UTF-8, expected UTF-8");
      } else this.peer.received(bytes, start, end);
    } else if (kind === Kind.PING) this.#pong(bytes, start, end);
    else this.#keepAlive.pong(bytes, start, end);
  }

  /** "Exactly one PONG immediately", with the same payload: a peer that pings without reading gets none. */
  #pong(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (this.#outbox.waiting <= this.#maxReceiveBytes) this.#control(Kind.PONG, bytes, start, end);
  }

  #control(kind: number, bytes: Uint8Array, start: number, end: number): void {
    const writer = this.#outbox.writer();
    const at = writer.length;
    writer.reserve(4);
    writer.length += 4;
    writer.range(bytes, start, end);
    writePrefix(writer.bytes, at, kind, end - start);
  }

  #cutOff(bytes: Uint8Array<ArrayBuffer>, at: number, end: number): void {
    this.#cut = new Uint8Array(Math.max(4, end - at));
    this.#cut.set(bytes.subarray(at, end));
    this.#cutBytes = end - at;
    this.#needed = end - at < 4 ? 0 : 4 + this.#lengthAt(bytes, at);
  }

  /** Adds what the cut frame lacks; returns where the next one begins, or `end`. */
  #complete(bytes: Uint8Array<ArrayBuffer>, at: number, end: number): number {
    while (this.#cutBytes < 4 && at < end) this.#cut[this.#cutBytes++] = bytes[at++] as number;
    if (this.#cutBytes < 4) return end;
    if (this.#needed === 0) {
      const length = this.#lengthAt(this.#cut, 0);
      if (length < 0) return end;
      this.#needed = 4 + length;
    }
    const pieceEnd = Math.min(end, at + this.#needed - this.#cutBytes);
    const have = this.#cutBytes + pieceEnd - at;
    if (have > this.#cut.length) this.#growCut(have);
    this.#cut.set(bytes.subarray(at, pieceEnd), this.#cutBytes);
    this.#cutBytes = have;
    if (have === this.#needed) {
      const frame = this.#cut;
      this.#cut = EMPTY;
      this.#cutBytes = 0;
      this.#needed = 0;
      this.#frame((frame[0] as number) & 7, frame, 4, have);
    }
    return pieceEnd;
  }

  /** A prefix may lie about its length: memory follows what arrived. */
  #growCut(have: number): void {
    const capacity = this.#needed <= TRUSTED_BYTES
      ? this.#needed
      : Math.min(this.#needed, Math.max(have * 2, TRUSTED_BYTES));
    const larger = new Uint8Array(capacity);
    larger.set(this.#cut.subarray(0, this.#cutBytes));
    this.#cut = larger;
  }

  #violated(found: string): number {
    this.fail(new ProtocolError(`Cannot accept a RawSocket message: found ${found}`));
    return -1;
  }

  #peerEnded(): void {
    this.end("");
    this.peer.closed("clean");
  }

  #streamClosed(how: StreamEnd): void {
    this.#isDone = true;
    this.#keepAlive.stop();
    this.#deadline.clear();
    this.#outbox.discard();
    this.peer.closed(how);
  }
}
