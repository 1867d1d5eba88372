/**
 * One WebSocket connection as an object to derive from: what happens is a method to override, what can be done a method to call.
 * Messages whole, frame by frame, or as their bytes arrive. It is the router's own transport (`transports/websocket_endpoint.ts`).
 * Made by a factory, driven by `listen.ts` and `connect.ts`. [RFC 6455]
 */
import { consoleLog } from "../client/log.ts";
import type { ClosedHow } from "../transports/dial.ts";
import type { BareWebSocket } from "../transports/websocket_bare.ts";
import {
  CloseCode,
  type MessagePieces,
  type WebSocketOwner,
} from "../transports/websocket_endpoint.ts";
import { FIN, MAX_CONTROL_BYTES, Opcode } from "../transports/websocket_frame.ts";

/** How one message is sent. */
export interface SendMessageOptions {
  /** Default: binary for bytes, text for strings. */
  readonly isBinary?: boolean;
  /** Cuts the message into frames of so many bytes. Default: `autoFragmentBytes` of the factory's options. */
  readonly fragmentBytes?: number;
  /** Sends the message as it is where compression was agreed upon. Default false. */
  readonly doNotCompress?: boolean;
}

/** How a connection ended. */
export interface CloseInfo {
  /** True when both sides said Close. */
  readonly wasClean: boolean;
  /** The peer's code; 1005 when its Close had none, 1006 when there was no Close. */
  readonly code: number;
  readonly reason: string;
}

const ENCODER = new TextEncoder();
const FRAGMENT_STATES = { none: 0, between: 1, inFrame: 2 } as const;

/** The methods whose overriding means: messages in pieces. */
const PIECES = [
  "onMessageBegin",
  "onMessageFrameBegin",
  "onMessageFrameData",
  "onMessageFrameEnd",
  "onMessageFrame",
  "onMessageEnd",
] as const;

/** What servers' and clients' protocols have in common. Derive from `WebSocketServerProtocol` or `WebSocketClientProtocol`.
 *
 * @example
 * ```ts
 * import { WebSocketClientProtocol } from "realmway/protocols";
 *
 * // Counts the bytes of large messages as they arrive
 * class Download extends WebSocketClientProtocol {
 *   received = 0;
 *   override onMessageFrameData(payload: Uint8Array): void {
 *     this.received += payload.length;
 *   }
 *   override onMessageEnd(): void {
 *     this.sendClose();
 *   }
 * }
 * console.assert(new Download().received === 0);
 * ```
 */
export abstract class WebSocketProtocol {
  #socket: BareWebSocket | undefined = undefined;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  /** The first frame of the message that is being sent by frames is still to come. */
  #isFirstFrame = false;
  #sending: number = FRAGMENT_STATES.none;
  #opcode: number = Opcode.BINARY;
  /** Of the frame that is being received for `onMessageFrame`. */
  #frame: Uint8Array[] = [];
  #resolveClosed: (info: CloseInfo) => void = () => {};
  readonly #closed: Promise<CloseInfo>;

  constructor() {
    this.#closed = new Promise((resolve) => this.#resolveClosed = resolve);
  }

  // What happens: to be overridden.

  /** The connection is open: messages may be sent. */
  onOpen(): void {}

  /** A message has come. @param payload the receiver's own. */
  onMessage(_payload: Uint8Array, _isBinary: boolean): void {}

  /** A ping has come. By default it is answered. */
  onPing(payload: Uint8Array): void {
    this.sendPong(payload);
  }

  onPong(_payload: Uint8Array): void {}

  /** The connection has ended. Once, last; also when it never opened. */
  onClose(_wasClean: boolean, _code: number, _reason: string): void {}

  /** A method that was overridden has thrown. The connection closes with 1011. By default the error goes to the console. */
  onUserError(error: unknown): void {
    consoleLog.error("Protocol failed: {error}", { error });
  }

  // Messages in pieces: overriding one of these means that onMessage is not called. Each frame comes between onMessageBegin and
  // onMessageEnd; with onMessageFrame overridden whole, else as its bytes arrive. A compressed message comes as one frame.

  onMessageBegin(_isBinary: boolean): void {}
  onMessageFrameBegin(_length: number): void {}
  onMessageFrameData(_payload: Uint8Array): void {}
  onMessageFrameEnd(): void {}
  onMessageFrame(_payload: Uint8Array): void {}
  onMessageEnd(): void {}

  // What can be done.

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<CloseInfo> {
    return this.#closed;
  }

