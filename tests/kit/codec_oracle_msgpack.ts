/** MessagePack in its plain form, byte after byte, strict. Integers are bigints, maps Maps. See `codec_oracle.ts`. */
import { decodeTimestampToTimeSpec } from "@msgpack/msgpack";

const MAX_DEPTH = 128;
const TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function readMsgpack(bytes: Uint8Array): unknown {
  const reader = new MsgpackReader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new Error("bytes behind the value");
  return value;
}

class MsgpackReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): unknown {
    const byte = this.#uint(1);
    if (byte < 0x80) return BigInt(byte);
    if (byte < 0x90) return this.#map(byte - 0x80, depth);
    if (byte < 0xa0) return this.#list(byte - 0x90, depth);
    if (byte < 0xc0) return this.#text(byte - 0xa0);
    if (byte >= 0xe0) return BigInt(byte - 0x100);
    switch (byte) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#uint(2 ** (byte - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#uint(2 ** (byte - 0xc7)));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return BigInt(this.#uint(2 ** (byte - 0xcc)));
      case 0xcf:
        return this.#view.getBigUint64(this.#skip(8));
      case 0xd0:
        return BigInt(this.#view.getInt8(this.#skip(1)));
      case 0xd1:
        return BigInt(this.#view.getInt16(this.#skip(2)));
      case 0xd2:
        return BigInt(this.#view.getInt32(this.#skip(4)));
      case 0xd3:
        return this.#view.getBigInt64(this.#skip(8));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(2 ** (byte - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#uint(byte === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(byte === 0xde ? 2 : 4), depth);
      case 0xc1:
        throw new Error("reserved");
      default:
        return this.#extension(2 ** (byte - 0xd4));
    }
  }

  #skip(count: number): number {
    if (this.at + count > this.#bytes.length) throw new Error("cut off");
    this.at += count;
    return this.at - count;
  }

  #take(count: number): Uint8Array {
    const start = this.#skip(count);
    return this.#bytes.slice(start, start + count);
  }

  #uint(size: number): number {
    return this.#take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  #text(count: number): string {
    return TEXT.decode(this.#take(count));
  }

  #list(count: number, depth: number): unknown[] {
    if (depth > MAX_DEPTH) throw new Error("too deep");
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) list.push(this.value(depth + 1));
    return list;
  }

  #map(count: number, depth: number): Map<unknown, unknown> {
    if (depth > MAX_DEPTH) throw new Error("too deep");
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < count; i++) map.set(this.value(depth + 1), this.value(depth + 1));
    return map;
  }

  #extension(count: number): unknown {
    const type = this.#uint(1);
    const data = this.#take(count);
    if (type === 0 && count === 1 && data[0] === 0) return null;
    if (type !== 0xff || ![4, 8, 12].includes(count)) return data;
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    if (nsec > 999999999 || sec < -62167219200 || sec > 253402300799) return data;
    const fraction = String(nsec).padStart(9, "0").replace(/(?:000){1,2}$/, "");
    return `${new Date(sec * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
  }
}
