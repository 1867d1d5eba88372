/**
 * One end of a WebSocket connection after the handshake, of either role: messages out of frames, control frames, the closing
 * handshake, keep-alive. Knows nothing of WAMP. HOT.
 * Its owner (`websocket.ts`, `testee.ts`) gets messages as ranges of a buffer that is valid during the call, and puts its own into
 * the outbox through `websocket_wire.ts`. After a Close of either side, or a violation, no message is passed on. [RFC 6455]
 */
import type { ClosedHow } from "../router/ports.ts";
import type { ByteStream, StreamEnd } from "./byte_stream.ts";
import { Assembly } from "./assembly.ts";
import { largeBuffers } from "./buffer_pool.ts";
import type { Deadline, DeadlineWheel } from "./deadline.ts";
import { KeepAlive, type KeepAliveOwner } from "./keep_alive.ts";
import type { Outbox } from "./outbox.ts";
import { isValidText, Utf8Check } from "./utf8_check.ts";
import type { Inflater } from "./websocket_deflate.ts";
import {
  FIN,
  FrameReader,
  type FrameSink,
  MAX_CONTROL_BYTES,
  Opcode,
  RSV1,
} from "./websocket_frame.ts";
import type { WebSocketOptions } from "./websocket_options.ts";
import type { WebSocketWire } from "./websocket_wire.ts";

/** Close codes. [RFC 6455 7.4.1] */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  INVALID_DATA: 1007,
  POLICY: 1008,
  TOO_BIG: 1009,
  INTERNAL_ERROR: 1011,
} as const;

export interface WebSocketOwner {
  /** A whole message. Its bytes are valid until this returns, and may be changed. */
  message(isText: boolean, bytes: Uint8Array, start: number, end: number): void;
  /** The peer broke the rules. What is sent now still goes before the Close frame. */
  violated(code: number, text: string): void;
  /** A ping was not answered in time. */
  pingMissed(): void;
  /** Nothing can be sent or received any more. Once, last. */
  closed(how: ClosedHow, code: number, reason: string): void;
  /** A ping came, and answering it is the owner's. Without, it is answered here. */
  ping?(bytes: Uint8Array, start: number, end: number): void;
  /** A pong came. */
  pong?(bytes: Uint8Array, start: number, end: number): void;
  /** Set: messages that are not compressed come here piece by piece, as they arrive, instead of whole. */
  readonly pieces?: MessagePieces;
}

/** A message as it arrives. Bytes are valid during the call, and may be changed. */
export interface MessagePieces {
  messageBegin(isText: boolean): void;
  /** @param length of the frame's payload. */
  frameBegin(length: number): void;
  frameData(bytes: Uint8Array, start: number, end: number): void;
  frameEnd(): void;
  messageEnd(): void;
}

export interface WebSocketParts {
  readonly role: "server" | "client";
  readonly stream: ByteStream;
  readonly outbox: Outbox;
  readonly wire: WebSocketWire;
  readonly deadlines: DeadlineWheel;
  readonly options: WebSocketOptions;
  readonly inflater: Inflater | undefined;
  /** What the peer may send; the other kind is refused with 1003. */
  readonly accepts: "text" | "binary" | "both";
  /** With more than this waiting in the outbox, pings are not answered. */
  readonly maxUnreadBytes: number;
}

export class WebSocketEndpoint implements FrameSink, KeepAliveOwner {
  readonly #owner: WebSocketOwner;
  readonly #parts: WebSocketParts;
  readonly #reader: FrameReader;
  readonly #maxFrameBytes: number;
  readonly #maxMessageBytes: number;
  readonly #validatesUtf8: boolean;
  readonly #keepAlive: KeepAlive;
  #deadline: Deadline | undefined = undefined;
  /** open: messages pass; closing: we sent a Close and wait for the peer's; done: the stream is on its way out. */
  #state: "open" | "closing" | "done" = "open";
  #hasReported = false;
  /** A violation is being dealt with: whoever closes now does it with its code. */
  #isFailing = false;
  #code = 1006;
  #reason = "";

  /** First byte and payload length of the current frame. */
  #first = 0;
  #length = 0;
  /** First byte of the first frame of a message that is not complete; 0 when there is none. */
  #messageFirst = 0;
  #message: Assembly | undefined = undefined;
  #utf8: Utf8Check | undefined = undefined;
  readonly #pieces: MessagePieces | undefined;
  /** Of the message that is being passed on in pieces. */
  #passedBytes = 0;
  #isInFrame = false;
  /** The payload of a control frame that came in pieces, perhaps between those of a message. */
  #control: Assembly | undefined = undefined;

