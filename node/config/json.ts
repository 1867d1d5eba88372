/**
 * JSON with comments (slash-slash and slash-star), strictly: no trailing commas, no key twice. Unlike `JSON.parse` it knows where each value
 * stands and says the same about a mistake on every runtime. It stops at the first mistake.
 */
import type { Path, Position, Source } from "./source.ts";

/** Deeper nesting is no configuration. */
const MAX_DEPTH = 100;

class Mistake extends Error {
  readonly offset: number;

  constructor(offset: number, text: string) {
    super(text);
    this.offset = offset;
  }
}

/** Reads `text`. A mistake is reported in the result, not thrown. */
export function readJson(text: string): Source {
  const reader = new Reader(text.startsWith("\uFEFF") ? " " + text.slice(1) : text);
  const position = (path: Path): Position | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const offset = reader.offsets.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return positionAt(text, offset);
    }
    return undefined;
  };
  try {
    return { value: reader.document(), position, mistakes: [] };
  } catch (cause) {
    if (!(cause instanceof Mistake)) throw cause;
    const mistake = { text: cause.message, position: positionAt(text, cause.offset) };
    return { value: undefined, position, mistakes: [mistake] };
  }
}

/** The line and column of an offset in `text`. */
function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return {
    line: before.split("\n").length,
    column: offset - (before.lastIndexOf("\n") + 1) + 1,
  };
}

class Reader {
  readonly offsets = new Map<string, number>();
  readonly #text: string;
  readonly #path: PropertyKey[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected("the end of the file");
    return value;
  }

  #value(): unknown {
    this.#space();
    if (this.#path.length > MAX_DEPTH) throw new Mistake(this.#at, "values are nested too deeply");
    const key = JSON.stringify(this.#path);
    if (!this.offsets.has(key)) this.offsets.set(key, this.#at);
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#list();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at++;
    this.#space();
    if (this.#take("}")) return object;
    do {
      this.#space();
      const start = this.#at;
      if (this.#text[start] !== '"') throw this.#unexpected("a key in double quotes");
      const key = this.#string();
      if (Object.hasOwn(object, key)) {
        throw new Mistake(start, `found the key ${JSON.stringify(key)} twice`);
      }
      this.#space();
      if (!this.#take(":")) throw this.#unexpected('":"');
      this.#path.push(key);
      this.offsets.set(JSON.stringify(this.#path), start);
      const value = this.#value();
      // Not `object[key] =`: the key may be "__proto__".
      Object.defineProperty(object, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      this.#path.pop();
      this.#space();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#unexpected('"," or "}"');
    return object;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#take("]")) return list;
    do {
      this.#path.push(list.length);
      list.push(this.#value());
      this.#path.pop();
      this.#space();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#unexpected('"," or "]"');
    return list;
  }

  #string(): string {
    const match = this.#match(/"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy);
    if (match === undefined) {
      throw new Mistake(
        this.#at,
        "found a string that does not end, or holds a bare control " +
          "character or an unknown escape",
      );
    }
    return String(JSON.parse(match));
  }

  #scalar(): unknown {
    const match = this.#match(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (match === undefined || /[\w.]/.test(this.#text[this.#at] ?? "")) {
      this.#at -= match?.length ?? 0;
      throw this.#unexpected("a value");
    }
    return JSON.parse(match);
  }

  #space(): void {
    this.#match(/(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[^]*?\*\/)*/y);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    this.#at += match?.length ?? 0;
    return match;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #unexpected(expected: string): Mistake {
    const rest = /^(?:[\w.+-]{1,20}|[^]?)/.exec(this.#text.slice(this.#at, this.#at + 20))?.[0] ??
      "";
    const found = rest === "" ? "the end of the file" : JSON.stringify(rest);
    return new Mistake(this.#at, `found ${found}, expected ${expected}`);
  }
}
