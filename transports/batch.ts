/**
 * Several WAMP messages in one WebSocket message: each JSON message is followed by 0x1E, each binary one led by its length in four
 * bytes. Called by `websocket.ts`. [WAMP batchedwebsocket]
 */
import type { ByteWriter } from "../wamp/byte_writer.ts";
import type { Codec } from "../wamp/codec/codec.ts";

/** What the specification ends a JSON message with: the record separator. */
export const SEPARATOR = 0x1e;
/** DEVIATION: what Autobahn|Python and Crossbar.io end it with, who take the specification's `\30` for octal. JSON contains neither. */
const AUTOBAHN_SEPARATOR = 0x18;

/** What the peer ends JSON messages with, by the last byte of its batch: it understands no other. */
export function separatorOf(bytes: Uint8Array, end: number): number {
  return bytes[end - 1] === AUTOBAHN_SEPARATOR ? AUTOBAHN_SEPARATOR : SEPARATOR;
}

/** Makes room for an item; returns where it starts. */
export function openItem(writer: ByteWriter, codec: Codec): number {
  const start = writer.length;
  if (codec.isBinary) writer.uint32(0);
  return start;
}

/** Ends the item that started at `start`. */
export function closeItem(
  writer: ByteWriter,
  codec: Codec,
  start: number,
  separator: number,
): void {
  if (!codec.isBinary) return writer.byte(separator);
  const end = writer.length;
  writer.length = start;
  writer.uint32(end - start - 4);
  writer.length = end;
}

/** Appends an encoded message as an item. */
export function appendItem(
  writer: ByteWriter,
  codec: Codec,
  message: Uint8Array,
  separator: number,
): void {
  const start = openItem(writer, codec);
  writer.range(message, 0, message.length);
  closeItem(writer, codec, start, separator);
}

/** Tells the items of the batch `bytes[start..end)` to `each`. Returns what is wrong with the batch, or undefined. */
export function splitBatch(
  bytes: Uint8Array,
  start: number,
  end: number,
  codec: Codec,
  separator: number,
  each: (start: number, end: number) => void,
): string | undefined {
  if (start === end) return "Cannot accept a batch: found no message, expected at least one";
  let at = start;
  while (at < end) {
    let itemEnd: number;
    let next: number;
    if (codec.isBinary) {
      if (end - at < 4) return "Cannot accept a batch: found a cut length, expected four bytes";
      const length = (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
      at += 4;
      itemEnd = at + length;
      next = itemEnd;
      if (itemEnd > end) {
        return `Cannot accept a batch: found ${end - at} bytes of a message, expected ${length}`;
      }
    } else {
      itemEnd = bytes.indexOf(separator, at);
      next = itemEnd + 1;
      if (itemEnd < 0 || itemEnd >= end) {
        return "Cannot accept a batch: found no separator behind a message, expected 0x1E";
      }
    }
    each(at, itemEnd);
    at = next;
  }
  return undefined;
}
