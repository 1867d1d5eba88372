/** Base64 with padding, from bytes to bytes: how JSON carries binary values. [RFC 4648 section 4] [WAMP binary-support-in-json] */
import type { ByteWriter } from "./byte_writer.ts";

const ALPHABET = new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);
const PAD = 0x3d;
const INVALID = 0xff;
const SIX_BITS = new Uint8Array(256).fill(INVALID);
ALPHABET.forEach((character, value) => SIX_BITS[character] = value);

/** Appends the Base64 of `bytes[start..end)`. */
export function encodeBase64(writer: ByteWriter, bytes: Uint8Array, start: number, end: number) {
  writer.reserve(Math.ceil((end - start) / 3) * 4);
  const target = writer.bytes;
  let to = writer.length;
  for (let at = start; at < end; at += 3) {
    const a = bytes[at] as number;
    const b = at + 1 < end ? bytes[at + 1] as number : 0;
    const c = at + 2 < end ? bytes[at + 2] as number : 0;
    target[to++] = ALPHABET[a >>> 2] as number;
    target[to++] = ALPHABET[((a & 0x03) << 4) | (b >>> 4)] as number;
    target[to++] = at + 1 < end ? ALPHABET[((b & 0x0f) << 2) | (c >>> 6)] as number : PAD;
    target[to++] = at + 2 < end ? ALPHABET[c & 0x3f] as number : PAD;
  }
  writer.length = to;
}

/** Appends what the Base64 in `bytes[start..end)` stands for. False, with nothing appended, when it is none. */
export function decodeBase64(
  writer: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const count = end - start;
  if (count % 4 !== 0) return false;
  const pads = count === 0 || bytes[end - 1] !== PAD ? 0 : bytes[end - 2] !== PAD ? 1 : 2;
  writer.reserve(count / 4 * 3);
  const target = writer.bytes;
  const last = end - pads;
  let to = writer.length;
  for (let at = start; at < end; at += 4) {
    const a = SIX_BITS[bytes[at] as number] as number;
    const b = SIX_BITS[bytes[at + 1] as number] as number;
    const c = at + 2 < last ? SIX_BITS[bytes[at + 2] as number] as number : 0;
    const d = at + 3 < last ? SIX_BITS[bytes[at + 3] as number] as number : 0;
    if ((a | b | c | d) > 0x3f) return false;
    target[to++] = (a << 2) | (b >>> 4);
    target[to++] = (b << 4) | (c >>> 2);
    target[to++] = (c << 6) | d;
  }
  writer.length = to - pads;
  return true;
}
