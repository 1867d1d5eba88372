/** The other side of a WebSocket in tests, written apart from the code under test: frames as bytes, good ones and bad ones. */
import { TransportHost } from "../../transports/host.ts";
import { FakeClock } from "./fake_clock.ts";

export interface FrameSpec {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly isFinal?: boolean;
  /** Reserved bits, 0 to 7. */
  readonly rsv?: number;
  /** Four bytes; null: no mask. Default: an arbitrary key. */
  readonly mask?: readonly number[] | null;
  /** What the length says, if not the truth. */
  readonly announced?: number;
  /** Form of the length: 7, 16 or 64 bits. Default: the shortest. */
  readonly lengthBits?: 7 | 16 | 64;
}

export function frame(spec: FrameSpec): Uint8Array<ArrayBuffer> {
  const payload = typeof spec.payload === "string"
    ? new TextEncoder().encode(spec.payload)
    : spec.payload ?? new Uint8Array(0);
  const length = spec.announced ?? payload.length;
  const bits = spec.lengthBits ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  const mask = spec.mask === undefined ? [0x37, 0xfa, 0x21, 0x3d] : spec.mask;
  const bytes: number[] = [
    ((spec.isFinal ?? true) ? 0x80 : 0) | ((spec.rsv ?? 0) << 4) | spec.opcode,
  ];
  const masked = mask === null ? 0 : 0x80;
  if (bits === 7) bytes.push(masked | length);
  else if (bits === 16) bytes.push(masked | 126, length >> 8, length & 255);
  else {
    bytes.push(masked | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n) {
      bytes.push(Number((BigInt(length) >> shift) & 255n));
    }
  }
  if (mask !== null) bytes.push(...mask);
  const all = new Uint8Array(bytes.length + payload.length);
  all.set(bytes);
  for (let i = 0; i < payload.length; i++) {
    all[bytes.length + i] = (payload[i] as number) ^ (mask === null ? 0 : mask[i & 3] as number);
  }
  return all;
}

export interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly rsv: number;
  readonly isMasked: boolean;
  readonly payload: Uint8Array;
}

/** All frames in `bytes`; throws when they are cut or their lengths not minimal. */
export function framesIn(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const first = view.getUint8(at);
    const second = view.getUint8(at + 1);
    let length = second & 127;
    at += 2;
    if (length === 126) {
      length = view.getUint16(at);
      if (length < 126) throw new Error("length not minimal");
      at += 2;
    } else if (length === 127) {
      length = Number(view.getBigUint64(at));
      if (length < 65536) throw new Error("length not minimal");
      at += 8;
    }
    const isMasked = (second & 128) !== 0;
    const mask = isMasked ? bytes.subarray(at, at + 4) : undefined;
    if (isMasked) at += 4;
    if (at + length > bytes.length) throw new Error("frame cut");
    const payload = bytes.slice(at, at + length);
    if (mask !== undefined) {
      for (let i = 0; i < length; i++) {
        payload[i] = (payload[i] as number) ^ (mask[i & 3] as number);
      }
    }
    frames.push({
      opcode: first & 15,
      isFinal: (first & 128) !== 0,
      rsv: (first >> 4) & 7,
      isMasked,
      payload,
    });
    at += length;
  }
  return frames;
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

export function closeFrame(code?: number, reason = ""): Uint8Array<ArrayBuffer> {
  if (code === undefined) return frame({ opcode: 8 });
  const bytes = new TextEncoder().encode(reason);
  const payload = new Uint8Array(2 + bytes.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(bytes, 2);
  return frame({ opcode: 8, payload });
}

/** Code of a Close frame; 1005 when it has none. */
export function closeCodeOf(close: Frame | undefined): number {
  if (close === undefined || close.opcode !== 8) throw new Error("no Close frame");
  if (close.payload.length === 0) return 1005;
  return ((close.payload[0] as number) << 8) | (close.payload[1] as number);
}

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** An upgrade request; a header set to "" is left out, a list repeats it. */
export function upgradeText(
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  startLine = "GET /ws HTTP/1.1",
): string {
  const all: Record<string, string | readonly string[]> = {
    "Host": "localhost:8080",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  let head = `${startLine}\r\n`;
  for (const [name, value] of Object.entries(all)) {
    for (const one of typeof value === "string" ? [value] : value) {
      if (one !== "") head += `${name}: ${one}\r\n`;
    }
  }
  return `${head}\r\n`;
}

export function ascii(value: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(value, (character) => character.charCodeAt(0));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A host with a clock that stands still, whose faults fail the test that looks at them. */
export function fakeHost(
  options: Partial<ConstructorParameters<typeof TransportHost>[0]> = {},
): { host: TransportHost; clock: FakeClock; faults: unknown[] } {
  const clock = new FakeClock();
  const faults: unknown[] = [];
  const host = new TransportHost({
    onFault: (error) => faults.push(error),
    clock,
    poisons: true,
    ...options,
  });
  return { host, clock, faults };
}
