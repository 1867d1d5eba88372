/** The four bytes that open a RawSocket connection, each way. Called by `rawsocket.ts` and `dial.ts`. [WAMP rawsocket] */
import type { Codec } from "../wamp/codec/codec.ts";
import type { RawSocketOptions } from "./websocket_options.ts";

export const MAGIC = 0x7f;
export const HANDSHAKE_BYTES = 4;

/** Errors of the reply. */
const Refusal = { SERIALIZER: 1, LENGTH: 2, RESERVED: 3, CONNECTIONS: 4 } as const;

const REFUSALS: Readonly<Record<number, string>> = {
  [Refusal.SERIALIZER]: "serializer unsupported",
  [Refusal.LENGTH]: "maximum message length unacceptable",
  [Refusal.RESERVED]: "use of reserved bits",
  [Refusal.CONNECTIONS]: "maximum connection count reached",
};

/** LENGTH for a limit: the smallest power of two from 2^9 to 2^24 that is not below it. */
export function lengthCode(maxBytes: number): number {
  let code = 0;
  while (code < 15 && 512 << code < maxBytes) code++;
  return code;
}

/** The limit that a request or reply announces. */
export function maxBytesOf(handshake: Uint8Array): number {
  return 512 << ((handshake[1] ?? 0) >>> 4);
}

/** The server's reply to `request`; without codec it is a refusal. */
export function handshakeReply(
  request: Uint8Array,
  service: {
    readonly codecs: readonly Codec[];
    readonly options: RawSocketOptions;
    readonly hasRoom?: () => boolean;
  },
): { readonly codec: Codec | undefined; readonly reply: Uint8Array } {
  const [, second = 0, third = 0, fourth = 0] = request;
  if (third !== 0 || fourth !== 0) return refusal(Refusal.RESERVED);
  const codec = service.codecs.find((one) => one.rawSocketId === (second & 0x0f));
  if (codec === undefined) return refusal(Refusal.SERIALIZER);
  if (service.hasRoom?.() === false) return refusal(Refusal.CONNECTIONS);
  return { codec, reply: handshake(codec, service.options) };
}

function refusal(code: number): { codec: undefined; reply: Uint8Array } {
  return { codec: undefined, reply: new Uint8Array([MAGIC, code << 4, 0, 0]) };
}

/** The client's request, and the server's consent. */
export function handshake(codec: Codec, options: RawSocketOptions): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    MAGIC,
    (lengthCode(options.maxMessageBytes) << 4) | codec.rawSocketId,
    0,
    0,
  ]);
}

/** What is wrong with the server's reply to a request for `codec`, or undefined. */
export function replyProblem(reply: Uint8Array, codec: Codec): string | undefined {
  const [magic = 0, second = 0, third = 0, fourth = 0] = reply;
  if (magic !== MAGIC) return `found first byte ${magic}, expected ${MAGIC}`;
  if (third !== 0 || fourth !== 0) return "found reserved bits, expected none";
  if ((second & 0x0f) === 0) {
    const code = second >>> 4;
    return `the router refused: ${REFUSALS[code] ?? "unknown reason"} (error ${code})`;
  }
  if ((second & 0x0f) !== codec.rawSocketId) {
    return `found serializer ${second & 0x0f}, expected ${codec.rawSocketId} (${codec.name})`;
  }
  return undefined;
}