  constructor(owner: WebSocketOwner, parts: WebSocketParts) {
    const { role, options, stream, outbox } = parts;
    this.#owner = owner;
    this.#pieces = owner.pieces;
    this.#parts = parts;
    this.#maxMessageBytes = options.maxMessageBytes || Number.MAX_SAFE_INTEGER;
    this.#maxFrameBytes = options.maxFrameBytes || Number.MAX_SAFE_INTEGER;
    this.#validatesUtf8 = options.validatesUtf8;
    const expectsMask = role === "server"
      ? (options.requiresMaskedClientFrames ? true : undefined)
      : (options.acceptsMaskedServerFrames ? undefined : false);
    this.#reader = new FrameReader(this, {
      isMasked: expectsMask,
      appliesMask: options.appliesMask,
      extensionBits: parts.inflater === undefined ? 0 : RSV1,
    });
    this.#keepAlive = new KeepAlive(this, parts.deadlines, options);
    stream.onData = (bytes) => this.read(bytes, 0);
    stream.onDrain = () => outbox.drained();
    stream.onEnd = () => this.#peerEnded();
    stream.onClose = (how) => this.#streamClosed(how);
  }

  /** Starts keep-alive; called when the owner is ready. */
  start(): void {
    if (this.#state === "open") this.#keepAlive.start();
  }

  /** Bytes from `at` on; also those that came along with the handshake. */
  read(bytes: Uint8Array<ArrayBuffer>, at: number): void {
    if (this.#state !== "done") this.#reader.read(bytes, at, bytes.length);
  }

  pause(): void {
    if (this.#state !== "open") return;
    this.#keepAlive.pause();
    this.#parts.stream.pause();
  }

  resume(): void {
    this.#keepAlive.resume();
    this.#parts.stream.resume();
  }

  /** Begins the closing handshake, behind what was sent. @param reason cut to 123 bytes. */
  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#keepAlive.stop();
    if (this.#isFailing) this.#sendClose(this.#code, this.#reason);
    else this.#sendClose(code, reason);
    this.#await();
    // The peer's Close must be read even if the owner had stopped reading.
    this.#parts.stream.resume();
  }

  /** Ends the connection for a fault of the peer. */
  fail(code: number, text: string): void {
    if (this.#state !== "open") return this.#finish();
    this.#reader.stop();
    this.#isFailing = true;
    this.#code = code;
    this.#reason = text;
    this.#owner.violated(code, text);
    if (this.#parts.options.failsByDrop) return this.drop("reset");
    this.close(code, text);
    this.#finish();
    this.#report("clean");
  }

  /** Ends the connection now; what was not sent is lost. */
  drop(how: ClosedHow): void {
    this.#state = "done";
    this.#reader.stop();
    this.#keepAlive.stop();
    this.#deadline?.clear();
    this.#parts.outbox.discard();
    this.#parts.stream.abort();
    this.#report(how);
  }

  /** For keep-alive, as the next. */
  ping(payload: Uint8Array): void {
    this.#parts.wire.control(this.#parts.outbox, Opcode.PING, payload, 0, payload.length);
  }

  pongMissed(): void {
    this.#owner.pingMissed();
    this.drop("timeout");
  }

  /** For the reader. */
  frame(first: number, length: number): void {
    this.#first = first;
    this.#length = length;
    const opcode = first & 0x0f;
    if (opcode >= Opcode.CLOSE) return;
    if (opcode === Opcode.CONTINUATION) {
      if (this.#messageFirst === 0) return this.#violate("a continuation without a message");
      if ((first & RSV1) !== 0) return this.#violate("reserved bits on a continuation");
    } else {
      if (this.#messageFirst !== 0) return this.#violate("a new message within a fragmented one");
      const { accepts } = this.#parts;
      if (accepts !== "both" && (opcode === Opcode.TEXT) !== (accepts === "text")) {
        const kind = opcode === Opcode.TEXT ? "text" : "binary";
        return this.fail(
          CloseCode.UNSUPPORTED_DATA,
          `Cannot accept a message: found ${kind}, expected ${accepts}`,
        );
      }
    }
    if (length > this.#maxFrameBytes) this.#tooBig("frame", length, this.#maxFrameBytes);
    else {
      const total = (this.#message?.length ?? 0) + this.#passedBytes + length;
      if (total > this.#maxMessageBytes) this.#tooBig("message", total, this.#maxMessageBytes);
    }
  }

  /** For the reader. */
  payload(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, isLast: boolean): void {
    const first = this.#first;
    if ((first & 0x0f) >= Opcode.CLOSE) return this.#controlPayload(bytes, start, end, isLast);
    if (this.#keepAlive.isWaiting && this.#parts.options.autoPingRestartsOnAnyTraffic) {
      this.#keepAlive.heard();
    }
    if (this.#pieces !== undefined && ((this.#messageFirst | first) & RSV1) === 0) {
      return this.#pass(this.#pieces, bytes, start, end, isLast);
    }
    if (isLast && (first & FIN) !== 0 && this.#messageFirst === 0) {
      // PERF: the usual message, one frame in one piece, is not stored (plain: the lines below).
      const isText = (first & 0x0f) === Opcode.TEXT;
      if ((first & RSV1) !== 0) return this.#inflated(isText, bytes, start, end);
      if (isText && this.#validatesUtf8 && !isValidText(bytes, start, end)) return this.#badText();
      if (this.#state === "open") this.#owner.message(isText, bytes, start, end);
      return;
    }
    this.#store(bytes, start, end);
    if (isLast && (first & FIN) !== 0) this.#storedMessage();
  }

  /** For the reader. */
  violated(text: string): void {
    this.#violate(text);
  }

  #violate(found: string): void {
    this.fail(CloseCode.PROTOCOL_ERROR, `Cannot accept a frame: found ${found}`);
  }

  #badText(): void {
    this.fail(CloseCode.INVALID_DATA, "Cannot accept a message: found text that is not UTF-8");
  }

  #tooBig(what: string, found: number, max: number): void {
    const text = `Cannot accept a ${what}: found ${found} bytes, expected at most ${max}`;
    this.fail(CloseCode.TOO_BIG, text);
  }

  /** Adds a piece to the message that is being put together. */
  #store(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    if (this.#messageFirst === 0) this.#messageFirst = this.#first;
    const isPlainText = (this.#messageFirst & (0x0f | RSV1)) === Opcode.TEXT;
    if (isPlainText && this.#validatesUtf8) {
      this.#utf8 ??= new Utf8Check();
      if (!this.#utf8.accepts(bytes, start, end)) return this.#badText();
    }
    // Behind our Close frames are still told apart, but nothing is kept.
    if (this.#state !== "open") return;
    const isFirstFrame = this.#first === this.#messageFirst;
    (this.#message ??= new Assembly()).add(bytes, start, end, isFirstFrame ? this.#length : 0);
  }

  /** Passes a piece of a message on. The owner may close the connection at any of these calls. */
  #pass(
    pieces: MessagePieces,
    bytes: Uint8Array,
    start: number,
    end: number,
    isLast: boolean,
  ): void {
    const isFirst = this.#messageFirst === 0;
    if (isFirst) this.#messageFirst = this.#first;
    const isText = (this.#messageFirst & 0x0f) === Opcode.TEXT;
    const isFrameBegin = !this.#isInFrame;
    this.#isInFrame = !isLast;
    this.#passedBytes += end - start;
    const isMessageEnd = isLast && (this.#first & FIN) !== 0;
    if (isText && this.#validatesUtf8) {
      this.#utf8 ??= new Utf8Check();
      if (!this.#utf8.accepts(bytes, start, end)) return this.#badText();
    }
    if (this.#state === "open" && isFirst) pieces.messageBegin(isText);
    if (this.#state === "open" && isFrameBegin) pieces.frameBegin(this.#length);
    if (this.#state === "open" && end > start) pieces.frameData(bytes, start, end);
    if (this.#state === "open" && isLast) pieces.frameEnd();
    if (!isMessageEnd) return;
    this.#messageFirst = 0;
    this.#passedBytes = 0;
    const isComplete = this.#utf8?.isComplete ?? true;
    this.#utf8?.reset();
    if (!isComplete) return this.#badText();
    if (this.#state === "open") pieces.messageEnd();
  }

  #storedMessage(): void {
    const first = this.#messageFirst;
    const isText = (first & 0x0f) === Opcode.TEXT;
    const { bytes, length } = this.#message ??= new Assembly();
    this.#messageFirst = 0;
    this.#message.reset();
    if (this.#utf8 !== undefined) {
      const { isComplete } = this.#utf8;
      this.#utf8.reset();
      if (!isComplete) return this.#badText();
    }
    if (this.#state !== "open") return;
    if ((first & RSV1) !== 0) this.#inflated(isText, bytes, 0, length);
    else this.#owner.message(isText, bytes, 0, length);
    largeBuffers.give(bytes);
  }

  #inflated(isText: boolean, bytes: Uint8Array, start: number, end: number): void {
    const { inflater } = this.#parts;
    if (this.#state !== "open" || inflater === undefined) return;
    const message = inflater.decompress(bytes, start, end);
    if (message === "too large") {
      return this.#tooBig("message", this.#maxMessageBytes + 1, this.#maxMessageBytes);
    }
    if (message === "malformed") {
      return this.fail(
        CloseCode.INVALID_DATA,
        "Cannot decompress a message: found no deflate data",
      );
    }
    if (isText && this.#validatesUtf8 && !isValidText(message, 0, message.length)) {
      return this.#badText();
    }
    this.#owner.message(isText, message, 0, message.length);
  }

  #controlPayload(
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
    isLast: boolean,
  ): void {
    if (isLast && this.#control === undefined) return this.#controlFrame(bytes, start, end);
    const control = this.#control ??= new Assembly();
    control.add(bytes, start, end, this.#length);
    if (!isLast) return;
    this.#control = undefined;
    this.#controlFrame(control.bytes, 0, control.length);
    largeBuffers.give(control.bytes);
  }

  #controlFrame(bytes: Uint8Array, start: number, end: number): void {
    const { outbox, wire } = this.#parts;
    switch (this.#first & 0x0f) {
      case Opcode.PING:
        if (this.#owner.ping !== undefined) {
          if (this.#state === "open") this.#owner.ping(bytes, start, end);
          return;
        }
        // A peer that pings without reading gets no further pongs. [RFC 6455 5.5.3]
        if (this.#state === "open" && outbox.waiting <= this.#parts.maxUnreadBytes) {
          wire.control(outbox, Opcode.PONG, bytes, start, end);
        }
        return;
      case Opcode.PONG:
        this.#keepAlive.pong(bytes, start, end);
        if (this.#state === "open") this.#owner.pong?.(bytes, start, end);
        return;
      case Opcode.CLOSE:
        this.#peerClose(bytes, start, end);
    }
  }

  #peerClose(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    const code = size < 2 ? 1005 : ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
    if (size === 1) return this.#violate("a Close with one byte");
    if (size >= 2 && !isCloseCode(code)) return this.#violate(`close code ${code}`);
    if (size > 2 && !isValidText(bytes, start + 2, end)) return this.#badText();
    this.#reader.stop();
    const reason = size > 2 ? DECODER.decode(bytes.subarray(start + 2, end)) : "";
    this.#code = code;
    this.#reason = reason;
    if (this.#state === "open") {
      const { outbox, wire } = this.#parts;
      if (!this.#parts.options.echoesCloseCodeReason) this.#sendClose(CloseCode.NORMAL, "");
      else wire.control(outbox, Opcode.CLOSE, bytes, start, end);
    }
    this.#finish();
    this.#report("clean");
  }

  #sendClose(code: number, reason: string): void {
    const { outbox, wire } = this.#parts;
    const payload = closePayload(code, reason);
    wire.control(outbox, Opcode.CLOSE, payload, 0, payload.length);
  }

  /** Both sides are done, or we are with the peer: what was sent goes, then the stream closes. */
  #finish(): void {
    if (this.#state === "done") return;
    this.#state = "done";
    this.#reader.stop();
    this.#keepAlive.stop();
    this.#parts.outbox.end();
    this.#await();
    this.#parts.stream.resume();
  }

  /** What was sent must leave, and the peer must answer, in time. */
  #await(): void {
    const ms = this.#parts.options.closeHandshakeTimeoutMs;
    if (ms === 0) return;
    this.#deadline ??= this.#parts.deadlines.deadline(() => this.drop("timeout"));
    this.#deadline.set(ms);
  }

  /** The peer ended its side without a Close, or behind it. */
  #peerEnded(): void {
    const wasOpen = this.#state !== "done";
    this.#finish();
    if (wasOpen) this.#report("reset");
  }

  #streamClosed(how: StreamEnd): void {
    this.#state = "done";
    this.#reader.stop();
    this.#keepAlive.stop();
    this.#deadline?.clear();
    this.#parts.outbox.discard();
    // A stream that closes without a Close frame was cut, however politely.
    this.#report(how === "clean" ? "reset" : how);
  }

  #report(how: ClosedHow): void {
    if (this.#hasReported) return;
    this.#hasReported = true;
    this.#owner.closed(how, this.#code, this.#reason);
  }
}

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** Codes that may stand in a Close frame: those of the RFC, those registered since, and the ranges of libraries and applications. */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
}

/** Code and reason, cut to what a control frame holds, at a whole character. */
function closePayload(code: number, reason: string): Uint8Array {
  const payload = new Uint8Array(MAX_CONTROL_BYTES);
  payload[0] = code >>> 8;
  payload[1] = code & 0xff;
  const { written } = ENCODER.encodeInto(reason, payload.subarray(2));
  return payload.subarray(0, 2 + written);
}