  /** Bytes that were sent and have not left yet, as the peer reads slowly. */
  get bufferedBytes(): number {
    return this.#socket?.outbox.waiting ?? 0;
  }

  /** Sends a message. Ignored once the connection closes, as are all that follow. Throws while another message is sent by frames. */
  sendMessage(payload: string | Uint8Array, options: SendMessageOptions = {}): void {
    const socket = this.#toSend("a message", FRAGMENT_STATES.none);
    if (socket === undefined) return;
    const bytes = typeof payload === "string" ? ENCODER.encode(payload) : payload;
    const isBinary = options.isBinary ?? typeof payload !== "string";
    const { fragmentBytes = 0, doNotCompress = false } = options;
    if (fragmentBytes > 0 || doNotCompress) {
      this.beginMessage(isBinary);
      const step = fragmentBytes > 0 ? fragmentBytes : Math.max(1, bytes.length);
      let at = 0;
      for (; at + step < bytes.length; at += step) {
        this.sendMessageFrame(bytes.subarray(at, at + step));
      }
      this.#lastFrame(bytes.subarray(at));
      return;
    }
    const { outbox, wire } = socket;
    const writer = outbox.writer();
    wire.open(writer, isBinary ? Opcode.BINARY : Opcode.TEXT, bytes.length);
    writer.range(bytes, 0, bytes.length);
    wire.close(writer);
  }

  /** @param payload at most 125 bytes. */
  sendPing(payload: Uint8Array = new Uint8Array(0)): void {
    this.#control(Opcode.PING, payload);
  }

  /** @param payload at most 125 bytes. */
  sendPong(payload: Uint8Array = new Uint8Array(0)): void {
    this.#control(Opcode.PONG, payload);
  }

  /** Begins the closing handshake, behind what was sent. @param code 1000, or 3000 to 4999. */
  sendClose(code: number = CloseCode.NORMAL, reason = ""): void {
    if (code !== CloseCode.NORMAL && !(code >= 3000 && code <= 4999)) {
      throw new RangeError(`Cannot close: found code ${code}, expected 1000 or 3000 to 4999`);
    }
    if (ENCODER.encode(reason).length > MAX_CONTROL_BYTES - 2) {
      throw new RangeError("Cannot close: found a reason of more than 123 bytes");
    }
    this.#close(code, reason);
  }

  /** Ends the connection now; what was not sent is lost. */
  dropConnection(): void {
    this.#socket?.endpoint.drop("reset");
  }

  /** Reads no more until `resumeReceiving`. */
  pauseReceiving(): void {
    this.#socket?.endpoint.pause();
  }

  resumeReceiving(): void {
    this.#socket?.endpoint.resume();
  }

