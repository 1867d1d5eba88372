/**
 * Decides by its first bytes what an accepted stream speaks: 0x7F is RawSocket, a complete WebSocket upgrade request WebSocket,
 * and everything else HTTP. Called by listeners; calls `rawsocket.ts`, `websocket.ts` and `http_seam.ts`, which set the callbacks anew.
 * Only `websocket_handshake.ts` judges what an upgrade request is: bytes that it leaves to HTTP go there unchanged and whole.
 */
import type { ByteStream } from "./byte_stream.ts";
import type { Deadline, DeadlineWheel } from "./deadline.ts";
import { MAX_HEAD_BYTES } from "./http_head.ts";
import type { HttpSeam } from "./http_seam.ts";
import { parseUpgrade, refusalAnswer, type UpgradeRequest } from "./websocket_handshake.ts";

/** What a listener speaks. Each callee sets the stream's four callbacks before it returns; bytes are valid during the call only. */
export interface StreamRoutes {
  readonly rawsocket?: (stream: ByteStream, initial: Uint8Array<ArrayBuffer>) => void;
  /** False: no WebSocket on this path, so HTTP answers. `rest` is what came behind the request. */
  readonly upgrade?: (
    stream: ByteStream,
    request: UpgradeRequest,
    rest: Uint8Array<ArrayBuffer>,
  ) => boolean;
  readonly http?: HttpSeam;
  readonly timeouts: { readonly firstByteMs: number; readonly headMs: number };
  readonly wheel: DeadlineWheel;
}

const RAWSOCKET_MAGIC = 0x7f;
const LETTER_G = 0x47;
const CR = 0x0d;
const LF = 0x0a;
const UTF8 = new TextEncoder();
const LATIN1 = new TextDecoder("latin1");
const ASKS_FOR_UPGRADE = /\nupgrade:[ \t]*websocket/i;
/** Free head buffers beyond this are left to the collector. */
const KEPT_BUFFERS = 64;

/** Takes over an accepted stream. */
export function serveStream(stream: ByteStream, routes: StreamRoutes): void {
  new Sniffer(stream, routes);
}

