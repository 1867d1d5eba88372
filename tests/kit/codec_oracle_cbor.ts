/** CBOR in its plain form, as the pseudocode of RFC 8949, appendix C. Integers are bigints, maps Maps. See `codec_oracle.ts`. */

const MAX_DEPTH = 128;
const TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A value of CBOR behind a tag that says nothing to WAMP. */
export class Tagged {
  readonly tag: bigint;
  readonly content: unknown;

  constructor(tag: bigint, content: unknown) {
    this.tag = tag;
    this.content = content;
  }
}

export function readCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new Error("bytes behind the value");
  return value;
}

class CborReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): unknown {
    const byte = this.#byte();
    const major = byte >> 5;
    const info = byte & 0x1f;
    if (info === 31) return this.#indefinite(major, depth);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1n - argument;
      case 2:
        return this.#take(argument);
      case 3:
        return TEXT.decode(this.#take(argument));
      case 4:
        return this.#list(argument, depth);
      case 5:
        return this.#map(argument, depth);
      case 6:
        return this.#tagged(argument, depth);
      default:
        return this.#simple(info, argument);
    }
  }

  #indefinite(major: number, depth: number): unknown {
    if (major === 2 || major === 3) return this.#chunks(major);
    if (major === 4) return this.#list(undefined, depth);
    if (major === 5) return this.#map(undefined, depth);
    throw new Error("no indefinite length here");
  }

  #chunks(major: number): unknown {
    const parts: number[] = [];
    let text = "";
    while (!this.#isBreak()) {
      const byte = this.#byte();
      if (byte >> 5 !== major || (byte & 0x1f) === 31) throw new Error("bad chunk");
      const chunk = this.#take(this.#argument(byte & 0x1f));
      if (major === 2) parts.push(...chunk);
      else text += TEXT.decode(chunk);
    }
    return major === 2 ? Uint8Array.from(parts) : text;
  }

  #list(count: bigint | undefined, depth: number): unknown[] {
    if (depth > MAX_DEPTH) throw new Error("too deep");
    const list: unknown[] = [];
    for (let i = 0n; count === undefined ? !this.#isBreak() : i < count; i++) {
      list.push(this.value(depth + 1));
    }
    return list;
  }

  #map(count: bigint | undefined, depth: number): Map<unknown, unknown> {
    if (depth > MAX_DEPTH) throw new Error("too deep");
    const map = new Map<unknown, unknown>();
    for (let i = 0n; count === undefined ? !this.#isBreak() : i < count; i++) {
      map.set(this.value(depth + 1), this.value(depth + 1));
    }
    return map;
  }

  #tagged(tag: bigint, depth: number): unknown {
    const isDirect = (this.#bytes[this.at] ?? 0) >> 5 === 2;
    if (this.#bytes[this.at] === 0xff) throw new Error("break within a tag");
    const content = this.value(depth);
    const isBignum = isDirect && (tag === 2n || tag === 3n) && content instanceof Uint8Array;
    if (!isBignum || content.length > 256) return new Tagged(tag, content);
    const value = content.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    return tag === 2n ? value : -1n - value;
  }

  #simple(info: number, argument: bigint): unknown {
    const behind = this.at;
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 24:
        if (argument < 32n) throw new Error("simple value in two bytes");
        return null;
      case 25:
        return half(this.#view.getUint16(behind - 2));
      case 26:
        return this.#view.getFloat32(behind - 4);
      case 27:
        return this.#view.getFloat64(behind - 8);
      default:
        return null;
    }
  }

  #isBreak(): boolean {
    if (this.#bytes[this.at] !== 0xff) return false;
    this.at++;
    return true;
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) throw new Error("cut off");
    return this.#view.getUint8(this.at++);
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info > 27) throw new Error("reserved");
    return this.#take(2n ** BigInt(info - 24)).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }

  #take(count: bigint): Uint8Array {
    if (BigInt(this.at) + count > BigInt(this.#bytes.length)) throw new Error("cut off");
    this.at += Number(count);
    return this.#bytes.slice(this.at - Number(count), this.at);
  }
}

/** RFC 8949, appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const value = exponent === 0
    ? mantissa * 2 ** -24
    : exponent < 31
    ? (mantissa + 1024) * 2 ** (exponent - 25)
    : mantissa === 0
    ? Infinity
    : NaN;
  return bits & 0x8000 ? -value : value;
}
