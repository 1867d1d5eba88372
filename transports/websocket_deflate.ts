/**
 * permessage-deflate: the negotiation, and one message in, one message out. [RFC 7692]
 * Synchronous and without a zlib stream that lives on: messages keep their order, and a connection holds one window of at most 32 KiB
 * each way instead of 300 KiB. Context takeover is made from that window. Called by `websocket.ts`, `websocket_wire.ts`, `dial.ts`.
 */
import process from "node:process";
import type { Extension } from "./http_head.ts";
import type { DeflateOptions } from "./websocket_options.ts";

/** Loaded by the first connection that compresses: most programs have none. */
const zlib = () => process.getBuiltinModule("node:zlib");

const NAME = "permessage-deflate";
const MAX_WINDOW_BITS = 15;
/** What a sender leaves off the end of each message. */
const TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff]);

/** What both sides agreed on; "own" is what we send. */
export interface DeflateAgreement {
  readonly ownWindowBits: number;
  readonly ownTakesOver: boolean;
  readonly peerWindowBits: number;
  readonly peerTakesOver: boolean;
  readonly memoryLevel: number;
}

/** The four parameters of an offer or answer. A number is a window; true: the parameter stands without value. */
interface Parameters {
  serverTakesOver: boolean;
  clientTakesOver: boolean;
  serverBits: number | undefined;
  clientBits: number | true | undefined;
}

/** The server's choice: the first acceptable offer with the answer's header, or undefined. */
export function acceptDeflate(
  offers: readonly Extension[],
  options: DeflateOptions,
): { readonly agreement: DeflateAgreement; readonly header: string } | undefined {
  for (const offer of offers) {
    const asked = parametersOf(offer, true);
    if (asked === undefined) continue;
    if (options.requestedWindowBits > 0 && asked.clientBits === undefined) continue;
    const ownWindowBits = Math.min(options.windowBits, asked.serverBits ?? MAX_WINDOW_BITS);
    const ownTakesOver = asked.serverTakesOver && !options.hasNoContextTakeover && canTakeOver();
    const peerTakesOver = asked.clientTakesOver && !options.requestsNoContextTakeover;
    const offeredBits = typeof asked.clientBits === "number" ? asked.clientBits : MAX_WINDOW_BITS;
    const wantedBits = options.requestedWindowBits || MAX_WINDOW_BITS;
    const peerWindowBits = asked.clientBits === undefined
      ? MAX_WINDOW_BITS
      : Math.min(offeredBits, wantedBits);
    let header = NAME;
    if (!ownTakesOver) header += "; server_no_context_takeover";
    if (!peerTakesOver) header += "; client_no_context_takeover";
    if (asked.serverBits !== undefined || ownWindowBits < MAX_WINDOW_BITS) {
      header += `; server_max_window_bits=${ownWindowBits}`;
    }
    if (peerWindowBits < MAX_WINDOW_BITS) header += `; client_max_window_bits=${peerWindowBits}`;
    const { memoryLevel } = options;
    return {
      agreement: { ownWindowBits, ownTakesOver, peerWindowBits, peerTakesOver, memoryLevel },
      header,
    };
  }
  return undefined;
}

/** The client's offer. */
export function offerDeflate(options: DeflateOptions): string {
  let header = `${NAME}; client_max_window_bits`;
  if (options.windowBits < MAX_WINDOW_BITS) header += `=${options.windowBits}`;
  if (options.hasNoContextTakeover || !canTakeOver()) header += "; client_no_context_takeover";
  if (options.requestsNoContextTakeover) header += "; server_no_context_takeover";
  if (options.requestedWindowBits > 0) {
    header += `; server_max_window_bits=${options.requestedWindowBits}`;
  }
  return header;
}

/** What the server's answer to `offerDeflate(options)` means; undefined when it is none that the offer allows. */
export function agreedDeflate(
  answer: Extension,
  options: DeflateOptions,
): DeflateAgreement | undefined {
  const said = parametersOf(answer, false);
  if (said === undefined || said.clientBits === true) return undefined;
  if (options.requestsNoContextTakeover && said.serverTakesOver) return undefined;
  const peerWindowBits = said.serverBits ?? MAX_WINDOW_BITS;
  if (options.requestedWindowBits > 0 && peerWindowBits > options.requestedWindowBits) {
    return undefined;
  }
  return {
    ownWindowBits: Math.min(options.windowBits, said.clientBits ?? MAX_WINDOW_BITS),
    ownTakesOver: said.clientTakesOver && !options.hasNoContextTakeover && canTakeOver(),
    peerWindowBits,
    peerTakesOver: said.serverTakesOver,
    memoryLevel: options.memoryLevel,
  };
}

