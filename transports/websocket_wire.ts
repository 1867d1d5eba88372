/**
 * How messages of one WebSocket become bytes in its outbox: frames, masks, batches, fragments, compression. HOT.
 * A frame is opened with a guess of its header's size, its message is encoded behind, and closing it puts things right.
 * Called by `websocket.ts` (WAMP messages), `testee.ts` (bytes) and `websocket_endpoint.ts` (control frames). [RFC 6455 5]
 */
import type { ByteWriter } from "../wamp/byte_writer.ts";
import type { Outbox } from "./outbox.ts";
import type { Deflater } from "./websocket_deflate.ts";
import {
  applyMask,
  FIN,
  headerBytes,
  type MaskKeys,
  Opcode,
  RSV1,
  writeHeader,
} from "./websocket_frame.ts";

export interface WebSocketWireParts {
  /** Set: frames are masked. */
  readonly maskKeys: MaskKeys | undefined;
  /** False: masks are zero. */
  readonly appliesMask: boolean;
  /** 0: frames are as long as messages. */
  readonly fragmentBytes: number;
  readonly deflater: Deflater | undefined;
}

export class WebSocketWire {
  readonly #parts: WebSocketWireParts;
  readonly #maskBytes: number;
  /** The open frame: where it starts, the header's reserved size, its opcode. */
  #start = 0;
  #reserved = 0;
  #opcode = 0;
  #isOpen = false;
  /** Of the frame that is being sent in pieces: bytes to come, mask key, and how many bytes it has been applied to. */
  #left = 0;
  #pieceKey: number | undefined = undefined;
  #masked = 0;
  /** Control frames that wait for its end. */
  #held: (() => void)[] = [];

  constructor(parts: WebSocketWireParts) {
    this.#parts = parts;
    this.#maskBytes = parts.maskKeys === undefined ? 0 : 4;
  }

  /** True: a message's frame is the same for all peers. */
  get isPlain(): boolean {
    const { maskKeys, fragmentBytes, deflater } = this.#parts;
    return maskKeys === undefined && fragmentBytes === 0 && deflater === undefined;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes of payload in the open frame. */
  openBytes(writer: ByteWriter): number {
    return writer.length - this.#start - this.#reserved;
  }

  /** Begins a message. @param expected bytes of its payload, as far as known. */
  open(writer: ByteWriter, opcode: number, expected: number): void {
    this.#start = writer.length;
    this.#reserved = headerBytes(expected) + this.#maskBytes;
    this.#opcode = opcode;
    this.#isOpen = true;
    writer.reserve(this.#reserved);
    writer.length += this.#reserved;
  }

  /** Takes back the open message. */
  cancel(writer: ByteWriter): void {
    writer.length = this.#start;
    this.#isOpen = false;
  }

  /** Ends the message: its payload is what was appended since `open`. */
  close(writer: ByteWriter): void {
    this.#isOpen = false;
    const { deflater, fragmentBytes } = this.#parts;
    let first = FIN | this.#opcode;
    if (deflater !== undefined) {
      const plain = writer.bytes.subarray(this.#start + this.#reserved, writer.length);
      const compressed = deflater.compress(plain);
      writer.length = this.#start + this.#reserved;
      writer.range(compressed, 0, compressed.length);
      first |= RSV1;
    }
    const length = writer.length - this.#start - this.#reserved;
    if (fragmentBytes > 0 && length > fragmentBytes) this.#fragment(writer, first, fragmentBytes);
    else this.#finish(writer, first, length);
  }

  /** Ends an open batch, or takes it back when nothing came into it: an empty one is illegal. */
  seal(writer: ByteWriter): void {
    if (!this.#isOpen) return;
    if (this.openBytes(writer) === 0) this.cancel(writer);
    else this.close(writer);
  }

  /** Bytes that the frame begun by `beginFrame` still lacks. */
  get left(): number {
    return this.#left;
  }

  /** Begins a frame of a message whose frames the owner makes itself. @param first FIN and opcode. */
  beginFrame(outbox: Outbox, first: number, length: number): void {
    const writer = outbox.writer();
    const size = headerBytes(length) + this.#maskBytes;
    writer.reserve(size);
    this.#pieceKey = this.#key();
    this.#masked = 0;
    this.#left = length;
    writeHeader(writer.bytes, writer.length, first, length, this.#pieceKey);
    writer.length += size;
  }

  /** The next bytes of that frame; no more than are left. */
  frameData(outbox: Outbox, bytes: Uint8Array): void {
    const writer = outbox.writer();
    const start = writer.length;
    writer.range(bytes, 0, bytes.length);
    if (this.#pieceKey !== undefined) {
      applyMask(writer.bytes, start, writer.length, this.#pieceKey, this.#masked & 3, undefined);
    }
    this.#masked += bytes.length;
    this.#left -= bytes.length;
    if (this.#left > 0 || this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const send of held) send();
  }

  /** A control frame: between messages, or within a fragmented one of the peer. */
  control(outbox: Outbox, opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#left > 0) {
      const kept = new Uint8Array(bytes.subarray(start, end));
      this.#held.push(() => this.control(outbox, opcode, kept, 0, kept.length));
      return;
    }
    const writer = outbox.writer();
    this.seal(writer);
    this.#start = writer.length;
    this.#reserved = 2 + this.#maskBytes;
    writer.reserve(this.#reserved);
    writer.length += this.#reserved;
    writer.range(bytes, start, end);
    this.#finish(writer, FIN | opcode, end - start);
  }

  /** Puts the header in front of the `length` bytes behind the reserved ones, and masks them. */
  #finish(writer: ByteWriter, first: number, length: number): void {
    const size = headerBytes(length) + this.#maskBytes;
    const start = this.#start;
    const payload = start + size;
    if (size !== this.#reserved) {
      const from = start + this.#reserved;
      writer.length = from + length;
      if (size > this.#reserved) writer.reserve(size - this.#reserved);
      writer.bytes.copyWithin(payload, from, from + length);
      writer.length = payload + length;
    }
    const key = this.#key();
    writeHeader(writer.bytes, start, first, length, key);
    if (key !== undefined) applyMask(writer.bytes, payload, payload + length, key, 0, undefined);
  }

  #key(): number | undefined {
    const { maskKeys, appliesMask } = this.#parts;
    if (maskKeys === undefined) return undefined;
    return appliesMask ? maskKeys.next() : 0;
  }

  #fragment(writer: ByteWriter, first: number, fragmentBytes: number): void {
    const payload = writer.bytes.slice(this.#start + this.#reserved, writer.length);
    writer.length = this.#start;
    for (let at = 0; at < payload.length; at += fragmentBytes) {
      const end = Math.min(at + fragmentBytes, payload.length);
      const isLast = end === payload.length;
      // The first frame has the opcode and RSV1, the last FIN.
      const byte = (at === 0 ? first & ~FIN : Opcode.CONTINUATION) | (isLast ? FIN : 0);
      this.#start = writer.length;
      this.#reserved = headerBytes(end - at) + this.#maskBytes;
      writer.reserve(this.#reserved);
      writer.length += this.#reserved;
      writer.range(payload, at, end);
      this.#finish(writer, byte, end - at);
    }
  }
}