class Sniffer {
  readonly #stream: ByteStream;
  readonly #routes: StreamRoutes;
  readonly #deadline: Deadline;
  /** The head as far as it has come, when one read was not enough. */
  #head: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  constructor(stream: ByteStream, routes: StreamRoutes) {
    this.#stream = stream;
    this.#routes = routes;
    this.#deadline = routes.wheel.deadline(() => this.#timedOut());
    this.#deadline.set(routes.timeouts.firstByteMs);
    stream.onData = (bytes) => this.#received(bytes);
    stream.onDrain = nothing;
    stream.onEnd = () => this.#close();
    stream.onClose = () => this.#finish();
  }

  #received(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#head !== undefined) this.#more(bytes);
    else if (bytes[0] === RAWSOCKET_MAGIC) this.#toRawSocket(bytes);
    else if (bytes[0] !== LETTER_G || this.#routes.upgrade === undefined) {
      this.#toHttp(bytes, false);
    } else this.#first(bytes);
  }

  #first(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#decide(bytes, 0, bytes.length)) return;
    this.#deadline.set(this.#routes.timeouts.headMs);
    this.#head = takeBuffer();
    this.#more(bytes);
  }

  #more(bytes: Uint8Array<ArrayBuffer>): void {
    const head = this.#head;
    if (head === undefined) return;
    if (this.#length + bytes.length > head.length) return this.#tooLong(head, bytes);
    head.set(bytes, this.#length);
    const from = this.#length;
    this.#length += bytes.length;
    this.#decide(head, from, this.#length);
  }

  /** No upgrade request that is accepted is that long. */
  #tooLong(head: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>): void {
    const all = new Uint8Array(this.#length + bytes.length);
    all.set(head.subarray(0, this.#length));
    all.set(bytes, this.#length);
    this.#toHttp(all, false);
  }

  /** False when more bytes are needed. */
  #decide(bytes: Uint8Array<ArrayBuffer>, from: number, length: number): boolean {
    // Parsed only once it may be complete: a byte at a time must not cost a parse each.
    if (length < MAX_HEAD_BYTES && !hasEmptyLine(bytes, from, length)) return false;
    const parsed = parseUpgrade(bytes, length);
    switch (parsed.kind) {
      case "upgrade": {
        this.#deadline.clear();
        const rest = bytes.subarray(parsed.end, length);
        if (this.#routes.upgrade?.(this.#stream, parsed.request, rest)) this.#finish();
        else this.#toHttp(bytes.subarray(0, length), true);
        break;
      }
      case "bad":
        this.#refuse(parsed.status, parsed.text);
        break;
      case "http":
      case "incomplete":
        // An empty line without CR is no end of a head to us; node:http says what it thinks of it.
        this.#toHttp(bytes.subarray(0, length), false);
        break;
    }
    return true;
  }

  #toRawSocket(bytes: Uint8Array<ArrayBuffer>): void {
    const { rawsocket } = this.#routes;
    if (rawsocket === undefined) return this.#close();
    rawsocket(this.#stream, bytes);
    this.#finish();
  }

  #toHttp(bytes: Uint8Array<ArrayBuffer>, isUpgrade: boolean): void {
    const { http, upgrade } = this.#routes;
    if (upgrade !== undefined && isLongUpgrade(bytes)) {
      return this.#refuse(431, `Cannot upgrade: found a head of more than ${MAX_HEAD_BYTES} bytes`);
    }
    if (http !== undefined) {
      http.accept(this.#stream, bytes, upgrade);
      this.#finish();
    } else if (isUpgrade) {
      this.#refuse(404, "Cannot upgrade to WebSocket: found an unknown path");
    } else if (upgrade !== undefined && isLetter(bytes[0])) {
      this.#refuse(426, "Cannot answer: found an HTTP request, expected a WebSocket upgrade");
    } else {
      // Whoever this is would not understand an answer.
      this.#close();
    }
  }

  #refuse(status: number, text: string): void {
    const headers: Record<string, string> = status === 426
      ? { "Upgrade": "websocket", "Sec-WebSocket-Version": "13" }
      : {};
    const answer = refusalAnswer({ status, text }, headers);
    this.#stream.write(UTF8.encode(answer));
    this.#close();
  }

  #timedOut(): void {
    if (this.#head === undefined) this.#close();
    else this.#refuse(408, "Cannot answer: the head of the request took too long");
  }

  #close(): void {
    this.#finish();
    this.#stream.close();
  }

  #finish(): void {
    this.#deadline.clear();
    if (this.#head !== undefined) giveBuffer(this.#head);
    this.#head = undefined;
  }
}

/** Whether these are the first bytes of an upgrade request whose head is too long for one. */
function isLongUpgrade(bytes: Uint8Array): boolean {
  if (bytes.length < MAX_HEAD_BYTES || hasEmptyLine(bytes, 0, MAX_HEAD_BYTES)) return false;
  return ASKS_FOR_UPGRADE.test(LATIN1.decode(bytes.subarray(0, MAX_HEAD_BYTES)));
}

/** Whether an empty line ends in `bytes[from..length)`; lines may end without CR. */
function hasEmptyLine(bytes: Uint8Array, from: number, length: number): boolean {
  for (let at = from; at < length; at++) {
    if (bytes[at] !== LF) continue;
    const before = bytes[at - 1] === CR ? at - 2 : at - 1;
    if (bytes[before] === LF) return true;
  }
  return false;
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}

/** Heads that came in several reads, which few do. */
const freeBuffers: Uint8Array<ArrayBuffer>[] = [];

function takeBuffer(): Uint8Array<ArrayBuffer> {
  return freeBuffers.pop() ?? new Uint8Array(MAX_HEAD_BYTES);
}

function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (freeBuffers.length < KEPT_BUFFERS) freeBuffers.push(buffer);
}

function nothing(): void {}
