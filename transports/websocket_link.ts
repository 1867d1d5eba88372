/**
 * WAMP behind the WebSocket handshake, both roles: messages to frames and back. HOT.
 * Between `peer_transport.ts` above and `websocket_endpoint.ts`, `websocket_wire.ts` below. Made by `websocket.ts` for servers and
 * `dial.ts` for clients. [WAMP websocket] [WAMP batchedwebsocket]
 */
import type { ClosedHow, MessageHandler, Transport, TransportDetails } from "../router/ports.ts";
import type { ByteWriter } from "../wamp/byte_writer.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { EMPTY_DICT, type Message, Type } from "../wamp/message.ts";
import type { Framing, Outgoing } from "../wamp/outgoing.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { serialize } from "../wamp/serialize.ts";
import { appendItem, closeItem, openItem, SEPARATOR, separatorOf, splitBatch } from "./batch.ts";
import type { ByteStream } from "./byte_stream.ts";
import { opcodeOf } from "./framing.ts";
import type { TransportHost, TransportStats } from "./host.ts";
import type { Outbox } from "./outbox.ts";
import { type Link, PeerTransport } from "./peer_transport.ts";
import type { Subprotocol } from "./subprotocol.ts";
import { type DeflateAgreement, Deflater, Inflater } from "./websocket_deflate.ts";
import { CloseCode, WebSocketEndpoint, type WebSocketOwner } from "./websocket_endpoint.ts";
import type { WebSocketOptions } from "./websocket_options.ts";
import { WebSocketWire, type WebSocketWireParts } from "./websocket_wire.ts";

const NO_BYTES = new Uint8Array(0);
/** Shared by the connections that have nothing of it, as nearly all have. */
const PLAIN_WIRE: WebSocketWireParts = Object.freeze({
  maskKeys: undefined,
  appliesMask: true,
  fragmentBytes: 0,
  deflater: undefined,
});
/** Larger batches are sent as several messages, so that a peer's limit on messages, sized for one, holds. */
const MAX_BATCH_BYTES = 65_535;

export interface WebSocketStart {
  readonly role: "server" | "client";
  readonly host: TransportHost;
  readonly stats: TransportStats;
  readonly options: WebSocketOptions;
  readonly subprotocol: Subprotocol;
  readonly deflate: DeflateAgreement | undefined;
  /** May hold the handshake's answer already. */
  readonly outbox: Outbox;
  readonly details: TransportDetails;
  readonly attach: (transport: Transport) => MessageHandler;
}

/** What reads on, and the transport that was attached. */
export interface StartedWebSocket {
  readonly transport: Transport;
  /** Bytes from `at` on that came along with the handshake. */
  read(bytes: Uint8Array<ArrayBuffer>, at: number): void;
}

/** Takes over a stream behind the handshake. */
export function startWebSocket(stream: ByteStream, start: WebSocketStart): StartedWebSocket {
  const { host, options, deflate, role } = start;
  const isMasked = role === "server" ? options.masksServerFrames : options.masksClientFrames;
  const isPlain = !isMasked && options.autoFragmentBytes === 0 && deflate === undefined;
  const wire = new WebSocketWire(
    isPlain ? PLAIN_WIRE : {
      maskKeys: isMasked ? host.maskKeys : undefined,
      appliesMask: options.appliesMask,
      fragmentBytes: options.autoFragmentBytes,
      deflater: deflate === undefined ? undefined : new Deflater(deflate),
    },
  );
  const link = new WebSocketLink(stream, wire, start);
  try {
    link.peer.attach(start.attach);
  } catch (error) {
    host.onFault(error);
    link.crash();
  }
  link.endpoint.start();
  return { transport: link.peer, read: (bytes, at) => link.endpoint.read(bytes, at) };
}

class WebSocketLink implements Link, WebSocketOwner {
  readonly peer: PeerTransport;
  readonly endpoint: WebSocketEndpoint;
  readonly #wire: WebSocketWire;
  readonly #codec: Codec;
  readonly #isBatched: boolean;
  readonly #opcode: number;
  readonly #framing: Framing;
  /** True: shared frames are written as they are. */
  readonly #sharesFrames: boolean;
  /** Of a batch. */
  readonly #item: ((start: number, end: number) => void) | undefined;
  #batch: Uint8Array = NO_BYTES;
  #separator = SEPARATOR;
  /** What was wrong with a message, while the connection ends for it. */
  #failure: ProtocolError | undefined = undefined;

