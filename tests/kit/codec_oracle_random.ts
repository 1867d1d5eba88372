/** Random messages and values for the codecs' property tests: the same for the same seed. */
import { grammar, requestTypes } from "./codec_oracle_messages.ts";

const ABORT = 3;
const MESSAGE_TYPES = Object.keys(grammar).map(Number);
const ALPHABET = ["a", "B", "7", ".", "_", " ", '"', "\\", "/", "\n", "\u0001", "\u007f"];
const WIDE = ["ä", "é", "\u0800", "語", "\uffff", "😀", "\u2028", "\ufeff"];
const KEYS = ["match", "x", "enc_algo", "__proto__", "constructor", "forward_for", ""];

export class RandomCodec {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Uniform over 0..below-1. (mulberry32) */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296 * below);
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  id(): number {
    const limits = [24, 128, 256, 65536, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53];
    return this.pick(...limits) - this.pick(0, 1, 2, this.below(24));
  }

  string(): string {
    const isAscii = this.below(3) > 0;
    const length = this.pick(0, 1, 3, 8, 15, 23, 24, 31, 32, 40, 300);
    let text = "";
    for (let i = 0; i < length; i++) {
      text += isAscii || this.below(2) === 0
        ? ALPHABET[this.below(isAscii ? 6 : ALPHABET.length)]
        : this.pick(...WIDE);
    }
    return text;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(
      { length: this.pick(0, 1, 2, 3, 4, 23, 255, 256) },
      () => this.below(256),
    );
  }

  number(): number {
    switch (this.below(4)) {
      case 0:
        return this.below(300) - 150;
      case 1:
        return this.pick(1, -1) * this.id();
      case 2:
        return this.pick(0.5, -0.1, 1e300, 5e-324, 3.4028234663852886e38, 1.5, 1e21, -2.5e-7);
      default:
        return this.below(2 ** 32) - 2 ** 31;
    }
  }

  /** @param isJson without what JSON cannot say by itself: bigints. */
  value(depth: number, isJson: boolean): unknown {
    switch (this.below(depth > 3 ? 6 : 8)) {
      case 0:
        return null;
      case 1:
        return this.below(2) === 0;
      case 2:
        return this.number();
      case 3:
        return this.string();
      case 4:
        return this.bytes();
      case 5:
        return isJson ? this.number() : this.pick(2n ** 64n - 1n, -(2n ** 63n), 2n ** 53n + 1n);
      case 6:
        return this.list(depth, isJson);
      default:
        return this.dict(depth, isJson);
    }
  }

  list(depth: number, isJson: boolean): unknown[] {
    const length = this.pick(0, 1, 2, 3, depth === 0 ? 20 : 4);
    return Array.from({ length }, () => this.value(depth + 1, isJson));
  }

  dict(depth: number, isJson: boolean): Record<string, unknown> {
    const length = this.pick(0, 0, 1, 2, depth === 0 ? 17 : 3);
    return Object.fromEntries(Array.from({ length }, () => {
      const key = this.below(2) === 0 ? this.pick(...KEYS) : this.string();
      return [key, this.value(depth + 1, isJson)];
    }));
  }

  /** A message as a list of plain values. */
  message(isJson: boolean): unknown[] {
    const type = this.pick(...MESSAGE_TYPES);
    const message: unknown[] = [type];
    let dict: Record<string, unknown> = {};
    for (const kind of grammar[type] ?? []) {
      if (kind === "payload") message.push(...this.#payload(type, dict, isJson));
      else if (kind === "string") message.push(this.string());
      else if (kind === "request") message.push(this.pick(...requestTypes));
      else if (kind === "zero") message.push(this.pick(0, this.id()));
      else if (kind === "id") message.push(this.id());
      else if (kind === "dict" || this.below(2) === 0) {
        dict = this.dict(1, isJson);
        message.push(dict);
      }
    }
    return message;
  }

  #payload(type: number, dict: Record<string, unknown>, isJson: boolean): unknown[] {
    if (type !== ABORT && Object.hasOwn(dict, "enc_algo") && this.below(2) === 0) {
      return [this.pick<unknown>(this.bytes(), this.string())];
    }
    return [this.list(0, isJson), this.dict(0, isJson)].slice(0, this.below(3));
  }

  /** The bytes with something wrong: some changed, inserted or left out, or the end cut off. */
  mutate(bytes: Uint8Array): Uint8Array {
    const mutated = [...bytes];
    for (let i = this.pick(1, 1, 1, 2, 5); i > 0; i--) {
      const at = this.below(mutated.length + 1);
      const known = this.pick(
        0x22,
        0x5b,
        0x5d,
        0x7b,
        0x2c,
        0x30,
        0x5c,
        0x80,
        0xc1,
        0xff,
        0x9f,
        0xbf,
        0xdf,
      );
      switch (this.below(5)) {
        case 0:
          mutated[at] = this.below(256);
          break;
        case 1:
          mutated[at] = known;
          break;
        case 2:
          mutated.splice(at, 0, this.pick(known, this.below(256)));
          break;
        case 3:
          mutated.splice(at, 1 + this.below(3));
          break;
        default:
          if (this.below(4) === 0) mutated.length = Math.min(at, mutated.length);
          else mutated[at] = (mutated[at] ?? 0) ^ (1 << this.below(8));
      }
    }
    return Uint8Array.from(mutated);
  }
}
