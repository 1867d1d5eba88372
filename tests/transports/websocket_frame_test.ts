/** Frames against a plain model: masks of every alignment, random sequences in random pieces, and garbage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RawSocketReader } from "../../transports/rawsocket_reader.ts";
import { Utf8Check } from "../../transports/utf8_check.ts";
import { applyMask, FrameReader, MaskKeys, wordsOf } from "../../transports/websocket_frame.ts";
import { concat, frame } from "../kit/websocket_peer.ts";

/** The same numbers in every run. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor(this.#state / 4294967296 * limit);
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

test("Masks: words and bytes give the same, at any alignment, phase and length", () => {
  const dice = new Dice(1);
  for (let round = 0; round < 3000; round++) {
    const original = dice.bytes(1 + dice.below(700));
    const bytes = new Uint8Array(original.length + 8).subarray(dice.below(8));
    bytes.set(original.subarray(0, bytes.length));
    const before = bytes.slice();
    const start = dice.below(bytes.length);
    const end = start + dice.below(bytes.length - start + 1);
    const key = dice.below(4294967296);
    const phase = dice.below(4);
    const mask = [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255];
    applyMask(bytes, start, end, key, phase, dice.below(2) === 0 ? undefined : wordsOf(bytes));
    const expected = before.map((byte, i) =>
      i < start || i >= end ? byte : byte ^ (mask[(i - start + phase) & 3] ?? 0)
    );
    assert.deepEqual(bytes, expected, `${start}..${end} of ${bytes.length}, phase ${phase}`);
  }
});

test("Masks: keys do not repeat", () => {
  const keys = new MaskKeys();
  const seen = new Set(Array.from({ length: 2000 }, () => keys.next()));
  assert.ok(seen.size > 1990);
});

interface Seen {
  readonly first: number;
  readonly payload: number[];
}

/** Reads `bytes` in random pieces out of buffers that are overwritten. */
function framesOf(
  dice: Dice,
  bytes: Uint8Array,
): { frames: Seen[]; violation: string | undefined } {
  const frames: Seen[] = [];
  let violation: string | undefined;
  let payload: number[] = [];
  let current = 0;
  let isLastSeen = true;
  const reader = new FrameReader(
    {
      frame: (first) => {
        assert.ok(isLastSeen, "the frame before was complete");
        isLastSeen = false;
        current = first;
        payload = [];
      },
      payload: (piece, start, end, isLast) => {
        for (let i = start; i < end; i++) payload.push(piece[i] as number);
        if (!isLast) return;
        isLastSeen = true;
        frames.push({ first: current, payload });
      },
      violated: (text) => violation = text,
    },
    { isMasked: true, appliesMask: true, extensionBits: 0x40 },
  );
  const largest = 1 + dice.below(dice.below(2) === 0 ? 20 : 2000);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + dice.below(largest));
    const buffer = new Uint8Array(end - at + 5);
    const place = dice.below(5);
    buffer.set(bytes.subarray(at, end), place);
    reader.read(buffer, place, place + end - at);
    buffer.fill(0xdd);
    at = end;
  }
  return { frames, violation };
}

test("Frames: random sequences are the same in all pieces", () => {
  const dice = new Dice(2);
  for (let round = 0; round < 400; round++) {
    const expected: Seen[] = [];
    const parts: Uint8Array[] = [];
    for (let i = dice.below(8); i >= 0; i--) {
      const isControl = dice.below(4) === 0;
      const opcode = isControl ? 8 + dice.below(3) : dice.below(3);
      const limit = isControl ? 126 : [126, 200, 3000, 70_000][dice.below(4)] ?? 0;
      const payload = dice.bytes(dice.below(limit));
      const isFinal = isControl || dice.below(2) === 0;
      const rsv = !isControl && dice.below(4) === 0 ? 4 : 0;
      parts.push(frame({ opcode, payload, isFinal, rsv, mask: [...dice.bytes(4)] }));
      expected.push({ first: (isFinal ? 0x80 : 0) | (rsv << 4) | opcode, payload: [...payload] });
    }
    const { frames, violation } = framesOf(dice, concat(...parts));
    assert.equal(violation, undefined);
    assert.deepEqual(frames, expected);
  }
});

test("Frames: garbage throws nothing, and is judged alike in all pieces", () => {
  const dice = new Dice(3);
  for (let round = 0; round < 3000; round++) {
    const bytes = dice.bytes(1 + dice.below(300));
    // Most would fail at the first byte.
    bytes[0] = 0x80 | (dice.below(2) + 1);
    if (bytes.length > 1 && dice.below(2) === 0) bytes[1] = 0x80 | dice.below(20);
    const [one, other] = [framesOf(dice, bytes), framesOf(dice, bytes)];
    assert.deepEqual(one.frames, other.frames);
    assert.equal(one.violation, other.violation);
  }
});

test("RawSocket frames: random sequences and garbage are judged alike in all pieces", () => {
  const dice = new Dice(4);
  const read = (bytes: Uint8Array) => {
    const frames: unknown[] = [];
    const reader = new RawSocketReader({
      frame: (kind, piece, start, end) => frames.push([kind, [...piece.subarray(start, end)]]),
      violated: (text) => frames.push(text),
    }, 65_536);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + dice.below(1 + dice.below(500)));
      const buffer = bytes.slice(at, end);
      reader.read(buffer, 0);
      buffer.fill(0xdd);
      at = end;
    }
    return frames;
  };
  for (let round = 0; round < 1000; round++) {
    const expected: unknown[] = [];
    const parts: Uint8Array[] = [];
    for (let i = dice.below(6); i >= 0; i--) {
      const payload = dice.bytes(dice.below(dice.below(3) === 0 ? 3000 : 40));
      const kind = dice.below(3);
      parts.push(new Uint8Array([kind, 0, payload.length >> 8, payload.length & 255]), payload);
      expected.push([kind, [...payload]]);
    }
    assert.deepEqual(read(concat(...parts)), expected);
    const garbage = dice.bytes(1 + dice.below(200));
    garbage[0] = dice.below(3);
    if (garbage.length > 1) garbage[1] = 0;
    assert.deepEqual(read(garbage), read(garbage));
  }
});

test("UTF-8: pieces are judged as the whole is, and a hopeless beginning at once", () => {
  const dice = new Dice(5);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isValid = (bytes: Uint8Array) => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const starts = [
    0x61,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xc1,
    0xf5,
    0x80,
    0xbf,
    0x9f,
    0x8f,
    0xa0,
    0x90,
  ];
  let valid = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: 1 + dice.below(6) }, () => starts[dice.below(16)] ?? 0);
    const check = new Utf8Check();
    let isAccepted = true;
    for (let i = 0; i < bytes.length && isAccepted; i++) {
      isAccepted = check.accepts(bytes, i, i + 1);
    }
    assert.equal(isAccepted && check.isComplete, isValid(bytes), String(bytes));
    // Accepted so far means that some ending makes it valid.
    const endings = [[], [0x80], [0xa0], [0x90], [0x80, 0x80], [0xa0, 0x80], [0x90, 0x80, 0x80], [
      0x80,
      0x80,
      0x80,
    ]];
    const canEnd = endings.some((ending) => isValid(concat(bytes, Uint8Array.from(ending))));
    assert.equal(isAccepted, canEnd, String(bytes));
    if (isAccepted) valid++;
  }
  assert.ok(valid > 1000);
});