  constructor(stream: ByteStream, wire: WebSocketWire, start: WebSocketStart) {
    const { host, outbox, subprotocol, deflate, options } = start;
    const { codec, isBatched } = subprotocol;
    this.#wire = wire;
    this.#codec = codec;
    this.#isBatched = isBatched;
    this.#opcode = opcodeOf(codec);
    this.#sharesFrames = wire.isPlain && !isBatched;
    this.#framing = host.framing(this.#sharesFrames ? "websocket" : "bare", codec);
    if (isBatched) {
      this.#item = (from, to) => this.peer.received(this.#batch, from, to);
      outbox.onSeal = (writer) => wire.seal(writer);
    }
    this.peer = new PeerTransport({
      host,
      stats: start.stats,
      codec,
      details: start.details,
      outbox,
      link: this,
    });
    this.endpoint = new WebSocketEndpoint(this, {
      role: start.role,
      stream,
      outbox,
      wire,
      deadlines: host.deadlines,
      // JSON is passed on unread: what is not UTF-8 would hit other peers.
      options: options.validatesUtf8 ? options : { ...options, validatesUtf8: true },
      inflater: deflate === undefined ? undefined : new Inflater(deflate, options.maxMessageBytes),
      accepts: codec.isBinary ? "binary" : "text",
      maxUnreadBytes: host.slowConsumers.limitBytes,
    });
  }

  append(outbox: Outbox, message: Message): boolean {
    const writer = outbox.writer();
    if (this.#isBatched) {
      this.#openBatch(writer);
      const item = openItem(writer, this.#codec);
      try {
        serialize(writer, this.#codec, message);
      } catch (error) {
        writer.length = item;
        throw error;
      }
      closeItem(writer, this.#codec, item, this.#separator);
      return true;
    }
    this.#wire.open(writer, this.#opcode, expectedBytes(message));
    try {
      serialize(writer, this.#codec, message);
    } catch (error) {
      this.#wire.cancel(writer);
      throw error;
    }
    this.#wire.close(writer);
    return true;
  }

  appendShared(outbox: Outbox, outgoing: Outgoing): boolean {
    const frame = outgoing.framed(this.#framing);
    if (this.#sharesFrames) {
      outbox.share(frame);
      return true;
    }
    const writer = outbox.writer();
    if (this.#isBatched) {
      this.#openBatch(writer);
      appendItem(writer, this.#codec, frame, this.#separator);
    } else {
      this.#wire.open(writer, this.#opcode, frame.length);
      writer.range(frame, 0, frame.length);
      this.#wire.close(writer);
    }
    return true;
  }

  pause(): void {
    this.endpoint.pause();
  }

  resume(): void {
    this.endpoint.resume();
  }

  end(reason: string): void {
    this.endpoint.close(CloseCode.NORMAL, reason);
  }

  fail(error: ProtocolError): void {
    this.#failure = error;
    this.endpoint.fail(CloseCode.PROTOCOL_ERROR, error.message);
  }

  crash(): void {
    this.endpoint.close(CloseCode.INTERNAL_ERROR, "");
  }

  drop(how: ClosedHow): void {
    this.endpoint.drop(how);
  }

  message(_isText: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#item === undefined) return this.peer.received(bytes, start, end);
    this.#batch = bytes;
    this.#separator = separatorOf(bytes, end);
    const problem = splitBatch(bytes, start, end, this.#codec, this.#separator, this.#item);
    if (problem !== undefined) this.fail(new ProtocolError(problem));
  }

  violated(_code: number, text: string): void {
    this.peer.violated(this.#failure ?? new ProtocolError(text));
  }

  pingMissed(): void {
    this.peer.pingMissed();
  }

  closed(how: ClosedHow): void {
    this.peer.closed(how);
  }

  #openBatch(writer: ByteWriter): void {
    if (this.#wire.isOpen && this.#wire.openBytes(writer) > MAX_BATCH_BYTES) {
      this.#wire.close(writer);
    }
    if (!this.#wire.isOpen) this.#wire.open(writer, this.#opcode, MAX_BATCH_BYTES);
  }
}

/** A guess at the encoded size, for the size of the frame's header: right, it saves moving the message. */
function expectedBytes(message: Message): number {
  switch (message.type) {
    case Type.EVENT:
      return message.payload.end - message.payload.start +
        (message.details === EMPTY_DICT ? 28 : 80);
    case Type.RESULT:
    case Type.INVOCATION:
      return message.payload.end - message.payload.start +
        (message.details === EMPTY_DICT ? 12 : 64);
    case Type.CALL:
    case Type.PUBLISH:
    case Type.ERROR:
      return message.payload.end - message.payload.start + 50;
    case Type.WELCOME:
    case Type.HELLO:
      return 126;
    default:
      return 40;
  }
}