/** Undefined when a parameter is unknown, stands twice or has a wrong value: such an offer is declined. */
function parametersOf(extension: Extension, isOffer: boolean): Parameters | undefined {
  if (extension.name !== NAME) return undefined;
  const found: Parameters = {
    serverTakesOver: true,
    clientTakesOver: true,
    serverBits: undefined,
    clientBits: undefined,
  };
  const seen = new Set<string>();
  for (const [name, value] of extension.parameters) {
    if (seen.has(name)) return undefined;
    seen.add(name);
    const bits = value !== undefined && /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
    if (name === "server_no_context_takeover" && value === undefined) found.serverTakesOver = false;
    else if (name === "client_no_context_takeover" && value === undefined) {
      found.clientTakesOver = false;
    } else if (name === "server_max_window_bits" && bits !== undefined) found.serverBits = bits;
    else if (name === "client_max_window_bits" && bits !== undefined) found.clientBits = bits;
    else if (name === "client_max_window_bits" && value === undefined && isOffer) {
      found.clientBits = true;
    } else return undefined;
  }
  return found;
}

/** False on Deno 2.9, whose raw deflate ignores a dictionary: there each message is compressed alone, which every peer can read. */
function canTakeOver(): boolean {
  const text = new Uint8Array(64).map((_, i) => (i * 89) & 0xff);
  return zlib().deflateRawSync(text, { dictionary: text }).length < text.length;
}

/** The last bytes of what passed, as far back as a message may refer to. */
class Window {
  readonly #size: number;
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(bits: number) {
    this.#size = 1 << bits;
  }

  add(message: Uint8Array): void {
    const kept = Math.min(this.bytes.length, Math.max(0, this.#size - message.length));
    const added = Math.min(message.length, this.#size);
    const next = new Uint8Array(kept + added);
    next.set(this.bytes.subarray(this.bytes.length - kept));
    next.set(message.subarray(message.length - added), kept);
    this.bytes = next;
  }
}

/** Compresses the messages of one connection. */
export class Deflater {
  readonly #agreement: DeflateAgreement;
  readonly #window: Window | undefined;

  constructor(agreement: DeflateAgreement) {
    this.#agreement = agreement;
    this.#window = agreement.ownTakesOver ? new Window(agreement.ownWindowBits) : undefined;
  }

  /** `message` compressed, without the tail. */
  compress(message: Uint8Array): Uint8Array {
    const bits = this.#agreement.ownWindowBits;
    const window = this.#window;
    const { constants, deflateRawSync } = zlib();
    const compressed = deflateRawSync(message, {
      finishFlush: constants.Z_SYNC_FLUSH,
      memLevel: this.#agreement.memoryLevel,
      // zlib knows no window of 8 bits and takes 9; without references back none can be too long.
      windowBits: Math.max(bits, 9),
      strategy: bits === 8 ? constants.Z_HUFFMAN_ONLY : constants.Z_DEFAULT_STRATEGY,
      ...(window !== undefined && window.bytes.length > 0 ? { dictionary: window.bytes } : {}),
    });
    window?.add(message);
    return compressed.subarray(0, compressed.length - TAIL.length);
  }
}

/** Decompresses the messages of one connection. */
export class Inflater {
  readonly #window: Window | undefined;
  readonly #maxBytes: number;

  /** @param maxBytes of a message once decompressed: beyond, it is refused before it fills memory. 0: no limit. */
  constructor(agreement: DeflateAgreement, maxBytes: number) {
    this.#window = agreement.peerTakesOver ? new Window(agreement.peerWindowBits) : undefined;
    this.#maxBytes = maxBytes || Number.MAX_SAFE_INTEGER;
  }

  /** The message of the compressed `bytes[start..end)`. */
  decompress(
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Uint8Array | "malformed" | "too large" {
    const seen = this.#window?.bytes ?? EMPTY;
    const lead = storedBlock(seen);
    const input = new Uint8Array(lead.length + (end - start) + TAIL.length);
    input.set(lead);
    input.set(bytes.subarray(start, end), lead.length);
    input.set(TAIL, input.length - TAIL.length);
    let output: Uint8Array;
    try {
      output = inflate(input, seen.length, this.#maxBytes);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
        return "too large";
      }
      return "malformed";
    }
    this.#window?.add(output);
    return output;
  }
}

const EMPTY = new Uint8Array(0);

/** Deflate's own way to say bytes as they are. Put in front of a message it makes the context that the message refers to; unlike a
 * dictionary, every runtime understands it. */
function storedBlock(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return EMPTY;
  // The length field has 16 bits; windows have at most 15.
  const block = new Uint8Array(5 + bytes.length);
  block[1] = bytes.length & 0xff;
  block[2] = bytes.length >>> 8;
  block[3] = ~bytes.length & 0xff;
  block[4] = (~bytes.length >>> 8) & 0xff;
  block.set(bytes, 5);
  return block;
}

/** Inflates `input` up to its first final block, behind which nobody puts anything, and drops the first `skip` bytes. */
function inflate(input: Uint8Array, skip: number, maxBytes: number): Uint8Array {
  const { constants, inflateRawSync } = zlib();
  const output = inflateRawSync(input, {
    finishFlush: constants.Z_SYNC_FLUSH,
    // One more: that an empty message too has room.
    maxOutputLength: Math.min(maxBytes + skip + 1, 0x7fffffff),
  });
  if (output.length - skip > maxBytes) {
    throw Object.assign(new RangeError("Too large"), { code: "ERR_BUFFER_TOO_LARGE" });
  }
  return new Uint8Array(output.buffer, output.byteOffset + skip, output.length - skip);
}