  /** Begins a message of which the frames follow: `sendMessageFrame`, or `beginMessageFrame` and `sendMessageFrameData`; then `endMessage`.
   * Such messages are not compressed. */
  beginMessage(isBinary = true): void {
    if (this.#toSend("a message", FRAGMENT_STATES.none) === undefined) return;
    this.#opcode = isBinary ? Opcode.BINARY : Opcode.TEXT;
    this.#isFirstFrame = true;
    this.#sending = FRAGMENT_STATES.between;
  }

  /** A whole frame. */
  sendMessageFrame(payload: Uint8Array): void {
    this.beginMessageFrame(payload.length);
    this.sendMessageFrameData(payload);
  }

  /** A frame of which `length` bytes follow. */
  beginMessageFrame(length: number): void {
    this.#beginFrame(length, 0);
  }

  /** The next bytes of the frame. @returns how many it still lacks; negative: so many were more than it takes, and not sent. */
  sendMessageFrameData(payload: Uint8Array): number {
    const socket = this.#toSend("bytes of a frame", FRAGMENT_STATES.inFrame);
    if (socket === undefined) return 0;
    const { outbox, wire } = socket;
    const taken = Math.min(payload.length, wire.left);
    wire.frameData(outbox, payload.subarray(0, taken));
    if (wire.left > 0) return wire.left;
    this.#sending = FRAGMENT_STATES.between;
    return taken - payload.length;
  }

  /** Ends the message, by an empty frame. */
  endMessage(): void {
    this.#lastFrame(new Uint8Array(0));
  }

  // For factories and drivers.

  /** Takes the connection over. */
  opened(take: (owner: WebSocketOwner) => BareWebSocket): BareWebSocket {
    const socket = take(this.#owner());
    this.#socket = socket;
    this.#state = "open";
    this.#run(() => this.onOpen());
    return socket;
  }

  /** The connection never opened. */
  failed(reason: string): void {
    this.#ended({ wasClean: false, code: 1006, reason });
  }

  #owner(): WebSocketOwner {
    const wantsPieces = PIECES.some((name) => this[name] !== WebSocketProtocol.prototype[name]);
    const pieces = this.#pieces();
    return {
      message: (isText, bytes, start, end) => {
        if (!wantsPieces) {
          const payload = new Uint8Array(bytes.subarray(start, end));
          return this.#run(() => this.onMessage(payload, !isText));
        }
        // A compressed one is known only as a whole.
        pieces.messageBegin(isText);
        pieces.frameBegin(end - start);
        if (end > start) pieces.frameData(bytes, start, end);
        pieces.frameEnd();
        pieces.messageEnd();
      },
      violated: () => {},
      pingMissed: () => {},
      closed: (how, code, reason) => this.#closedBy(how, code, reason),
      ping: (bytes, start, end) =>
        this.#run(() => this.onPing(new Uint8Array(bytes.subarray(start, end)))),
      pong: (bytes, start, end) =>
        this.#run(() => this.onPong(new Uint8Array(bytes.subarray(start, end)))),
      ...(wantsPieces && { pieces }),
    };
  }

  #pieces(): MessagePieces {
    const isWhole = this.onMessageFrame !== WebSocketProtocol.prototype.onMessageFrame;
    return {
      messageBegin: (isText) => this.#run(() => this.onMessageBegin(!isText)),
      frameBegin: (length) => {
        this.#frame = [];
        this.#run(() => this.onMessageFrameBegin(length));
      },
      frameData: (bytes, start, end) => {
        const piece = new Uint8Array(bytes.subarray(start, end));
        if (isWhole) this.#frame.push(piece);
        this.#run(() => this.onMessageFrameData(piece));
      },
      frameEnd: () => {
        this.#run(() => this.onMessageFrameEnd());
        const frame = this.#frame;
        this.#frame = [];
        if (isWhole) this.#run(() => this.onMessageFrame(joined(frame)));
      },
      messageEnd: () => this.#run(() => this.onMessageEnd()),
    };
  }

  #closedBy(how: ClosedHow, code: number, reason: string): void {
    this.#ended({ wasClean: how === "clean", code, reason });
  }

  #ended(info: CloseInfo): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#run(() => this.onClose(info.wasClean, info.code, info.reason));
    this.#resolveClosed(info);
  }

  /** Runs what programs have overridden. */
  #run(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.onUserError(error);
      this.#close(CloseCode.INTERNAL_ERROR, "");
    }
  }

  #close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#socket?.endpoint.close(code, reason);
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (payload.length > MAX_CONTROL_BYTES) {
      throw new RangeError(
        `Cannot send a ping or pong: found ${payload.length} bytes, expected at most 125`,
      );
    }
    const socket = this.#state === "open" ? this.#socket : undefined;
    socket?.wire.control(socket.outbox, opcode, payload, 0, payload.length);
  }

  #beginFrame(length: number, fin: number): void {
    const socket = this.#toSend("a frame", FRAGMENT_STATES.between);
    if (socket === undefined) return;
    const opcode = this.#isFirstFrame ? this.#opcode : Opcode.CONTINUATION;
    this.#isFirstFrame = false;
    this.#sending = length > 0 ? FRAGMENT_STATES.inFrame : FRAGMENT_STATES.between;
    socket.wire.beginFrame(socket.outbox, fin | opcode, length);
  }

  #lastFrame(payload: Uint8Array): void {
    this.#beginFrame(payload.length, FIN);
    if (payload.length > 0) this.sendMessageFrameData(payload);
    this.#sending = FRAGMENT_STATES.none;
  }

  /** Undefined: too late to send anything. Throws for what is out of turn. */
  #toSend(what: string, expected: number): BareWebSocket | undefined {
    if (this.#state === "connecting") {
      throw new Error(`Cannot send ${what}: found no connection yet, expected to be behind onOpen`);
    }
    if (this.#state !== "open") return undefined;
    if (this.#sending !== expected) {
      throw new Error(
        `Cannot send ${what}: found ${STATE_TEXTS[this.#sending]}, expected ${
          STATE_TEXTS[expected]
        }`,
      );
    }
    return this.#socket;
  }
}

const STATE_TEXTS = [
  "no message being sent by frames",
  "a message between its frames",
  "a frame begun",
];

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
