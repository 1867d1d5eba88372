/**
 * A ByteStream in the shape that node:http expects of a socket, with the time-outs of one HTTP connection.
 * It knows which answers are due: the peer's end is held back until they are given, as node:http drops them otherwise.
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import type { ByteStream, StreamEnd } from "./byte_stream.ts";
import type { Deadline, DeadlineWheel } from "./deadline.ts";

export interface HttpTimeouts {
  /** From the connection to its first byte. */
  readonly firstByteMs: number;
  /** From the first byte of a request to the end of its head. */
  readonly headMs: number;
  /** For the whole body of a request; and for the peer to take each piece of an answer. */
  readonly bodyMs: number;
  /** From an answer to the next request. */
  readonly keepAliveMs: number;
}

/** Of a request's body, unread by the handler. */
const HELD_BODY_BYTES = 131_072;
/** CR LF CR LF. */
const END_OF_HEAD = 0x0d0a0d0a;
const STATUS: Readonly<Record<number, string>> = {
  400: "400 Bad Request",
  408: "408 Request Timeout",
  431: "431 Request Header Fields Too Large",
};

export class HttpDuplex extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly encrypted: boolean;
  readonly authorized: boolean;
  /** What handlers may ask of the connection. */
  readonly stream: ByteStream;

  readonly #timeouts: HttpTimeouts;
  /** For the request: first byte, head, body, keep-alive. */
  readonly #requestDeadline: Deadline;
  /** For pieces of answers. */
  readonly #writeDeadline: Deadline;
  /** What `setTimeout` asked for. */
  readonly #idleDeadline: Deadline;
  #idleMs = 0;
  /** Answers that are not all written, in order; each knows its request. */
  readonly #due: ServerResponse[] = [];
  /** Bytes of a request have come, but not its whole head. */
  #isInHead = false;
  /** The last four bytes. */
  #tail = 0;
  /** Empty lines since the last answer. */
  #headEnds = 0;
  #written: ((error?: Error) => void) | undefined;
  #isBodyHeld = false;
  #hasPeerEnded = false;
  #isEndPushed = false;
  #closesWhenIdle = false;
  #isReleased = false;

  constructor(
    stream: ByteStream,
    timeouts: HttpTimeouts,
    wheel: DeadlineWheel,
  ) {
    super({ allowHalfOpen: true });
    this.stream = stream;
    this.#timeouts = timeouts;
    this.#requestDeadline = wheel.deadline(() => this.#timedOut());
    this.#writeDeadline = wheel.deadline(() => this.destroy());
    this.#idleDeadline = wheel.deadline(() => this.emit("timeout"));
    const { remote, local } = stream;
    if ("host" in remote) {
      this.remoteAddress = remote.host;
      this.remotePort = remote.port;
      this.remoteFamily = remote.host.includes(":") ? "IPv6" : "IPv4";
    }
    if ("host" in local) {
      this.localAddress = local.host;
      this.localPort = local.port;
    }
    this.encrypted = stream.tls !== undefined;
    this.authorized = stream.tls?.certificate !== undefined;
    stream.onData = (bytes) => this.feed(bytes);
    stream.onDrain = () => this.#drained();
    stream.onEnd = () => this.#peerEnded();
    stream.onClose = (how) => this.#streamClosed(how);
    this.on("error", nothing);
    this.#requestDeadline.set(timeouts.firstByteMs);
  }

  /** A request's head is complete. */
  began(response: ServerResponse): void {
    this.#isInHead = false;
    this.#due.push(response);
    let isDone = false;
    const done = () => {
      if (isDone) return;
      isDone = true;
      this.#answered(response);
    };
    response.once("finish", done).once("close", done);
    this.#requestDeadline.set(this.#timeouts.bodyMs);
  }

  /** True: other answers are due before this one. */
  isBehind(response: ServerResponse): boolean {
    return this.#due[0] !== response;
  }

  /** True: `response` is the only one due, and nothing came behind the head of its request. */
  isLast(response: ServerResponse): boolean {
    return !this.destroyed && this.#due.length === 1 && this.#due[0] === response &&
      this.#headEnds === 1 && this.#tail === END_OF_HEAD;
  }

  feed(bytes: Uint8Array): void {
    if (this.destroyed) return;
    this.#active();
    if (this.#due.length === 0 && !this.#isInHead) {
      this.#isInHead = true;
      this.#requestDeadline.set(this.#timeouts.headMs);
    }
    this.#scan(bytes);
    // A copy: the read buffer is reused, and node:http parses later.
    if (!this.push(Buffer.from(bytes))) this.stream.pause();
    const request = this.#due.at(-1)?.req;
    if (request !== undefined && request.readableLength > HELD_BODY_BYTES) this.#holdBody(request);
  }

  release(): void {
    this.#isReleased = true;
    this.destroy();
  }

  /** Answers what node:http could not parse or waited for too long, and ends the connection. */
  refuse(status: 400 | 408 | 431): void {
    if (this.destroyed || this.writableEnded) return;
    const [first] = this.#due;
    if (first === undefined || (!first.req.complete && !first.headersSent)) {
      this.end(`HTTP/1.1 ${STATUS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } else if (this.#due.every((response) => response.req.complete)) {
      this.closeWhenIdle();
    } else {
      this.destroy();
    }
  }

  closeWhenIdle(): void {
    this.#closesWhenIdle = true;
    if (this.#due.length === 0) this.destroySoon();
  }

  override _read(): void {
    if (!this.#isBodyHeld) this.stream.resume();
    if (this.#hasPeerEnded) this.#endLater();
  }

  override _write(
    chunk: Buffer,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#active();
    // Not before the stream has the bytes: that is the back-pressure that handlers feel.
    if (this.stream.write(plain(chunk))) return done();
    this.#written = done;
    this.#writeDeadline.set(this.#timeouts.bodyMs);
  }

  override _writev(
    chunks: { chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map((one) => one.chunk)), "buffer", done);
  }

  override _final(done: () => void): void {
    if (!this.#isReleased) this.stream.close();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#requestDeadline.clear();
    this.#writeDeadline.clear();
    this.#idleDeadline.clear();
    if (!this.#isReleased && !this.writableFinished) this.stream.abort();
    const written = this.#written;
    this.#written = undefined;
    written?.(error ?? undefined);
    done(error);
  }

  /** For node:http: ends after what was written has gone. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    this.#idleMs = ms;
    if (ms > 0) {
      this.#idleDeadline.set(ms);
      if (onTimeout !== undefined) this.once("timeout", onTimeout);
    } else {
      this.#idleDeadline.clear();
      if (onTimeout !== undefined) this.off("timeout", onTimeout);
    }
    return this;
  }

  /** Decided by the listener. */
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  #scan(bytes: Uint8Array): void {
    const isBody = this.#due.length > 0;
    for (let i = isBody ? Math.max(0, bytes.length - 4) : 0; i < bytes.length; i++) {
      this.#tail = (this.#tail << 8) | (bytes[i] ?? 0);
      if (isBody || this.#tail === END_OF_HEAD) this.#headEnds++;
    }
  }

  #answered(response: ServerResponse): void {
    const index = this.#due.indexOf(response);
    if (index >= 0) this.#due.splice(index, 1);
    this.#releaseBody();
    if (this.#due.length > 0 || this.destroyed) return;
    this.#headEnds = 0;
    if (this.#closesWhenIdle) this.destroySoon();
    else if (this.#hasPeerEnded) this.#endLater();
    else this.#requestDeadline.set(this.#timeouts.keepAliveMs);
  }

  /** Bun reads on though the handler does not take the body. Asking for more is what `_read` means. */
  #holdBody(request: IncomingMessage): void {
    this.stream.pause();
    if (this.#isBodyHeld) return;
    this.#isBodyHeld = true;
    const read = request._read;
    request._read = (size) => {
      request._read = read;
      this.#releaseBody();
      read.call(request, size);
    };
  }

  #releaseBody(): void {
    if (!this.#isBodyHeld) return;
    this.#isBodyHeld = false;
    this.stream.resume();
  }

  #drained(): void {
    this.#writeDeadline.clear();
    this.#active();
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  #peerEnded(): void {
    this.#hasPeerEnded = true;
    this.#endLater();
  }

  /** Later, as node:http may not have parsed yet what came before the end. */
  #endLater(): void {
    setImmediate(() => {
      if (this.destroyed || this.#isEndPushed || this.readableLength > 0) return;
      if (this.#due.length > 0 && this.#due.every((response) => response.req.complete)) return;
      this.#isEndPushed = true;
      this.push(null);
    });
  }

  #streamClosed(how: StreamEnd): void {
    if (this.#isReleased) return;
    this.destroy(how === "clean" ? undefined : new Error(`Connection ended: ${how}`));
  }

  #timedOut(): void {
    const last = this.#due.at(-1);
    if (last !== undefined && last.req.complete) return;
    if (this.#isInHead || last !== undefined) this.refuse(408);
    else this.destroySoon();
  }

  #active(): void {
    if (this.#idleMs > 0) this.#idleDeadline.set(this.#idleMs);
  }
}

function plain(chunk: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = chunk;
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, length);
  return new Uint8Array(chunk);
}

/** Faults end the connection, which "close" tells. */
function nothing(): void {}
